// What a pod asks for as a whole: the sum over its containers, or the most that its initialization needs at once.

import type { Container } from '../api/core/v1/container.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { parseQuantity, type Quantity } from '../machinery/quantity.ts'
import { isRestartableInitContainer } from './pod-spec.ts'

export type PodResources = ReadonlyMap<string, Quantity>

type Kind = 'requests' | 'limits'

/** Each version of a spec is asked about many times: at every look at the pod, and when others come to its node. */
const known = new WeakMap<Pod['spec'], { [kind in Kind]?: PodResources }>()

/** A sidecar counts beside the containers and beside the init containers after it. Overhead comes on top. */
export function podResources(pod: Pod, kind: Kind): PodResources {
  let ofSpec = known.get(pod.spec)
  if (!ofSpec) {
    ofSpec = {}
    known.set(pod.spec, ofSpec)
  }
  ofSpec[kind] ??= sum(pod, kind)
  return ofSpec[kind]
}

function sum(pod: Pod, kind: Kind): PodResources {
  const running = new Map<string, Quantity>()
  const peak = new Map<string, Quantity>()
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

function listOf(container: Container, kind: Kind): Readonly<Record<string, string>> {
  return container.resources?.[kind] ?? {}
}

function add(to: Map<string, Quantity>, list: Readonly<Record<string, string>>): void {
  for (const [resource, text] of Object.entries(list)) {
    const quantity = parseQuantity(text)
    const before = to.get(resource)
    to.set(resource, before ? before.add(quantity) : quantity)
  }
}

function raise(to: Map<string, Quantity>, at: PodResources): void {
  for (const [resource, quantity] of at) {
    const before = to.get(resource)
    if (!before || before.compare(quantity) < 0) to.set(resource, quantity)
  }
}
