// What plugins may read of the cluster during a cycle. Nothing changes it meanwhile: a cycle is synchronous, so the
// cache itself is the snapshot and nothing is copied.

import type { NodeInfo } from './node-info.ts'
import type { ResourceTable } from './resource-table.ts'

export interface Snapshot {
  /** Every node there is, zones taken in turn. */
  readonly nodes: readonly NodeInfo[]
  node(name: string): NodeInfo | undefined
  readonly resources: ResourceTable
  /** Nodes that have pods with affinity or anti-affinity of any kind. */
  readonly nodesWithPodAffinity: ReadonlySet<NodeInfo>
  readonly nodesWithRequiredAntiAffinity: ReadonlySet<NodeInfo>
  /** On how many nodes an image is, by each of its names. */
  imageSpread(name: string): number
}
