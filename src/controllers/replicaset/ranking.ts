// Which pods go first when there are too many: those that do the least, cost the least, or were the last to come.

import type { Pod } from '../../api/core/v1/pod.ts'
import { timeOf } from '../../machinery/time.ts'
import { isPodActive, isPodReady, podReadySince } from '../pod-status.ts'

const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost'

const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

/**
 * The pods to delete. `related` are the pods that do the same work (those of the other ReplicaSets of a Deployment too):
 * of two pods, the one on the node with more of them goes first.
 */
export function podsToDelete(
  pods: readonly Pod[],
  count: number,
  related: readonly Pod[],
  now: number,
): readonly Pod[] {
  if (count >= pods.length) return pods
  const onNode = new Map<string, number>()
  for (const pod of related) {
    const node = pod.spec.nodeName ?? ''
    if (isPodActive(pod)) onNode.set(node, (onNode.get(node) ?? 0) + 1)
  }
  const rank = (pod: Pod) => onNode.get(pod.spec.nodeName ?? '') ?? 0
  return [...pods].sort((a, b) => compare(a, b, rank, now)).slice(0, count)
}

function compare(a: Pod, b: Pod, rank: (pod: Pod) => number, now: number): number {
  return (
    order(!!a.spec.nodeName, !!b.spec.nodeName) ||
    (phaseOrder[a.status.phase ?? ''] ?? 0) - (phaseOrder[b.status.phase ?? ''] ?? 0) ||
    order(isPodReady(a), isPodReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    rank(b) - rank(a) ||
    (isPodReady(a) && isPodReady(b) ? laterFirst(podReadySince(a), podReadySince(b), a, b, now) : 0) ||
    restarts(b) - restarts(a) ||
    laterFirst(timeOf(a.metadata.creationTimestamp), timeOf(b.metadata.creationTimestamp), a, b, now)
  )
}

function order(a: boolean, b: boolean): number {
  return Number(a) - Number(b)
}

function deletionCost({ metadata }: Pod): number {
  const value = metadata.annotations?.[deletionCostAnnotation]
  return value !== undefined && /^(0|-?[1-9]\d*|\+?[1-9]\d*)$/.test(value) ? Number(value) : 0
}

function restarts({ status }: Pod): number {
  let most = 0
  for (const container of status.containerStatuses ?? []) most = Math.max(most, container.restartCount)
  return most
}

/** Ages are compared by their order of magnitude, so that the youngest are not always the victims; then by uid. */
function laterFirst(a: number | undefined, b: number | undefined, podA: Pod, podB: Pod, now: number): number {
  if (a === b) return 0
  if (a === undefined) return -1
  if (b === undefined) return 1
  const difference = magnitude(now - a) - magnitude(now - b)
  return difference || ((podA.metadata.uid ?? '') < (podB.metadata.uid ?? '') ? -1 : 1)
}

function magnitude(milliseconds: number): number {
  return milliseconds <= 0 ? -1 : Math.floor(Math.log2(milliseconds * 1e6))
}
