// backoffLimitPerIndex: how often each index has failed. The count is kept on the pods, each carries that of those before
// it; so a failed pod is held back until the next one of its index is there, or none is to come.

import type { Job } from '../../api/batch/v1/job.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import { type Failures, finishedAt } from './backoff.ts'
import { parseIndexes } from './indexes.ts'
import { hasFailed, indexOf } from './job-pods.ts'
import { verdictOf } from './pod-failure-policy.ts'

const failuresAnnotation = 'batch.kubernetes.io/job-index-failure-count'
const ignoredAnnotation = 'batch.kubernetes.io/job-index-ignored-failure-count'
const maxInt32 = 2147483647

/** Those of the status, and those that have failed since. `uncounted`: the pods not counted yet, with valid indexes. */
export function failedIndexesOf(job: Job, uncounted: readonly Pod[]): Set<number> {
  const failed = parseIndexes(job.status.failedIndexes, job.spec.completions ?? 0)
  for (const pod of uncounted) if (failsIndex(job, pod)) failed.add(indexOf(pod)!)
  return failed
}

function failsIndex(job: Job, pod: Pod): boolean {
  if (!hasFailed(pod, job)) return false
  const { counts, action } = verdictOf(job, pod)
  return action === 'FailIndex' || (counts && countOf(pod, failuresAnnotation) >= (job.spec.backoffLimitPerIndex ?? 0))
}

/** For each index that waits for its next pod, the last one that failed. `uncounted` as above. */
export function heldBack(job: Job, uncounted: readonly Pod[], taken: (index: number) => boolean): Map<number, Pod> {
  const held = new Map<number, Pod>()
  for (const pod of uncounted) {
    const index = indexOf(pod)!
    if (!hasFailed(pod, job) || taken(index)) continue
    const other = held.get(index)
    if (!other || (allFailures(other) <= allFailures(pod) && finishedAt(pod) >= finishedAt(other))) held.set(index, pod)
  }
  return held
}

/** What the next pod of the index is to carry. */
export function failureAnnotations(job: Job, replaced: Pod | undefined): Record<string, string> {
  if (!replaced) return { [failuresAnnotation]: '0' }
  const { counts } = verdictOf(job, replaced)
  const ignored = countOf(replaced, ignoredAnnotation) + Number(!counts)
  return {
    [failuresAnnotation]: String(countOf(replaced, failuresAnnotation) + Number(counts)),
    ...(ignored > 0 && { [ignoredAnnotation]: String(ignored) }),
  }
}

export function failuresOfIndex(last: Pod | undefined): Failures | undefined {
  return last && { count: allFailures(last) + 1, last: finishedAt(last) }
}

function allFailures(pod: Pod): number {
  return countOf(pod, failuresAnnotation) + countOf(pod, ignoredAnnotation)
}

function countOf({ metadata }: Pod, annotation: string): number {
  const text = metadata.annotations?.[annotation]
  const value = text !== undefined && /^\+?\d+$/.test(text) ? Number(text) : 0
  return value > maxInt32 ? 0 : value
}
