// Paths inside of volumes must stay there.

import { invalid } from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import type { Errors } from '../../../machinery/validation/field-checks.ts'

export const hasBacksteps = (path: string): boolean => path.includes('..') && path.split('/').includes('..')

export function checkNoBacksteps(value: string, path: FieldPath, errors: Errors): void {
  if (hasBacksteps(value)) errors.push(invalid(path, value, "must not contain '..'"))
}

/** A relative path without `..`. */
export function checkLocalDescendingPath(value: string, path: FieldPath, errors: Errors): void {
  if (value.startsWith('/')) errors.push(invalid(path, value, 'must be a relative path'))
  checkNoBacksteps(value, path, errors)
}

/** As before, and it may not begin with `..`, which the kubelet keeps for itself. */
export function checkLocalNonReservedPath(value: string, path: FieldPath, errors: Errors): void {
  checkLocalDescendingPath(value, path, errors)
  if (value.startsWith('..') && !value.startsWith('../')) errors.push(invalid(path, value, "must not start with '..'"))
}
