// The extension points of scheduling, with upstream's names and order. A plugin is an object with some of these methods;
// `profile.ts` lists which plugins run, `framework-runner.ts` runs them.
//
//   queue       preEnqueue → queueSort
//   scheduling  preFilter → filter → postFilter (nothing fits) | preScore → score → normalizeScore → reserve → permit
//   binding     preBind → bind → postBind
//
// Scheduling points are synchronous, so the cluster cannot change in the midst of a cycle; binding points may wait. What
// preFilter and preScore work out for a pod is handed to filter and score as their `state`, not kept in the plugin.

import type { ClusterEventWithHint } from './cluster-event.ts'
import type { NodeStatuses } from './fit-error.ts'
import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'
import type { QueuedPodInfo } from './queued-pod.ts'
import type { Snapshot } from './snapshot.ts'
import type { Status } from './status.ts'

/** The highest a node may have after normalizeScore. */
export const maxNodeScore = 100

export interface PreFilterResult<State> {
  /** Skip: leave out this plugin's filter. Rejected: no node will do. */
  readonly status?: Status
  readonly state?: State
  /** Only these nodes can do; all when absent. */
  readonly nodes?: ReadonlySet<string>
}

export interface PostFilterResult {
  /** undefined: success, the pod has a nomination and will fit soon. */
  readonly status: Status | undefined
  /** '' takes back the pod's nomination, undefined leaves it as it is. */
  readonly nominatedNodeName?: string
}

/** A pod on its way through filtering, for plugins that try what would be. */
export interface FilterRun {
  readonly pod: PodInfo
  readonly snapshot: Snapshot
  /** The filters' verdict on the pod, nominated pods considered. */
  filter(node: NodeInfo): Status | undefined
  /** Takes a pod off the node, or puts one on it, in the snapshot and in every filter's state. Undo it yourself. */
  add(pod: PodInfo, node: NodeInfo): void
  remove(pod: PodInfo, node: NodeInfo): void
}

export interface Plugin<FilterState = any, ScoreState = any> {
  readonly name: string
  /** What may make a pod schedulable that this plugin has rejected. Without it, everything may. */
  eventsToRegister?(): readonly ClusterEventWithHint[]

  /** Rejected: the pod stays out of the queue. */
  preEnqueue?(pod: PodInfo): Status | undefined
  /** Whether the first pod comes before the second. Exactly one plugin has this. */
  queueSort?(first: QueuedPodInfo, second: QueuedPodInfo): boolean

  preFilter?(pod: PodInfo, snapshot: Snapshot): PreFilterResult<FilterState> | undefined
  /** Keeps the state true while pods are put on and taken off nodes to see what would be. */
  addPod?(pod: PodInfo, added: PodInfo, node: NodeInfo, state: FilterState): void
  removePod?(pod: PodInfo, removed: PodInfo, node: NodeInfo, state: FilterState): void
  filter?(pod: PodInfo, node: NodeInfo, state: FilterState): Status | undefined
  postFilter?(run: FilterRun, statuses: NodeStatuses): PostFilterResult

  /** Skip: leave out this plugin's score. */
  preScore?(
    pod: PodInfo,
    nodes: readonly NodeInfo[],
    snapshot: Snapshot,
  ): { status?: Status; state?: ScoreState } | undefined
  score?(pod: PodInfo, node: NodeInfo, state: ScoreState): number
  /** Brings the first `nodes.length` scores, in place, into 0…100. */
  normalizeScore?(pod: PodInfo, nodes: readonly NodeInfo[], scores: Float64Array, state: ScoreState): void

  reserve?(pod: PodInfo, node: string): Status | undefined
  /** Undoes reserve; also called for plugins that came after the one that failed. */
  unreserve?(pod: PodInfo, node: string): void
  /** Wait: hold the pod back until someone allows it, at most so long. */
  permit?(pod: PodInfo, node: string): { status?: Status; timeoutMs?: number } | undefined

  preBind?(pod: PodInfo, node: string): Promise<Status | undefined>
  /** Skip: let the next one bind. */
  bind?(pod: PodInfo, node: string): Promise<Status | undefined>
  postBind?(pod: PodInfo, node: string): void
}
