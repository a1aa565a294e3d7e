// The CRI messages about the runtime itself: its version, its conditions and its configuration.

import {
  bool,
  type Decoded,
  type EnumName,
  embed,
  enumeration,
  type Init,
  list,
  message,
  oneOf,
  string,
  stringMap,
} from '../../../machinery/proto/message.ts'

export const CgroupDriver = enumeration('SYSTEMD', 'CGROUPFS')
export type CgroupDriver = EnumName<typeof CgroupDriver>

export const VersionRequest = message({ version: string(1) })
export type VersionRequest = Init<typeof VersionRequest>

export const VersionResponse = message({
  version: string(1),
  runtimeName: string(2),
  runtimeVersion: string(3),
  runtimeApiVersion: string(4),
})
export type VersionResponse = Decoded<typeof VersionResponse>

export const StatusRequest = message({ verbose: bool(1) })
export type StatusRequest = Init<typeof StatusRequest>

export const RuntimeCondition = message({ type: string(1), status: bool(2), reason: string(3), message: string(4) })
export type RuntimeCondition = Decoded<typeof RuntimeCondition>

export const RuntimeStatus = message({ conditions: list(1, RuntimeCondition) })
export type RuntimeStatus = Decoded<typeof RuntimeStatus>

export const RuntimeHandlerFeatures = message({ recursiveReadOnlyMounts: bool(1), userNamespaces: bool(2) })
export type RuntimeHandlerFeatures = Decoded<typeof RuntimeHandlerFeatures>

export const RuntimeHandler = message({ name: string(1), features: embed(2, RuntimeHandlerFeatures) })
export type RuntimeHandler = Decoded<typeof RuntimeHandler>

export const RuntimeFeatures = message({ supplementalGroupsPolicy: bool(1), userNamespacesHostNetwork: bool(2) })
export type RuntimeFeatures = Decoded<typeof RuntimeFeatures>

export const StatusResponse = message({
  status: embed(1, RuntimeStatus),
  info: stringMap(2),
  runtimeHandlers: list(3, RuntimeHandler),
  features: embed(4, RuntimeFeatures),
})
export type StatusResponse = Decoded<typeof StatusResponse>

export const NetworkConfig = message({ podCidr: string(1) })
export type NetworkConfig = Init<typeof NetworkConfig>

export const RuntimeConfig = message({ networkConfig: embed(1, NetworkConfig) })
export type RuntimeConfig = Init<typeof RuntimeConfig>

export const UpdateRuntimeConfigRequest = message({ runtimeConfig: embed(1, RuntimeConfig) })
export type UpdateRuntimeConfigRequest = Init<typeof UpdateRuntimeConfigRequest>

export const UpdateRuntimeConfigResponse = message({})
export type UpdateRuntimeConfigResponse = Decoded<typeof UpdateRuntimeConfigResponse>

export const RuntimeConfigRequest = message({})
export type RuntimeConfigRequest = Init<typeof RuntimeConfigRequest>

export const LinuxRuntimeConfiguration = message({ cgroupDriver: oneOf(1, CgroupDriver) })
export type LinuxRuntimeConfiguration = Decoded<typeof LinuxRuntimeConfiguration>

export const RuntimeConfigResponse = message({ linux: embed(1, LinuxRuntimeConfiguration) })
export type RuntimeConfigResponse = Decoded<typeof RuntimeConfigResponse>
