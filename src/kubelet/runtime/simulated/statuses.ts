// How a simulated sandbox or container looks in CRI's answers.

import { complete, type Decoded } from '../../../machinery/proto/message.ts'
import type { ContainerStatus } from '../cri/container.ts'
import type { Container } from '../cri/container-requests.ts'
import type { PodSandbox, PodSandboxConfig, PodSandboxState, PodSandboxStatus } from '../cri/pod-sandbox.ts'
import { NamespaceOption } from '../cri/shared.ts'
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
  readonly containers: Set<SimulatedContainer>
}

/** By which a sandbox is reserved: there may be one of each. */
export function sandboxName({ metadata }: SimulatedSandbox['config']): string {
  return [metadata?.name, metadata?.namespace, metadata?.uid, metadata?.attempt].join('_')
}

const ownNamespaces = complete(NamespaceOption, {})

export const nanoseconds = (milliseconds: number): number => milliseconds * 1_000_000

// What a configuration holds is complete, and nobody changes it: answers share it. These are asked for at every look at
// a pod.

export function sandboxStatus(sandbox: SimulatedSandbox): PodSandboxStatus {
  const { metadata, labels, annotations, linux } = sandbox.config
  return {
    id: sandbox.id,
    metadata,
    state: sandbox.state,
    createdAt: nanoseconds(sandbox.createdAt),
    network: { ip: sandbox.address, additionalIps: [] },
    linux: { namespaces: { options: linux?.securityContext?.namespaceOptions ?? ownNamespaces } },
    labels,
    annotations,
    runtimeHandler: sandbox.runtimeHandler,
  }
}

export function listedSandbox(sandbox: SimulatedSandbox): PodSandbox {
  const { metadata, labels, annotations } = sandbox.config
  return {
    id: sandbox.id,
    metadata,
    state: sandbox.state,
    createdAt: nanoseconds(sandbox.createdAt),
    labels,
    annotations,
    runtimeHandler: sandbox.runtimeHandler,
  }
}

export function containerStatus(container: SimulatedContainer, logPath: string): ContainerStatus {
  const { config, state, exitCode } = container
  const exited = state === 'CONTAINER_EXITED'
  return {
    id: container.id,
    metadata: config.metadata,
    state,
    createdAt: nanoseconds(container.createdAt),
    startedAt: nanoseconds(container.startedAt),
    finishedAt: nanoseconds(container.finishedAt),
    exitCode,
    image: config.image,
    imageRef: container.imageId,
    reason: exited ? (container.outOfMemory ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error') : '',
    message: '',
    labels: config.labels,
    annotations: config.annotations,
    mounts: config.mounts,
    logPath,
    resources: config.linux?.resources && { linux: config.linux.resources },
    imageId: container.imageId,
    stopSignal: config.stopSignal,
  }
}

export function listedContainer(container: SimulatedContainer): Container {
  const { metadata, image, labels, annotations } = container.config
  return {
    id: container.id,
    podSandboxId: container.podSandboxId,
    metadata,
    image,
    imageRef: container.imageId,
    state: container.state,
    createdAt: nanoseconds(container.createdAt),
    labels,
    annotations,
    imageId: container.imageId,
  }
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
