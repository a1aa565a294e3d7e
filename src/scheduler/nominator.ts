// Pods that have a node in prospect: others were evicted to make room there. Until they are placed, pods of no higher
// priority must leave them that room.

import type { PodInfo } from './pod-info.ts'

export class Nominator {
  readonly #byNode = new Map<string, Map<string, PodInfo>>()
  readonly #nodeOf = new Map<string, string>()

  /** Without a node: the one its status names. */
  add(pod: PodInfo, node: string | undefined = pod.pod.status?.nominatedNodeName): void {
    this.remove(pod.uid)
    if (!node) return
    this.#nodeOf.set(pod.uid, node)
    const pods = this.#byNode.get(node)
    if (pods) pods.set(pod.uid, pod)
    else this.#byNode.set(node, new Map([[pod.uid, pod]]))
  }

  /** Keeps a nomination that the status does not show yet. */
  update(pod: PodInfo): void {
    this.add(pod, pod.pod.status?.nominatedNodeName || this.#nodeOf.get(pod.uid))
  }

  remove(uid: string): void {
    const node = this.#nodeOf.get(uid)
    if (node === undefined) return
    this.#nodeOf.delete(uid)
    const pods = this.#byNode.get(node)!
    pods.delete(uid)
    if (pods.size === 0) this.#byNode.delete(node)
  }

  nodeOf(uid: string): string | undefined {
    return this.#nodeOf.get(uid)
  }

  get empty(): boolean {
    return this.#nodeOf.size === 0
  }

  on(node: string): Iterable<PodInfo> {
    return this.#byNode.get(node)?.values() ?? []
  }
}
