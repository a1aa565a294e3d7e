// One scheduling cycle: from a pod to the node it should go to, or to why there is none. Synchronous, and without
// allocating anything per node as long as pods fit.

import type { Random } from '../machinery/env/env.ts'
import type { Cache } from './cache.ts'
import { blame, type Diagnosis, emptyDiagnosis, FitError } from './fit-error.ts'
import type { FilterRun } from './framework.ts'
import type { ActiveFilter, FrameworkRunner, PreFiltered } from './framework-runner.ts'
import type { NodeInfo } from './node-info.ts'
import type { Nominator } from './nominator.ts'
import type { PodInfo } from './pod-info.ts'
import { failed, Status, unresolvable } from './status.ts'

export const noNodesAvailable = new Error('no nodes available to schedule pods')

export type CycleResult =
  | { readonly node: string; readonly status?: undefined; readonly nominatedNodeName?: undefined }
  /** `nominatedNodeName`: what to put into the pod's status; undefined leaves it as it is. */
  | { readonly node?: undefined; readonly status: Status; readonly nominatedNodeName: string | undefined }

const nowhere: CycleResult = {
  status: new Status('UnschedulableAndUnresolvable', [], '', noNodesAvailable),
  nominatedNodeName: '',
}

const fewestNodesToFind = 100
const lowestPercentage = 5

/** How many nodes that will do are enough: all of up to 100, a part of more that shrinks from 50 % to 5 %. */
export function feasibleNodesToFind(nodes: number, percentageOfNodesToScore = 0): number {
  if (nodes < fewestNodesToFind) return nodes
  const percentage = percentageOfNodesToScore || Math.max(lowestPercentage, 50 - Math.trunc(nodes / 125))
  return Math.max(fewestNodesToFind, Math.trunc((nodes * percentage) / 100))
}

export interface CycleOptions {
  readonly cache: Cache
  readonly framework: FrameworkRunner
  readonly nominator: Nominator
  readonly random: Random
  /** 0, the default: by the number of nodes. */
  readonly percentageOfNodesToScore?: number
}

export class SchedulingCycle {
  readonly #options: CycleOptions
  /** Where the next search begins, so that every node has its turn. */
  #nextStart = 0
  readonly #feasible: NodeInfo[] = []
  readonly #refused: { node: NodeInfo; status: Status }[] = []

  constructor(options: CycleOptions) {
    this.#options = options
  }

  run(pod: PodInfo): CycleResult {
    try {
      return this.#run(pod)
    } catch (error) {
      return { status: failed(error), nominatedNodeName: '' }
    }
  }

