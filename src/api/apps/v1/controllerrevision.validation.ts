// What a revision of a workload may say: nothing of its data changes.

import { type FieldError, required } from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import { checkImmutable, type Errors } from '../../../machinery/validation/field-checks.ts'
import { validateNonnegative } from '../../../machinery/validation/object-meta.ts'
import type { KubeObject } from '../../resource.ts'

export function validateControllerRevision(revision: KubeObject): FieldError[] {
  const errors: Errors = []
  if (revision['data'] === undefined || revision['data'] === null) errors.push(required('data', 'data is mandatory'))
  errors.push(...validateNonnegative(revision['revision'], root('revision')))
  return errors
}

export function validateControllerRevisionUpdate(revision: KubeObject, old: KubeObject): FieldError[] {
  const errors = validateControllerRevision(revision)
  checkImmutable(revision['data'], old['data'], root('data'), errors)
  return errors
}
