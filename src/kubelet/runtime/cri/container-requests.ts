// The CRI requests about containers, and what they answer.

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
} from '../../../machinery/proto/message.ts'
import { ContainerConfig, ContainerMetadata, ContainerState, ContainerStatus } from './container.ts'
import { PodSandboxConfig, PodSandboxStatus } from './pod-sandbox.ts'
import { ImageSpec, LinuxContainerResources } from './shared.ts'

export const CreateContainerRequest = message({
  podSandboxId: string(1),
  config: embed(2, ContainerConfig),
  sandboxConfig: embed(3, PodSandboxConfig),
})
export type CreateContainerRequest = Init<typeof CreateContainerRequest>

export const CreateContainerResponse = message({ containerId: string(1) })
export type CreateContainerResponse = Decoded<typeof CreateContainerResponse>

export const StartContainerRequest = message({ containerId: string(1) })
export type StartContainerRequest = Init<typeof StartContainerRequest>

export const StartContainerResponse = message({})
export type StartContainerResponse = Decoded<typeof StartContainerResponse>

export const StopContainerRequest = message({ containerId: string(1), timeout: int64(2) })
export type StopContainerRequest = Init<typeof StopContainerRequest>

export const StopContainerResponse = message({})
export type StopContainerResponse = Decoded<typeof StopContainerResponse>

export const RemoveContainerRequest = message({ containerId: string(1) })
export type RemoveContainerRequest = Init<typeof RemoveContainerRequest>

export const RemoveContainerResponse = message({})
export type RemoveContainerResponse = Decoded<typeof RemoveContainerResponse>

export const ContainerStatusRequest = message({ containerId: string(1), verbose: bool(2) })
export type ContainerStatusRequest = Init<typeof ContainerStatusRequest>

export const ContainerStatusResponse = message({ status: embed(1, ContainerStatus), info: stringMap(2) })
export type ContainerStatusResponse = Decoded<typeof ContainerStatusResponse>

export const ContainerStateValue = message({ state: oneOf(1, ContainerState) })
export type ContainerStateValue = Decoded<typeof ContainerStateValue>

export const ContainerFilter = message({
  id: string(1),
  state: embed(2, ContainerStateValue),
  podSandboxId: string(3),
  labelSelector: stringMap(4),
})
export type ContainerFilter = Init<typeof ContainerFilter>

export const ListContainersRequest = message({ filter: embed(1, ContainerFilter) })
export type ListContainersRequest = Init<typeof ListContainersRequest>

export const Container = message({
  id: string(1),
  podSandboxId: string(2),
  metadata: embed(3, ContainerMetadata),
  image: embed(4, ImageSpec),
  imageRef: string(5),
  state: oneOf(6, ContainerState),
  createdAt: int64(7),
  labels: stringMap(8),
  annotations: stringMap(9),
  imageId: string(10),
})
export type Container = Decoded<typeof Container>

export const ListContainersResponse = message({ containers: list(1, Container) })
export type ListContainersResponse = Decoded<typeof ListContainersResponse>

export const UpdateContainerResourcesRequest = message({
  containerId: string(1),
  linux: embed(2, LinuxContainerResources),
  annotations: stringMap(4),
})
export type UpdateContainerResourcesRequest = Init<typeof UpdateContainerResourcesRequest>

export const UpdateContainerResourcesResponse = message({})
export type UpdateContainerResourcesResponse = Decoded<typeof UpdateContainerResourcesResponse>

export const ReopenContainerLogRequest = message({ containerId: string(1) })
export type ReopenContainerLogRequest = Init<typeof ReopenContainerLogRequest>

export const ReopenContainerLogResponse = message({})
export type ReopenContainerLogResponse = Decoded<typeof ReopenContainerLogResponse>

export const ExecSyncRequest = message({ containerId: string(1), cmd: list(2, 'string'), timeout: int64(3) })
export type ExecSyncRequest = Init<typeof ExecSyncRequest>

export const ExecSyncResponse = message({ stdout: bytes(1), stderr: bytes(2), exitCode: int32(3) })
export type ExecSyncResponse = Decoded<typeof ExecSyncResponse>

export const ExecRequest = message({
  containerId: string(1),
  cmd: list(2, 'string'),
  tty: bool(3),
  stdin: bool(4),
  stdout: bool(5),
  stderr: bool(6),
})
export type ExecRequest = Init<typeof ExecRequest>

export const ExecResponse = message({ url: string(1) })
export type ExecResponse = Decoded<typeof ExecResponse>

export const AttachRequest = message({
  containerId: string(1),
  stdin: bool(2),
  tty: bool(3),
  stdout: bool(4),
  stderr: bool(5),
})
export type AttachRequest = Init<typeof AttachRequest>

export const AttachResponse = message({ url: string(1) })
export type AttachResponse = Decoded<typeof AttachResponse>

export const ContainerEventType = enumeration(
  'CONTAINER_CREATED_EVENT',
  'CONTAINER_STARTED_EVENT',
  'CONTAINER_STOPPED_EVENT',
  'CONTAINER_DELETED_EVENT',
)
export type ContainerEventType = EnumName<typeof ContainerEventType>

export const GetEventsRequest = message({})
export type GetEventsRequest = Init<typeof GetEventsRequest>

export const ContainerEventResponse = message({
  containerId: string(1),
  containerEventType: oneOf(2, ContainerEventType),
  createdAt: int64(3),
  podSandboxStatus: embed(4, PodSandboxStatus),
  containersStatuses: list(5, ContainerStatus),
})
export type ContainerEventResponse = Decoded<typeof ContainerEventResponse>
