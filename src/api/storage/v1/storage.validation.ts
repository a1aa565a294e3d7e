// Classes of storage, drivers, attachments and capacities (upstream: pkg/apis/storage/validation).

import { deepEqual, semanticEqual } from '../../../machinery/deep-equal.ts'
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
  tooLong,
} from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { byteLength } from '../../../machinery/go-text.ts'
import { parseQuantity } from '../../../machinery/quantity.ts'
import {
  checkImmutable,
  checkName,
  checkNonnegative,
  checkQualifiedName,
  type Errors,
} from '../../../machinery/validation/field-checks.ts'
import { validateLabelName, validateLabelSelector } from '../../../machinery/validation/labels.ts'
import { nameIsDNSSubdomain } from '../../../machinery/validation/names.ts'
import { checkPersistentVolumeSpec } from '../../core/v1/persistentvolume.validation.ts'
import { checkDriverName } from '../../core/v1/volume.validation.ts'
import { showing } from '../../go/internal-form.ts'
import type { KubeObject } from '../../resource.ts'
import { CSINodeDriver } from './csinode.ts'

const spec = root('spec')
const mostParameters = 512
const mostBytes = 256 * 1024
type Texts = Readonly<Record<string, string>>

function checkProvisioner(name: string, path: FieldPath, errors: Errors): void {
  if (name === '') errors.push(required(path))
  else checkQualifiedName(name.toLowerCase(), path, errors)
}

function sizeOf(texts: Texts | undefined): number {
  let size = 0
  for (const key in texts) size += byteLength(key) + byteLength(texts[key]!)
  return size
}

function checkParameters(parameters: Texts = {}, allowEmpty: boolean, errors: Errors): void {
  const path = root('parameters')
  const keys = Object.keys(parameters)
  if (keys.length > mostParameters) {
    errors.push(tooLong(path, '', mostParameters))
    return
  }
  if (keys.includes('')) errors.push(invalid(path, '', 'field can not be empty.'))
  if (sizeOf(parameters) > mostBytes) errors.push(tooLong(path, '', mostBytes))
  if (!allowEmpty && keys.length === 0) errors.push(required(path, 'must contain at least one key/value pair'))
}

interface TopologyTerm {
  readonly matchLabelExpressions?: readonly { readonly key?: string; readonly values?: readonly string[] }[]
}

function checkTopologies(terms: readonly TopologyTerm[], path: FieldPath, errors: Errors): void {
  const seen: Record<string, string[]>[] = []
  for (const [index, { matchLabelExpressions = [] }] of terms.entries()) {
    const at = path.index(index).child('matchLabelExpressions')
    const expressions: Record<string, string[]> = {}
    for (const [number, { key = '', values: given }] of matchLabelExpressions.entries()) {
      const values = given ?? []
      const there = at.index(number)
      if (values.length === 0) errors.push(required(there.child('values')))
      const set = new Set<string>()
      for (const [valueIndex, value] of values.entries()) {
        if (set.has(value)) errors.push(duplicate(there.child('values').index(valueIndex), value))
        set.add(value)
      }
      errors.push(...validateLabelName(key, there.child('key')))
      if (expressions[key]) errors.push(duplicate(there.child('key'), key))
      expressions[key] = [...set].sort()
    }
    // To upstream a term without expressions is a duplicate of each that it has not looked at yet.
    const same = Object.keys(expressions).length === 0 ? terms.length : 0
    for (let count = same + seen.filter(other => deepEqual(other, expressions)).length; count > 0; count--)
      errors.push(duplicate(at, ''))
    seen.push(expressions)
  }
}

const reclaimPolicies = ['Delete', 'Retain']
const bindingModes = ['Immediate', 'WaitForFirstConsumer']

export function validateStorageClass(storageClass: KubeObject): FieldError[] {
  const errors: Errors = []
  const { provisioner = '', parameters, reclaimPolicy, volumeBindingMode: mode, allowedTopologies } = storageClass
  checkProvisioner(provisioner, root('provisioner'), errors)
  checkParameters(parameters, true, errors)
  if (reclaimPolicy && !reclaimPolicies.includes(reclaimPolicy))
    errors.push(notSupported('reclaimPolicy', reclaimPolicy, reclaimPolicies))
  if (mode === undefined) errors.push(required('volumeBindingMode'))
  else if (!bindingModes.includes(mode)) errors.push(notSupported('volumeBindingMode', mode, bindingModes))
  if (allowedTopologies) checkTopologies(allowedTopologies, root('allowedTopologies'), errors)
  return errors
}

