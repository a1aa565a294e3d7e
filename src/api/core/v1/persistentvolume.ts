import { boolean, type Infer, int32, list, map, object, ref, string, time } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'
import { NodeSelector } from './nodeselector.ts'
import { ObjectReference, SecretReference } from './reference.ts'
import {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlockerVolumeSource,
  GCEPersistentDiskVolumeSource,
  HostPathVolumeSource,
  NFSVolumeSource,
  PhotonPersistentDiskVolumeSource,
  PortworxVolumeSource,
  QuobyteVolumeSource,
  VsphereVirtualDiskVolumeSource,
} from './volume.ts'

export const AzureFilePersistentVolumeSource = object('io.k8s.api.core.v1.AzureFilePersistentVolumeSource', {
  secretName: string(1).required(),
  shareName: string(2).required(),
  readOnly: boolean(3),
  secretNamespace: string(4).pointer(),
})
export type AzureFilePersistentVolumeSource = Infer<typeof AzureFilePersistentVolumeSource>

export const CSIPersistentVolumeSource = object('io.k8s.api.core.v1.CSIPersistentVolumeSource', {
  driver: string(1).required(),
  volumeHandle: string(2).required(),
  readOnly: boolean(3),
  fsType: string(4),
  volumeAttributes: map(5, 'string'),
  controllerPublishSecretRef: ref(6, SecretReference),
  nodeStageSecretRef: ref(7, SecretReference),
  nodePublishSecretRef: ref(8, SecretReference),
  controllerExpandSecretRef: ref(9, SecretReference),
  nodeExpandSecretRef: ref(10, SecretReference),
})
export type CSIPersistentVolumeSource = Infer<typeof CSIPersistentVolumeSource>

export const CephFSPersistentVolumeSource = object('io.k8s.api.core.v1.CephFSPersistentVolumeSource', {
  monitors: list(1, 'string').required().listType('atomic'),
  path: string(2),
  user: string(3),
  secretFile: string(4),
  secretRef: ref(5, SecretReference),
  readOnly: boolean(6),
})
export type CephFSPersistentVolumeSource = Infer<typeof CephFSPersistentVolumeSource>

export const CinderPersistentVolumeSource = object('io.k8s.api.core.v1.CinderPersistentVolumeSource', {
  volumeID: string(1).required(),
  fsType: string(2),
  readOnly: boolean(3),
  secretRef: ref(4, SecretReference),
})
export type CinderPersistentVolumeSource = Infer<typeof CinderPersistentVolumeSource>

export const FlexPersistentVolumeSource = object('io.k8s.api.core.v1.FlexPersistentVolumeSource', {
  driver: string(1).required(),
  fsType: string(2),
  secretRef: ref(3, SecretReference),
  readOnly: boolean(4),
  options: map(5, 'string'),
})
export type FlexPersistentVolumeSource = Infer<typeof FlexPersistentVolumeSource>

export const GlusterfsPersistentVolumeSource = object('io.k8s.api.core.v1.GlusterfsPersistentVolumeSource', {
  endpoints: string(1).required(),
  path: string(2).required(),
  readOnly: boolean(3),
  endpointsNamespace: string(4).pointer(),
})
export type GlusterfsPersistentVolumeSource = Infer<typeof GlusterfsPersistentVolumeSource>

export const ISCSIPersistentVolumeSource = object('io.k8s.api.core.v1.ISCSIPersistentVolumeSource', {
  targetPortal: string(1).required(),
  iqn: string(2).required(),
  lun: int32(3).required(),
  iscsiInterface: string(4).default('default'),
  fsType: string(5),
  readOnly: boolean(6),
  portals: list(7, 'string').listType('atomic'),
  chapAuthDiscovery: boolean(8),
  chapAuthSession: boolean(11),
  secretRef: ref(10, SecretReference),
  initiatorName: string(12).pointer(),
})
export type ISCSIPersistentVolumeSource = Infer<typeof ISCSIPersistentVolumeSource>

export const LocalVolumeSource = object('io.k8s.api.core.v1.LocalVolumeSource', {
  path: string(1).required(),
  fsType: string(2).pointer(),
})
export type LocalVolumeSource = Infer<typeof LocalVolumeSource>

export const RBDPersistentVolumeSource = object('io.k8s.api.core.v1.RBDPersistentVolumeSource', {
  monitors: list(1, 'string').required().listType('atomic'),
  image: string(2).required(),
  fsType: string(3),
  pool: string(4).default('rbd'),
  user: string(5).default('admin'),
  keyring: string(6).default('/etc/ceph/keyring'),
  secretRef: ref(7, SecretReference),
  readOnly: boolean(8),
})
export type RBDPersistentVolumeSource = Infer<typeof RBDPersistentVolumeSource>

export const ScaleIOPersistentVolumeSource = object('io.k8s.api.core.v1.ScaleIOPersistentVolumeSource', {
  gateway: string(1).required(),
  system: string(2).required(),
  secretRef: ref(3, SecretReference).requiredInOpenAPI(),
  sslEnabled: boolean(4),
  protectionDomain: string(5),
  storagePool: string(6),
  storageMode: string(7).default('ThinProvisioned'),
  volumeName: string(8),
  fsType: string(9).default('xfs'),
  readOnly: boolean(10),
})
export type ScaleIOPersistentVolumeSource = Infer<typeof ScaleIOPersistentVolumeSource>

