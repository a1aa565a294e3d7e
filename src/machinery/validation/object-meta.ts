// Checks of metadata, the same for every kind (apimachinery api/validation/objectmeta.go).

import { normalEqual } from '../deep-equal.ts'
import { type FieldError, forbidden, invalid, required, tooLong } from '../field-error.ts'
import type { FieldPath } from '../field-path.ts'
import { byteLength, compareText, quote } from '../go-text.ts'
import { validateLabels } from './labels.ts'
import { firstUnprintable, isQualifiedName, type NameCheck, nameIsDNSLabel } from './names.ts'

interface OwnerReference {
  readonly apiVersion?: string
  readonly kind?: string
  readonly name?: string
  readonly uid?: string
  readonly controller?: boolean
}

interface ManagedFields {
  readonly manager?: string
  readonly operation?: string
  readonly fieldsType?: string
  readonly subresource?: string
}

/** What is looked at; every kind's ObjectMeta is one. */
export interface MetadataToValidate {
  readonly name?: string
  readonly generateName?: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string | null
  readonly deletionTimestamp?: string | null
  readonly deletionGracePeriodSeconds?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  readonly finalizers?: readonly string[]
  readonly managedFields?: readonly ManagedFields[]
}

export interface MetadataRules {
  readonly namespaced: boolean
  readonly nameFn: NameCheck
}

export const immutableMessage = 'field is immutable'
export const notNegativeMessage = 'must be greater than or equal to 0'
/** Keys and values together. */
export const totalAnnotationSizeLimit = 256 * 1024

/** On creation, after the name has been generated. */
export function validateObjectMeta(
  meta: MetadataToValidate,
  { namespaced, nameFn }: MetadataRules,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  if (meta.generateName)
    for (const message of nameFn(meta.generateName, true))
      errors.push(invalid(path.child('generateName'), meta.generateName, message))
  if (!meta.name) errors.push(required(path.child('name'), 'name or generateName is required'))
  else for (const message of nameFn(meta.name, false)) errors.push(invalid(path.child('name'), meta.name, message))

  const namespacePath = path.child('namespace')
  if (namespaced) {
    if (!meta.namespace) errors.push(required(namespacePath, ''))
    else
      for (const message of nameIsDNSLabel(meta.namespace, false))
        errors.push(invalid(namespacePath, meta.namespace, message))
  } else if (meta.namespace) errors.push(forbidden(namespacePath, 'not allowed on this type'))

  if ((meta.generation ?? 0) < 0) errors.push(invalid(path.child('generation'), meta.generation, notNegativeMessage))
  if (meta.labels) errors.push(...validateLabels(meta.labels, path.child('labels')))
  if (meta.annotations) errors.push(...validateAnnotations(meta.annotations, path.child('annotations')))
  if (meta.ownerReferences) errors.push(...validateOwnerReferences(meta.ownerReferences, path.child('ownerReferences')))
  if (meta.finalizers) errors.push(...validateFinalizers(meta.finalizers, path.child('finalizers')))
  if (meta.managedFields) errors.push(...validateManagedFields(meta.managedFields, path.child('managedFields')))
  return errors
}

export function validateObjectMetaUpdate(
  next: MetadataToValidate,
  previous: MetadataToValidate,
  path: FieldPath,
): FieldError[] {
  const errors = validateIdentity(next, previous, path)
  if (next.labels) errors.push(...validateLabels(next.labels, path.child('labels')))
  if (next.annotations) errors.push(...validateAnnotations(next.annotations, path.child('annotations')))
  if (next.ownerReferences) errors.push(...validateOwnerReferences(next.ownerReferences, path.child('ownerReferences')))
  if (next.managedFields) errors.push(...validateManagedFields(next.managedFields, path.child('managedFields')))
  return errors
}

