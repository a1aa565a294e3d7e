// What a PersistentVolume may say, and what of it may change (upstream: pkg/apis/core/validation,
// ValidatePersistentVolumeSpec). Attachments of inline volumes say the same with less freedom.

import { deepEqual, normalEqual } from '../../../machinery/deep-equal.ts'
import { deepCopy } from '../../../machinery/deep-freeze.ts'
import { type FieldError, forbidden, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { inKeyOrder } from '../../../machinery/go-text.ts'
import { parseQuantity } from '../../../machinery/quantity.ts'
import {
  checkImmutable,
  checkName,
  checkObjectName,
  checkRange,
  checkRequired,
  type Errors,
} from '../../../machinery/validation/field-checks.ts'
import { nameIsDNSLabel } from '../../../machinery/validation/names.ts'
import { internalDiff, showing } from '../../go/internal-form.ts'
import type { KubeObject } from '../../resource.ts'
import { PersistentVolumeSource, VolumeNodeAffinity } from './persistentvolume.ts'
import { accessModes, checkClassName, volumeModes } from './persistentvolumeclaim.validation.ts'
import { checkNodeSelector } from './scheduling.validation.ts'
import { checkDriverName, checkQualifiedISCSIName, checkVolumeKind } from './volume.validation.ts'
import { checkNoBacksteps } from './volume-path.validation.ts'

const specPath = root('spec')
const reclaimPolicies = ['Delete', 'Recycle', 'Retain']
type Spec = Record<string, any>
type Check = (source: Record<string, any>, path: FieldPath, errors: Errors, name: string) => void

function checkSecretReference(source: Record<string, any>, field: string, path: FieldPath, errors: Errors): void {
  const reference = source[field]
  if (!reference) return
  const at = path.child(field)
  checkObjectName(reference.name, at.child('name'), errors)
  if (!reference.namespace) errors.push(required(at.child('namespace')))
  else checkName(reference.namespace, nameIsDNSLabel, at.child('namespace'), errors)
}

const csiSecrets = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
]

/** Kinds whose sources differ from those of volumes in pods. */
const ownChecks: Readonly<Record<string, Check>> = {
  glusterfs({ endpoints, path: file, endpointsNamespace }, path, errors) {
    checkRequired(endpoints, path, 'endpoints', errors)
    checkRequired(file, path, 'path', errors)
    if (endpointsNamespace === undefined) return
    const at = path.child('endpointsNamespace')
    if (endpointsNamespace === '')
      errors.push(invalid(at, endpointsNamespace, 'if the endpointnamespace is set, it must be a valid namespace name'))
    else checkName(endpointsNamespace, nameIsDNSLabel, at, errors)
  },
  cinder(source, path, errors) {
    checkRequired(source['volumeID'], path, 'volumeID', errors)
    checkReferenceGiven(source, path, errors)
  },
  azureFile({ secretName, shareName, secretNamespace }, path, errors) {
    checkRequired(secretName, path, 'secretName', errors)
    checkRequired(shareName, path, 'shareName', errors)
    if (secretNamespace === '') errors.push(required(path.child('secretNamespace')))
  },
  iscsi(source, path, errors, name) {
    checkRequired(source['targetPortal'], path, 'targetPortal', errors)
    const initiator: string | undefined = source['initiatorName']
    if (initiator !== undefined && `${name}:${source['targetPortal'] ?? ''}`.length > 64)
      errors.push(
        invalid(
          path.child('targetportal'),
          source['targetPortal'] ?? '',
          'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
        ),
      )
    const formless = 'must be valid format'
    if (!source['iqn']) errors.push(required(path.child('iqn')))
    else checkQualifiedISCSIName(source['iqn'], path.child('iqn'), errors, formless)
    checkRange(source['lun'] ?? 0, 0, 255, path, 'lun', errors)
    if ((source['chapAuthDiscovery'] || source['chapAuthSession']) && !source['secretRef'])
      errors.push(required(path.child('secretRef')))
    if (source['secretRef']) checkRequired(source['secretRef'].name, path.child('secretRef'), 'name', errors)
    if (initiator !== undefined) checkQualifiedISCSIName(initiator, path.child('initiatorname'), errors, formless)
  },
  local({ path: file }, path, errors) {
    if (!file) errors.push(required(path.child('path')))
    else checkNoBacksteps(file, path.child('path'), errors)
  },
  storageos(source, path, errors) {
    checkVolumeKind('storageos', { ...source, secretRef: undefined }, path, '', errors)
    checkReferenceGiven(source, path, errors)
  },
  csi(source, path, errors) {
    checkDriverName(source['driver'] ?? '', path.child('driver'), errors)
    checkRequired(source['volumeHandle'], path, 'volumeHandle', errors)
    for (const field of csiSecrets) checkSecretReference(source, field, path, errors)
  },
}

