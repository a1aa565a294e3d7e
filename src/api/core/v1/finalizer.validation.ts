// Finalizers without a domain before their name are Kubernetes' own; most built-in kinds take no others.

import { type FieldError, invalid } from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'

const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion'])

export function checkStandardFinalizer(name: string, path: FieldPath, errors: FieldError[]): void {
  if (!name.includes('/') && !standardFinalizers.has(name))
    errors.push(invalid(path, name, 'name is neither a standard finalizer name nor is it fully qualified'))
}