export const StorageOSPersistentVolumeSource = object('io.k8s.api.core.v1.StorageOSPersistentVolumeSource', {
  volumeName: string(1),
  volumeNamespace: string(2),
  fsType: string(3),
  readOnly: boolean(4),
  secretRef: ref(5, ObjectReference),
})
export type StorageOSPersistentVolumeSource = Infer<typeof StorageOSPersistentVolumeSource>

export const PersistentVolumeSource = object('io.k8s.api.core.v1.PersistentVolumeSource', {
  gcePersistentDisk: ref(1, GCEPersistentDiskVolumeSource),
  awsElasticBlockStore: ref(2, AWSElasticBlockStoreVolumeSource),
  hostPath: ref(3, HostPathVolumeSource),
  glusterfs: ref(4, GlusterfsPersistentVolumeSource),
  nfs: ref(5, NFSVolumeSource),
  rbd: ref(6, RBDPersistentVolumeSource),
  iscsi: ref(7, ISCSIPersistentVolumeSource),
  cinder: ref(8, CinderPersistentVolumeSource),
  cephfs: ref(9, CephFSPersistentVolumeSource),
  fc: ref(10, FCVolumeSource),
  flocker: ref(11, FlockerVolumeSource),
  flexVolume: ref(12, FlexPersistentVolumeSource),
  azureFile: ref(13, AzureFilePersistentVolumeSource),
  vsphereVolume: ref(14, VsphereVirtualDiskVolumeSource),
  quobyte: ref(15, QuobyteVolumeSource),
  azureDisk: ref(16, AzureDiskVolumeSource),
  photonPersistentDisk: ref(17, PhotonPersistentDiskVolumeSource),
  portworxVolume: ref(18, PortworxVolumeSource),
  scaleIO: ref(19, ScaleIOPersistentVolumeSource),
  local: ref(20, LocalVolumeSource),
  storageos: ref(21, StorageOSPersistentVolumeSource),
  csi: ref(22, CSIPersistentVolumeSource),
})
export type PersistentVolumeSource = Infer<typeof PersistentVolumeSource>

export const VolumeNodeAffinity = object('io.k8s.api.core.v1.VolumeNodeAffinity', {
  required: ref(1, NodeSelector),
})
export type VolumeNodeAffinity = Infer<typeof VolumeNodeAffinity>

export const PersistentVolumeSpec = object('io.k8s.api.core.v1.PersistentVolumeSpec', {
  capacity: map(1, 'quantity'),
  persistentVolumeSource: ref(2, PersistentVolumeSource).always().inline(),
  accessModes: list(3, 'string')
    .enum('ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod')
    .listType('atomic'),
  claimRef: ref(4, ObjectReference).mapType('granular'),
  persistentVolumeReclaimPolicy: string(5).serverDefault('Retain').enum('Delete', 'Recycle', 'Retain'),
  storageClassName: string(6),
  mountOptions: list(7, 'string').listType('atomic'),
  volumeMode: string(8).pointer().serverDefault('Filesystem').enum('Block', 'Filesystem'),
  nodeAffinity: ref(9, VolumeNodeAffinity),
  volumeAttributesClassName: string(10).pointer(),
})
export type PersistentVolumeSpec = Infer<typeof PersistentVolumeSpec>

export const PersistentVolumeStatus = object('io.k8s.api.core.v1.PersistentVolumeStatus', {
  phase: string(1).serverDefault('Pending').enum('Available', 'Bound', 'Failed', 'Pending', 'Released'),
  message: string(2),
  reason: string(3),
  lastPhaseTransitionTime: time(4).pointer(),
})
export type PersistentVolumeStatus = Infer<typeof PersistentVolumeStatus>

export const PersistentVolume = object('io.k8s.api.core.v1.PersistentVolume', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, PersistentVolumeSpec).always(),
  status: ref(3, PersistentVolumeStatus).always(),
})
export type PersistentVolume = Infer<typeof PersistentVolume>

export const PersistentVolumeList = listKind('io.k8s.api.core.v1.PersistentVolumeList', PersistentVolume)
export type PersistentVolumeList = Infer<typeof PersistentVolumeList>

export const persistentVolumes = resource({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  resource: 'persistentvolumes',
  schema: PersistentVolume,
  listSchema: PersistentVolumeList,
  shortNames: ['pv'],
  namespaced: false,
  verbs: allVerbs,
  returnsDeletedObject: true,
  subresources: [statusSubresource],
  columns: [
    nameColumn,
    column('Capacity', 'string', describedBy(PersistentVolumeSpec, 'capacity')),
    column('Access Modes', 'string', describedBy(PersistentVolumeSpec, 'accessModes')),
    column('Reclaim Policy', 'string', describedBy(PersistentVolumeSpec, 'persistentVolumeReclaimPolicy')),
    column('Status', 'string', describedBy(PersistentVolumeStatus, 'phase')),
    column('Claim', 'string', describedBy(PersistentVolumeSpec, 'claimRef')),
    column('StorageClass', 'string', 'StorageClass of the pv'),
    column('VolumeAttributesClass', 'string', 'VolumeAttributesClass of the pv'),
    column('Reason', 'string', describedBy(PersistentVolumeStatus, 'reason')),
    ageColumn,
    column('VolumeMode', 'string', describedBy(PersistentVolumeSpec, 'volumeMode'), { priority: 1 }),
  ],
})
