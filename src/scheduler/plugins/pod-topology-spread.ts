// Pods of a kind spread over zones, nodes and the like: no place may have (DoNotSchedule) or should have (ScheduleAnyway)
// many more of them than another.

import type { Node } from '../../api/core/v1/node.ts'
import { RequiredNodeAffinity } from '../../api/core/v1/node-affinity.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { Action } from '../cluster-event.ts'
import { maxNodeScore, type Plugin } from '../framework.ts'
import type { FrameworkHandle } from '../framework-handle.ts'
import type { NodeInfo } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'
import { defaultConstraints, type SpreadConstraint, spreadConstraints } from '../spread-constraints.ts'
import { skip, unresolvable, unschedulable } from '../status.ts'
import { tolerates } from '../tolerations.ts'

const name = 'PodTopologySpread'
const hostname = 'kubernetes.io/hostname'
const uneven = unschedulable(name, "node(s) didn't match pod topology spread constraints")
const placeless = unresolvable(name, "node(s) didn't match pod topology spread constraints (missing required label)")

interface Counted {
  readonly constraint: SpreadConstraint
  /** How many pods of the kind each place has; places without any count too. */
  readonly counts: Map<string, number>
  /** How many the emptiest place has, while that is known. */
  fewest?: number
}

interface FilterState {
  readonly counted: readonly Counted[]
  readonly affinity: RequiredNodeAffinity
}

interface ScoreState {
  readonly counted: readonly (Counted & { readonly weight: number })[]
  readonly ignored: ReadonlySet<NodeInfo>
}

const hasAllKeys = (node: NodeInfo, constraints: readonly SpreadConstraint[]): boolean =>
  constraints.every(({ topologyKey }) => node.labels[topologyKey] !== undefined)

/** Whether pods on the node count. */
function included(constraint: SpreadConstraint, pod: PodInfo, node: NodeInfo, affinity: RequiredNodeAffinity): boolean {
  if (constraint.honorAffinity && !affinity.matches(node)) return false
  return !(constraint.honorTaints && node.repellingTaints.some(taint => !tolerates(pod.pod.spec.tolerations, taint)))
}

function matching({ selector }: SpreadConstraint, namespace: string, node: NodeInfo): number {
  if (selector.empty) return 0
  let count = 0
  for (const other of node.pods.values())
    if (other.namespace === namespace && !other.pod.metadata.deletionTimestamp && selector.matches(other.labels))
      count++
  return count
}

function recount(pod: PodInfo, other: PodInfo, node: NodeInfo, { counted, affinity }: FilterState, by: number): void {
  const constraints = counted.map(({ constraint }) => constraint)
  if (other.namespace !== pod.namespace || !hasAllKeys(node, constraints)) return
  for (const each of counted) {
    const { constraint, counts } = each
    if (!included(constraint, pod, node, affinity) || !constraint.selector.matches(other.labels)) continue
    each.fewest = undefined
    const value = node.labels[constraint.topologyKey]!
    counts.set(value, (counts.get(value) ?? 0) + by)
  }
}

/** None at all while there are too few places. */
function fewest(counted: Counted): number {
  if (counted.fewest !== undefined) return counted.fewest
  const { constraint, counts } = counted
  let least = counts.size < constraint.minDomains ? 0 : Number.POSITIVE_INFINITY
  for (const count of counts.values()) if (count < least) least = count
  counted.fewest = least
  return least
}

/** A node counts where it has a place for every constraint; it may come, go, or be another place now. */
function nodeHint(pod: PodInfo, before: Node | undefined, after: Node | undefined): 'Queue' | 'QueueSkip' {
  const keys = spreadConstraints(pod.pod, 'DoNotSchedule').map(({ topologyKey }) => topologyKey)
  const placeOf = (node: Node | undefined, key: string) => node?.metadata.labels?.[key]
  const counts = (node: Node | undefined) => keys.every(key => placeOf(node, key) !== undefined)
  if (!before || !after) return counts(after ?? before) ? 'Queue' : 'QueueSkip'
  if (counts(before) !== counts(after)) return 'Queue'
  const moved = keys.some(key => placeOf(before, key) !== placeOf(after, key))
  return counts(after) && (moved || !deepEqual(before.spec.taints, after.spec.taints)) ? 'Queue' : 'QueueSkip'
}

