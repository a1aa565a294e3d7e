// What a container is in the CRI: its configuration, its state, its status.

import {
  bool,
  bytes,
  type Decoded,
  type EnumName,
  embed,
  enumeration,
  type Init,
  int32,
  int64,
  list,
  message,
  oneOf,
  string,
  stringMap,
  uint32,
} from '../../../machinery/proto/message.ts'
import {
  IDMapping,
  ImageSpec,
  Int64Value,
  LinuxContainerResources,
  NamespaceOption,
  SELinuxOption,
  SecurityProfile,
  SupplementalGroupsPolicy,
} from './shared.ts'
import { Signal } from './signal.ts'

export const MountPropagation = enumeration(
  'PROPAGATION_PRIVATE',
  'PROPAGATION_HOST_TO_CONTAINER',
  'PROPAGATION_BIDIRECTIONAL',
)
export type MountPropagation = EnumName<typeof MountPropagation>

export const ContainerState = enumeration(
  'CONTAINER_CREATED',
  'CONTAINER_RUNNING',
  'CONTAINER_EXITED',
  'CONTAINER_UNKNOWN',
)
export type ContainerState = EnumName<typeof ContainerState>

export const ContainerMetadata = message({ name: string(1), attempt: uint32(2) })
export type ContainerMetadata = Init<typeof ContainerMetadata>

export const Mount = message({
  containerPath: string(1),
  hostPath: string(2),
  readonly: bool(3),
  selinuxRelabel: bool(4),
  propagation: oneOf(5, MountPropagation),
  uidMappings: list(6, IDMapping),
  gidMappings: list(7, IDMapping),
  recursiveReadOnly: bool(8),
  image: embed(9, ImageSpec),
  imageSubPath: string(10),
})
export type Mount = Init<typeof Mount>

export const ContainerResources = message({ linux: embed(1, LinuxContainerResources) })
export type ContainerResources = Decoded<typeof ContainerResources>

export const LinuxContainerUser = message({ uid: int64(1), gid: int64(2), supplementalGroups: list(3, 'int64') })
export type LinuxContainerUser = Decoded<typeof LinuxContainerUser>

export const ContainerUser = message({ linux: embed(1, LinuxContainerUser) })
export type ContainerUser = Decoded<typeof ContainerUser>

export const ContainerStatus = message({
  id: string(1),
  metadata: embed(2, ContainerMetadata),
  state: oneOf(3, ContainerState),
  createdAt: int64(4),
  startedAt: int64(5),
  finishedAt: int64(6),
  exitCode: int32(7),
  image: embed(8, ImageSpec),
  imageRef: string(9),
  reason: string(10),
  message: string(11),
  labels: stringMap(12),
  annotations: stringMap(13),
  mounts: list(14, Mount),
  logPath: string(15),
  resources: embed(16, ContainerResources),
  imageId: string(17),
  user: embed(18, ContainerUser),
  stopSignal: oneOf(19, Signal),
})
export type ContainerStatus = Decoded<typeof ContainerStatus>

export const KeyValue = message({ key: string(1), value: bytes(2) })
export type KeyValue = Init<typeof KeyValue>

export const Device = message({ containerPath: string(1), hostPath: string(2), permissions: string(3) })
export type Device = Init<typeof Device>

export const Capability = message({
  addCapabilities: list(1, 'string'),
  dropCapabilities: list(2, 'string'),
  addAmbientCapabilities: list(3, 'string'),
})
export type Capability = Init<typeof Capability>

export const LinuxContainerSecurityContext = message({
  capabilities: embed(1, Capability),
  privileged: bool(2),
  namespaceOptions: embed(3, NamespaceOption),
  selinuxOptions: embed(4, SELinuxOption),
  runAsUser: embed(5, Int64Value),
  runAsUsername: string(6),
  readonlyRootfs: bool(7),
  supplementalGroups: list(8, 'int64'),
  apparmorProfile: string(9),
  seccompProfilePath: string(10),
  noNewPrivs: bool(11),
  runAsGroup: embed(12, Int64Value),
  maskedPaths: list(13, 'string'),
  readonlyPaths: list(14, 'string'),
  seccomp: embed(15, SecurityProfile),
  apparmor: embed(16, SecurityProfile),
  supplementalGroupsPolicy: oneOf(17, SupplementalGroupsPolicy),
})
export type LinuxContainerSecurityContext = Init<typeof LinuxContainerSecurityContext>

export const LinuxContainerConfig = message({
  resources: embed(1, LinuxContainerResources),
  securityContext: embed(2, LinuxContainerSecurityContext),
})
export type LinuxContainerConfig = Init<typeof LinuxContainerConfig>

export const CDIDevice = message({ name: string(1) })
export type CDIDevice = Init<typeof CDIDevice>

export const ContainerConfig = message({
  metadata: embed(1, ContainerMetadata),
  image: embed(2, ImageSpec),
  command: list(3, 'string'),
  args: list(4, 'string'),
  workingDir: string(5),
  envs: list(6, KeyValue),
  mounts: list(7, Mount),
  devices: list(8, Device),
  labels: stringMap(9),
  annotations: stringMap(10),
  logPath: string(11),
  stdin: bool(12),
  stdinOnce: bool(13),
  tty: bool(14),
  linux: embed(15, LinuxContainerConfig),
  cdiDevices: list(17, CDIDevice),
  stopSignal: oneOf(18, Signal),
})
export type ContainerConfig = Init<typeof ContainerConfig>
