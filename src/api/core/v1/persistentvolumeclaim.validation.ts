// What a claim on storage may say, and what of it may change.

import { deepEqual, normalEqual } from '../../../machinery/deep-equal.ts'
import { deepCopy } from '../../../machinery/deep-freeze.ts'
import { type FieldError, forbidden, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { parseQuantity } from '../../../machinery/quantity.ts'
import { checkIfGiven, checkImmutable, checkRequired, type Errors } from '../../../machinery/validation/field-checks.ts'
import { validateLabelSelector, validateLabels } from '../../../machinery/validation/labels.ts'
import {
  isDNS1123Subdomain,
  isQualifiedName,
  nameIsDNSLabel,
  nameIsDNSSubdomain,
} from '../../../machinery/validation/names.ts'
import { validateAnnotations } from '../../../machinery/validation/object-meta.ts'
import { internalDiff } from '../../go/internal-form.ts'
import type { KubeObject } from '../../resource.ts'
import { PersistentVolumeClaimSpec } from './persistentvolumeclaim.ts'
import { checkResourceQuantity, isNative } from './resources.validation.ts'

export const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']
export const volumeModes = ['Block', 'Filesystem']
const classAnnotation = 'volume.beta.kubernetes.io/storage-class'
const specPath = root('spec')

export function checkClassName(name: string, path: FieldPath, errors: Errors): void {
  for (const message of nameIsDNSSubdomain(name, false)) errors.push(invalid(path, name, message))
}

export function checkClaimSpec(spec: PersistentVolumeClaimSpec, path: FieldPath, errors: Errors): void {
  const modes = spec.accessModes ?? []
  const modesPath = path.child('accessModes')
  if (modes.length === 0) errors.push(required(modesPath, 'at least 1 access mode is required'))
  if (spec.selector) errors.push(...validateLabelSelector(spec.selector, path.child('selector')))
  for (const mode of modes) if (!accessModes.includes(mode)) errors.push(notSupported(modesPath, mode, accessModes))
  if (
    modes.includes('ReadWriteOncePod') &&
    modes.some(mode => mode !== 'ReadWriteOncePod' && accessModes.includes(mode))
  )
    errors.push(forbidden(modesPath, 'may not use ReadWriteOncePod with other access modes'))
  const storage = spec.resources?.requests?.['storage']
  const storagePath = path.child('resources').key('storage')
  if (storage === undefined) errors.push(required(storagePath))
  else {
    const quantity = parseQuantity(storage)
    if (quantity.sign <= 0) errors.push(invalid(storagePath, quantity.toString(), 'must be greater than zero'))
    else checkResourceQuantity('storage', quantity, storagePath, errors)
  }
  if (spec.storageClassName) checkClassName(spec.storageClassName, path.child('storageClassName'), errors)
  checkIfGiven(spec.volumeMode, volumeModes, path, 'volumeMode', errors)
  checkDataSources(spec, path, errors)
  if (spec.volumeAttributesClassName)
    checkClassName(spec.volumeAttributesClassName, path.child('volumeAttributesClassName'), errors)
}

type Source = { apiGroup?: string; kind?: string; name?: string; namespace?: string }

function checkDataSource(source: Source, path: FieldPath, errors: Errors): void {
  const { apiGroup = '', kind = '' } = source
  checkRequired(source.name, path, 'name', errors)
  checkRequired(kind, path, 'kind', errors)
  if (apiGroup === '' && kind !== 'PersistentVolumeClaim')
    errors.push(invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"))
  if (apiGroup !== '')
    for (const message of isDNS1123Subdomain(apiGroup)) errors.push(invalid(path.child('apiGroup'), apiGroup, message))
  if (source.namespace)
    for (const message of nameIsDNSLabel(source.namespace, false))
      errors.push(invalid(path.child('namespace'), source.namespace, message))
}

function checkDataSources(spec: PersistentVolumeClaimSpec, path: FieldPath, errors: Errors): void {
  const { dataSource, dataSourceRef } = spec as { dataSource?: Source; dataSourceRef?: Source }
  if (dataSource) checkDataSource(dataSource, path.child('dataSource'), errors)
  if (dataSourceRef) checkDataSource(dataSourceRef, path.child('dataSourceRef'), errors)
  if (!dataSource || !dataSourceRef) return
  // Upstream gives the path as the value.
  const value = {}
  if (dataSourceRef.namespace)
    errors.push(invalid(path, value, 'may not be specified when dataSourceRef.namespace is specified'))
  else if (!deepEqual(dataSource, { ...dataSourceRef, namespace: undefined }))
    errors.push(invalid(path, value, 'must match dataSourceRef'))
}

/** The template of claims that a pod or a StatefulSet makes. */
export function checkClaimTemplate(
  template: { readonly metadata?: Record<string, any>; readonly spec?: unknown },
  path: FieldPath,
  errors: Errors,
): void {
  const metadata = path.child('metadata')
  const { labels, annotations, ...others } = template.metadata ?? {}
  if (labels) errors.push(...validateLabels(labels, metadata.child('labels')))
  if (annotations) errors.push(...validateAnnotations(annotations, metadata.child('annotations')))
  for (const field in others)
    if (others[field] !== undefined && others[field] !== null && others[field] !== '')
      errors.push(forbidden(metadata.child(field), 'cannot be set for an ephemeral volume'))
  checkClaimSpec((template.spec ?? {}) as PersistentVolumeClaimSpec, path.child('spec'), errors)
}

export function validatePersistentVolumeClaim(claim: KubeObject): FieldError[] {
  const errors: Errors = []
  checkClaimSpec(claim['spec'], specPath, errors)
  return errors
}

export function validatePersistentVolumeClaimUpdate(claim: KubeObject, old: KubeObject): FieldError[] {
  const errors = validatePersistentVolumeClaim(claim)
  const [spec, before] = [claim['spec'] as PersistentVolumeClaimSpec, old['spec'] as PersistentVolumeClaimSpec]
  const next = deepCopy(spec) as Record<string, any>
  const previous = deepCopy(before) as Record<string, any>
  const bound = claim['status']?.phase === 'Bound'
  // The controller binds a claim once.
  if (!previous['volumeName']) previous['volumeName'] = next['volumeName']
  const [annotation, oldAnnotation] = [claim, old].map(one => one.metadata['annotations']?.[classAnnotation])
  const named = before.storageClassName === undefined && spec.storageClassName !== undefined
  // From the annotation of old to the field, and from no class at all to one.
  const fromAnnotation =
    named &&
    oldAnnotation !== undefined &&
    spec.storageClassName === oldAnnotation &&
    (annotation === undefined || annotation === oldAnnotation)
  if (!fromAnnotation && (annotation ?? '') !== (oldAnnotation ?? ''))
    errors.push(invalid(root('metadata').child('annotations', classAnnotation), annotation ?? '', 'field is immutable'))
  if (fromAnnotation || (named && (oldAnnotation === undefined || oldAnnotation === spec.storageClassName)))
    next['storageClassName'] = previous['storageClassName']
  if (bound && next['resources']?.requests)
    next['resources'].requests.storage = previous['resources']?.requests?.storage
  if (bound) next['volumeAttributesClassName'] = previous['volumeAttributesClassName']
  if (!normalEqual(next, previous))
    errors.push(
      forbidden(
        specPath,
        `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${internalDiff(PersistentVolumeClaimSpec, previous, next)}`,
      ),
    )
  const size = (of: string | undefined) => parseQuantity(of ?? '0')
  const wanted = size(spec.resources?.requests?.['storage'])
  if (
    wanted.compare(size(before.resources?.requests?.['storage'])) < 0 &&
    wanted.compare(size(old['status']?.capacity?.storage)) <= 0
  )
    errors.push(
      forbidden(specPath.child('resources', 'requests', 'storage'), 'field can not be less than status.capacity'),
    )
  checkImmutable(spec.volumeMode, before.volumeMode, root('volumeMode'), errors)
  const current = 'is forbidden when status.currentVolumeAttributesClassName is not nil'
  if (
    old['status']?.currentVolumeAttributesClassName !== undefined &&
    spec.volumeAttributesClassName !== before.volumeAttributesClassName
  ) {
    const path = specPath.child('volumeAttributesClassName')
    if (spec.volumeAttributesClassName === undefined) errors.push(forbidden(path, `update to nil ${current}`))
    else if (spec.volumeAttributesClassName === '') errors.push(forbidden(path, `update to empty string ${current}`))
  }
  return errors
}

const resizeStatuses = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
]

function checkClaimResource(name: string, path: FieldPath, errors: Errors): boolean {
  const messages = isQualifiedName(name)
  for (const message of messages) errors.push(invalid(path, name, message))
  if (messages.length > 0) return false
  if (!isNative(name) || name === 'storage') return true
  errors.push(notSupported(path, name, ['storage']))
  return false
}

export function validatePersistentVolumeClaimStatusUpdate(claim: KubeObject): FieldError[] {
  const errors: Errors = []
  const { capacity, allocatedResources, allocatedResourceStatuses } = claim['status'] ?? {}
  if (!claim['spec'].accessModes?.length) errors.push(required(root('Spec', 'accessModes')))
  const checkAmount = (text: string, path: FieldPath): boolean => {
    const quantity = parseQuantity(text)
    if (quantity.value() >= 0) return true
    errors.push(invalid(path, quantity.value(), 'must be a valid resource quantity'))
    return false
  }
  for (const name in capacity) checkAmount(capacity[name], root('status', 'capacity').key(name))
  const statusesPath = root('status', 'allocatedResourceStatuses')
  for (const name in allocatedResourceStatuses) {
    checkClaimResource(name, statusesPath, errors)
    if (!resizeStatuses.includes(allocatedResourceStatuses[name]))
      errors.push(notSupported(statusesPath, name, resizeStatuses))
  }
  const path = root('status', 'allocatedResources')
  for (const name in allocatedResources)
    if (checkClaimResource(name, path, errors) && checkAmount(allocatedResources[name], path.key(name)))
      checkResourceQuantity('storage', parseQuantity(allocatedResources[name]), path.key(name), errors)
  return errors
}
