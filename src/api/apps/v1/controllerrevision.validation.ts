// What a revision of a workload may say: nothing of its data changes.

import { type FieldError, required } from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import { checkImmutable } from '../../../machinery/validation/field-checks.ts'
import { validateNonnegative } from '../../../machinery/validation/object-meta.ts'
import type { KubeObject } from '../../resource.ts'

const check = (revision: KubeObject): FieldError[] => validateNonnegative(revision['revision'], root('revision'))

export function validateControllerRevision(revision: KubeObject): FieldError[] {
  const errors = check(revision)
  const { data } = revision
  if (data === undefined || data === null) errors.push(required('data', 'data is mandatory'))
  else if (typeof data !== 'object' || Array.isArray(data))
    errors.push(required('data', 'data must be a valid JSON object'))
  return errors
}

export function validateControllerRevisionUpdate(revision: KubeObject, old: KubeObject): FieldError[] {
  const errors = check(revision)
  checkImmutable(revision['data'], old['data'], root('data'), errors)
  return errors
}
