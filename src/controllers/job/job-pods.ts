// What a Job's pods are doing, as far as the Job is concerned.

import type { Job } from '../../api/batch/v1/job.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import { timeOf } from '../../machinery/time.ts'
import { isPodReady } from '../pod-status.ts'
import { parseIndexes } from './indexes.ts'

/** Holds a pod until it has been counted: so that none is counted twice, nor missed when it is deleted. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking'
export const indexAnnotation = 'batch.kubernetes.io/job-completion-index'

export interface JobPods {
  readonly active: readonly Pod[]
  readonly ready: number
  readonly terminating: number
  /** Ended, and not counted yet. */
  readonly succeeded: readonly Pod[]
  readonly failed: readonly Pod[]
  /** Counted, or about to be. */
  readonly succeededTotal: number
  readonly failedTotal: number
  readonly completedIndexes: ReadonlySet<number>
}

export function indexOf({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[indexAnnotation]
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

export function isIndexed({ spec }: Job): boolean {
  return spec.completionMode === 'Indexed'
}

export function isTracked({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(trackingFinalizer) ?? false
}

/** A pod on its way out counts as failed, unless only failed ones are replaced. */
function hasFailed({ status, metadata }: Pod, job: Job): boolean {
  if (status.phase === 'Failed') return true
  return !!metadata.deletionTimestamp && status.phase !== 'Succeeded' && job.spec.podReplacementPolicy !== 'Failed'
}

/** `tracked`: whether the pod is still to be counted. */
export function observePods(job: Job, pods: readonly Pod[], tracked: (pod: Pod) => boolean): JobPods {
  const { succeeded: counted = 0, failed: failedBefore = 0, uncountedTerminatedPods: uncounted } = job.status
  const uncountedUids = new Set([...(uncounted?.succeeded ?? []), ...(uncounted?.failed ?? [])])
  const completedIndexes = isIndexed(job)
    ? parseIndexes(job.status.completedIndexes, job.spec.completions ?? 0)
    : new Set<number>()
  const ofJob = isIndexed(job)
    ? pods.filter(pod => (indexOf(pod) ?? Number.POSITIVE_INFINITY) < (job.spec.completions ?? 0))
    : pods
  const isNew = (pod: Pod) => tracked(pod) && !uncountedUids.has(pod.metadata.uid ?? '')
  const succeeded = ofJob.filter(pod => pod.status.phase === 'Succeeded' && isNew(pod))
  const failed = ofJob.filter(pod => hasFailed(pod, job) && isNew(pod))
  const running = ofJob.filter(({ status }) => status.phase !== 'Succeeded' && status.phase !== 'Failed')
  const active = running.filter(({ metadata }) => !metadata.deletionTimestamp)
  for (const pod of succeeded) if (isIndexed(job)) completedIndexes.add(indexOf(pod)!)
  return {
    active,
    ready: active.filter(isPodReady).length,
    terminating: running.length - active.length,
    succeeded,
    failed,
    succeededTotal: isIndexed(job)
      ? completedIndexes.size
      : counted + (uncounted?.succeeded?.length ?? 0) + succeeded.length,
    failedTotal: failedBefore + (uncounted?.failed?.length ?? 0) + failed.length,
    completedIndexes,
  }
}

/** When a pod ended: when the last of its containers did. */
export function endOf(pod: Pod): number | undefined {
  let latest: number | undefined
  for (const { state } of pod.status.containerStatuses ?? []) {
    const at = timeOf(state?.terminated?.finishedAt)
    if (at !== undefined) latest = Math.max(latest ?? at, at)
  }
  return latest ?? timeOf(pod.metadata.deletionTimestamp)
}
