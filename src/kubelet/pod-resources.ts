// What a pod asks for as a whole: the sum over its containers, or the most that its initialization needs at once.

import type { Container } from '../api/core/v1/container.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { parseQuantity, type Quantity } from '../machinery/quantity.ts'
import { isRestartableInitContainer } from './pod-spec.ts'

export type PodResources = Map<string, Quantity>

/** A sidecar counts beside the containers and beside the init containers after it. Overhead comes on top. */
export function podResources(pod: Pod, kind: 'requests' | 'limits'): PodResources {
  const running: PodResources = new Map()
  const peak: PodResources = new Map()
  for (const container of pod.spec.initContainers ?? []) {
    if (isRestartableInitContainer(container)) add(running, listOf(container, kind))
    else {
      const atOnce = new Map(running)
      add(atOnce, listOf(container, kind))
      raise(peak, atOnce)
    }
  }
  for (const container of pod.spec.containers) add(running, listOf(container, kind))
  raise(peak, running)
  for (const [resource, quantity] of Object.entries(pod.spec.resources?.[kind] ?? {}))
    peak.set(resource, parseQuantity(quantity))
  // A limit that isn't there is not made by the overhead.
  for (const [resource, quantity] of Object.entries(pod.spec.overhead ?? {}))
    if (kind === 'requests' || peak.has(resource)) add(peak, { [resource]: quantity })
  return peak
}

/** As the API writes it; undefined when there is nothing. */
export function resourceList(resources: PodResources): Record<string, string> | undefined {
  if (resources.size === 0) return undefined
  return Object.fromEntries([...resources].map(([resource, quantity]) => [resource, quantity.toString()]))
}

function listOf(container: Container, kind: 'requests' | 'limits'): Readonly<Record<string, string>> {
  return container.resources?.[kind] ?? {}
}

function add(to: PodResources, list: Readonly<Record<string, string>>): void {
  for (const [resource, text] of Object.entries(list)) {
    const quantity = parseQuantity(text)
    const before = to.get(resource)
    to.set(resource, before ? before.add(quantity) : quantity)
  }
}

function raise(to: PodResources, at: PodResources): void {
  for (const [resource, quantity] of at) {
    const before = to.get(resource)
    if (!before || before.compare(quantity) < 0) to.set(resource, quantity)
  }
}