/** What of metadata an update must leave as it is: the part of `validateObjectMetaUpdate` that looks at both. */
export function validateIdentity(
  next: MetadataToValidate,
  previous: MetadataToValidate,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  if (previous.deletionTimestamp)
    errors.push(...validateNoNewFinalizers(next.finalizers, previous.finalizers, path.child('finalizers')))
  if (!next.resourceVersion)
    errors.push(invalid(path.child('resourceVersion'), next.resourceVersion ?? '', 'must be specified for an update'))
  if ((next.generation ?? 0) < (previous.generation ?? 0))
    errors.push(invalid(path.child('generation'), next.generation ?? 0, 'must not be decremented'))

  for (const field of ['name', 'namespace', 'uid'] as const)
    errors.push(...validateImmutableField(next[field] ?? '', previous[field] ?? '', path.child(field)))
  for (const field of ['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const)
    errors.push(...validateImmutableField(next[field], previous[field], path.child(field)))
  return errors
}

/** The field must be what it was. */
export function validateImmutableField(next: unknown, previous: unknown, path: FieldPath): FieldError[] {
  return normalEqual(next, previous) ? [] : [invalid(path, next, immutableMessage)]
}

export function validateNonnegative(value: number | undefined, path: FieldPath): FieldError[] {
  return value !== undefined && value < 0 ? [invalid(path, value, notNegativeMessage)] : []
}

export function validateAnnotations(annotations: Readonly<Record<string, string>>, path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  let size = 0
  for (const key in annotations) {
    // As a qualified name, but case does not matter.
    for (const message of isQualifiedName(key.toLowerCase())) errors.push(invalid(path, key, message))
    size += byteLength(key) + byteLength(annotations[key]!)
  }
  if (size > totalAnnotationSizeLimit) errors.push(tooLong(path, '', totalAnnotationSizeLimit))
  return errors
}

export function validateOwnerReferences(references: readonly OwnerReference[], path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  let controller: string | undefined
  for (const reference of references) {
    const { apiVersion = '', kind = '', name = '', uid = '' } = reference
    const parts = apiVersion.split('/')
    const version = parts.length > 2 ? '' : parts.at(-1)
    const notEmpty = 'must not be empty'
    if (!version) errors.push(invalid(path.child('apiVersion'), apiVersion, 'version must not be empty'))
    if (!kind) errors.push(invalid(path.child('kind'), kind, notEmpty))
    if (!name) errors.push(invalid(path.child('name'), name, notEmpty))
    if (!uid) errors.push(invalid(path.child('uid'), uid, notEmpty))
    if (apiVersion === 'v1' && kind === 'Event')
      errors.push(invalid(path, reference, '/v1, Kind=Event is disallowed from being an owner'))
    if (!reference.controller) continue
    const current = `${kind}/${name}`
    if (controller === undefined) controller = current
    else
      errors.push(
        invalid(
          path,
          references,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${current}`,
        ),
      )
  }
  return errors
}

export function validateFinalizerName(name: string, path: FieldPath): FieldError[] {
  return isQualifiedName(name).map(message => invalid(path, name, message))
}

export function validateFinalizers(finalizers: readonly string[], path: FieldPath): FieldError[] {
  const errors = finalizers.flatMap(finalizer => validateFinalizerName(finalizer, path))
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion'))
    errors.push(invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'))
  return errors
}

/** An object that is being deleted may lose finalizers, not gain them. */
export function validateNoNewFinalizers(
  next: readonly string[] | undefined,
  previous: readonly string[] | undefined,
  path: FieldPath,
): FieldError[] {
  const extra = [...new Set(next)].filter(finalizer => !previous?.includes(finalizer)).sort(compareText)
  if (extra.length === 0) return []
  const list = `[]string{${extra.map(quote).join(', ')}}`
  return [
    forbidden(path, `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`),
  ]
}

const maxManagerLength = 128
const maxSubresourceLength = 256

/** Also of the `fieldManager` parameter. */
export function validateFieldManager(manager: string, path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (byteLength(manager) > maxManagerLength) errors.push(tooLong(path, '', maxManagerLength))
  const bad = firstUnprintable(manager)
  if (bad) {
    const code = bad.character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
    errors.push(invalid(path, manager, `invalid character U+${code} (at position ${bad.position})`))
  }
  return errors
}

export function validateManagedFields(entries: readonly ManagedFields[], path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index]!
    const at = path.index(index)
    if (entry.operation !== 'Apply' && entry.operation !== 'Update')
      errors.push(invalid(at.child('operation'), entry.operation ?? '', 'must be `Apply` or `Update`'))
    if (entry.fieldsType && entry.fieldsType !== 'FieldsV1')
      errors.push(invalid(at.child('fieldsType'), entry.fieldsType, 'must be `FieldsV1`'))
    errors.push(...validateFieldManager(entry.manager ?? '', at.child('manager')))
    if (byteLength(entry.subresource ?? '') > maxSubresourceLength)
      errors.push(tooLong(at.child('subresource'), '', maxSubresourceLength))
  }
  return errors
}
