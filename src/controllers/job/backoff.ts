// How long new pods wait after others have failed: 10 s, doubled with each failure since the last success, at most ten
// minutes.

import type { ContainerStatus, Pod } from '../../api/core/v1/pod.ts'
import { secondsInMs } from '../../machinery/duration.ts'
import { timeOf } from '../../machinery/time.ts'
import { sidecarStatuses } from '../pod-status.ts'

const firstMs = 10_000
const longestMs = 600_000

/** Failures since the last success; `last`: when the latest was, in milliseconds since the epoch. */
export interface Failures {
  readonly count: number
  readonly last: number
}

export function failuresAfter(
  before: Failures | undefined,
  succeeded: readonly Pod[],
  failed: readonly Pod[],
): Failures | undefined {
  if (succeeded.length === 0 && failed.length === 0) return before
  const latestSuccess = Math.max(Number.NEGATIVE_INFINITY, ...succeeded.map(finishedAt))
  const times = failed.map(finishedAt).filter(at => at > latestSuccess)
  const count = times.length + (succeeded.length === 0 ? (before?.count ?? 0) : 0)
  return count === 0 || times.length === 0 ? undefined : { count, last: Math.max(...times) }
}

export function backoffLeftMs(failures: Failures | undefined, now: number): number {
  if (!failures || failures.count === 0) return 0
  const backoff = Math.min(longestMs, firstMs * 2 ** (failures.count - 1))
  return Math.max(0, failures.last + backoff - now)
}

/** When the last container or sidecar ended, or the pod was seen to be unready, or was deleted, or, failing all that, created. */
export function finishedAt(pod: Pod): number {
  const { metadata, status } = pod
  const ended = endOf(sidecarStatuses(pod), endOf(status.containerStatuses ?? [], undefined))
  if (ended !== undefined) return ended
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  const unready = ready?.status === 'False' ? timeOf(ready.lastTransitionTime) : undefined
  if (unready !== undefined) return unready
  const deleted = timeOf(metadata.deletionTimestamp)
  if (deleted !== undefined) return deleted - secondsInMs(metadata.deletionGracePeriodSeconds ?? 0)
  return timeOf(metadata.creationTimestamp) ?? 0
}

/** When the last of them ended, if that was after `before`; undefined while one of them has not. */
function endOf(statuses: readonly ContainerStatus[], before: number | undefined): number | undefined {
  let latest = before
  for (const { state } of statuses) {
    const at = timeOf(state?.terminated?.finishedAt)
    if (at === undefined) return undefined
    latest = Math.max(latest ?? at, at)
  }
  return latest
}
