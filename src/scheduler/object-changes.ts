// What of a change could matter to scheduling, as the bits of cluster-event.ts; 0 when nothing could.

import type { Node } from '../api/core/v1/node.ts'
import { deepEqual } from '../machinery/deep-equal.ts'
import { Action } from './cluster-event.ts'
import type { PodInfo } from './pod-info.ts'

export function nodeChanges(before: Node, after: Node): number {
  let action = 0
  if (before.spec !== after.spec) {
    if ((before.spec.unschedulable ?? false) !== (after.spec.unschedulable ?? false)) action |= Action.updateNodeTaint
    if (!deepEqual(before.spec.taints ?? [], after.spec.taints ?? [])) action |= Action.updateNodeTaint
  }
  if (!deepEqual(before.status?.allocatable ?? {}, after.status?.allocatable ?? {}))
    action |= Action.updateNodeAllocatable
  if (!deepEqual(before.metadata.labels ?? {}, after.metadata.labels ?? {})) action |= Action.updateNodeLabel
  if (!deepEqual(before.metadata.annotations ?? {}, after.metadata.annotations ?? {}))
    action |= Action.updateNodeAnnotation
  if (!deepEqual(conditions(before), conditions(after))) action |= Action.updateNodeCondition
  return action
}

/** Types and their status; heartbeats are no change. */
function conditions(node: Node): Record<string, string> {
  return Object.fromEntries((node.status?.conditions ?? []).map(({ type, status }) => [type, status]))
}

export function podChanges(before: PodInfo, after: PodInfo): number {
  let action = 0
  if (!deepEqual(before.labels ?? {}, after.labels ?? {})) action |= Action.updatePodLabel
  const [old, now] = [before.pod.spec, after.pod.spec]
  const sameSpec = deepEqual(old, now)
  // Most news of a pod that waits is a condition.
  if (sameSpec && !hasContainerStatuses(before) && !hasContainerStatuses(after)) return action
  if (isLess(after, before)) action |= Action.updatePodScaleDown
  if ((old.schedulingGates?.length ?? 0) > 0 && (now.schedulingGates?.length ?? 0) === 0)
    action |= Action.updatePodSchedulingGatesEliminated
  if (!deepEqual(old.tolerations ?? [], now.tolerations ?? [])) action |= Action.updatePodToleration
  if (action === 0 && !sameSpec) action = Action.update
  return action
}

/** What containers have been given counts for their requests. */
function hasContainerStatuses({ pod: { status } }: PodInfo): boolean {
  return !!status?.containerStatuses?.length || !!status?.initContainerStatuses?.length
}

/** Some request went down. */
function isLess(pod: PodInfo, than: PodInfo): boolean {
  return than.requests.columns.some((column, at) => {
    const place = pod.requests.columns.indexOf(column)
    return (place < 0 ? 0 : pod.requests.amounts[place]!) < than.requests.amounts[at]!
  })
}
