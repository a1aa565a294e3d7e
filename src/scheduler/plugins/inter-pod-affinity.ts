// Pods that want to be near others, or far from them, within one topology (a node, a zone): their demands, their wishes,
// and those of the pods that are there already.

import type { Labels } from '../../machinery/labels.ts'
import { Action } from '../cluster-event.ts'
import { maxNodeScore, type Plugin } from '../framework.ts'
import type { FrameworkHandle } from '../framework-handle.ts'
import type { NodeInfo } from '../node-info.ts'
import { type AffinityTerm, type PodInfo, termMatches } from '../pod-info.ts'
import { skip, unresolvable, unschedulable } from '../status.ts'
import { TopologyCounts } from '../topology-counts.ts'

const name = 'InterPodAffinity'
const affinityFails = unresolvable(name, "node(s) didn't match pod affinity rules")
const antiAffinityFails = unschedulable(name, "node(s) didn't match pod anti-affinity rules")
const othersFail = unschedulable(name, "node(s) didn't satisfy existing pods anti-affinity rules")

/** What a required affinity of a pod that is there weighs for one that would suit it. */
const hardPodAffinityWeight = 1

interface FilterState {
  /** Where pods are that must not have this one near. */
  readonly others: TopologyCounts
  /** Where pods are that all of this one's affinity terms mean, and those that an anti-affinity term means. */
  readonly affinity: TopologyCounts
  readonly antiAffinity: TopologyCounts
}

type NamespaceLabels = (namespace: string) => Labels | undefined

const matchesAll = (terms: readonly AffinityTerm[], pod: PodInfo, labels: NamespaceLabels): boolean =>
  terms.length > 0 && terms.every(term => termMatches(term, pod, labels(pod.namespace)))

/** Counts one pod that is (or would be) on the node into the state of another. */
function count(state: FilterState, pod: PodInfo, other: PodInfo, node: NodeInfo, by: number, labels: NamespaceLabels) {
  for (const term of other.requiredAntiAffinity)
    if (termMatches(term, pod, labels(pod.namespace))) state.others.add(term.topologyKey, node.labels, by)
  if (matchesAll(pod.requiredAffinity, other, labels))
    for (const term of pod.requiredAffinity) state.affinity.add(term.topologyKey, node.labels, by)
  for (const term of pod.requiredAntiAffinity)
    if (termMatches(term, other, labels(other.namespace))) state.antiAffinity.add(term.topologyKey, node.labels, by)
}

function affinityHolds({ affinity }: FilterState, pod: PodInfo, node: NodeInfo, labels: NamespaceLabels): boolean {
  let someoneEverywhere = true
  for (const { topologyKey } of pod.requiredAffinity) {
    const value = node.labels[topologyKey]
    if (value === undefined) return false
    if (affinity.get(topologyKey, value) <= 0) someoneEverywhere = false
  }
  // The first of a group that wants to be together may go anywhere.
  return someoneEverywhere || (affinity.empty && matchesAll(pod.requiredAffinity, pod, labels))
}

function antiAffinityHolds({ antiAffinity }: FilterState, pod: PodInfo, node: NodeInfo): boolean {
  if (antiAffinity.empty) return true
  return !pod.requiredAntiAffinity.some(({ topologyKey }) => {
    const value = node.labels[topologyKey]
    return value !== undefined && antiAffinity.get(topologyKey, value) > 0
  })
}

export function interPodAffinity(
  handle: Pick<FrameworkHandle, 'namespaceLabels'>,
): Plugin<FilterState, TopologyCounts> {
  const labels: NamespaceLabels = namespace => handle.namespaceLabels(namespace)
  const hasTerm = (terms: readonly AffinityTerm[], pod: PodInfo) =>
    terms.some(term => termMatches(term, pod, labels(pod.namespace)))
  return {
    name,
    eventsToRegister: () => [
      {
        resource: 'AssignedPod',
        action: Action.add | Action.updatePodLabel,
        hint: (pod, _, after: PodInfo) =>
          pod.requiredAffinity.length === 0 || hasTerm(pod.requiredAffinity, after) ? 'Queue' : 'QueueSkip',
      },
      {
        resource: 'AssignedPod',
        action: Action.delete | Action.updatePodLabel,
        hint: (pod, before: PodInfo) =>
          hasTerm(pod.requiredAntiAffinity, before) || hasTerm(before.requiredAntiAffinity, pod)
            ? 'Queue'
            : 'QueueSkip',
      },
      { resource: 'TargetPod', action: Action.updatePodLabel },
      { resource: 'Node', action: Action.add | Action.updateNodeLabel },
    ],
    preFilter(pod, snapshot) {
      const state = { others: new TopologyCounts(), affinity: new TopologyCounts(), antiAffinity: new TopologyCounts() }
      const own = pod.requiredAffinity.length > 0 || pod.requiredAntiAffinity.length > 0
      if (own)
        for (const node of snapshot.nodes)
          for (const other of node.pods.values()) count(state, pod, other, node, 1, labels)
      else
        for (const node of snapshot.nodesWithRequiredAntiAffinity)
          for (const other of node.podsWithRequiredAntiAffinity) count(state, pod, other, node, 1, labels)
      return own || !state.others.empty ? { state } : { status: skip }
    },
    addPod: (pod, added, node, state) => count(state, pod, added, node, 1, labels),
    removePod: (pod, removed, node, state) => count(state, pod, removed, node, -1, labels),
    filter(pod, node, state) {
      if (pod.requiredAffinity.length > 0 && !affinityHolds(state, pod, node, labels)) return affinityFails
      if (!antiAffinityHolds(state, pod, node)) return antiAffinityFails
      return state.others.someAt(node.labels) ? othersFail : undefined
    },
    preScore(pod, _, snapshot) {
      const counts = new TopologyCounts()
      const wishes = pod.preferredAffinity.length > 0 || pod.preferredAntiAffinity.length > 0
      const mine = labels(pod.namespace)
      for (const node of wishes ? snapshot.nodes : snapshot.nodesWithPodAffinity)
        for (const other of wishes ? node.pods.values() : node.podsWithAffinity) {
          const theirs = wishes ? labels(other.namespace) : undefined
          for (const { term, weight } of pod.preferredAffinity)
            if (termMatches(term, other, theirs)) counts.add(term.topologyKey, node.labels, weight)
          for (const { term, weight } of pod.preferredAntiAffinity)
            if (termMatches(term, other, theirs)) counts.add(term.topologyKey, node.labels, -weight)
          for (const term of other.requiredAffinity)
            if (termMatches(term, pod, mine)) counts.add(term.topologyKey, node.labels, hardPodAffinityWeight)
          for (const { term, weight } of other.preferredAffinity)
            if (termMatches(term, pod, mine)) counts.add(term.topologyKey, node.labels, weight)
          for (const { term, weight } of other.preferredAntiAffinity)
            if (termMatches(term, pod, mine)) counts.add(term.topologyKey, node.labels, -weight)
        }
      return counts.empty ? { status: skip } : { state: counts }
    },
    score: (_, node, counts) => counts.sumAt(node.labels),
    normalizeScore(_, { length }, scores) {
      let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
      for (let at = 0; at < length; at++) {
        least = Math.min(least, scores[at]!)
        most = Math.max(most, scores[at]!)
      }
      const range = most - least
      for (let at = 0; at < length; at++)
        scores[at] = range > 0 ? Math.floor((maxNodeScore * (scores[at]! - least)) / range) : 0
    },
  }
}
