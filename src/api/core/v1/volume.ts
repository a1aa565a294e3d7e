// Where the files come from that a pod mounts: one source per volume.

import {
  boolean,
  type Infer,
  int32,
  int64,
  list,
  map,
  object,
  quantity,
  ref,
  string,
} from '../../../machinery/schema/schema.ts'
import { LabelSelector } from '../../meta/v1/labelselector.ts'
import { ObjectFieldSelector, ResourceFieldSelector } from './container.ts'
import { PersistentVolumeClaimTemplate } from './persistentvolumeclaim.ts'
import { LocalObjectReference } from './reference.ts'

export const AWSElasticBlockStoreVolumeSource = object('io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource', {
  volumeID: string(1).required(),
  fsType: string(2),
  partition: int32(3),
  readOnly: boolean(4),
})
export type AWSElasticBlockStoreVolumeSource = Infer<typeof AWSElasticBlockStoreVolumeSource>

export const AzureDiskVolumeSource = object('io.k8s.api.core.v1.AzureDiskVolumeSource', {
  diskName: string(1).required(),
  diskURI: string(2).required(),
  cachingMode: string(3).pointer().default('ReadWrite').enum('None', 'ReadOnly', 'ReadWrite'),
  fsType: string(4).pointer().default('ext4'),
  readOnly: boolean(5).pointer().default(false),
  kind: string(6).pointer().default('Shared').enum('Dedicated', 'Managed', 'Shared'),
})
export type AzureDiskVolumeSource = Infer<typeof AzureDiskVolumeSource>

export const AzureFileVolumeSource = object('io.k8s.api.core.v1.AzureFileVolumeSource', {
  secretName: string(1).required(),
  shareName: string(2).required(),
  readOnly: boolean(3),
})
export type AzureFileVolumeSource = Infer<typeof AzureFileVolumeSource>

export const CSIVolumeSource = object('io.k8s.api.core.v1.CSIVolumeSource', {
  driver: string(1).required(),
  readOnly: boolean(2).pointer(),
  fsType: string(3).pointer(),
  volumeAttributes: map(4, 'string'),
  nodePublishSecretRef: ref(5, LocalObjectReference),
})
export type CSIVolumeSource = Infer<typeof CSIVolumeSource>

export const CephFSVolumeSource = object('io.k8s.api.core.v1.CephFSVolumeSource', {
  monitors: list(1, 'string').required().listType('atomic'),
  path: string(2),
  user: string(3),
  secretFile: string(4),
  secretRef: ref(5, LocalObjectReference),
  readOnly: boolean(6),
})
export type CephFSVolumeSource = Infer<typeof CephFSVolumeSource>

export const CinderVolumeSource = object('io.k8s.api.core.v1.CinderVolumeSource', {
  volumeID: string(1).required(),
  fsType: string(2),
  readOnly: boolean(3),
  secretRef: ref(4, LocalObjectReference),
})
export type CinderVolumeSource = Infer<typeof CinderVolumeSource>

export const ClusterTrustBundleProjection = object('io.k8s.api.core.v1.ClusterTrustBundleProjection', {
  name: string(1).pointer(),
  signerName: string(2).pointer(),
  labelSelector: ref(3, LabelSelector),
  optional: boolean(5).pointer(),
  path: string(4).required(),
})
export type ClusterTrustBundleProjection = Infer<typeof ClusterTrustBundleProjection>

export const KeyToPath = object('io.k8s.api.core.v1.KeyToPath', {
  key: string(1).required(),
  path: string(2).required(),
  mode: int32(3).pointer(),
})
export type KeyToPath = Infer<typeof KeyToPath>

export const ConfigMapProjection = object('io.k8s.api.core.v1.ConfigMapProjection', {
  localObjectReference: ref(1, LocalObjectReference).always().inline(),
  items: list(2, KeyToPath).listType('atomic'),
  optional: boolean(4).pointer(),
})
export type ConfigMapProjection = Infer<typeof ConfigMapProjection>

export const ConfigMapVolumeSource = object('io.k8s.api.core.v1.ConfigMapVolumeSource', {
  localObjectReference: ref(1, LocalObjectReference).always().inline(),
  items: list(2, KeyToPath).listType('atomic'),
  defaultMode: int32(3).pointer().serverDefault(420),
  optional: boolean(4).pointer(),
})
export type ConfigMapVolumeSource = Infer<typeof ConfigMapVolumeSource>

