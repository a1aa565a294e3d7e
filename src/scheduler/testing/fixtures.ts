// Nodes and pods for the tests of this room, with no more in them than a test says.

import type { Node } from '../../api/core/v1/node.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import { Cache } from '../cache.ts'
import type { Plugin } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'
import type { Status } from '../status.ts'

type Metadata = { readonly labels?: Record<string, string>; readonly [field: string]: unknown }

export function aNode(
  name: string,
  of: { metadata?: Metadata; spec?: object; allocatable?: Record<string, string>; images?: object[] } = {},
): Node {
  const allocatable = of.allocatable ?? { cpu: '4', memory: '8Gi', pods: '10' }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: `uid-${name}`, ...of.metadata },
    spec: { ...of.spec },
    status: { allocatable, capacity: allocatable, images: of.images },
  } as unknown as Node
}

export function aPod(name: string, spec: object = {}, metadata: Metadata = {}, status: object = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: `uid-${name}`, ...metadata },
    spec: { schedulerName: 'default-scheduler', containers: [{ name: 'main', image: 'web' }], ...spec },
    status,
  } as unknown as Pod
}

/** Containers that request these amounts. */
export const requesting = (...each: Record<string, string>[]) => ({
  containers: each.map((requests, index) => ({ name: `c${index}`, image: 'web', resources: { requests } })),
})

export function cacheOf(nodes: readonly Node[], placed: readonly Pod[] = []): Cache {
  const cache = new Cache()
  for (const node of nodes) cache.setNode(node)
  for (const pod of placed) cache.setPod(pod)
  return cache
}

/** What one plugin alone says of the pod, node by node; '' where it has nothing against it. */
export function verdicts(plugin: Plugin, cache: Cache, pod: Pod): Record<string, string> {
  const info = cache.podInfo(pod)
  const result = plugin.preFilter?.(info, cache)
  const said = (status: Status | undefined) => (status ? `${status.code}: ${status.reasons.join(', ')}` : '')
  return Object.fromEntries(
    cache.nodes.map(node => {
      if (result?.status?.code === 'Skip') return [node.name, '']
      if (result?.status) return [node.name, said(result.status)]
      if (result?.nodes && !result.nodes.has(node.name)) return [node.name, 'not among the nodes']
      return [node.name, said(plugin.filter!(info, node, result?.state))]
    }),
  )
}

/** The plugin's scores after normalizing; undefined when it has no part in this. */
export function scores(plugin: Plugin, cache: Cache, pod: Pod): Record<string, number> | undefined {
  const info: PodInfo = cache.podInfo(pod)
  const nodes: readonly NodeInfo[] = cache.nodes
  const prepared = plugin.preScore?.(info, nodes, cache)
  if (prepared?.status) return undefined
  const values = Float64Array.from(nodes, node => plugin.score!(info, node, prepared?.state))
  plugin.normalizeScore?.(info, nodes, values, prepared?.state)
  return Object.fromEntries(nodes.map((node, at) => [node.name, values[at]!]))
}
