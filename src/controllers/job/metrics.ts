// What the job controller counts, under upstream's names.

import type { Job } from '../../api/batch/v1/job.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import type { Counter, Family, Histogram, MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { exponentialBuckets } from '../../machinery/metrics/metrics.ts'
import { parseIndexes } from './indexes.ts'
import { hasLimitPerIndex, isIndexed, isManagedElsewhere, isTracked } from './job-pods.ts'

/** What a reconcile came to: it may have waited for what it did before, or found nothing to create or delete. */
export type SyncAction = 'reconciling' | 'tracking' | 'pods_created' | 'pods_deleted'

type CreationReason = 'new' | 'recreate_terminating_or_failed' | 'recreate_failed'

const isHeld = (pod: Pod | undefined): boolean =>
  (pod?.status.phase === 'Failed' || pod?.status.phase === 'Succeeded') && isTracked(pod)

const modeOf = (job: Job): string => job.spec.completionMode ?? 'NonIndexed'

export class JobMetrics {
  readonly #durations: Family<Histogram>
  readonly #syncs: Family<Counter>
  readonly #finished: Family<Counter>
  readonly #finishedPods: Family<Counter>
  readonly #finishedIndexes: Family<Counter>
  readonly #creations: Family<Counter>
  readonly #policyFailures: Family<Counter>
  readonly #heldPods: Family<Counter>
  readonly #external: Family<Counter>

  constructor(registry: MetricsRegistry) {
    const sync = ['completion_mode', 'result', 'action']
    this.#durations = registry.histogram({
      name: 'job_controller_job_sync_duration_seconds',
      stability: 'STABLE',
      help: 'The time it took to sync a job',
      labels: sync,
      buckets: exponentialBuckets(0.004, 2, 15),
    })
    this.#syncs = registry.counter({
      name: 'job_controller_job_syncs_total',
      stability: 'STABLE',
      help: 'The number of job syncs',
      labels: sync,
    })
    this.#finished = registry.counter({
      name: 'job_controller_jobs_finished_total',
      stability: 'STABLE',
      help: 'The number of finished jobs',
      labels: ['completion_mode', 'result', 'reason'],
    })
    this.#finishedPods = registry.counter({
      name: 'job_controller_job_pods_finished_total',
      stability: 'STABLE',
      help: 'The number of finished Pods that are fully tracked',
      labels: ['completion_mode', 'result'],
    })
    this.#finishedIndexes = registry.counter({
      name: 'job_controller_job_finished_indexes_total',
      stability: 'ALPHA',
      help: 'The number of finished indexes. Possible values for the\n\t\t\tstatus label are: "succeeded", "failed". Possible values for the\n\t\t\tbackoffLimit label are: "perIndex" and "global"',
      labels: ['status', 'backoffLimit'],
    })
    this.#creations = registry.counter({
      name: 'job_controller_job_pods_creation_total',
      stability: 'ALPHA',
      help: 'The number of Pods created by the Job controller labelled with a reason for the Pod creation.\nThis metric also distinguishes between Pods created using different PodReplacementPolicy settings.\nPossible values of the "reason" label are:\n"new", "recreate_terminating_or_failed", "recreate_failed".\nPossible values of the "status" label are:\n"succeeded", "failed".',
      labels: ['reason', 'status'],
    })
    this.#policyFailures = registry.counter({
      name: 'job_controller_pod_failures_handled_by_failure_policy_total',
      stability: 'BETA',
      help: 'The number of failed Pods handled by failure policy with\n\t\t\trespect to the failure policy action applied based on the matched\n\t\t\trule. Possible values of the action label correspond to the\n\t\t\tpossible values for the failure policy rule action, which are:\n\t\t\t"FailJob", "Ignore" and "Count".',
      labels: ['action'],
    })
    this.#heldPods = registry.counter({
      name: 'job_controller_terminated_pods_tracking_finalizer_total',
      stability: 'BETA',
      help: 'The number of terminated pods (phase=Failed|Succeeded)\nthat have the finalizer batch.kubernetes.io/job-tracking\nThe event label can be "add" or "delete".',
      labels: ['event'],
    })
    this.#external = registry.counter({
      name: 'job_controller_jobs_by_external_controller_total',
      stability: 'ALPHA',
      help: 'The number of Jobs managed by an external controller',
      labels: ['controller_name'],
    })
  }

  /** A pod has come, changed or gone: whether one that has ended is held by the finalizer. */
  podChanged(before: Pod | undefined, after: Pod | undefined): void {
    const [was, is] = [isHeld(before), isHeld(after)]
    if (was !== is) this.#heldPods.with(is ? 'add' : 'delete').inc()
  }

  /** A Job has come. */
  jobAdded(job: Job): void {
    if (isManagedElsewhere(job)) this.#external.with(job.spec.managedBy!).inc()
  }

  synced(job: Job, failed: boolean, action: SyncAction, milliseconds: number): void {
    const labels = [modeOf(job), failed ? 'error' : 'success', action] as const
    this.#durations.with(...labels).observe(milliseconds / 1000)
    this.#syncs.with(...labels).inc()
  }

  finished(job: Job, succeeded: boolean, reason: string): void {
    this.#finished.with(modeOf(job), succeeded ? 'succeeded' : 'failed', reason).inc()
  }

  /** Pods have become numbers in the status. */
  counted(before: Job, after: Job): void {
    const failed = (after.status.failed ?? 0) - (before.status.failed ?? 0)
    if (!isIndexed(after)) this.#pods(after, (after.status.succeeded ?? 0) - (before.status.succeeded ?? 0), failed)
    else {
      const { completions = 0 } = after.spec
      const added = (now: string | undefined, then: string | undefined) =>
        now === then ? 0 : parseIndexes(now, completions).size - parseIndexes(then, completions).size
      const limit = hasLimitPerIndex(after) ? 'perIndex' : 'global'
      const succeeded = added(after.status.completedIndexes, before.status.completedIndexes)
      const failedIndexes = added(after.status.failedIndexes, before.status.failedIndexes)
      this.#finishedIndexes.with('succeeded', limit).inc(succeeded)
      if (failedIndexes > 0) this.#finishedIndexes.with('failed', limit).inc(failedIndexes)
      this.#pods(after, succeeded, failed)
    }
  }

  #pods(job: Job, succeeded: number, failed: number): void {
    this.#finishedPods.with(modeOf(job), 'succeeded').inc(succeeded)
    this.#finishedPods.with(modeOf(job), 'failed').inc(failed)
  }

  created(reason: CreationReason, succeeded: number, failed: number): void {
    if (succeeded > 0) this.#creations.with(reason, 'succeeded').inc(succeeded)
    if (failed > 0) this.#creations.with(reason, 'failed').inc(failed)
  }

  handledByPolicy(action: string): void {
    this.#policyFailures.with(action).inc()
  }
}
