// GET /stats/summary and GET /metrics/resource: what containers use, by what the runtime measures (CRI). Pods are the
// sums of their containers, and the node the sum of its pods: what runs outside of pods is not in it.

import type { Clock } from '../../machinery/env/env.ts'
import { containerNameLabel, podNameLabel, podNamespaceLabel, podUidLabel } from '../container-labels.ts'
import type { ContainerRuntime } from '../runtime/container-runtime.ts'
import type { ContainerStats } from '../runtime/cri/stats.ts'
import type { PodProvider } from './pod-provider.ts'

/** stats/v1alpha1 (upstream: staging/src/k8s.io/kubelet/pkg/apis/stats/v1alpha1). */
export interface Summary {
  readonly node: {
    readonly nodeName: string
    readonly startTime: string
    readonly cpu: CpuStats
    readonly memory: MemoryStats
    readonly runtime?: { readonly imageFs: FsStats }
  }
  readonly pods: readonly PodStats[]
}

export interface PodStats {
  readonly podRef: { readonly name: string; readonly namespace: string; readonly uid: string }
  readonly startTime: string | null
  readonly containers: readonly ContainerUsage[]
  readonly cpu: CpuStats
  readonly memory: MemoryStats
}

export interface ContainerUsage {
  readonly name: string
  readonly startTime: string | null
  readonly cpu: CpuStats
  readonly memory: MemoryStats
  readonly rootfs?: FsStats
}

export interface CpuStats {
  readonly time: string
  readonly usageNanoCores: number
  readonly usageCoreNanoSeconds: number
}

export interface MemoryStats {
  readonly time: string
  readonly usageBytes: number
  readonly workingSetBytes: number
  readonly rssBytes: number
  readonly pageFaults: number
  readonly majorPageFaults: number
}

export interface FsStats {
  readonly time: string
  readonly usedBytes: number
  readonly inodesUsed: number
}

export interface StatsSource {
  readonly nodeName: string
  readonly runtime: Pick<ContainerRuntime, 'listContainerStats' | 'imageFsInfo'>
  readonly pods: PodProvider
  readonly clock: Clock
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number
}

export async function statsSummary({ nodeName, runtime, pods, clock, startedAt }: StatsSource): Promise<Summary> {
  const [{ stats }, images] = await Promise.all([runtime.listContainerStats({}), runtime.imageFsInfo({})])
  const now = timestamp(clock.now() * 1e6)
  const byPod = new Map<string, ContainerStats[]>()
  for (const container of stats) {
    const uid = container.attributes?.labels[podUidLabel]
    if (uid) byPod.set(uid, [...(byPod.get(uid) ?? []), container])
  }
  const podStats = [...byPod].map(([uid, containers]): PodStats => {
    const { labels = {} } = containers[0]?.attributes ?? {}
    const [name = '', namespace = ''] = [labels[podNameLabel], labels[podNamespaceLabel]]
    const status = pods.podByName(namespace, name)?.status
    const usages = containers.map((container): ContainerUsage => {
      const containerName = container.attributes?.labels[containerNameLabel] ?? ''
      const running = status?.containerStatuses?.find(one => one.name === containerName)?.state?.running
      return { ...usage(container, now), name: containerName, startTime: running?.startedAt ?? null }
    })
    return {
      podRef: { name, namespace, uid },
      startTime: status?.startTime ?? null,
      containers: usages,
      ...total(usages, now),
    }
  })
  const imageFs = images.imageFilesystems[0]
  return {
    node: {
      nodeName,
      startTime: timestamp(startedAt * 1e6),
      ...total(podStats, now),
      ...(imageFs && { runtime: { imageFs: filesystem(imageFs) } }),
    },
    pods: podStats,
  }
}

function usage({ cpu, memory, writableLayer }: ContainerStats, now: string) {
  return {
    cpu: {
      time: cpu?.timestamp ? timestamp(cpu.timestamp) : now,
      usageNanoCores: cpu?.usageNanoCores?.value ?? 0,
      usageCoreNanoSeconds: cpu?.usageCoreNanoSeconds?.value ?? 0,
    },
    memory: {
      time: memory?.timestamp ? timestamp(memory.timestamp) : now,
      usageBytes: memory?.usageBytes?.value ?? 0,
      workingSetBytes: memory?.workingSetBytes?.value ?? 0,
      rssBytes: memory?.rssBytes?.value ?? 0,
      pageFaults: memory?.pageFaults?.value ?? 0,
      majorPageFaults: memory?.majorPageFaults?.value ?? 0,
    },
    ...(writableLayer && { rootfs: filesystem(writableLayer) }),
  }
}

