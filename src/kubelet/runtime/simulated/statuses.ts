// How a simulated sandbox or container looks in CRI's answers.

import { complete, type Decoded } from '../../../machinery/proto/message.ts'
import { ContainerStatus } from '../cri/container.ts'
import { Container } from '../cri/container-requests.ts'
import { PodSandbox, type PodSandboxConfig, type PodSandboxState, PodSandboxStatus } from '../cri/pod-sandbox.ts'
import { ContainerStats, FilesystemUsage } from '../cri/stats.ts'
import type { SimulatedContainer } from './container.ts'

export interface SimulatedSandbox {
  readonly id: string
  readonly config: Decoded<typeof PodSandboxConfig>
  readonly runtimeHandler: string
  /** Milliseconds. */
  readonly createdAt: number
  state: PodSandboxState
  /** Empty on the host's network, and once the sandbox is stopped. */
  address: string
}

export const nanoseconds = (milliseconds: number): number => milliseconds * 1_000_000

export function sandboxStatus({ id, config, runtimeHandler, createdAt, state, address }: SimulatedSandbox) {
  const { metadata, labels, annotations, linux } = config
  const options = linux?.securityContext?.namespaceOptions ?? {}
  return complete(PodSandboxStatus, {
    id,
    metadata,
    state,
    createdAt: nanoseconds(createdAt),
    network: { ip: address },
    linux: { namespaces: { options } },
    labels,
    annotations,
    runtimeHandler,
  })
}

export function listedSandbox({ id, config, runtimeHandler, createdAt, state }: SimulatedSandbox) {
  const { metadata, labels, annotations } = config
  return complete(PodSandbox, {
    id,
    metadata,
    state,
    createdAt: nanoseconds(createdAt),
    labels,
    annotations,
    runtimeHandler,
  })
}

export function containerStatus(container: SimulatedContainer, logPath: string) {
  const { id, config, state, imageId, exitCode, outOfMemory } = container
  const { metadata, image, labels, annotations, mounts, linux, stopSignal } = config
  const exited = state === 'CONTAINER_EXITED'
  return complete(ContainerStatus, {
    id,
    metadata,
    state,
    createdAt: nanoseconds(container.createdAt),
    startedAt: nanoseconds(container.startedAt),
    finishedAt: nanoseconds(container.finishedAt),
    exitCode,
    image,
    imageRef: imageId,
    imageId,
    reason: exited ? (outOfMemory ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error') : '',
    labels,
    annotations,
    mounts,
    logPath,
    resources: linux?.resources ? { linux: linux.resources } : undefined,
    stopSignal,
  })
}

export function listedContainer({ id, podSandboxId, config, imageId, state, createdAt }: SimulatedContainer) {
  const { metadata, image, labels, annotations } = config
  return complete(Container, {
    id,
    podSandboxId,
    metadata,
    image,
    imageRef: imageId,
    imageId,
    state,
    createdAt: nanoseconds(createdAt),
    labels,
    annotations,
  })
}

/** Nothing runs, so nothing is used. */
export function containerStats({ id, config }: SimulatedContainer, now: number) {
  const { metadata, labels, annotations } = config
  const timestamp = nanoseconds(now)
  const none = { value: 0 }
  return complete(ContainerStats, {
    attributes: { id, metadata, labels, annotations },
    cpu: { timestamp, usageCoreNanoSeconds: none, usageNanoCores: none },
    memory: { timestamp, workingSetBytes: none, usageBytes: none, rssBytes: none },
    writableLayer: filesystemUsage(now),
  })
}

export const filesystemUsage = (now: number, usedBytes = 0) =>
  complete(FilesystemUsage, {
    timestamp: nanoseconds(now),
    fsId: { mountpoint: '/simulated' },
    usedBytes: { value: usedBytes },
    inodesUsed: { value: 0 },
  })

/** Whether labels are as a filter wants them. */
export const hasLabels = (
  labels: Readonly<Record<string, string>>,
  selector: Readonly<Record<string, string>> | undefined,
): boolean => Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value)
