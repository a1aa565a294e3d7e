// Checks of CreateOptions, UpdateOptions, PatchOptions and DeleteOptions, whether they come as parameters or as a body
// (apimachinery meta/v1/validation).

import { type FieldError, forbidden, invalid, notSupported, required } from '../field-error.ts'
import { root } from '../field-path.ts'
import { validateFieldManager } from './object-meta.ts'

interface WriteOptions {
  readonly fieldManager?: string
  readonly dryRun?: readonly string[]
  readonly fieldValidation?: string
}

interface PatchOptions extends WriteOptions {
  readonly force?: boolean
}

interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly preconditions?: object
  readonly orphanDependents?: boolean
  readonly propagationPolicy?: string
  readonly dryRun?: readonly string[]
  readonly ignoreStoreReadErrorWithClusterBreakingPotential?: boolean
}

/** Of a create or an update. */
export function validateWriteOptions(options: WriteOptions): FieldError[] {
  return [
    ...validateFieldManager(options.fieldManager ?? '', root('fieldManager')),
    ...validateDryRun(options.dryRun),
    ...validateFieldValidation(options.fieldValidation),
  ]
}

export function validatePatchOptions(options: PatchOptions, apply: boolean): FieldError[] {
  const errors: FieldError[] = []
  if (apply) {
    if (!options.fieldManager) errors.push(required(root('fieldManager'), 'is required for apply patch'))
  } else if (options.force !== undefined)
    errors.push(forbidden(root('force'), 'may not be specified for non-apply patch'))
  return [...errors, ...validateWriteOptions(options)]
}

const policies = ['Foreground', 'Background', 'Orphan']

export function validateDeleteOptions(options: DeleteOptions): FieldError[] {
  const errors: FieldError[] = []
  const policy = options.propagationPolicy
  const path = root('propagationPolicy')
  if (options.orphanDependents !== undefined && policy !== undefined)
    errors.push(invalid(path, policy, 'orphanDependents and deletionPropagation cannot be both set'))
  if (policy !== undefined && !policies.includes(policy)) errors.push(notSupported(path, policy, [...policies, 'nil']))
  errors.push(...validateDryRun(options.dryRun))
  if (options.ignoreStoreReadErrorWithClusterBreakingPotential) {
    const ignorePath = root('ignoreStoreReadErrorWithClusterBreakingPotential')
    const others = ['dryRun', 'propagationPolicy', 'orphanDependents', 'gracePeriodSeconds', 'preconditions'] as const
    for (const other of others) {
      const value = options[other]
      if (value !== undefined && !(Array.isArray(value) && value.length === 0))
        errors.push(invalid(ignorePath, true, `cannot be set together with .${other}`))
    }
  }
  return errors
}

function validateDryRun(dryRun: readonly string[] | undefined): FieldError[] {
  return dryRun?.every(value => value === 'All') === false ? [notSupported(root('dryRun'), dryRun, ['All'])] : []
}

const fieldValidations = ['', 'Ignore', 'Strict', 'Warn']

function validateFieldValidation(value: string | undefined): FieldError[] {
  if (fieldValidations.includes(value ?? '')) return []
  return [notSupported(root('fieldValidation'), value, fieldValidations)]
}