export function validateStorageClassUpdate(next: KubeObject, old: KubeObject): FieldError[] {
  const errors = validateStorageClass(next)
  for (const field of ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'])
    checkImmutable(next[field], old[field], root(field), errors)
  return errors
}

export function validateVolumeAttributesClass(attributes: KubeObject): FieldError[] {
  const errors: Errors = []
  checkProvisioner(attributes['driverName'] ?? '', root('driverName'), errors)
  checkParameters(attributes['parameters'], false, errors)
  return errors
}

export function validateVolumeAttributesClassUpdate(next: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  for (const field of ['driverName', 'parameters'])
    if (!deepEqual(next[field] ?? {}, old[field] ?? {}))
      errors.push(forbidden(field, `updates to ${field} are forbidden.`))
  return [...errors, ...validateVolumeAttributesClass(next)]
}

const groupPolicies = ['File', 'None', 'ReadWriteOnceWithFSType']
const lifecycleModes = ['Persistent', 'Ephemeral']
const shortestPeriod = 10
const shortestToken = 600

export function validateCSIDriver(driver: KubeObject): FieldError[] {
  const errors: Errors = []
  const of: Record<string, any> = driver['spec'] ?? {}
  if (of['attachRequired'] === undefined) errors.push(required(spec.child('attachedRequired')))
  for (const field of ['podInfoOnMount', 'storageCapacity'])
    if (of[field] === undefined) errors.push(required(spec.child(field)))
  const policy = of['fsGroupPolicy']
  if (policy !== undefined && !groupPolicies.includes(policy))
    errors.push(notSupported(spec.child('fsGroupPolicy'), policy, groupPolicies))
  const audiences = new Set<string>()
  for (const [index, { audience = '', expirationSeconds }] of (of['tokenRequests'] ?? []).entries()) {
    const path = spec.child('tokenRequests').index(index)
    if (audiences.has(audience)) {
      errors.push(duplicate(path.child('audience'), audience))
      continue
    }
    audiences.add(audience)
    if (expirationSeconds === undefined) continue
    const at = path.child('expirationSeconds')
    if (expirationSeconds < shortestToken)
      errors.push(invalid(at, expirationSeconds, 'may not specify a duration less than 10 minutes'))
    if (expirationSeconds > 2 ** 32)
      errors.push(invalid(at, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'))
  }
  for (const mode of of['volumeLifecycleModes'] ?? [])
    if (!lifecycleModes.includes(mode))
      errors.push(notSupported(spec.child('volumeLifecycleModes'), mode, lifecycleModes))
  if (of['seLinuxMount'] === undefined) errors.push(required(spec.child('seLinuxMount')))
  const period = of['nodeAllocatableUpdatePeriodSeconds']
  if (period !== undefined && period < shortestPeriod)
    errors.push(
      invalid(spec.child('nodeAllocatableUpdatePeriodSeconds'), period, 'must be greater than or equal to 10 seconds'),
    )
  return errors
}

export function validateCSIDriverUpdate(driver: KubeObject, old: KubeObject): FieldError[] {
  const errors = validateCSIDriver(driver)
  checkImmutable(driver['spec'].attachRequired, old['spec'].attachRequired, spec.child('attachedRequired'), errors)
  checkImmutable(
    driver['spec'].volumeLifecycleModes,
    old['spec'].volumeLifecycleModes,
    spec.child('volumeLifecycleModes'),
    errors,
  )
  return errors
}

interface NodeDriver {
  readonly name?: string
  readonly nodeID?: string
  readonly topologyKeys?: readonly string[] | null
  readonly allocatable?: { readonly count?: number }
}

const longestNodeID = 256
const driversOf = (node: KubeObject): readonly NodeDriver[] => node['spec']?.drivers ?? []

export function validateCSINode(node: KubeObject): FieldError[] {
  const errors: Errors = []
  const names = new Set<string>()
  for (const [index, { name = '', nodeID = '', topologyKeys, allocatable }] of driversOf(node).entries()) {
    const path = spec.child('drivers').index(index)
    checkDriverName(name, path.child('name'), errors)
    if (nodeID === '') errors.push(required(path.child('nodeID')))
    if (byteLength(nodeID) > longestNodeID)
      errors.push(invalid(path.child('nodeID'), nodeID, `must be ${longestNodeID} characters or less`))
    checkNonnegative(allocatable?.count, path.child('allocatable'), 'count', errors)
    if (names.has(name)) errors.push(duplicate(path.child('name'), name))
    names.add(name)
    const keys = new Set<string>()
    for (const key of topologyKeys ?? []) {
      if (key === '') errors.push(required(path))
      if (keys.has(key)) errors.push(duplicate(path, key))
      keys.add(key)
      checkQualifiedName(key, path, errors)
    }
  }
  return errors
}

/** A driver may come and go, not change; but how many volumes fit (KEP-4876). */
export function validateCSINodeUpdate(node: KubeObject, old: KubeObject): FieldError[] {
  const errors = validateCSINode(node)
  const fixed = ({ allocatable: _allocatable, ...driver }: NodeDriver): object => driver
  for (const before of driversOf(old))
    for (const driver of driversOf(node))
      if (driver.name === before.name && !semanticEqual(fixed(driver), fixed(before)))
        errors.push(invalid(spec.child('drivers'), showing(CSINodeDriver, fixed(driver)), 'field is immutable'))
  return errors
}

export function validateCSIStorageCapacity(capacity: KubeObject): FieldError[] {
  const errors = validateLabelSelector(capacity['nodeTopology'], root('nodeTopology'))
  checkName(capacity['storageClassName'] ?? '', nameIsDNSSubdomain, root('storageClassName'), errors)
  const amount = capacity['capacity']
  if (amount !== undefined && parseQuantity(amount).sign < 0)
    errors.push(invalid('capacity', amount, 'must be greater than or equal to 0'))
  return errors
}

export function validateCSIStorageCapacityUpdate(capacity: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  if (!semanticEqual(capacity['nodeTopology'], old['nodeTopology']))
    errors.push(invalid('nodeTopology', capacity['nodeTopology'] ?? null, 'field is immutable'))
  if ((capacity['storageClassName'] ?? '') !== (old['storageClassName'] ?? ''))
    errors.push(invalid('storageClassName', capacity['storageClassName'] ?? '', 'field is immutable'))
  return errors
}

const exactlyOne = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'
const longestMessage = 1024

function checkAttachment(attachment: KubeObject, errors: Errors): void {
  const { attacher = '', source = {}, nodeName = '' } = attachment['spec'] ?? {}
  if (attacher === '') errors.push(required(spec.child('attacher')))
  const { inlineVolumeSpec, persistentVolumeName } = source
  const path = spec.child('source')
  if (!inlineVolumeSpec && persistentVolumeName === undefined) errors.push(required(path, exactlyOne))
  else if (inlineVolumeSpec && persistentVolumeName !== undefined) errors.push(forbidden(path, exactlyOne))
  else if (persistentVolumeName === '')
    errors.push(required(path.child('persistentVolumeName'), 'must specify non empty persistentVolumeName'))
  else if (inlineVolumeSpec)
    checkPersistentVolumeSpec(inlineVolumeSpec, '', true, path.child('inlineVolumeSpec'), errors)
  checkName(nodeName, nameIsDNSSubdomain, spec.child('nodeName'), errors)
  const { attachmentMetadata, ...status } = attachment['status'] ?? {}
  if (sizeOf(attachmentMetadata) > mostBytes) errors.push(tooLong(root('status', 'attachmentMetadata'), '', mostBytes))
  for (const field of ['attachError', 'detachError']) {
    const { message = '', errorCode = 0 } = status[field] ?? {}
    const at = root('status', field)
    // Upstream names the limit of the metadata here.
    if (byteLength(message) > longestMessage) errors.push(tooLong(at.child('message'), '', mostBytes))
    if (errorCode < 0)
      errors.push(invalid(at.child('errorCode'), errorCode, 'must be between 0 and 2147483647, inclusive'))
  }
}

export function validateVolumeAttachment(attachment: KubeObject): FieldError[] {
  const errors: Errors = []
  checkAttachment(attachment, errors)
  const { attacher = '', source } = attachment['spec'] ?? {}
  if (attacher !== '') checkDriverName(attacher, spec.child('attacher'), errors)
  if (source?.persistentVolumeName !== undefined)
    checkName(source.persistentVolumeName, nameIsDNSSubdomain, spec.child('source', 'persistentVolumeName'), errors)
  return errors
}

export function validateVolumeAttachmentUpdate(attachment: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  checkAttachment(attachment, errors)
  if (!semanticEqual(attachment['spec'], old['spec']))
    errors.push(invalid(spec, attachment['spec'], 'field is immutable'))
  return errors
}