function checkReferenceGiven({ secretRef }: Record<string, any>, path: FieldPath, errors: Errors): void {
  if (!secretRef) return
  checkRequired(secretRef.name, path.child('secretRef'), 'name', errors)
  checkRequired(secretRef.namespace, path.child('secretRef'), 'namespace', errors)
}

/** In upstream's order. */
const kinds = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const
const pathNames: Readonly<Record<string, string>> = { gcePersistentDisk: 'persistentDisk' }
const repeatedPathNames: Readonly<Record<string, string>> = { cephfs: 'cephFS' }

function checkSources(spec: Spec, name: string, path: FieldPath, errors: Errors): void {
  let count = 0
  for (const kind of kinds) {
    const source = spec[kind]
    if (source === undefined) continue
    if (++count > 1 && kind !== 'flexVolume') {
      errors.push(forbidden(path.child(repeatedPathNames[kind] ?? kind), 'may not specify more than 1 volume type'))
      continue
    }
    const at = path.child(pathNames[kind] ?? kind)
    const own = ownChecks[kind]
    if (own) own(source, at, errors, name)
    else checkVolumeKind(kind as never, source, at, name, errors)
    if (kind === 'local' && !spec['nodeAffinity']?.required)
      errors.push(required(path.child('nodeAffinity'), 'Local volume requires node affinity'))
  }
  if (count === 0) errors.push(required(path, 'must specify a volume type'))
}

const cleaned = (file: string): string =>
  `/${file
    .split('/')
    .filter(part => part !== '' && part !== '.')
    .join('/')}`

function checkAccessModes(modes: readonly string[], path: FieldPath, errors: Errors): void {
  if (modes.length === 0) errors.push(required(path))
  for (const mode of modes) if (!accessModes.includes(mode)) errors.push(notSupported(path, mode, accessModes))
  if (
    modes.includes('ReadWriteOncePod') &&
    modes.some(mode => mode !== 'ReadWriteOncePod' && accessModes.includes(mode))
  )
    errors.push(forbidden(path, 'may not use ReadWriteOncePod with other access modes'))
}

function checkCapacity(capacity: Record<string, string> | undefined, path: FieldPath, errors: Errors): void {
  const names = Object.keys(capacity ?? {})
  if (names.length === 0) errors.push(required(path))
  if (capacity?.['storage'] === undefined || names.length > 1)
    errors.push(notSupported(path, capacity ? inKeyOrder(capacity) : null, ['storage']))
  for (const name of names) {
    const quantity = parseQuantity(capacity![name]!)
    const at = path.key(name)
    if (quantity.value() < 0) errors.push(invalid(at, quantity.value(), 'must be a valid resource quantity'))
    if (quantity.sign <= 0) errors.push(invalid(at, quantity.toString(), 'must be greater than zero'))
  }
}

/** `inline`: inside a VolumeAttachment. */
export function checkPersistentVolumeSpec(
  spec: Spec,
  name: string,
  inline: boolean,
  path: FieldPath,
  errors: Errors,
): void {
  const notInline = (field: string): void => {
    errors.push(forbidden(path.child(field), 'may not be specified in the context of inline volumes'))
  }
  const { capacity, persistentVolumeReclaimPolicy: policy, nodeAffinity, storageClassName, volumeMode } = spec
  if (inline) {
    if (spec['claimRef']) notInline('claimRef')
    if (Object.keys(capacity ?? {}).length > 0) notInline('capacity')
    if (!spec['csi']) errors.push(required(path.child('csi'), 'has to be specified in the context of inline volumes'))
  }
  checkAccessModes(spec['accessModes'] ?? [], path.child('accessModes'), errors)
  if (!inline) checkCapacity(capacity, path.child('capacity'), errors)
  const policyPath = path.child('persistentVolumeReclaimPolicy')
  if (policy) {
    if (inline) {
      if (policy !== 'Retain') errors.push(forbidden(policyPath, 'may only be Retain in the context of inline volumes'))
    } else if (!reclaimPolicies.includes(policy)) errors.push(notSupported(policyPath, policy, reclaimPolicies))
  }
  if (nodeAffinity) {
    const at = path.child('nodeAffinity', 'required')
    if (inline) notInline('nodeAffinity')
    else if (nodeAffinity.required) checkNodeSelector(nodeAffinity.required, at, errors)
    else errors.push(required(at, 'must specify required node constraints'))
  }
  checkSources(spec, name, path, errors)
  if (policy === 'Recycle' && spec['hostPath'] && cleaned(spec['hostPath'].path ?? '') === '/')
    errors.push(forbidden(policyPath, "may not be 'recycle' for a hostPath mount of '/'"))
  if (storageClassName) {
    if (inline) notInline('storageClassName')
    else checkClassName(storageClassName, path.child('storageClassName'), errors)
  }
  if (volumeMode !== undefined) {
    const at = path.child('volumeMode')
    if (!inline) {
      if (!volumeModes.includes(volumeMode)) errors.push(notSupported(at, volumeMode, volumeModes))
    } else if (volumeMode !== 'Filesystem')
      errors.push(forbidden(at, 'may not specify volumeMode other than Filesystem in the context of inline volumes'))
  }
  const attributesClass = spec['volumeAttributesClassName']
  if (attributesClass === undefined) return
  const at = path.child('volumeAttributesClassName')
  if (attributesClass === '') errors.push(required(at, 'an empty string is disallowed'))
  else checkClassName(attributesClass, at, errors)
  if (!spec['csi']) errors.push(required(path.child('csi'), 'has to be specified when using volumeAttributesClassName'))
}

