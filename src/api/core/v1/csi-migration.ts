// Volumes of plugins that were once built in, as the CSI drivers know them that have taken these over: what names the
// volume, how it may be used, and where it is. Nobody stores the translation but VolumeAttachments of pods' own volumes.
//
// Upstream: k8s.io/csi-translation-lib.

import type { PersistentVolume } from './persistentvolume.ts'
import type { Volume } from './volume.ts'

type Spec = PersistentVolume['spec']
type CSISource = NonNullable<Spec['csi']>

type NodeSelectorTerm = NonNullable<NonNullable<Spec['nodeAffinity']>['required']>['nodeSelectorTerms'][number]

/** Its fields are called the same in PersistentVolumes and in pods. */
type Sources = Pick<
  Spec,
  | 'awsElasticBlockStore'
  | 'azureDisk'
  | 'azureFile'
  | 'cinder'
  | 'gcePersistentDisk'
  | 'portworxVolume'
  | 'vsphereVolume'
>
type Field = keyof Sources

interface Migration {
  readonly plugin: string
  readonly driver: string
  /** What the driver calls a node's zone; vSphere's its region too. */
  readonly zoneKey?: string
  readonly regionKey?: string
}

const migrations: Readonly<Record<Field, Migration>> = {
  awsElasticBlockStore: {
    plugin: 'kubernetes.io/aws-ebs',
    driver: 'ebs.csi.aws.com',
    zoneKey: 'topology.ebs.csi.aws.com/zone',
  },
  azureDisk: { plugin: 'kubernetes.io/azure-disk', driver: 'disk.csi.azure.com' },
  azureFile: { plugin: 'kubernetes.io/azure-file', driver: 'file.csi.azure.com' },
  cinder: {
    plugin: 'kubernetes.io/cinder',
    driver: 'cinder.csi.openstack.org',
    zoneKey: 'topology.cinder.csi.openstack.org/zone',
  },
  gcePersistentDisk: {
    plugin: 'kubernetes.io/gce-pd',
    driver: 'pd.csi.storage.gke.io',
    zoneKey: 'topology.gke.io/zone',
  },
  portworxVolume: { plugin: 'kubernetes.io/portworx-volume', driver: 'pxd.portworx.com' },
  vsphereVolume: {
    plugin: 'kubernetes.io/vsphere-volume',
    driver: 'csi.vsphere.vmware.com',
    zoneKey: 'topology.csi.vmware.com/zone',
    regionKey: 'topology.csi.vmware.com/region',
  },
}
const fields = Object.keys(migrations) as Field[]
const drivers = new Map(Object.values(migrations).map(({ plugin, driver }) => [plugin, driver]))

/** The driver that makes a plugin's volumes; the provisioner itself where none has taken over. */
export const migratedProvisioner = (provisioner: string): string => drivers.get(provisioner) ?? provisioner

const fieldOf = (sources: Sources): Field | undefined => fields.find(field => sources[field])

/** The plugin that a volume was once of, where a CSI driver stands in for it. */
export function migratedPlugin(sources: Sources): string | undefined {
  const field = fieldOf(sources)
  return field && migrations[field].plugin
}

const translations = new WeakMap<PersistentVolume, PersistentVolume>()

/** The volume as its CSI driver has it; itself where that is no question. Throws where it cannot be told. */
export function translatedVolume(volume: PersistentVolume): PersistentVolume {
  const field = fieldOf(volume.spec)
  if (!field) return volume
  let translated = translations.get(volume)
  if (!translated) {
    translated = translate(volume, field)
    translations.set(volume, translated)
  }
  return translated
}

function translate(volume: PersistentVolume, field: Field): PersistentVolume {
  const { metadata, spec } = volume
  const { zoneKey, regionKey } = migrations[field]
  const csi = sourceOf(spec, {
    name: metadata.name ?? '',
    annotations: metadata.annotations ?? {},
    labels: metadata.labels ?? {},
    namespace: spec.azureFile?.secretNamespace ?? spec.claimRef?.namespace ?? '',
  })
  const placed = zoneKey ? withTopology(volume, zoneKey, regionKey) : spec
  const accessModes = spec.gcePersistentDisk ? disksAccessModes(spec.accessModes) : spec.accessModes
  return { ...volume, spec: { ...placed, accessModes, [field]: undefined, csi } }
}

