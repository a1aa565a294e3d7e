// A node with its pods: the part of its state that is not numbers. The numbers stand in the resource table, at `index`.

import type { Node } from '../api/core/v1/node.ts'
import type { Taint } from '../api/core/v1/toleration.ts'
import type { Labels } from '../machinery/labels.ts'
import type { HostPort, PodInfo } from './pod-info.ts'
import { amountOf, isCounted } from './pod-requests.ts'
import type { ResourceTable } from './resource-table.ts'

const noTaints: readonly Taint[] = []
const noLabels: Labels = {}

export class NodeInfo {
  readonly name: string
  /** The place in the resource table. */
  readonly index: number
  readonly #table: ResourceTable
  /** Absent while only pods speak of the node. */
  node: Node | undefined
  labels: Labels = noLabels
  unschedulable = false
  /** Taints with the effect NoSchedule or NoExecute. */
  repellingTaints: readonly Taint[] = noTaints
  /** Taints with the effect PreferNoSchedule. */
  discouragingTaints: readonly Taint[] = noTaints
  /** Sizes of the images that are there, by each of their names. */
  images: ReadonlyMap<string, number> = new Map()
  readonly pods = new Map<string, PodInfo>()
  readonly podsWithAffinity = new Set<PodInfo>()
  readonly podsWithRequiredAntiAffinity = new Set<PodInfo>()
  /** How often `protocol/port` is taken, by address. */
  #usedPorts: Map<string, Map<string, number>> | undefined

  constructor(name: string, table: ResourceTable) {
    this.name = name
    this.#table = table
    this.index = table.claim()
  }

  setNode(node: Node | undefined): void {
    this.node = node
    this.labels = node?.metadata.labels ?? noLabels
    this.unschedulable = node?.spec.unschedulable ?? false
    const taints = node?.spec.taints ?? noTaints
    this.repellingTaints = taints.filter(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute')
    this.discouragingTaints = taints.filter(({ effect }) => effect === 'PreferNoSchedule')
    const images = new Map<string, number>()
    for (const image of node?.status?.images ?? [])
      for (const name of image.names ?? []) images.set(name, Number(image.sizeBytes ?? 0))
    this.images = images
    const amounts = new Map<string, number>()
    const allocatable = node?.status?.allocatable ?? {}
    for (const name in allocatable) if (isCounted(name)) amounts.set(name, amountOf(name, allocatable[name]!))
    this.#table.setAllocatable(this.index, amounts)
    this.#table.allowedPods[this.index] = allocatable['pods'] ? amountOf('pods', allocatable['pods']) : 0
  }

  addPod(pod: PodInfo): void {
    this.pods.set(pod.uid, pod)
    if (pod.hasAffinity) this.podsWithAffinity.add(pod)
    if (pod.requiredAntiAffinity.length > 0) this.podsWithRequiredAntiAffinity.add(pod)
    for (const port of pod.hostPorts) this.#countPort(port, 1)
    this.#table.account(this.index, pod.requests, 1)
  }

  /** Takes off the pod of that uid; answers the one that was there. */
  removePod(uid: string): PodInfo | undefined {
    const pod = this.pods.get(uid)
    if (!pod) return undefined
    this.pods.delete(uid)
    this.podsWithAffinity.delete(pod)
    this.podsWithRequiredAntiAffinity.delete(pod)
    for (const port of pod.hostPorts) this.#countPort(port, -1)
    this.#table.account(this.index, pod.requests, -1)
    return pod
  }

  /** Somebody has the port, at this address or at all of them. */
  hasPort(wanted: HostPort): boolean {
    if (!this.#usedPorts) return false
    const key = `${wanted.protocol}/${wanted.port}`
    if (wanted.ip === '0.0.0.0') {
      for (const taken of this.#usedPorts.values()) if (taken.has(key)) return true
      return false
    }
    return (this.#usedPorts.get('0.0.0.0')?.has(key) || this.#usedPorts.get(wanted.ip)?.has(key)) ?? false
  }

  #countPort({ ip, protocol, port }: HostPort, by: 1 | -1): void {
    this.#usedPorts ??= new Map()
    const taken = this.#usedPorts.get(ip) ?? new Map<string, number>()
    const key = `${protocol}/${port}`
    const count = (taken.get(key) ?? 0) + by
    if (count > 0) taken.set(key, count)
    else taken.delete(key)
    if (taken.size > 0) this.#usedPorts.set(ip, taken)
    else this.#usedPorts.delete(ip)
  }
}
