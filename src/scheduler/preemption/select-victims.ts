// Which pods of a node must go for another to fit: all of lower priority are taken off, then put back one by one, the
// most important first, as long as there is still room.

import type { PodDisruptionBudget } from '../../api/policy/v1/poddisruptionbudget.ts'
import { type LabelSelector, labelSelectorFrom } from '../../machinery/labels.ts'
import type { FilterRun } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'
import { failed, type Status, unresolvable } from '../status.ts'
import type { Candidate } from './pick-candidate.ts'

export function selectVictims(
  run: FilterRun,
  node: NodeInfo,
  budgets: readonly PodDisruptionBudget[],
  plugin: string,
): Candidate | { readonly status: Status } {
  const lower = [...node.pods.values()].filter(({ priority }) => priority < run.pod.priority)
  if (lower.length === 0) return { status: unresolvable(plugin, 'No preemption victims found for incoming pod') }
  const gone = new Set(lower)
  for (const pod of lower) run.remove(pod, node)
  try {
    const status = run.filter(node)
    if (status) return { status }
    const { violating, others } = byBudget(lower.sort(moreImportantFirst), budgets)
    const victims: PodInfo[] = []
    let violations = 0
    const spare = (pod: PodInfo): boolean => {
      run.add(pod, node)
      gone.delete(pod)
      if (run.filter(node) === undefined) return true
      run.remove(pod, node)
      gone.add(pod)
      victims.push(pod)
      return false
    }
    for (const pod of violating) if (!spare(pod)) violations++
    for (const pod of others) spare(pod)
    if (victims.length === 0)
      return {
        status: failed(new Error(`expected at least one victim pod on node ${JSON.stringify(node.name)}`), plugin),
      }
    if (violations > 0) victims.sort(moreImportantFirst)
    return { node, victims, violations }
  } finally {
    // It was only a thought.
    for (const pod of gone) run.add(pod, node)
  }
}

/** Higher priority, then started earlier. */
export function moreImportantFirst(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || (startOf(a) < startOf(b) ? -1 : startOf(a) > startOf(b) ? 1 : 0)
}

/** A pod that has not started yet is the youngest of all. */
export function startOf({ pod }: PodInfo): string {
  return pod.status?.startTime ?? '~'
}

/** Evicting all of these would break budgets with the `violating` ones. */
function byBudget(
  pods: readonly PodInfo[],
  budgets: readonly PodDisruptionBudget[],
): { readonly violating: PodInfo[]; readonly others: PodInfo[] } {
  const allowed = budgets.map(({ status }) => status.disruptionsAllowed ?? 0)
  const selectors = budgets.map(({ spec }) => labelSelectorFrom(spec.selector as LabelSelector | undefined))
  const violating: PodInfo[] = []
  const others: PodInfo[] = []
  for (const pod of pods) {
    let violates = false
    budgets.forEach((budget, at) => {
      if (budget.metadata.namespace !== pod.namespace || !pod.labels || selectors[at]!.empty) return
      if (!selectors[at]!.matches(pod.labels)) return
      // Its eviction was counted already.
      if (budget.status.disruptedPods?.[pod.name]) return
      if (--allowed[at]! < 0) violates = true
    })
    if (violates) violating.push(pod)
    else others.push(pod)
  }
  return { violating, others }
}