export const DownwardAPIVolumeFile = object('io.k8s.api.core.v1.DownwardAPIVolumeFile', {
  path: string(1).required(),
  fieldRef: ref(2, ObjectFieldSelector),
  resourceFieldRef: ref(3, ResourceFieldSelector),
  mode: int32(4).pointer(),
})
export type DownwardAPIVolumeFile = Infer<typeof DownwardAPIVolumeFile>

export const DownwardAPIProjection = object('io.k8s.api.core.v1.DownwardAPIProjection', {
  items: list(1, DownwardAPIVolumeFile).listType('atomic'),
})
export type DownwardAPIProjection = Infer<typeof DownwardAPIProjection>

export const DownwardAPIVolumeSource = object('io.k8s.api.core.v1.DownwardAPIVolumeSource', {
  items: list(1, DownwardAPIVolumeFile).listType('atomic'),
  defaultMode: int32(2).pointer().serverDefault(420),
})
export type DownwardAPIVolumeSource = Infer<typeof DownwardAPIVolumeSource>

export const EmptyDirVolumeSource = object('io.k8s.api.core.v1.EmptyDirVolumeSource', {
  medium: string(1),
  sizeLimit: quantity(2).pointer(),
})
export type EmptyDirVolumeSource = Infer<typeof EmptyDirVolumeSource>

export const EphemeralVolumeSource = object('io.k8s.api.core.v1.EphemeralVolumeSource', {
  volumeClaimTemplate: ref(1, PersistentVolumeClaimTemplate),
})
export type EphemeralVolumeSource = Infer<typeof EphemeralVolumeSource>

export const FCVolumeSource = object('io.k8s.api.core.v1.FCVolumeSource', {
  targetWWNs: list(1, 'string').listType('atomic'),
  lun: int32(2).pointer(),
  fsType: string(3),
  readOnly: boolean(4),
  wwids: list(5, 'string').listType('atomic'),
})
export type FCVolumeSource = Infer<typeof FCVolumeSource>

export const FlexVolumeSource = object('io.k8s.api.core.v1.FlexVolumeSource', {
  driver: string(1).required(),
  fsType: string(2),
  secretRef: ref(3, LocalObjectReference),
  readOnly: boolean(4),
  options: map(5, 'string'),
})
export type FlexVolumeSource = Infer<typeof FlexVolumeSource>

export const FlockerVolumeSource = object('io.k8s.api.core.v1.FlockerVolumeSource', {
  datasetName: string(1),
  datasetUUID: string(2),
})
export type FlockerVolumeSource = Infer<typeof FlockerVolumeSource>

export const GCEPersistentDiskVolumeSource = object('io.k8s.api.core.v1.GCEPersistentDiskVolumeSource', {
  pdName: string(1).required(),
  fsType: string(2),
  partition: int32(3),
  readOnly: boolean(4),
})
export type GCEPersistentDiskVolumeSource = Infer<typeof GCEPersistentDiskVolumeSource>

export const GitRepoVolumeSource = object('io.k8s.api.core.v1.GitRepoVolumeSource', {
  repository: string(1).required(),
  revision: string(2),
  directory: string(3),
})
export type GitRepoVolumeSource = Infer<typeof GitRepoVolumeSource>

export const GlusterfsVolumeSource = object('io.k8s.api.core.v1.GlusterfsVolumeSource', {
  endpoints: string(1).required(),
  path: string(2).required(),
  readOnly: boolean(3),
})
export type GlusterfsVolumeSource = Infer<typeof GlusterfsVolumeSource>