  #run(pod: PodInfo): CycleResult {
    const { cache, framework } = this.#options
    const { nodes } = cache
    if (nodes.length === 0) return nowhere
    const preFiltered = framework.preFilter(pod, cache)
    if (preFiltered.status) return this.#refusedBeforehand(pod, preFiltered, preFiltered.status)
    const { filters } = preFiltered
    const nominated = this.#nominatedNode(pod, filters)
    if (nominated) return { node: nominated.name }
    const among = preFiltered.nodes ? this.#only(preFiltered.nodes) : nodes
    framework.searching(filters)
    framework.timed(
      'Filter',
      () => 'Success',
      () => this.#search(pod, among, filters),
    )
    this.#nextStart = (this.#nextStart + this.#feasible.length + this.#refused.length) % nodes.length
    return this.#feasible.length > 0 ? { node: this.#best(pod).name } : this.#refusedEverywhere(pod, preFiltered)
  }

  #refusedBeforehand(pod: PodInfo, { filters, narrowedBy }: PreFiltered, status: Status): CycleResult {
    if (!status.rejected) return { status, nominatedNodeName: '' }
    const diagnosis = emptyDiagnosis(narrowedBy)
    diagnosis.statuses.absent = status
    diagnosis.preFilterMessage = status.message
    blame(diagnosis, status)
    return this.#fitsNowhere(pod, diagnosis, filters)
  }

  #refusedEverywhere(pod: PodInfo, { filters, nodes, narrowedBy }: PreFiltered): CycleResult {
    const diagnosis = emptyDiagnosis(narrowedBy)
    if (nodes)
      diagnosis.statuses.absent = unresolvable(
        '',
        `node(s) didn't satisfy plugin(s) [${[...narrowedBy].sort().join(' ')}]`,
      )
    for (const { node, status } of this.#refused) {
      diagnosis.statuses.set(node.name, status)
      blame(diagnosis, status)
    }
    return this.#fitsNowhere(pod, diagnosis, filters)
  }

  #nominatedNode(pod: PodInfo, filters: readonly ActiveFilter[]): NodeInfo | undefined {
    const name = pod.pod.status?.nominatedNodeName
    const node = name ? this.#options.cache.node(name) : undefined
    return node && this.#passes(pod, node, filters) === undefined ? node : undefined
  }

  #only(names: ReadonlySet<string>): readonly NodeInfo[] {
    const nodes: NodeInfo[] = []
    for (const name of names) {
      const node = this.#options.cache.node(name)
      if (node) nodes.push(node)
    }
    return nodes
  }

  /** Fills `#feasible` and `#refused`. */
  #search(pod: PodInfo, nodes: readonly NodeInfo[], filters: readonly ActiveFilter[]): void {
    this.#feasible.length = this.#refused.length = 0
    const count = nodes.length
    const enough = this.#options.framework.hasScore
      ? feasibleNodesToFind(count, this.#options.percentageOfNodesToScore)
      : 1
    let at = count > 0 ? this.#nextStart % count : 0
    for (let seen = 0; seen < count && this.#feasible.length < enough; seen++) {
      const node = nodes[at]!
      const status = this.#passes(pod, node, filters)
      if (status === undefined) this.#feasible.push(node)
      else if (status.rejected) this.#refused.push({ node, status })
      else throw status.error ?? new Error(status.message)
      if (++at === count) at = 0
    }
  }

  /** The filters' verdict, with the pods in mind that were promised room there; and without, for they may not come. */
  #passes(pod: PodInfo, node: NodeInfo, filters: readonly ActiveFilter[]): Status | undefined {
    const { framework, nominator } = this.#options
    if (nominator.empty) return framework.filter(filters, pod, node)
    const promised: PodInfo[] = []
    for (const other of nominator.on(node.name))
      if (other.uid !== pod.uid && other.priority >= pod.priority && !node.pods.has(other.uid)) promised.push(other)
    if (promised.length > 0) {
      for (const other of promised) this.#put(pod, other, node, filters)
      const status = framework.filter(filters, pod, node)
      for (const other of promised) this.#takeOff(pod, other, node, filters)
      if (status) return status
    }
    return framework.filter(filters, pod, node)
  }

  #put(pod: PodInfo, other: PodInfo, node: NodeInfo, filters: readonly ActiveFilter[]): void {
    this.#options.cache.add(other, node)
    for (const { plugin, state } of filters) plugin.addPod?.(pod, other, node, state)
  }

  #takeOff(pod: PodInfo, other: PodInfo, node: NodeInfo, filters: readonly ActiveFilter[]): void {
    this.#options.cache.remove(other, node)
    for (const { plugin, state } of filters) plugin.removePod?.(pod, other, node, state)
  }

  /** The highest score; among equals, chance. */
  #best(pod: PodInfo): NodeInfo {
    const { framework, cache, random } = this.#options
    if (this.#feasible.length === 1 || !framework.hasScore) return this.#feasible[0]!
    const scores = framework.score(pod, this.#feasible, cache)
    const count = this.#feasible.length
    let best = scores[0]!
    let ties = 1
    for (let at = 1; at < count; at++) {
      const score = scores[at]!
      if (score > best) {
        best = score
        ties = 1
      } else if (score === best) ties++
    }
    // One draw for all of them: chance costs more than comparing.
    let chosen = ties === 1 ? 0 : Math.floor(random.next() * ties)
    for (let at = 0; at < count; at++) if (scores[at] === best && chosen-- === 0) return this.#feasible[at]!
    throw new Error('no node has the highest score')
  }

  #fitsNowhere(pod: PodInfo, diagnosis: Diagnosis, filters: readonly ActiveFilter[]): CycleResult {
    const { framework, cache } = this.#options
    let nominatedNodeName: string | undefined = ''
    if (framework.hasPostFilter) {
      const run: FilterRun = {
        pod,
        snapshot: cache,
        filter: node => this.#passes(pod, node, filters),
        add: (other, node) => this.#put(pod, other, node, filters),
        remove: (other, node) => this.#takeOff(pod, other, node, filters),
      }
      nominatedNodeName = framework.postFilter(run, diagnosis.statuses, diagnosis).nominatedNodeName
    }
    const error = new FitError(cache.nodes.length, diagnosis)
    return { status: new Status('Unschedulable', [], '', error), nominatedNodeName }
  }
}