/** A pod's own volume of such a plugin, as if it were a PersistentVolume; undefined for others. */
export function translatedInlineVolume(volume: Volume, namespace: string): PersistentVolume | undefined {
  const field = fieldOf(volume as Sources)
  if (!field) return undefined
  const csi = sourceOf(volume as Sources, { name: volume.name, annotations: {}, labels: {}, namespace })
  const readOnly = volume.gcePersistentDisk?.readOnly || volume.portworxVolume?.readOnly
  const accessModes = [field === 'azureFile' ? 'ReadWriteMany' : readOnly ? 'ReadOnlyMany' : 'ReadWriteOnce']
  return {
    metadata: { name: inlineName(volume, field, csi) },
    spec: { csi, accessModes, volumeMode: 'Filesystem' },
  } as PersistentVolume
}

function inlineName(volume: Volume, field: Field, { driver, volumeHandle }: CSISource): string {
  if (field === 'azureDisk' || field === 'azureFile') return volumeHandle
  return `${driver}-${volume.gcePersistentDisk?.pdName ?? volumeHandle}`
}

interface Origin {
  readonly name: string
  readonly annotations: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** Of an Azure file's secret. */
  readonly namespace: string
}

function sourceOf(sources: Sources, origin: Origin): CSISource {
  const { awsElasticBlockStore, azureDisk, azureFile, cinder, gcePersistentDisk, portworxVolume, vsphereVolume } =
    sources
  if (awsElasticBlockStore) {
    const { volumeID, partition = 0, readOnly, fsType } = awsElasticBlockStore
    return {
      ...{ driver: migrations.awsElasticBlockStore.driver, volumeHandle: ebsHandle(volumeID), readOnly, fsType },
      volumeAttributes: { partition: String(partition) },
    }
  }
  if (azureDisk) {
    const { kind, diskURI, cachingMode, fsType, readOnly } = azureDisk
    if (kind && kind.toLowerCase() !== 'managed') throw new Error(`kind(${kind}) is not supported in csi migration`)
    const volumeAttributes: Record<string, string> = { kind: 'Managed' }
    if (cachingMode) volumeAttributes['cachingmode'] = cachingMode
    if (fsType !== undefined) volumeAttributes['fstype'] = fsType
    return { driver: migrations.azureDisk.driver, volumeHandle: diskURI, readOnly, fsType, volumeAttributes }
  }
  if (azureFile) return azureFileSource(azureFile, origin)
  if (cinder) {
    const { volumeID: volumeHandle, readOnly, fsType } = cinder
    return { driver: migrations.cinder.driver, volumeHandle, readOnly, fsType, volumeAttributes: {} }
  }
  if (gcePersistentDisk) {
    const { pdName, partition, readOnly, fsType } = gcePersistentDisk
    return {
      ...{ driver: migrations.gcePersistentDisk.driver, volumeHandle: diskHandle(pdName, origin.labels) },
      ...{ readOnly, fsType, volumeAttributes: { partition: partition ? String(partition) : '' } },
    }
  }
  if (portworxVolume) return portworxSource(portworxVolume, origin)
  const { volumePath: volumeHandle, fsType, storagePolicyName } = vsphereVolume!
  const volumeAttributes: Record<string, string> = {}
  if (storagePolicyName) volumeAttributes['storagepolicyname'] = storagePolicyName
  return { driver: migrations.vsphereVolume.driver, volumeHandle, fsType, volumeAttributes }
}

/** aws://<zone>/vol-…, aws:///vol-…, or the volume alone. */
function ebsHandle(volumeID: string): string {
  if (!volumeID.startsWith('aws://')) return volumeID
  const id = volumeID
    .slice('aws://'.length)
    .replace(/^[^/]*/, '')
    .replace(/^\/+|\/+$/g, '')
  if (!/^vol-[^/]*$/.test(id))
    throw new Error(`failed to translate Kubernetes ID to EBS Volume ID Invalid format for AWS volume (${volumeID})`)
  return id
}

const unspecified = 'UNSPECIFIED'

/** Zonal where the volume's label names one zone, regional where it names several. */
function diskHandle(name: string, labels: Origin['labels']): string {
  const zones = (labels[betaZone] || labels[zone] || '').split('__')
  if (zones.length === 1) return `projects/${unspecified}/zones/${zones[0] || unspecified}/disks/${name}`
  const regions = new Set<string>()
  for (const each of zones) {
    const parts = each.split('-')
    if (parts.length !== 3)
      throw new Error(
        `failed to get region from zones: zone in unexpected format, expected: {locale}-{region}-{zone}, got: ${each}`,
      )
    regions.add(parts.slice(0, 2).join('-'))
  }
  const [region] = regions
  if (regions.size !== 1)
    throw new Error(
      `failed to get region from zones: multiple or no regions gotten from zones, got: map[${[...regions].map(each => `${each}:{}`).join(' ')}]`,
    )
  return `projects/${unspecified}/regions/${region}/disks/${name}`
}

