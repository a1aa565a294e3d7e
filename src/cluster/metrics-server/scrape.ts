// What the kubelets' /stats/summary say, twice: the use of the CPU is the difference of two readings.

import type { Client } from '../../client/client.ts'
import type { CpuStats, MemoryStats, Summary } from '../../kubelet/server/stats-summary.ts'
import { timeOf } from '../../machinery/time.ts'

export interface Usage {
  readonly cpuNanoCores: number
  readonly memoryBytes: number
}

export interface Measured<T> {
  /** Milliseconds since the epoch, of the later reading. */
  readonly at: number
  readonly windowMs: number
  readonly usage: T
}

type Reading = { readonly cpu: CpuStats; readonly memory: MemoryStats }

/** By a proxied GET, so that whoever may reach the API server reaches the kubelet. Undefined when it does not answer. */
export async function readSummary(client: Client, node: string): Promise<Summary | undefined> {
  const path = `/api/v1/nodes/${encodeURIComponent(node)}/proxy/stats/summary`
  const response = await client.transport.request({ method: 'GET', path })
  if (response.status !== 200) return undefined
  return (response.body ?? JSON.parse(response.text ?? 'null')) as Summary
}

/** Undefined until there are two readings of the same thing, the later one later. */
export function between(before: Reading | undefined, after: Reading): Measured<Usage> | undefined {
  if (!before) return undefined
  const at = timeOf(after.cpu.time) ?? 0
  const windowMs = at - (timeOf(before.cpu.time) ?? 0)
  const used = after.cpu.usageCoreNanoSeconds - before.cpu.usageCoreNanoSeconds
  // Less than before: what was measured began anew.
  if (windowMs <= 0 || used < 0) return undefined
  return {
    at,
    windowMs,
    usage: { cpuNanoCores: Math.round((used * 1000) / windowMs), memoryBytes: after.memory.workingSetBytes },
  }
}

export interface PodUsage {
  readonly uid: string
  readonly containers: readonly (Usage & { readonly name: string })[]
}

/** By `namespace/name`; pods of which a container has not been read twice are not in it. */
export function podUsages(before: Summary, after: Summary): Map<string, Measured<PodUsage>> {
  const earlier = new Map(before.pods.map(pod => [pod.podRef.uid, pod]))
  const found = new Map<string, Measured<PodUsage>>()
  for (const { podRef, containers } of after.pods) {
    const previous = earlier.get(podRef.uid)
    const measured = containers.map(container => ({
      name: container.name,
      measured: between(
        previous?.containers.find(
          ({ name, startTime }) => name === container.name && startTime === container.startTime,
        ),
        container,
      ),
    }))
    const [first] = measured
    if (!first?.measured || measured.some(each => !each.measured)) continue
    found.set(`${podRef.namespace}/${podRef.name}`, {
      ...first.measured,
      usage: { uid: podRef.uid, containers: measured.map(each => ({ name: each.name, ...each.measured!.usage })) },
    })
  }
  return found
}
