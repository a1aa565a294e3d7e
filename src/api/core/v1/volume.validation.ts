// A pod's volumes: each of exactly one kind, and what that kind needs (upstream: pkg/apis/core/validation, ValidateVolumes).

import { duplicate, forbidden, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import { quote } from '../../../machinery/go-text.ts'
import { parseQuantity } from '../../../machinery/quantity.ts'
import {
  checkDNSLabel,
  checkIfGiven,
  checkOneOf,
  checkRange,
  checkRequired,
  type Errors,
} from '../../../machinery/validation/field-checks.ts'
import { validateLabelSelector } from '../../../machinery/validation/labels.ts'
import { nameIsDNSSubdomain } from '../../../machinery/validation/names.ts'
import { checkFieldSelector, checkResourceSelector } from './env.validation.ts'
import { checkClaimTemplate } from './persistentvolumeclaim.validation.ts'
import type { DownwardAPIVolumeFile, KeyToPath, ProjectedVolumeSource, Volume, VolumeSource } from './volume.ts'
import { checkLocalDescendingPath, checkLocalNonReservedPath, checkNoBacksteps } from './volume-path.validation.ts'

export interface VolumeRules {
  /** The pod's name, where there is one: it becomes part of the names of claims. */
  readonly podName: string | undefined
  readonly isPod: boolean
}

/** Adds what is wrong to `errors`; answers the volumes that are right, by name. */
export function checkVolumes(
  volumes: readonly Volume[],
  path: FieldPath,
  rules: VolumeRules,
  errors: Errors,
): Map<string, Volume> {
  const good = new Map<string, Volume>()
  for (let index = 0; index < volumes.length; index++) {
    const volume = volumes[index]!
    const { name = '' } = volume
    const at = path.index(index)
    const before = errors.length
    checkSource(volume, at, name, rules, errors)
    if (name === '') errors.push(required(at.child('name')))
    else checkDNSLabel(name, at.child('name'), errors)
    if (good.has(name)) errors.push(duplicate(at.child('name'), name))
    if (errors.length === before) good.set(name, volume)
    const claim = volume.persistentVolumeClaim?.claimName
    if (claim && rules.podName && volumes.some(other => other.ephemeral && `${rules.podName}-${other.name}` === claim))
      errors.push(
        invalid(
          at.child('persistentVolumeClaim', 'claimName'),
          claim,
          'must not reference a PVC that gets created for an ephemeral volume',
        ),
      )
  }
  return good
}

type Check<K extends keyof VolumeSource> = (
  source: NonNullable<VolumeSource[K]>,
  path: FieldPath,
  errors: Errors,
  name: string,
  rules: VolumeRules,
) => void

const fileModeMessage = 'must be a number between 0 and 0777 (octal), both inclusive'
const partitionMessage = 'must be between 1 and 255, inclusive'

function checkMode(mode: number | undefined, path: FieldPath, field: string, errors: Errors): void {
  if (mode !== undefined && (mode > 0o777 || mode < 0)) errors.push(invalid(path.child(field), mode, fileModeMessage))
}

function checkItems(items: readonly KeyToPath[] | undefined, path: FieldPath, errors: Errors): void {
  items?.forEach((item, index) => {
    const at = path.child('items').index(index)
    checkRequired(item.key, at, 'key', errors)
    checkRequired(item.path, at, 'path', errors)
    checkLocalNonReservedPath(item.path ?? '', at.child('path'), errors)
    checkMode(item.mode, at, 'mode', errors)
  })
}

const needs =
  (...fields: string[]): ((source: any, path: FieldPath, errors: Errors) => void) =>
  (source, path, errors) => {
    for (const field of fields) checkRequired(source[field], path, field, errors)
  }

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]
const volumeFields = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid']