export function podTopologySpread(handle: Pick<FrameworkHandle, 'defaultSelector'>): Plugin<FilterState, ScoreState> {
  return {
    name,
    eventsToRegister: () => [
      { resource: 'AssignedPod', action: Action.add | Action.delete | Action.updatePodLabel },
      {
        resource: 'Node',
        action: Action.add | Action.delete | Action.updateNodeLabel | Action.updateNodeTaint,
        hint: nodeHint,
      },
      { resource: 'TargetPod', action: Action.updatePodLabel },
    ],
    preFilter(pod, snapshot) {
      const constraints = spreadConstraints(pod.pod, 'DoNotSchedule')
      if (constraints.length === 0) return { status: skip }
      const affinity = new RequiredNodeAffinity(pod.pod)
      const counted: Counted[] = constraints.map(constraint => ({ constraint, counts: new Map() }))
      for (const node of snapshot.nodes) {
        if (!hasAllKeys(node, constraints)) continue
        for (const { constraint, counts } of counted) {
          if (!included(constraint, pod, node, affinity)) continue
          const value = node.labels[constraint.topologyKey]!
          counts.set(value, (counts.get(value) ?? 0) + matching(constraint, pod.namespace, node))
        }
      }
      return { state: { counted, affinity } }
    },
    addPod: (pod, added, node, state) => recount(pod, added, node, state, 1),
    removePod: (pod, removed, node, state) => recount(pod, removed, node, state, -1),
    filter(pod, node, { counted }) {
      for (const each of counted) {
        const { topologyKey, selector, maxSkew } = each.constraint
        const value = node.labels[topologyKey]
        if (value === undefined) return placeless
        const itself = selector.matches(pod.labels) ? 1 : 0
        if ((each.counts.get(value) ?? 0) + itself - fewest(each) > maxSkew) return uneven
      }
      return undefined
    },
    preScore(pod, nodes, snapshot) {
      const declared = (pod.pod.spec.topologySpreadConstraints?.length ?? 0) > 0
      const constraints = declared
        ? spreadConstraints(pod.pod, 'ScheduleAnyway')
        : defaultConstraints(handle.defaultSelector(pod.pod))
      if (constraints.length === 0) return { status: skip }
      const affinity = new RequiredNodeAffinity(pod.pod)
      const ignored = new Set<NodeInfo>()
      if (declared) for (const node of nodes) if (!hasAllKeys(node, constraints)) ignored.add(node)
      const counted = constraints.map(constraint => {
        const counts = new Map<string, number>()
        // Nodes are counted when they are scored: there would be as many places as nodes.
        if (constraint.topologyKey === hostname)
          return { constraint, counts, weight: Math.log(nodes.length - ignored.size + 2) }
        for (const node of nodes) {
          const value = node.labels[constraint.topologyKey]
          if (value !== undefined && !ignored.has(node)) counts.set(value, 0)
        }
        return { constraint, counts, weight: Math.log(counts.size + 2) }
      })
      for (const node of snapshot.nodes) {
        if (declared && !hasAllKeys(node, constraints)) continue
        for (const { constraint, counts } of counted) {
          const value = node.labels[constraint.topologyKey] ?? ''
          const before = counts.get(value)
          if (before === undefined || !included(constraint, pod, node, affinity)) continue
          counts.set(value, before + matching(constraint, pod.namespace, node))
        }
      }
      return { state: { counted, ignored } }
    },
    score(pod, node, { counted, ignored }) {
      if (ignored.has(node)) return 0
      let score = 0
      for (const { constraint, counts, weight } of counted) {
        const value = node.labels[constraint.topologyKey]
        if (value === undefined) continue
        const count =
          constraint.topologyKey === hostname ? matching(constraint, pod.namespace, node) : (counts.get(value) ?? 0)
        score += count * weight + (constraint.maxSkew - 1)
      }
      return Math.round(score)
    },
    normalizeScore(_, nodes, scores, { ignored }) {
      let [least, most] = [Number.POSITIVE_INFINITY, 0]
      for (let at = 0; at < nodes.length; at++) {
        if (ignored.has(nodes[at]!)) continue
        least = Math.min(least, scores[at]!)
        most = Math.max(most, scores[at]!)
      }
      for (let at = 0; at < nodes.length; at++)
        if (ignored.has(nodes[at]!)) scores[at] = 0
        else scores[at] = most === 0 ? maxNodeScore : Math.floor((maxNodeScore * (most + least - scores[at]!)) / most)
    },
  }
}