function total(parts: readonly { readonly cpu: CpuStats; readonly memory: MemoryStats }[], time: string) {
  const sum = (value: (part: (typeof parts)[number]) => number) => parts.reduce((all, part) => all + value(part), 0)
  return {
    cpu: {
      time,
      usageNanoCores: sum(({ cpu }) => cpu.usageNanoCores),
      usageCoreNanoSeconds: sum(({ cpu }) => cpu.usageCoreNanoSeconds),
    },
    memory: {
      time,
      usageBytes: sum(({ memory }) => memory.usageBytes),
      workingSetBytes: sum(({ memory }) => memory.workingSetBytes),
      rssBytes: sum(({ memory }) => memory.rssBytes),
      pageFaults: sum(({ memory }) => memory.pageFaults),
      majorPageFaults: sum(({ memory }) => memory.majorPageFaults),
    },
  }
}

function filesystem(fs: NonNullable<ContainerStats['writableLayer']>): FsStats {
  return {
    time: timestamp(fs.timestamp),
    usedBytes: fs.usedBytes?.value ?? 0,
    inodesUsed: fs.inodesUsed?.value ?? 0,
  }
}

/** RFC 3339 to the second, as Kubernetes writes times. */
function timestamp(nanoseconds: number): string {
  return new Date(Math.floor(nanoseconds / 1e9) * 1000).toISOString().replace('.000Z', 'Z')
}

/** What metrics-server reads, in Prometheus' text format. */
export function resourceMetrics({ node, pods }: Summary): string {
  const containers = pods.flatMap(({ podRef, containers: all }) =>
    all.map(container => ({
      ...container,
      labels: `container="${container.name}",namespace="${podRef.namespace}",pod="${podRef.name}"`,
    })),
  )
  const pod = ({ podRef }: PodStats) => `namespace="${podRef.namespace}",pod="${podRef.name}"`
  const seconds = ({ usageCoreNanoSeconds }: CpuStats) => usageCoreNanoSeconds / 1e9
  return [
    metric(
      'container_cpu_usage_seconds_total',
      'counter',
      '[STABLE] Cumulative cpu time consumed by the container in core-seconds',
      containers.map(({ labels, cpu }) => [labels, seconds(cpu), cpu.time]),
    ),
    metric(
      'container_memory_working_set_bytes',
      'gauge',
      '[STABLE] Current working set of the container in bytes',
      containers.map(({ labels, memory }) => [labels, memory.workingSetBytes, memory.time]),
    ),
    metric(
      'container_start_time_seconds',
      'gauge',
      '[STABLE] Start time of the container since unix epoch in seconds',
      containers.flatMap(({ labels, startTime }) =>
        startTime === null ? [] : [[labels, Date.parse(startTime) / 1000] as const],
      ),
    ),
    metric(
      'node_cpu_usage_seconds_total',
      'counter',
      '[STABLE] Cumulative cpu time consumed by the node in core-seconds',
      [['', seconds(node.cpu), node.cpu.time]],
    ),
    metric('node_memory_working_set_bytes', 'gauge', '[STABLE] Current working set of the node in bytes', [
      ['', node.memory.workingSetBytes, node.memory.time],
    ]),
    metric(
      'pod_cpu_usage_seconds_total',
      'counter',
      '[STABLE] Cumulative cpu time consumed by the pod in core-seconds',
      pods.map(one => [pod(one), seconds(one.cpu), one.cpu.time]),
    ),
    metric(
      'pod_memory_working_set_bytes',
      'gauge',
      '[STABLE] Current working set of the pod in bytes',
      pods.map(one => [pod(one), one.memory.workingSetBytes, one.memory.time]),
    ),
    metric(
      'resource_scrape_error',
      'gauge',
      '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise',
      [['', 0]],
    ),
  ].join('')
}

type Sample = readonly [labels: string, value: number, time?: string]

function metric(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return ''
  const lines = samples.map(
    ([labels, value, time]) => `${name}${labels && `{${labels}}`} ${value}${time ? ` ${Date.parse(time)}` : ''}\n`,
  )
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}