export const HostPathVolumeSource = object('io.k8s.api.core.v1.HostPathVolumeSource', {
  path: string(1).required(),
  type: string(2)
    .pointer()
    .serverDefault('')
    .enum('', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'),
})
export type HostPathVolumeSource = Infer<typeof HostPathVolumeSource>

export const ISCSIVolumeSource = object('io.k8s.api.core.v1.ISCSIVolumeSource', {
  targetPortal: string(1).required(),
  iqn: string(2).required(),
  lun: int32(3).required(),
  iscsiInterface: string(4).default('default'),
  fsType: string(5),
  readOnly: boolean(6),
  portals: list(7, 'string').listType('atomic'),
  chapAuthDiscovery: boolean(8),
  chapAuthSession: boolean(11),
  secretRef: ref(10, LocalObjectReference),
  initiatorName: string(12).pointer(),
})
export type ISCSIVolumeSource = Infer<typeof ISCSIVolumeSource>

export const ImageVolumeSource = object('io.k8s.api.core.v1.ImageVolumeSource', {
  reference: string(1),
  pullPolicy: string(2).enum('Always', 'IfNotPresent', 'Never'),
})
export type ImageVolumeSource = Infer<typeof ImageVolumeSource>

export const NFSVolumeSource = object('io.k8s.api.core.v1.NFSVolumeSource', {
  server: string(1).required(),
  path: string(2).required(),
  readOnly: boolean(3),
})
export type NFSVolumeSource = Infer<typeof NFSVolumeSource>

export const PersistentVolumeClaimVolumeSource = object('io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource', {
  claimName: string(1).required(),
  readOnly: boolean(2),
})
export type PersistentVolumeClaimVolumeSource = Infer<typeof PersistentVolumeClaimVolumeSource>

export const PhotonPersistentDiskVolumeSource = object('io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource', {
  pdID: string(1).required(),
  fsType: string(2),
})
export type PhotonPersistentDiskVolumeSource = Infer<typeof PhotonPersistentDiskVolumeSource>

export const PodCertificateProjection = object('io.k8s.api.core.v1.PodCertificateProjection', {
  signerName: string(1).requiredInOpenAPI(),
  keyType: string(2).requiredInOpenAPI(),
  maxExpirationSeconds: int32(3).pointer(),
  credentialBundlePath: string(4),
  keyPath: string(5),
  certificateChainPath: string(6),
  userAnnotations: map(7, 'string'),
})
export type PodCertificateProjection = Infer<typeof PodCertificateProjection>

export const PortworxVolumeSource = object('io.k8s.api.core.v1.PortworxVolumeSource', {
  volumeID: string(1).required(),
  fsType: string(2),
  readOnly: boolean(3),
})
export type PortworxVolumeSource = Infer<typeof PortworxVolumeSource>

export const SecretProjection = object('io.k8s.api.core.v1.SecretProjection', {
  localObjectReference: ref(1, LocalObjectReference).always().inline(),
  items: list(2, KeyToPath).listType('atomic'),
  optional: boolean(4).pointer(),
})
export type SecretProjection = Infer<typeof SecretProjection>

export const ServiceAccountTokenProjection = object('io.k8s.api.core.v1.ServiceAccountTokenProjection', {
  audience: string(1),
  expirationSeconds: int64(2).pointer().serverDefault(3600),
  path: string(3).required(),
})
export type ServiceAccountTokenProjection = Infer<typeof ServiceAccountTokenProjection>

export const VolumeProjection = object('io.k8s.api.core.v1.VolumeProjection', {
  secret: ref(1, SecretProjection),
  downwardAPI: ref(2, DownwardAPIProjection),
  configMap: ref(3, ConfigMapProjection),
  serviceAccountToken: ref(4, ServiceAccountTokenProjection),
  clusterTrustBundle: ref(5, ClusterTrustBundleProjection),
  podCertificate: ref(6, PodCertificateProjection),
})
export type VolumeProjection = Infer<typeof VolumeProjection>

export const ProjectedVolumeSource = object('io.k8s.api.core.v1.ProjectedVolumeSource', {
  sources: list(1, VolumeProjection).always().listType('atomic'),
  defaultMode: int32(2).pointer().serverDefault(420),
})
export type ProjectedVolumeSource = Infer<typeof ProjectedVolumeSource>

export const QuobyteVolumeSource = object('io.k8s.api.core.v1.QuobyteVolumeSource', {
  registry: string(1).required(),
  volume: string(2).required(),
  readOnly: boolean(3),
  user: string(4),
  group: string(5),
  tenant: string(6),
})
export type QuobyteVolumeSource = Infer<typeof QuobyteVolumeSource>

export const RBDVolumeSource = object('io.k8s.api.core.v1.RBDVolumeSource', {
  monitors: list(1, 'string').required().listType('atomic'),
  image: string(2).required(),
  fsType: string(3),
  pool: string(4).default('rbd'),
  user: string(5).default('admin'),
  keyring: string(6).default('/etc/ceph/keyring'),
  secretRef: ref(7, LocalObjectReference),
  readOnly: boolean(8),
})
export type RBDVolumeSource = Infer<typeof RBDVolumeSource>

export const ScaleIOVolumeSource = object('io.k8s.api.core.v1.ScaleIOVolumeSource', {
  gateway: string(1).required(),
  system: string(2).required(),
  secretRef: ref(3, LocalObjectReference).requiredInOpenAPI(),
  sslEnabled: boolean(4),
  protectionDomain: string(5),
  storagePool: string(6),
  storageMode: string(7).default('ThinProvisioned'),
  volumeName: string(8),
  fsType: string(9).default('xfs'),
  readOnly: boolean(10),
})
export type ScaleIOVolumeSource = Infer<typeof ScaleIOVolumeSource>

export const SecretVolumeSource = object('io.k8s.api.core.v1.SecretVolumeSource', {
  secretName: string(1),
  items: list(2, KeyToPath).listType('atomic'),
  defaultMode: int32(3).pointer().serverDefault(420),
  optional: boolean(4).pointer(),
})
export type SecretVolumeSource = Infer<typeof SecretVolumeSource>

export const StorageOSVolumeSource = object('io.k8s.api.core.v1.StorageOSVolumeSource', {
  volumeName: string(1),
  volumeNamespace: string(2),
  fsType: string(3),
  readOnly: boolean(4),
  secretRef: ref(5, LocalObjectReference),
})
export type StorageOSVolumeSource = Infer<typeof StorageOSVolumeSource>

export const VsphereVirtualDiskVolumeSource = object('io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource', {
  volumePath: string(1).required(),
  fsType: string(2),
  storagePolicyName: string(3),
  storagePolicyID: string(4),
})
export type VsphereVirtualDiskVolumeSource = Infer<typeof VsphereVirtualDiskVolumeSource>

export const VolumeSource = object('io.k8s.api.core.v1.VolumeSource', {
  hostPath: ref(1, HostPathVolumeSource),
  emptyDir: ref(2, EmptyDirVolumeSource),
  gcePersistentDisk: ref(3, GCEPersistentDiskVolumeSource),
  awsElasticBlockStore: ref(4, AWSElasticBlockStoreVolumeSource),
  gitRepo: ref(5, GitRepoVolumeSource),
  secret: ref(6, SecretVolumeSource),
  nfs: ref(7, NFSVolumeSource),
  iscsi: ref(8, ISCSIVolumeSource),
  glusterfs: ref(9, GlusterfsVolumeSource),
  persistentVolumeClaim: ref(10, PersistentVolumeClaimVolumeSource),
  rbd: ref(11, RBDVolumeSource),
  flexVolume: ref(12, FlexVolumeSource),
  cinder: ref(13, CinderVolumeSource),
  cephfs: ref(14, CephFSVolumeSource),
  flocker: ref(15, FlockerVolumeSource),
  downwardAPI: ref(16, DownwardAPIVolumeSource),
  fc: ref(17, FCVolumeSource),
  azureFile: ref(18, AzureFileVolumeSource),
  configMap: ref(19, ConfigMapVolumeSource),
  vsphereVolume: ref(20, VsphereVirtualDiskVolumeSource),
  quobyte: ref(21, QuobyteVolumeSource),
  azureDisk: ref(22, AzureDiskVolumeSource),
  photonPersistentDisk: ref(23, PhotonPersistentDiskVolumeSource),
  projected: ref(26, ProjectedVolumeSource),
  portworxVolume: ref(24, PortworxVolumeSource),
  scaleIO: ref(25, ScaleIOVolumeSource),
  storageos: ref(27, StorageOSVolumeSource),
  csi: ref(28, CSIVolumeSource),
  ephemeral: ref(29, EphemeralVolumeSource),
  image: ref(30, ImageVolumeSource),
})
export type VolumeSource = Infer<typeof VolumeSource>

export const Volume = object('io.k8s.api.core.v1.Volume', {
  name: string(1).required(),
  volumeSource: ref(2, VolumeSource).always().inline(),
})
export type Volume = Infer<typeof Volume>
