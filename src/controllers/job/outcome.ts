// How a Job ends, and when that is decided. What is decided is noted first (FailureTarget, SuccessCriteriaMet), so that a
// later look cannot decide otherwise; the Job has ended (Failed, Complete) when its last pod has.

import type { Job, JobCondition } from '../../api/batch/v1/job.ts'
import { secondsInMs } from '../../machinery/duration.ts'
import { formatTime, timeOf } from '../../machinery/time.ts'
import { hasFailed, type JobPods } from './job-pods.ts'
import { verdictOf } from './pod-failure-policy.ts'
import { successPolicyMet } from './success-policy.ts'

export function conditionOf({ status }: Job, ...types: string[]): JobCondition | undefined {
  return (status.conditions ?? []).find(({ type, status }) => types.includes(type) && status === 'True')
}

export function finishedCondition(job: Job): JobCondition | undefined {
  return conditionOf(job, 'Complete', 'Failed')
}

export function newCondition(
  type: string,
  reason: string | undefined,
  message: string | undefined,
  now: number,
): JobCondition {
  const at = formatTime(now)
  return { type, status: 'True', lastProbeTime: at, lastTransitionTime: at, reason, message }
}

/** What has been decided already, or is now; undefined while the Job goes on. Completions are looked at later. */
export function outcomeOf(
  job: Job,
  pods: JobPods,
  startTime: string | undefined,
  now: number,
): JobCondition | undefined {
  const decided = conditionOf(job, 'SuccessCriteriaMet') ?? conditionOf(job, 'FailureTarget')
  if (decided) return decided
  const failure = failureOf(job, pods, startTime, now)
  if (failure) return newCondition('FailureTarget', ...failure, now)
  const success = successPolicyMet(job, pods.completedIndexes)
  return success === undefined ? undefined : newCondition('SuccessCriteriaMet', 'SuccessPolicy', success, now)
}

function failureOf(
  job: Job,
  pods: JobPods,
  startTime: string | undefined,
  now: number,
): [reason: string, message: string] | undefined {
  const { backoffLimit = 6, maxFailedIndexes, completions = 0 } = job.spec
  if (job.spec.podFailurePolicy)
    for (const pod of pods.all) {
      const message = hasFailed(pod, job) ? verdictOf(job, pod).message : undefined
      if (message !== undefined) return ['PodFailurePolicy', message]
    }
  if (pods.failedTotal > backoffLimit || restartedTooOften(job, pods))
    return ['BackoffLimitExceeded', 'Job has reached the specified backoff limit']
  const left = deadlineMs(job, startTime, now)
  if (left !== undefined && left <= 0) return ['DeadlineExceeded', 'Job was active longer than specified deadline']
  if (pods.failedIndexes) {
    const failed = pods.failedIndexes.size
    if (maxFailedIndexes !== undefined && failed > maxFailedIndexes)
      return ['MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes']
    if (failed > 0 && failed + pods.completedIndexes.size >= completions)
      return ['FailedIndexes', 'Job has failed indexes']
  }
  return undefined
}

/** With OnFailure the kubelet tries again, in the same pod. */
function restartedTooOften({ spec }: Job, { all }: JobPods): boolean {
  if (spec.template.spec?.restartPolicy !== 'OnFailure') return false
  const { backoffLimit = 6 } = spec
  let restarts = 0
  for (const { status } of all)
    if (status.phase === 'Running' || status.phase === 'Pending')
      for (const { restartCount } of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
        restarts += restartCount
  return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit
}

/** How long the Job may still take; undefined without a deadline. */
export function deadlineMs({ spec }: Job, startTime: string | undefined, now: number): number | undefined {
  const start = timeOf(startTime)
  if (spec.activeDeadlineSeconds === undefined || start === undefined || spec.suspend) return undefined
  return start + secondsInMs(spec.activeDeadlineSeconds) - now
}

/** Without a number of completions one success is enough. Either way all pods must have ended. */
export function isComplete({ spec }: Job, { succeededTotal }: JobPods, active: number): boolean {
  if (active > 0) return false
  return spec.completions === undefined ? succeededTotal > 0 : succeededTotal >= spec.completions
}
