// What a lease may say (upstream: pkg/apis/coordination/validation).

import { type FieldError, invalid } from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import type { Errors } from '../../../machinery/validation/field-checks.ts'
import type { KubeObject } from '../../resource.ts'

const spec = root('spec')

export function validateLease(lease: KubeObject): FieldError[] {
  const errors: Errors = []
  const { leaseDurationSeconds, leaseTransitions } = lease['spec'] ?? {}
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0)
    errors.push(invalid(spec.child('leaseDurationSeconds'), leaseDurationSeconds, 'must be greater than 0'))
  if (leaseTransitions !== undefined && leaseTransitions < 0)
    errors.push(invalid(spec.child('leaseTransitions'), leaseTransitions, 'must be greater than or equal to 0'))
  return errors
}