export function validatePersistentVolume(volume: KubeObject): FieldError[] {
  const errors: Errors = []
  checkSpec(volume, errors)
  checkMountOptions(volume, errors)
  return errors
}

function checkSpec({ spec, metadata }: KubeObject, errors: Errors): void {
  checkPersistentVolumeSpec(spec, metadata.name ?? '', false, specPath, errors)
}

const mountOptions = 'volume.beta.kubernetes.io/mount-options'
const mountedWithOptions = [
  ...['gcePersistentDisk', 'awsElasticBlockStore', 'glusterfs', 'nfs', 'rbd', 'quobyte', 'iscsi', 'cinder', 'cephfs'],
  ...['azureFile', 'vsphereVolume', 'azureDisk', 'photonPersistentDisk'],
]

function checkMountOptions({ spec, metadata }: KubeObject, errors: Errors): void {
  if (metadata['annotations']?.[mountOptions] === undefined) return
  if (mountedWithOptions.some(kind => spec[kind] !== undefined)) return
  errors.push(
    forbidden(root('metadata', 'annotations', mountOptions), 'may not specify mount options for this volume type'),
  )
}

const sourcesOf = (spec: Spec): Spec =>
  Object.fromEntries(kinds.flatMap(kind => (spec[kind] === undefined ? [] : [[kind, spec[kind]]])))

export function validatePersistentVolumeUpdate(volume: KubeObject, old: KubeObject): FieldError[] {
  const errors = validatePersistentVolume(volume)
  // Again, as upstream does: each mistake has two causes.
  if (errors.length > 0) checkSpec(volume, errors)
  const [spec, before] = [volume['spec'] as Spec, old['spec'] as Spec]
  const [source, oldSource] = [sourcesOf(spec), sourcesOf(before)]
  // A reference to a secret that was not there may be added.
  if (source['csi']?.controllerExpandSecretRef && oldSource['csi'] && !oldSource['csi'].controllerExpandSecretRef)
    source['csi'] = { ...source['csi'], controllerExpandSecretRef: undefined }
  if (!normalEqual(source, oldSource))
    errors.push(
      forbidden(
        specPath.child('persistentvolumesource'),
        `spec.persistentvolumesource is immutable after creation\n${internalDiff(PersistentVolumeSource, oldSource, source)}`,
      ),
    )
  const affinity = spec['nodeAffinity'] ?? null
  checkImmutable(spec['volumeMode'], before['volumeMode'], root('volumeMode'), errors)
  if (before['nodeAffinity'] && !normalEqual(spec['nodeAffinity'], withNewLabels(before['nodeAffinity'], spec)))
    errors.push(
      invalid(
        root('nodeAffinity'),
        affinity && showing(VolumeNodeAffinity, affinity),
        'field is immutable, except for updating from beta label to GA',
      ),
    )
  if (before['volumeAttributesClassName'] !== undefined && spec['volumeAttributesClassName'] === undefined)
    errors.push(forbidden(specPath.child('volumeAttributesClassName'), 'update from non-nil value to nil is forbidden'))
  return errors
}

const newLabels: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
}

/** The old affinity with the labels that the new one has replaced by those now in use, which is allowed. */
function withNewLabels(old: Spec, { nodeAffinity }: Spec): Spec {
  const copy = deepCopy(old)
  for (const [index, term] of (copy['required']?.nodeSelectorTerms ?? []).entries())
    for (const [at, expression] of (term.matchExpressions ?? []).entries()) {
      const key = nodeAffinity?.required?.nodeSelectorTerms?.[index]?.matchExpressions?.[at]?.key
      // No label is replaced by none, and so none is one that is in use now.
      if (key !== undefined && (newLabels[expression.key] ?? '') === key) expression.key = key
    }
  return deepEqual(copy, old) ? old : copy
}
