// What a Job's pods are doing, as far as the Job is concerned.

import type { Job } from '../../api/batch/v1/job.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import { isPodActive, isPodReady, isPodTerminating } from '../pod-status.ts'
import { failedIndexesOf, heldBack } from './index-failures.ts'
import { parseIndexes } from './indexes.ts'
import { verdictOf } from './pod-failure-policy.ts'

/** Holds a pod until it has been counted: so that none is counted twice, nor missed when it is deleted. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking'
export const indexAnnotation = 'batch.kubernetes.io/job-completion-index'

export interface JobPods {
  /** All that the Job has, those counted before too. */
  readonly all: readonly Pod[]
  /** Whether the pod has not been counted for good: its finalizer is still there. */
  tracked(pod: Pod): boolean
  readonly active: readonly Pod[]
  readonly ready: number
  readonly terminating: readonly Pod[]
  /** Ended, and not noted yet. */
  readonly succeeded: readonly Pod[]
  readonly failed: readonly Pod[]
  /** Counted, noted, or about to be. */
  readonly succeededTotal: number
  readonly failedTotal: number
  readonly completedIndexes: ReadonlySet<number>
  /** Undefined without backoffLimitPerIndex. */
  readonly failedIndexes: ReadonlySet<number> | undefined
  /** With backoffLimitPerIndex: failed pods that wait for the next one of their index. */
  readonly held: ReadonlyMap<number, Pod>
}

export function indexOf({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[indexAnnotation]
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

export function isIndexed({ spec }: Job): boolean {
  return spec.completionMode === 'Indexed'
}

export function hasLimitPerIndex({ spec }: Job): boolean {
  return spec.backoffLimitPerIndex !== undefined
}

/** What spec.managedBy calls this controller. */
const ownManager = 'kubernetes.io/job-controller'

export function isManagedElsewhere({ spec: { managedBy } }: Job): boolean {
  return managedBy !== undefined && managedBy !== ownManager
}

export function isTracked({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(trackingFinalizer) ?? false
}

/** An index that the Job has now: it may have been shrunk. Any pod will do where there are no indexes. */
export function hasValidIndex(pod: Pod, job: Job): boolean {
  return !isIndexed(job) || (indexOf(pod) ?? Number.POSITIVE_INFINITY) < (job.spec.completions ?? 0)
}

/** A pod on its way out gets no successor before it has ended. */
export function replacesOnlyFailed({ spec }: Job): boolean {
  return spec.podReplacementPolicy === 'Failed' || !!spec.podFailurePolicy
}

/** A pod on its way out counts as failed, unless only failed ones are replaced. */
export function hasFailed({ status, metadata }: Pod, job: Job): boolean {
  if (status.phase === 'Failed') return true
  return !replacesOnlyFailed(job) && !!metadata.deletionTimestamp && status.phase !== 'Succeeded'
}

export function observePods(job: Job, all: readonly Pod[], tracked: (pod: Pod) => boolean): JobPods {
  const { status, spec } = job
  const noted = {
    succeeded: new Set(status.uncountedTerminatedPods?.succeeded ?? []),
    failed: new Set(status.uncountedTerminatedPods?.failed ?? []),
  }
  const uncounted = all.filter(pod => tracked(pod) && hasValidIndex(pod, job))
  const succeeded = uncounted.filter(
    pod => pod.status.phase === 'Succeeded' && !noted.succeeded.has(pod.metadata.uid ?? ''),
  )
  const failed = uncounted.filter(pod => hasFailed(pod, job) && !noted.failed.has(pod.metadata.uid ?? ''))
  const active = all.filter(isPodActive)
  const completedIndexes = isIndexed(job)
    ? parseIndexes(status.completedIndexes, spec.completions ?? 0)
    : new Set<number>()
  if (isIndexed(job))
    for (const pod of uncounted) if (pod.status.phase === 'Succeeded') completedIndexes.add(indexOf(pod)!)
  const failedIndexes = hasLimitPerIndex(job) ? failedIndexesOf(job, uncounted) : undefined
  const activeIndexes = new Set(active.map(indexOf))
  const countingFailures = failed.filter(pod => verdictOf(job, pod).counts)
  return {
    all,
    tracked,
    active,
    ready: active.filter(isPodReady).length,
    terminating: all.filter(isPodTerminating),
    succeeded,
    failed,
    succeededTotal: isIndexed(job)
      ? completedIndexes.size
      : (status.succeeded ?? 0) + noted.succeeded.size + succeeded.length,
    failedTotal: (status.failed ?? 0) + noted.failed.size + countingFailures.length,
    completedIndexes,
    failedIndexes,
    held: failedIndexes
      ? heldBack(
          job,
          uncounted,
          index => completedIndexes.has(index) || failedIndexes.has(index) || activeIndexes.has(index),
        )
      : new Map(),
  }
}
