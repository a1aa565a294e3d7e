// The CRI messages about pod sandboxes.

import {
  bool,
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
import { ContainerStatus } from './container.ts'
import {
  Int64Value,
  LinuxContainerResources,
  NamespaceOption,
  SELinuxOption,
  SecurityProfile,
  SupplementalGroupsPolicy,
} from './shared.ts'

export const Protocol = enumeration('TCP', 'UDP', 'SCTP')
export type Protocol = EnumName<typeof Protocol>

export const PodSandboxState = enumeration('SANDBOX_READY', 'SANDBOX_NOTREADY')
export type PodSandboxState = EnumName<typeof PodSandboxState>

export const PodSandboxMetadata = message({ name: string(1), uid: string(2), namespace: string(3), attempt: uint32(4) })
export type PodSandboxMetadata = Init<typeof PodSandboxMetadata>

export const DNSConfig = message({
  servers: list(1, 'string'),
  searches: list(2, 'string'),
  options: list(3, 'string'),
})
export type DNSConfig = Init<typeof DNSConfig>

export const PortMapping = message({
  protocol: oneOf(1, Protocol),
  containerPort: int32(2),
  hostPort: int32(3),
  hostIp: string(4),
})
export type PortMapping = Init<typeof PortMapping>

export const LinuxSandboxSecurityContext = message({
  namespaceOptions: embed(1, NamespaceOption),
  selinuxOptions: embed(2, SELinuxOption),
  runAsUser: embed(3, Int64Value),
  readonlyRootfs: bool(4),
  supplementalGroups: list(5, 'int64'),
  privileged: bool(6),
  seccompProfilePath: string(7),
  runAsGroup: embed(8, Int64Value),
  seccomp: embed(9, SecurityProfile),
  apparmor: embed(10, SecurityProfile),
  supplementalGroupsPolicy: oneOf(11, SupplementalGroupsPolicy),
})
export type LinuxSandboxSecurityContext = Init<typeof LinuxSandboxSecurityContext>

export const LinuxPodSandboxConfig = message({
  cgroupParent: string(1),
  securityContext: embed(2, LinuxSandboxSecurityContext),
  sysctls: stringMap(3),
  overhead: embed(4, LinuxContainerResources),
  resources: embed(5, LinuxContainerResources),
})
export type LinuxPodSandboxConfig = Init<typeof LinuxPodSandboxConfig>

export const PodSandboxConfig = message({
  metadata: embed(1, PodSandboxMetadata),
  hostname: string(2),
  logDirectory: string(3),
  dnsConfig: embed(4, DNSConfig),
  portMappings: list(5, PortMapping),
  labels: stringMap(6),
  annotations: stringMap(7),
  linux: embed(8, LinuxPodSandboxConfig),
})
export type PodSandboxConfig = Init<typeof PodSandboxConfig>

export const RunPodSandboxRequest = message({ config: embed(1, PodSandboxConfig), runtimeHandler: string(2) })
export type RunPodSandboxRequest = Init<typeof RunPodSandboxRequest>

export const RunPodSandboxResponse = message({ podSandboxId: string(1) })
export type RunPodSandboxResponse = Decoded<typeof RunPodSandboxResponse>

export const StopPodSandboxRequest = message({ podSandboxId: string(1) })
export type StopPodSandboxRequest = Init<typeof StopPodSandboxRequest>

export const StopPodSandboxResponse = message({})
export type StopPodSandboxResponse = Decoded<typeof StopPodSandboxResponse>

export const RemovePodSandboxRequest = message({ podSandboxId: string(1) })
export type RemovePodSandboxRequest = Init<typeof RemovePodSandboxRequest>

export const RemovePodSandboxResponse = message({})
export type RemovePodSandboxResponse = Decoded<typeof RemovePodSandboxResponse>

export const PodSandboxStatusRequest = message({ podSandboxId: string(1), verbose: bool(2) })
export type PodSandboxStatusRequest = Init<typeof PodSandboxStatusRequest>

export const PodIP = message({ ip: string(1) })
export type PodIP = Decoded<typeof PodIP>

export const PodSandboxNetworkStatus = message({ ip: string(1), additionalIps: list(2, PodIP) })
export type PodSandboxNetworkStatus = Decoded<typeof PodSandboxNetworkStatus>

export const Namespace = message({ options: embed(2, NamespaceOption) })
export type Namespace = Decoded<typeof Namespace>

export const LinuxPodSandboxStatus = message({ namespaces: embed(1, Namespace) })
export type LinuxPodSandboxStatus = Decoded<typeof LinuxPodSandboxStatus>

export const PodSandboxStatus = message({
  id: string(1),
  metadata: embed(2, PodSandboxMetadata),
  state: oneOf(3, PodSandboxState),
  createdAt: int64(4),
  network: embed(5, PodSandboxNetworkStatus),
  linux: embed(6, LinuxPodSandboxStatus),
  labels: stringMap(7),
  annotations: stringMap(8),
  runtimeHandler: string(9),
})
export type PodSandboxStatus = Decoded<typeof PodSandboxStatus>

export const PodSandboxStatusResponse = message({
  status: embed(1, PodSandboxStatus),
  info: stringMap(2),
  containersStatuses: list(3, ContainerStatus),
  timestamp: int64(4),
})
export type PodSandboxStatusResponse = Decoded<typeof PodSandboxStatusResponse>

export const PodSandboxStateValue = message({ state: oneOf(1, PodSandboxState) })
export type PodSandboxStateValue = Decoded<typeof PodSandboxStateValue>

export const PodSandboxFilter = message({
  id: string(1),
  state: embed(2, PodSandboxStateValue),
  labelSelector: stringMap(3),
})
export type PodSandboxFilter = Init<typeof PodSandboxFilter>

export const ListPodSandboxRequest = message({ filter: embed(1, PodSandboxFilter) })
export type ListPodSandboxRequest = Init<typeof ListPodSandboxRequest>

export const PodSandbox = message({
  id: string(1),
  metadata: embed(2, PodSandboxMetadata),
  state: oneOf(3, PodSandboxState),
  createdAt: int64(4),
  labels: stringMap(5),
  annotations: stringMap(6),
  runtimeHandler: string(7),
})
export type PodSandbox = Decoded<typeof PodSandbox>

export const ListPodSandboxResponse = message({ items: list(1, PodSandbox) })
export type ListPodSandboxResponse = Decoded<typeof ListPodSandboxResponse>

export const PortForwardRequest = message({ podSandboxId: string(1), port: list(2, 'int32') })
export type PortForwardRequest = Init<typeof PortForwardRequest>

export const PortForwardResponse = message({ url: string(1) })
export type PortForwardResponse = Decoded<typeof PortForwardResponse>

export const UpdatePodSandboxResourcesRequest = message({
  podSandboxId: string(1),
  overhead: embed(2, LinuxContainerResources),
  resources: embed(3, LinuxContainerResources),
})
export type UpdatePodSandboxResourcesRequest = Init<typeof UpdatePodSandboxResourcesRequest>

export const UpdatePodSandboxResourcesResponse = message({})
export type UpdatePodSandboxResourcesResponse = Decoded<typeof UpdatePodSandboxResourcesResponse>