function checkDownwardFile(file: DownwardAPIVolumeFile, path: FieldPath, errors: Errors): void {
  checkRequired(file.path, path, 'path', errors)
  checkLocalNonReservedPath(file.path ?? '', path.child('path'), errors)
  if (file.fieldRef) {
    checkFieldSelector(file.fieldRef, volumeFields, path.child('fieldRef'), errors)
    if (file.resourceFieldRef)
      errors.push(invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'))
  } else if (file.resourceFieldRef)
    checkResourceSelector(file.resourceFieldRef, path.child('resourceFieldRef'), true, errors)
  else errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'))
  checkMode(file.mode, path, 'mode', errors)
}

/** Those that cannot change and are right: the token's, which nearly every pod has. */
const right = new WeakSet<ProjectedVolumeSource>()

function checkProjected(projected: ProjectedVolumeSource, path: FieldPath, errors: Errors): void {
  const lasts = Object.isFrozen(projected)
  if (lasts && right.has(projected)) return
  const before = errors.length
  checkProjectedSources(projected, path, errors)
  if (lasts && errors.length === before) right.add(projected)
}

function checkProjectedSources(projected: ProjectedVolumeSource, path: FieldPath, errors: Errors): void {
  checkMode(projected.defaultMode, path, 'defaultMode', errors)
  const paths = new Set<string>()
  const claim = (wanted: string | undefined, value: unknown): void => {
    if (!wanted) return
    if (paths.has(wanted)) errors.push(invalid(path, value, 'conflicting duplicate paths'))
    paths.add(wanted)
  }
  const sources = projected.sources ?? []
  for (let index = 0; index < sources.length; index++) {
    const source = sources[index]!
    const at = path.child('sources').index(index)
    let count = 0
    for (const kind of ['secret', 'configMap'] as const) {
      const of = source[kind]
      if (!of) continue
      count++
      checkRequired(of.name, at.child(kind), 'name', errors)
      checkItems(of.items, at.child(kind), errors)
      for (const item of of.items ?? []) claim(item.path, of.name ?? '')
    }
    if (source.downwardAPI) {
      count++
      for (const file of source.downwardAPI.items ?? []) {
        checkDownwardFile(file, at.child('downwardAPI'), errors)
        claim(file.path, file.path)
      }
    }
    if (source.serviceAccountToken) {
      count++
      const { expirationSeconds = 0, path: file } = source.serviceAccountToken
      const bad = (detail: string): void => {
        errors.push(invalid(at.child('serviceAccountToken', 'expirationSeconds'), expirationSeconds, detail))
      }
      if (expirationSeconds < 600) bad('may not specify a duration less than 10 minutes')
      if (expirationSeconds > 2 ** 32) bad('may not specify a duration larger than 2^32 seconds')
      // Upstream reports these at the volume.
      if (!file) errors.push(required(path.child('path')))
      else checkLocalNonReservedPath(file, path.child('path'), errors)
    }
    if (source.clusterTrustBundle) {
      count++
      const bundle = source.clusterTrustBundle
      const there = at.child('clusterTrustBundle')
      if (bundle.name !== undefined && bundle.signerName !== undefined)
        errors.push(invalid(there, bundle, 'only one of name and signerName may be used'))
      else if (bundle.name !== undefined) {
        if (bundle.name === '') errors.push(required(there.child('name'), 'must be a valid object name'))
        if (bundle.labelSelector)
          errors.push(
            invalid(
              there.child('labelSelector'),
              bundle.labelSelector,
              'labelSelector must be unset if name is specified',
            ),
          )
      } else if (bundle.signerName !== undefined) {
        if (bundle.signerName === '') errors.push(required(there.child('signerName'), 'must be a valid signer name'))
        errors.push(...validateLabelSelector(bundle.labelSelector, there.child('labelSelector')))
      } else errors.push(required(there, 'either name or signerName must be specified'))
      checkRequired(bundle.path, there, 'path', errors)
      checkLocalNonReservedPath(bundle.path ?? '', there.child('path'), errors)
      claim(bundle.path, bundle.path)
    }
    if (source.podCertificate) count++
    if (count > 1) errors.push(forbidden(at, 'may not specify more than 1 volume type per source'))
  }
}

const reservedNamespace = /\.(kubernetes|k8s)\.io$/
const iqn = /iqn\.\d{4}-\d{2}\.([a-zA-Z0-9\-.]+)(:[^,;*&$|\s]+)$/
const eui = /^eui.[a-zA-Z0-9]{16}$/
const naa = /^naa.[a-zA-Z0-9]{32}$/

export function checkQualifiedISCSIName(
  name: string,
  path: FieldPath,
  errors: Errors,
  formless = 'must be valid format starting with iqn, eui, or naa',
): void {
  const form = name.startsWith('iqn') ? iqn : name.startsWith('eui') ? eui : name.startsWith('naa') ? naa : undefined
  if (!form) errors.push(invalid(path, name, formless))
  else if (!form.test(name)) errors.push(invalid(path, name, 'must be valid format'))
}

/** In the order upstream looks at them; the name in the path where it differs from the field's. */
const kinds: { [K in keyof VolumeSource]?: Check<K> } = {
  emptyDir({ sizeLimit }, path, errors) {
    if (sizeLimit !== undefined && parseQuantity(sizeLimit).sign < 0)
      errors.push(forbidden(path.child('sizeLimit'), 'SizeLimit field must be a valid resource quantity'))
  },
  hostPath({ path: file, type }, path, errors) {
    if (!file) {
      errors.push(required(path.child('path')))
      return
    }
    checkNoBacksteps(file, path.child('path'), errors)
    checkIfGiven(type, hostPathTypes, path, 'type', errors)
  },
  gitRepo({ repository, directory }, path, errors) {
    checkRequired(repository, path, 'repository', errors)
    checkLocalDescendingPath(directory ?? '', path.child('directory'), errors)
  },
  gcePersistentDisk({ pdName, partition = 0 }, path, errors) {
    checkRequired(pdName, path, 'pdName', errors)
    if (partition < 0 || partition > 255) errors.push(invalid(path.child('partition'), partition, partitionMessage))
  },
  awsElasticBlockStore({ volumeID, partition = 0 }, path, errors) {
    checkRequired(volumeID, path, 'volumeID', errors)
    if (partition < 0 || partition > 255) errors.push(invalid(path.child('partition'), partition, partitionMessage))
  },
  secret({ secretName, defaultMode, items }, path, errors) {
    checkRequired(secretName, path, 'secretName', errors)
    checkMode(defaultMode, path, 'defaultMode', errors)
    checkItems(items, path, errors)
  },
  nfs({ server, path: file = '' }, path, errors) {
    checkRequired(server, path, 'server', errors)
    checkRequired(file, path, 'path', errors)
    if (!file.startsWith('/')) errors.push(invalid(path.child('path'), file, 'must be an absolute path'))
  },
  iscsi(source, path, errors, name) {
    checkRequired(source.targetPortal, path, 'targetPortal', errors)
    if (!source.iqn) errors.push(required(path.child('iqn')))
    else checkQualifiedISCSIName(source.iqn, path.child('iqn'), errors)
    checkRange(source.lun ?? 0, 0, 255, path, 'lun', errors)
    if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef)
      errors.push(required(path.child('secretRef')))
    if (source.initiatorName === undefined) return
    checkQualifiedISCSIName(source.initiatorName, path.child('initiatorname'), errors)
    if (`${name}:${source.targetPortal ?? ''}`.length > 64)
      errors.push(
        invalid(
          path.child('name'),
          name,
          'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
        ),
      )
  },
  glusterfs: needs('endpoints', 'path'),
  flocker({ datasetName = '', datasetUUID = '' }, path, errors) {
    if (datasetName === '' && datasetUUID === '')
      errors.push(required(path, 'one of datasetName and datasetUUID is required'))
    if (datasetName !== '' && datasetUUID !== '')
      errors.push(invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'))
    if (datasetName.includes('/')) errors.push(invalid(path.child('datasetName'), datasetName, "must not contain '/'"))
  },
  persistentVolumeClaim: needs('claimName'),
  rbd({ monitors, image }, path, errors) {
    if (!monitors?.length) errors.push(required(path.child('monitors')))
    checkRequired(image, path, 'image', errors)
  },
  cinder({ volumeID, secretRef }, path, errors) {
    checkRequired(volumeID, path, 'volumeID', errors)
    if (secretRef) checkRequired(secretRef.name, path.child('secretRef'), 'name', errors)
  },
  cephfs({ monitors }, path, errors) {
    if (!monitors?.length) errors.push(required(path.child('monitors')))
  },
  quobyte({ registry, tenant = '', volume }, path, errors) {
    const pairs = 'must be a host:port pair or multiple pairs separated by commas'
    if (!registry) errors.push(required(path.child('registry'), pairs))
    else if (tenant.length >= 65)
      errors.push(required(path.child('tenant'), 'must be a UUID and may not exceed a length of 64 characters'))
    else
      for (const pair of registry.split(','))
        if (!/^(\[[^\]]*\]|[^:[\]]*):[^:]*$/.test(pair)) errors.push(invalid(path.child('registry'), registry, pairs))
    checkRequired(volume, path, 'volume', errors)
  },
  downwardAPI({ defaultMode, items }, path, errors) {
    checkMode(defaultMode, path, 'defaultMode', errors)
    for (const file of items ?? []) checkDownwardFile(file, path, errors)
  },
  fc({ targetWWNs = [], wwids = [], lun }, path, errors) {
    const at = path.child('targetWWNs')
    if (targetWWNs.length === 0 && wwids.length === 0)
      errors.push(required(at, 'must specify either targetWWNs or wwids, but not both'))
    if (targetWWNs.length > 0 && wwids.length > 0)
      errors.push(invalid(at, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'))
    if (targetWWNs.length === 0) return
    if (lun === undefined) errors.push(required(path.child('lun'), 'lun is required if targetWWNs is specified'))
    else checkRange(lun, 0, 255, path, 'lun', errors)
  },
  flexVolume({ driver, options }, path, errors) {
    checkRequired(driver, path, 'driver', errors)
    for (const key in options)
      if (reservedNamespace.test(`.${key.split('/')[0]!.toLowerCase()}`))
        errors.push(invalid(path.child('options').key(key), key, 'kubernetes.io and k8s.io namespaces are reserved'))
  },
  configMap({ name, defaultMode, items }, path, errors) {
    checkRequired(name, path, 'name', errors)
    checkMode(defaultMode, path, 'defaultMode', errors)
    checkItems(items, path, errors)
  },
  azureFile: needs('secretName', 'shareName'),
  vsphereVolume: needs('volumePath'),
  photonPersistentDisk: needs('pdID'),
  portworxVolume: needs('volumeID'),
  azureDisk({ diskName, diskURI = '', cachingMode, kind }, path, errors) {
    checkRequired(diskName, path, 'diskName', errors)
    checkRequired(diskURI, path, 'diskURI', errors)
    checkIfGiven(cachingMode, ['None', 'ReadOnly', 'ReadWrite'], path, 'cachingMode', errors)
    checkIfGiven(kind, ['Dedicated', 'Managed', 'Shared'], path, 'kind', errors)
    if (kind === 'Managed' && !diskURI.startsWith('/subscriptions/'))
      errors.push(
        notSupported(path.child('diskURI'), diskURI, [
          '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}',
        ]),
      )
    if (kind !== undefined && kind !== 'Managed' && !diskURI.startsWith('https://'))
      errors.push(
        notSupported(path.child('diskURI'), diskURI, [
          'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd',
        ]),
      )
  },
  storageos({ volumeName, volumeNamespace, secretRef }, path, errors) {
    if (!volumeName) errors.push(required(path.child('volumeName')))
    else checkDNSLabel(volumeName, path.child('volumeName'), errors)
    if (volumeNamespace) checkDNSLabel(volumeNamespace, path.child('volumeNamespace'), errors)
    if (secretRef) checkRequired(secretRef.name, path.child('secretRef'), 'name', errors)
  },
  projected: checkProjected,
  scaleIO: needs('gateway', 'system', 'volumeName'),
  csi({ driver = '', nodePublishSecretRef }, path, errors) {
    checkDriverName(driver, path.child('driver'), errors)
    if (!nodePublishSecretRef) return
    const at = path.child('nodePublishSecretRef')
    if (!nodePublishSecretRef.name) errors.push(required(at.child('name')))
    else
      for (const message of nameIsDNSSubdomain(nodePublishSecretRef.name, false))
        errors.push(invalid(path.child('name'), nodePublishSecretRef.name, message))
  },
  ephemeral({ volumeClaimTemplate }, path, errors, name, { podName }) {
    const at = path.child('volumeClaimTemplate')
    if (!volumeClaimTemplate) errors.push(required(at))
    else checkClaimTemplate(volumeClaimTemplate, at, errors)
    if (!podName || name === '') return
    const claim = `${podName}-${name}`
    for (const message of nameIsDNSSubdomain(claim, false))
      errors.push(invalid(path.child('name'), name, `PVC name ${quote(claim)}: ${message}`))
  },
  image({ reference, pullPolicy }, path, errors, _name, { isPod }) {
    if (isPod && !reference) errors.push(required(path.child('reference')))
    checkOneOf(pullPolicy, ['Always', 'IfNotPresent', 'Never'], path, 'pullPolicy', errors)
  },
}

/** One kind by itself: PersistentVolumes have most of them too. */
export function checkVolumeKind<K extends keyof VolumeSource>(
  kind: K,
  source: unknown,
  path: FieldPath,
  name: string,
  errors: Errors,
): void {
  kinds[kind]?.(source as never, path, errors, name, { isPod: false, podName: undefined })
}

export function checkDriverName(name: string, path: FieldPath, errors: Errors): void {
  if (name === '') errors.push(required(path))
  if (name.length > 63)
    errors.push({
      ...invalid(path, name, ''),
      type: 'FieldValueTooLong',
      badValue: '<value omitted>',
      detail: 'may not be more than 63 bytes',
    })
  if (name !== '')
    for (const message of nameIsDNSSubdomain(name.toLowerCase(), false)) errors.push(invalid(path, name, message))
}

/** Where upstream writes another name into the path than the field has. */
const pathNames: Readonly<Record<string, string>> = { gcePersistentDisk: 'persistentDisk' }
const repeatedPathNames: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' }

const checks = Object.entries(kinds) as [keyof VolumeSource, Check<any>][]

const checkOf = new Map<string, typeof checks>(checks.map(entry => [entry[0], [entry]]))

/** What may concern the volume: nearly every one is of one kind, which saves looking for the thirty others. */
function checksFor(volume: Volume): typeof checks {
  let only: typeof checks | undefined
  for (const field in volume) {
    const found = checkOf.get(field)
    if (found === undefined) continue
    if (only !== undefined) return checks
    only = found
  }
  return only ?? checks
}

function checkSource(volume: Volume, path: FieldPath, name: string, rules: VolumeRules, errors: Errors): void {
  let count = 0
  for (const [kind, check] of checksFor(volume)) {
    const source = volume[kind]
    if (source === undefined) continue
    if (++count > 1)
      errors.push(forbidden(path.child(repeatedPathNames[kind] ?? kind), 'may not specify more than 1 volume type'))
    else check(source, path.child(pathNames[kind] ?? kind), errors, name, rules)
  }
  if (count === 0) errors.push(required(path, 'must specify a volume type'))
}
