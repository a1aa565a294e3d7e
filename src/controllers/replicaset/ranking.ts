// Which pods go first when there are too many: those that do the least, cost the least, or were the last to come.

import type { ContainerStatus, Pod } from '../../api/core/v1/pod.ts'
import { timeOf } from '../../machinery/time.ts'
import { isPodActive, isPodReady, podReadySince, sidecarStatuses } from '../pod-status.ts'

const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost'

const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

/** Of pods that all do their own work, as a Job's: those to delete first. Neither cost nor node counts, and every second does. */
export function firstToGo(pods: readonly Pod[], count: number): readonly Pod[] {
  if (count >= pods.length) return pods
  return [...pods]
    .sort((a, b) => byProgress(a, b) || byReadiness(a, b, later) || byRestarts(a, b) || byAge(a, b, later))
    .slice(0, count)
}

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
  // Ages are compared by their order of magnitude, so that the youngest are not always the victims; then by uid.
  const about = (one: number, other: number, a: Pod, b: Pod) =>
    magnitude(now - one) - magnitude(now - other) || ((a.metadata.uid ?? '') < (b.metadata.uid ?? '') ? -1 : 1)
  return [...pods]
    .sort(
      (a, b) =>
        byProgress(a, b) ||
        deletionCost(a) - deletionCost(b) ||
        rank(b) - rank(a) ||
        byReadiness(a, b, about) ||
        byRestarts(a, b) ||
        byAge(a, b, about),
    )
    .slice(0, count)
}

type Compare = (a: Pod, b: Pod) => number

const byProgress: Compare = (a, b) =>
  order(!!a.spec.nodeName, !!b.spec.nodeName) ||
  (phaseOrder[a.status.phase ?? ''] ?? 0) - (phaseOrder[b.status.phase ?? ''] ?? 0) ||
  order(isPodReady(a), isPodReady(b))

/** Compares two times, as of the pods. */
type CompareTimes = (one: number, other: number, a: Pod, b: Pod) => number

const later: CompareTimes = (one, other) => other - one

function byReadiness(a: Pod, b: Pod, compare: CompareTimes): number {
  return isPodReady(a) && isPodReady(b) ? laterFirst(podReadySince(a), podReadySince(b), a, b, compare) : 0
}

function byAge(a: Pod, b: Pod, compare: CompareTimes): number {
  return laterFirst(timeOf(a.metadata.creationTimestamp), timeOf(b.metadata.creationTimestamp), a, b, compare)
}

/** Those of the containers count first, those of the sidecars among equals. */
const byRestarts: Compare = (a, b) => {
  const [one, other] = [restarts(a), restarts(b)]
  return other.containers - one.containers || other.sidecars - one.sidecars
}

function order(a: boolean, b: boolean): number {
  return Number(a) - Number(b)
}

function deletionCost({ metadata }: Pod): number {
  const value = metadata.annotations?.[deletionCostAnnotation]
  return value !== undefined && /^(0|-?[1-9]\d*|\+?[1-9]\d*)$/.test(value) ? Number(value) : 0
}

/** The most that any has. */
function restarts(pod: Pod): { containers: number; sidecars: number } {
  const most = (statuses: readonly ContainerStatus[]) =>
    statuses.reduce((max, { restartCount }) => Math.max(max, restartCount), 0)
  return { containers: most(pod.status.containerStatuses ?? []), sidecars: most(sidecarStatuses(pod)) }
}

/** What has no time goes first. */
function laterFirst(one: number | undefined, other: number | undefined, a: Pod, b: Pod, compare: CompareTimes): number {
  if (one === other) return 0
  if (one === undefined) return -1
  if (other === undefined) return 1
  return compare(one, other, a, b)
}

function magnitude(milliseconds: number): number {
  return milliseconds <= 0 ? -1 : Math.floor(Math.log2(milliseconds * 1e6))
}
