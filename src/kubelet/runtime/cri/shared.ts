// What pods, containers and images of the CRI have in common: namespaces, security profiles, resources, image names.

import {
  type Decoded,
  type EnumName,
  embed,
  enumeration,
  type Init,
  int64,
  list,
  message,
  oneOf,
  string,
  stringMap,
  uint32,
  uint64,
} from '../../../machinery/proto/message.ts'

export const NamespaceMode = enumeration('POD', 'CONTAINER', 'NODE', 'TARGET')
export type NamespaceMode = EnumName<typeof NamespaceMode>

export const SupplementalGroupsPolicy = enumeration('Merge', 'Strict')
export type SupplementalGroupsPolicy = EnumName<typeof SupplementalGroupsPolicy>

export const IDMapping = message({ hostId: uint32(1), containerId: uint32(2), length: uint32(3) })
export type IDMapping = Init<typeof IDMapping>

export const UserNamespace = message({
  mode: oneOf(1, NamespaceMode),
  uids: list(2, IDMapping),
  gids: list(3, IDMapping),
})
export type UserNamespace = Init<typeof UserNamespace>

export const NamespaceOption = message({
  network: oneOf(1, NamespaceMode),
  pid: oneOf(2, NamespaceMode),
  ipc: oneOf(3, NamespaceMode),
  targetId: string(4),
  usernsOptions: embed(5, UserNamespace),
})
export type NamespaceOption = Init<typeof NamespaceOption>

export const SELinuxOption = message({ user: string(1), role: string(2), type: string(3), level: string(4) })
export type SELinuxOption = Init<typeof SELinuxOption>

export const Int64Value = message({ value: int64(1) })
export type Int64Value = Decoded<typeof Int64Value>

export const SecurityProfileType = enumeration('RuntimeDefault', 'Unconfined', 'Localhost')
export type SecurityProfileType = EnumName<typeof SecurityProfileType>

export const SecurityProfile = message({ profileType: oneOf(1, SecurityProfileType), localhostRef: string(2) })
export type SecurityProfile = Init<typeof SecurityProfile>

export const HugepageLimit = message({ pageSize: string(1), limit: uint64(2) })
export type HugepageLimit = Init<typeof HugepageLimit>

export const LinuxContainerResources = message({
  cpuPeriod: int64(1),
  cpuQuota: int64(2),
  cpuShares: int64(3),
  memoryLimitInBytes: int64(4),
  oomScoreAdj: int64(5),
  cpusetCpus: string(6),
  cpusetMems: string(7),
  hugepageLimits: list(8, HugepageLimit),
  unified: stringMap(9),
  memorySwapLimitInBytes: int64(10),
})
export type LinuxContainerResources = Init<typeof LinuxContainerResources>

export const ImageSpec = message({
  image: string(1),
  annotations: stringMap(2),
  userSpecifiedImage: string(18),
  runtimeHandler: string(19),
  imageRef: string(20),
})
export type ImageSpec = Init<typeof ImageSpec>

export const UInt64Value = message({ value: uint64(1) })
export type UInt64Value = Decoded<typeof UInt64Value>
