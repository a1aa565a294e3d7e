// The CRI messages that carry measurements.

import {
  type Decoded,
  double,
  embed,
  type Init,
  int64,
  list,
  message,
  string,
  stringMap,
  uint64,
} from '../../../machinery/proto/message.ts'
import { ContainerMetadata } from './container.ts'
import { PodSandboxMetadata } from './pod-sandbox.ts'
import { UInt64Value } from './shared.ts'

export const ContainerStatsRequest = message({ containerId: string(1) })
export type ContainerStatsRequest = Init<typeof ContainerStatsRequest>

export const ContainerAttributes = message({
  id: string(1),
  metadata: embed(2, ContainerMetadata),
  labels: stringMap(3),
  annotations: stringMap(4),
})
export type ContainerAttributes = Decoded<typeof ContainerAttributes>

export const PsiData = message({ total: uint64(1), avg10: double(2), avg60: double(3), avg300: double(4) })
export type PsiData = Decoded<typeof PsiData>

export const PsiStats = message({ full: embed(1, PsiData), some: embed(2, PsiData) })
export type PsiStats = Decoded<typeof PsiStats>

export const CpuUsage = message({
  timestamp: int64(1),
  usageCoreNanoSeconds: embed(2, UInt64Value),
  usageNanoCores: embed(3, UInt64Value),
  psi: embed(4, PsiStats),
})
export type CpuUsage = Decoded<typeof CpuUsage>

export const MemoryUsage = message({
  timestamp: int64(1),
  workingSetBytes: embed(2, UInt64Value),
  availableBytes: embed(3, UInt64Value),
  usageBytes: embed(4, UInt64Value),
  rssBytes: embed(5, UInt64Value),
  pageFaults: embed(6, UInt64Value),
  majorPageFaults: embed(7, UInt64Value),
  psi: embed(8, PsiStats),
})
export type MemoryUsage = Decoded<typeof MemoryUsage>

export const FilesystemIdentifier = message({ mountpoint: string(1) })
export type FilesystemIdentifier = Decoded<typeof FilesystemIdentifier>

export const FilesystemUsage = message({
  timestamp: int64(1),
  fsId: embed(2, FilesystemIdentifier),
  usedBytes: embed(3, UInt64Value),
  inodesUsed: embed(4, UInt64Value),
})
export type FilesystemUsage = Decoded<typeof FilesystemUsage>

export const SwapUsage = message({
  timestamp: int64(1),
  swapAvailableBytes: embed(2, UInt64Value),
  swapUsageBytes: embed(3, UInt64Value),
})
export type SwapUsage = Decoded<typeof SwapUsage>

export const IoUsage = message({ timestamp: int64(1), psi: embed(2, PsiStats) })
export type IoUsage = Decoded<typeof IoUsage>

export const ContainerStats = message({
  attributes: embed(1, ContainerAttributes),
  cpu: embed(2, CpuUsage),
  memory: embed(3, MemoryUsage),
  writableLayer: embed(4, FilesystemUsage),
  swap: embed(5, SwapUsage),
  io: embed(6, IoUsage),
})
export type ContainerStats = Decoded<typeof ContainerStats>

export const ContainerStatsResponse = message({ stats: embed(1, ContainerStats) })
export type ContainerStatsResponse = Decoded<typeof ContainerStatsResponse>

export const ContainerStatsFilter = message({ id: string(1), podSandboxId: string(2), labelSelector: stringMap(3) })
export type ContainerStatsFilter = Init<typeof ContainerStatsFilter>

export const ListContainerStatsRequest = message({ filter: embed(1, ContainerStatsFilter) })
export type ListContainerStatsRequest = Init<typeof ListContainerStatsRequest>

export const ListContainerStatsResponse = message({ stats: list(1, ContainerStats) })
export type ListContainerStatsResponse = Decoded<typeof ListContainerStatsResponse>

export const PodSandboxStatsRequest = message({ podSandboxId: string(1) })
export type PodSandboxStatsRequest = Init<typeof PodSandboxStatsRequest>

export const PodSandboxAttributes = message({
  id: string(1),
  metadata: embed(2, PodSandboxMetadata),
  labels: stringMap(3),
  annotations: stringMap(4),
})
export type PodSandboxAttributes = Decoded<typeof PodSandboxAttributes>

export const NetworkInterfaceUsage = message({
  name: string(1),
  rxBytes: embed(2, UInt64Value),
  rxErrors: embed(3, UInt64Value),
  txBytes: embed(4, UInt64Value),
  txErrors: embed(5, UInt64Value),
})
export type NetworkInterfaceUsage = Decoded<typeof NetworkInterfaceUsage>

export const NetworkUsage = message({
  timestamp: int64(1),
  defaultInterface: embed(2, NetworkInterfaceUsage),
  interfaces: list(3, NetworkInterfaceUsage),
})
export type NetworkUsage = Decoded<typeof NetworkUsage>

export const ProcessUsage = message({ timestamp: int64(1), processCount: embed(2, UInt64Value) })
export type ProcessUsage = Decoded<typeof ProcessUsage>

export const LinuxPodSandboxStats = message({
  cpu: embed(1, CpuUsage),
  memory: embed(2, MemoryUsage),
  network: embed(3, NetworkUsage),
  process: embed(4, ProcessUsage),
  containers: list(5, ContainerStats),
  io: embed(6, IoUsage),
})
export type LinuxPodSandboxStats = Decoded<typeof LinuxPodSandboxStats>

export const PodSandboxStats = message({
  attributes: embed(1, PodSandboxAttributes),
  linux: embed(2, LinuxPodSandboxStats),
})
export type PodSandboxStats = Decoded<typeof PodSandboxStats>

export const PodSandboxStatsResponse = message({ stats: embed(1, PodSandboxStats) })
export type PodSandboxStatsResponse = Decoded<typeof PodSandboxStatsResponse>

export const PodSandboxStatsFilter = message({ id: string(1), labelSelector: stringMap(2) })
export type PodSandboxStatsFilter = Init<typeof PodSandboxStatsFilter>

export const ListPodSandboxStatsRequest = message({ filter: embed(1, PodSandboxStatsFilter) })
export type ListPodSandboxStatsRequest = Init<typeof ListPodSandboxStatsRequest>

export const ListPodSandboxStatsResponse = message({ stats: list(1, PodSandboxStats) })
export type ListPodSandboxStatsResponse = Decoded<typeof ListPodSandboxStatsResponse>

export const ImageFsInfoRequest = message({})
export type ImageFsInfoRequest = Init<typeof ImageFsInfoRequest>

export const ImageFsInfoResponse = message({
  imageFilesystems: list(1, FilesystemUsage),
  containerFilesystems: list(2, FilesystemUsage),
})
export type ImageFsInfoResponse = Decoded<typeof ImageFsInfoResponse>
