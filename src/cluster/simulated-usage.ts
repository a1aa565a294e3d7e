// What containers of simulated nodes use: nothing runs in them, so it is what the pod says
// (`simulated.k8ts.dev/cpu: 300m`, `simulated.k8ts.dev/memory: 64Mi`, evenly by its containers), or half of what each
// requests. The annotations may be changed while the pod runs.

import type { Pod } from '../api/core/v1/pod.ts'
import { containerNameLabel, podNameLabel, podNamespaceLabel } from '../kubelet/container-labels.ts'
import type { ContainerRuntime } from '../kubelet/runtime/container-runtime.ts'
import type { PodProvider } from '../kubelet/server/pod-provider.ts'
import type { Clock } from '../machinery/env/env.ts'
import { parseQuantity } from '../machinery/quantity.ts'

const annotation = { cpu: 'simulated.k8ts.dev/cpu', memory: 'simulated.k8ts.dev/memory' }
const shareOfRequests = 0.5

type Stats = Pick<ContainerRuntime, 'listContainerStats' | 'imageFsInfo'>

export function simulatedUsage(runtime: Stats, pods: PodProvider, clock: Clock): Stats {
  /** What each container has used of the CPU until then, in core-nanoseconds. */
  const totals = new Map<string, { readonly at: number; readonly used: number }>()
  return {
    imageFsInfo: request => runtime.imageFsInfo(request),
    async listContainerStats(request) {
      const answer = await runtime.listContainerStats(request)
      const now = clock.now()
      const stats = answer.stats.map(each => {
        const { id = '', labels = {} } = each.attributes ?? {}
        const pod = pods.podByName(labels[podNamespaceLabel] ?? '', labels[podNameLabel] ?? '')
        const name = labels[containerNameLabel] ?? ''
        const nanoCores = pod ? Math.round(amount(pod, name, 'cpu') * 1e9) : 0
        const bytes = pod ? Math.round(amount(pod, name, 'memory')) : 0
        const before = totals.get(id) ?? { at: now, used: 0 }
        const used = before.used + Math.round((nanoCores * (now - before.at)) / 1000)
        totals.set(id, { at: now, used })
        const memory = { value: bytes }
        return {
          ...each,
          cpu: { ...each.cpu!, usageCoreNanoSeconds: { value: used }, usageNanoCores: { value: nanoCores } },
          memory: { ...each.memory!, workingSetBytes: memory, usageBytes: memory, rssBytes: memory },
        }
      })
      const present = new Set(stats.map(({ attributes }) => attributes?.id))
      for (const id of totals.keys()) if (!present.has(id)) totals.delete(id)
      return { ...answer, stats }
    },
  }
}

/** In cores, or bytes. */
function amount({ metadata, spec }: Pod, container: string, resource: 'cpu' | 'memory'): number {
  const said = metadata.annotations?.[annotation[resource]]
  if (said !== undefined) {
    const total = numberOf(said)
    if (total !== undefined) return total / spec.containers.length
  }
  const found = spec.containers.find(({ name }) => name === container)
  return (numberOf(found?.resources?.requests?.[resource]) ?? 0) * shareOfRequests
}

/** Undefined for what is no quantity. */
function numberOf(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined
  try {
    return parseQuantity(text).milliValue() / 1000
  } catch {
    return undefined
  }
}