/** The built-in plugin took every mode for the first that a disk can have. */
function disksAccessModes(modes: readonly string[] | undefined): string[] | undefined {
  if (!modes) return undefined
  const writes = modes.some(mode => mode === 'ReadWriteOnce' || mode === 'ReadWriteMany')
  return [!writes && modes.includes('ReadOnlyMany') ? 'ReadOnlyMany' : 'ReadWriteOnce']
}

function azureFileSource(
  { secretName, shareName, readOnly }: NonNullable<Sources['azureFile']>,
  { name, annotations, namespace }: Origin,
): CSISource {
  if (namespace === '') throw new Error('could not find a secret namespace in PersistentVolumeSource or ClaimRef')
  const account = /azure-storage-account-(.+)-secret/.exec(secretName)?.[1] ?? secretName
  const group = annotations['kubernetes.io/azure-file-resource-group'] ?? ''
  return {
    driver: migrations.azureFile.driver,
    volumeHandle: [group, account, shareName, name, namespace].join('#'),
    readOnly,
    nodeStageSecretRef: { name: secretName, namespace },
    volumeAttributes: { sharename: shareName },
  }
}

function portworxSource(
  { volumeID: volumeHandle, fsType }: NonNullable<Sources['portworxVolume']>,
  { annotations }: Origin,
): CSISource {
  const [name, namespace] = ['name', 'namespace'].map(part => annotations[`openstorage.io/auth-secret-${part}`])
  const secret = name !== undefined && namespace !== undefined ? { name, namespace } : undefined
  return {
    ...{ driver: migrations.portworxVolume.driver, volumeHandle, fsType, volumeAttributes: {} },
    ...(secret && {
      controllerPublishSecretRef: secret,
      nodeStageSecretRef: secret,
      nodePublishSecretRef: secret,
      controllerExpandSecretRef: secret,
      nodeExpandSecretRef: secret,
    }),
  }
}

const zone = 'topology.kubernetes.io/zone'
const region = 'topology.kubernetes.io/region'
const betaZone = 'failure-domain.beta.kubernetes.io/zone'
const betaRegion = 'failure-domain.beta.kubernetes.io/region'

/** Where the volume is, in the driver's terms: what its node affinity says, else what its labels say. */
function withTopology({ metadata, spec }: PersistentVolume, zoneKey: string, regionKey: string | undefined): Spec {
  const { labels = {} } = metadata
  let terms: readonly NodeSelectorTerm[] = spec.nodeAffinity?.required?.nodeSelectorTerms ?? []
  const names = (key: string) => terms.some(term => term.matchExpressions?.some(each => each.key === key))
  const isBeta = !names(zone) && (names(betaZone) || (labels[zone] === undefined && labels[betaZone] !== undefined))
  const [zoneLabel, regionLabel] = isBeta ? [betaZone, betaRegion] : [zone, region]
  const valuesOf = (key: string) =>
    terms
      .flatMap(term => (term.matchExpressions ?? []).filter(each => each.key === key))
      .flatMap(each => each.values ?? [])
  const rename = (from: string, to: string) => {
    terms = terms.map(term => ({
      ...term,
      matchExpressions: term.matchExpressions?.map(each => (each.key === from ? { ...each, key: to } : each)),
    }))
  }
  const add = (key: string, found: readonly string[]) => {
    const values = [...new Set(found.map(value => value.trim()).filter(value => value !== ''))].sort()
    if (values.length === 0) return
    const expression = { key, operator: 'In', values }
    terms = (terms.length > 0 ? terms : [{}]).map(term => ({
      ...term,
      matchExpressions: [...(term.matchExpressions ?? []), expression],
    }))
  }
  const label = labels[zoneLabel]
  if (valuesOf(zoneLabel).length > 0) rename(zoneLabel, zoneKey)
  else if (label !== undefined) add(zoneKey, regionKey ? [label] : label.split('__'))
  if (regionKey) {
    if (valuesOf(regionLabel).length > 0) rename(regionLabel, regionKey)
    else if (labels[regionLabel]) add(regionKey, [labels[regionLabel]])
  } else if (regionLabel === betaRegion && valuesOf(betaRegion).length > 0) rename(betaRegion, region)
  if (terms.length === 0) return spec
  return { ...spec, nodeAffinity: { ...spec.nodeAffinity, required: { nodeSelectorTerms: [...terms] } } } as Spec
}
