// The scheduler's picture of the cluster: nodes and the pods on them, with those it has placed itself but that the API
// server does not show there yet ("assumed"). Kept current change by change; nothing is recomputed from scratch.

import type { Node } from '../api/core/v1/node.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { NodeInfo } from './node-info.ts'
import { PodInfo } from './pod-info.ts'
import { ResourceTable } from './resource-table.ts'
import type { Snapshot } from './snapshot.ts'

const zoneLabel = 'topology.kubernetes.io/zone'
const regionLabel = 'topology.kubernetes.io/region'

interface Placed {
  readonly pod: PodInfo
  readonly node: NodeInfo
  /** Placed by this scheduler; the API server has not shown it so yet. */
  readonly assumed: boolean
}

export class Cache implements Snapshot {
  readonly resources = new ResourceTable()
  readonly nodesWithPodAffinity = new Set<NodeInfo>()
  readonly nodesWithRequiredAntiAffinity = new Set<NodeInfo>()
  readonly #nodes = new Map<string, NodeInfo>()
  readonly #placed = new Map<string, Placed>()
  readonly #imageSpread = new Map<string, number>()
  #list: readonly NodeInfo[] | undefined

  podInfo(pod: Pod): PodInfo {
    return new PodInfo(pod, this.resources)
  }

  get nodes(): readonly NodeInfo[] {
    this.#list ??= zonesInTurn(this.#nodes.values())
    return this.#list
  }

  node(name: string): NodeInfo | undefined {
    const info = this.#nodes.get(name)
    return info?.node ? info : undefined
  }

  imageSpread(name: string): number {
    return this.#imageSpread.get(name) ?? 0
  }

  setNode(node: Node): void {
    const info = this.#info(node.metadata.name!)
    const before = info.node
    if (!before || zoneOf(before) !== zoneOf(node)) this.#list = undefined
    const images = info.images
    info.setNode(node)
    if (before?.status?.images !== node.status?.images || !before) {
      this.#countImages(images, -1)
      this.#countImages(info.images, 1)
    }
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name)
    if (!info?.node) return
    this.#list = undefined
    this.#countImages(info.images, -1)
    info.setNode(undefined)
    this.#dropIfUnused(info)
  }

  /** A pod that is on a node, as the API server has it. */
  setPod(pod: Pod): PodInfo {
    const nodeName = pod.spec.nodeName ?? ''
    const placed = this.#placed.get(pod.metadata.uid ?? '')
    if (placed) this.#take(placed)
    const info = this.podInfo(pod)
    this.#place(info, nodeName, false)
    return info
  }

  removePod(uid: string): PodInfo | undefined {
    const placed = this.#placed.get(uid)
    if (placed) this.#take(placed)
    return placed?.pod
  }

  /** A pod that is on a node, as it was counted. */
  pod(uid: string): PodInfo | undefined {
    return this.#placed.get(uid)?.pod
  }

  /** The pod is as good as there: its binding is on the way. */
  assume(pod: PodInfo, node: string): void {
    if (this.#placed.has(pod.uid)) throw new Error(`pod ${pod.key} (${pod.uid}) is in the cache, so can't be assumed`)
    this.#place(pod, node, true)
  }

  /** Takes back `assume`; a pod that has been seen there stays. */
  forget(uid: string): void {
    const placed = this.#placed.get(uid)
    if (placed?.assumed) this.#take(placed)
  }

  /** What it holds, as upstream's metrics name it. */
  count(): { readonly nodes: number; readonly pods: number; readonly assumed_pods: number } {
    let assumed = 0
    for (const placed of this.#placed.values()) if (placed.assumed) assumed++
    return { nodes: this.#nodes.size, pods: this.#placed.size, assumed_pods: assumed }
  }

  /** The pod is on a node, in truth or by assumption. */
  holds(uid: string): boolean {
    return this.#placed.has(uid)
  }

  isAssumed(uid: string): boolean {
    return this.#placed.get(uid)?.assumed ?? false
  }

  /** Puts a pod on a node to see what would be, and `remove` takes it off again. */
  add(pod: PodInfo, node: NodeInfo): void {
    node.addPod(pod)
    this.#watchAffinity(node)
  }

  remove(pod: PodInfo, node: NodeInfo): void {
    node.removePod(pod.uid)
    this.#watchAffinity(node)
  }

  #place(pod: PodInfo, nodeName: string, assumed: boolean): void {
    const node = this.#info(nodeName)
    this.add(pod, node)
    this.#placed.set(pod.uid, { pod, node, assumed })
  }

  #take({ pod, node }: Placed): void {
    this.#placed.delete(pod.uid)
    this.remove(pod, node)
    this.#dropIfUnused(node)
  }

  #info(name: string): NodeInfo {
    const known = this.#nodes.get(name)
    if (known) return known
    const info = new NodeInfo(name, this.resources)
    this.#nodes.set(name, info)
    return info
  }

  /** A deleted node is remembered while pods are still said to be on it. */
  #dropIfUnused(info: NodeInfo): void {
    if (info.node || info.pods.size > 0) return
    this.#nodes.delete(info.name)
    this.resources.release(info.index)
  }

  #watchAffinity(node: NodeInfo): void {
    if (node.podsWithAffinity.size > 0) this.nodesWithPodAffinity.add(node)
    else this.nodesWithPodAffinity.delete(node)
    if (node.podsWithRequiredAntiAffinity.size > 0) this.nodesWithRequiredAntiAffinity.add(node)
    else this.nodesWithRequiredAntiAffinity.delete(node)
  }

  #countImages(images: ReadonlyMap<string, number>, by: 1 | -1): void {
    for (const name of images.keys()) {
      const count = (this.#imageSpread.get(name) ?? 0) + by
      if (count > 0) this.#imageSpread.set(name, count)
      else this.#imageSpread.delete(name)
    }
  }
}

function zoneOf(node: Node): string {
  const labels = node.metadata.labels
  return `${labels?.[regionLabel] ?? ''}/${labels?.[zoneLabel] ?? ''}`
}

/** One node of each zone after another, so that a search that stops early has seen every zone. */
function zonesInTurn(all: Iterable<NodeInfo>): readonly NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>()
  let count = 0
  for (const info of all) {
    if (!info.node) continue
    count++
    const zone = zoneOf(info.node)
    const members = zones.get(zone)
    if (members) members.push(info)
    else zones.set(zone, [info])
  }
  if (zones.size === 1) return [...zones.values()][0]!
  const list: NodeInfo[] = []
  for (let turn = 0; list.length < count; turn++)
    for (const members of zones.values()) if (turn < members.length) list.push(members[turn]!)
  return list
}
