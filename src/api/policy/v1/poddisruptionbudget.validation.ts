// What a budget for disruptions may say (upstream: pkg/apis/policy/validation).

import { type FieldError, invalid } from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import { validateConditions } from '../../../machinery/validation/conditions.ts'
import { checkIfGiven, checkNonnegative, type Errors } from '../../../machinery/validation/field-checks.ts'
import { validateLabelSelector } from '../../../machinery/validation/labels.ts'
import { checkAtMost100Percent, checkIntOrPercent } from '../../apps/v1/workload.validation.ts'
import type { KubeObject } from '../../resource.ts'

const spec = root('spec')
const status = root('status')

export function validatePodDisruptionBudget(budget: KubeObject): FieldError[] {
  const errors: Errors = []
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = budget['spec']
  if (minAvailable !== undefined && maxUnavailable !== undefined)
    errors.push(invalid(spec, budget['spec'], 'minAvailable and maxUnavailable cannot be both set'))
  for (const field of ['minAvailable', 'maxUnavailable']) {
    checkIntOrPercent(budget['spec'][field], spec.child(field), errors)
    checkAtMost100Percent(budget['spec'][field], spec.child(field), errors)
  }
  errors.push(...validateLabelSelector(selector, spec.child('selector')))
  checkIfGiven(
    unhealthyPodEvictionPolicy,
    ['AlwaysAllow', 'IfHealthyBudget'],
    spec,
    'unhealthyPodEvictionPolicy',
    errors,
  )
  return errors
}

export function validatePodDisruptionBudgetStatusUpdate(budget: KubeObject): FieldError[] {
  const of = budget['status'] ?? {}
  const errors = validateConditions(of.conditions, status.child('conditions'))
  for (const field of ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'])
    checkNonnegative(of[field], status, field, errors)
  return errors
}
