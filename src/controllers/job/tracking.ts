// Counting a Job's pods, each once, whatever happens in between. Three steps, each of which may be the last before a
// crash: the pods' uids are noted in the status, the finalizers that hold the pods are removed, the uids become numbers.

import { type Job, type JobCondition, type JobStatus, jobs } from '../../api/batch/v1/job.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import { semanticEqual } from '../../machinery/deep-equal.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { formatIndexes, parseIndexes } from './indexes.ts'
import { hasFailed, hasValidIndex, indexOf, isIndexed, type JobPods, trackingFinalizer } from './job-pods.ts'
import type { JobMetrics } from './metrics.ts'
import { newCondition } from './outcome.ts'
import { verdictOf } from './pod-failure-policy.ts'

/** So many uids at a time: the status stays small. */
const maxUncounted = 500

export interface Tracking {
  readonly job: Job
  readonly pods: JobPods
  /** What else is new in the status. */
  readonly status: JobStatus
  readonly outcome: JobCondition | undefined
  readonly context: ReconcileContext
  /** The uids of pods whose finalizer has been removed. */
  readonly released: Set<string>
  readonly metrics: JobMetrics
  /** Called when the pods have been noted. */
  noted(): void
}

const uidOf = ({ metadata }: Pod) => metadata.uid ?? ''

/** Counts what there is to count, and ends the Job if it is time. */
export async function trackPods(tracking: Tracking): Promise<void> {
  const { job, pods: seen, status, outcome, context, released, metrics } = tracking
  const tracked = new Set(seen.all.filter(seen.tracked).map(uidOf))
  const counted = flush(status, tracked)
  const { succeeded = [], failed = [] } = counted.uncountedTerminatedPods ?? {}
  const uncounted = { succeeded: [...succeeded], failed: [...failed] }
  const { held, indexes, more, actions } = note(tracking, uncounted)
  const current = await write(
    job,
    {
      ...counted,
      ...(isIndexed(job) && {
        completedIndexes: formatIndexes(indexes) || undefined,
        succeeded: indexes.size || undefined,
        failedIndexes: seen.failedIndexes && formatIndexes(seen.failedIndexes),
      }),
      conditions: withInterim(status.conditions, outcome),
      uncountedTerminatedPods: withoutEmpty(uncounted),
    },
    context,
  )
  metrics.counted(job, current)
  for (const action of actions) metrics.handledByPolicy(action)
  tracking.noted()
  const { free, failure } = await release(held, context, released)
  for (const pod of free) tracked.delete(uidOf(pod))
  let flushed = flush(current.status, tracked)
  const left = flushed.uncountedTerminatedPods
  const ended = outcome && !more && !failure && !left?.succeeded?.length && !left?.failed?.length && !status.terminating
  if (ended) flushed = withEnd(flushed, outcome, context)
  const final = await write(current, flushed, context)
  metrics.counted(current, final)
  if (failure) throw failure.error
  if (!ended) return
  tellEnd(final, outcome, context)
  metrics.finished(final, outcome.type === 'SuccessCriteriaMet', outcome.reason ?? '')
}

/** Adds to `uncounted`; answers which pods need not be held any more, and which indexes have succeeded by now. */
function note({ job, pods: seen, outcome }: Tracking, uncounted: { succeeded: string[]; failed: string[] }) {
  const [succeeded, failed] = [new Set(uncounted.succeeded), new Set(uncounted.failed)]
  const indexes = parseIndexes(isIndexed(job) ? job.status.completedIndexes : undefined, job.spec.completions ?? 0)
  const held: Pod[] = []
  const actions: string[] = []
  /** Whether it has been noted now. */
  const noteOne = (pod: Pod, fails: boolean): boolean => {
    const uid = uidOf(pod)
    if (!hasValidIndex(pod, job) || failed.has(uid)) return false
    if (pod.status.phase === 'Succeeded') {
      if (isIndexed(job)) {
        const before = indexes.size
        return indexes.add(indexOf(pod)!).size > before
      }
      return !succeeded.has(uid) && uncounted.succeeded.push(uid) > 0
    }
    // Of a Job that has failed, what still runs has failed with it.
    if (!fails && outcome?.type !== 'FailureTarget') return false
    const { counts, action } = verdictOf(job, pod)
    if (action) actions.push(action)
    return counts && uncounted.failed.push(uid) > 0
  }
  let noted = succeeded.size + failed.size
  const ordered = isIndexed(job) ? [...seen.all].sort((a, b) => (indexOf(a) ?? -1) - (indexOf(b) ?? -1)) : seen.all
  for (const pod of ordered) {
    if (!seen.tracked(pod)) continue
    const fails = hasFailed(pod, job)
    const waits = !fails || seen.held.get(indexOf(pod) ?? -1) === pod
    if (waits && pod.status.phase !== 'Succeeded' && !outcome && !job.metadata.deletionTimestamp) continue
    held.push(pod)
    noted += Number(noteOne(pod, fails))
    if (noted >= maxUncounted) return { held, indexes, more: true, actions }
  }
  return { held, indexes, more: false, actions }
}

/** The status with those counted that are held no longer. */
function flush(status: JobStatus, tracked: ReadonlySet<string>): JobStatus {
  const { succeeded = [], failed = [] } = {
    succeeded: status.uncountedTerminatedPods?.succeeded ?? [],
    failed: status.uncountedTerminatedPods?.failed ?? [],
  }
  const still = { succeeded: succeeded.filter(uid => tracked.has(uid)), failed: failed.filter(uid => tracked.has(uid)) }
  return {
    ...status,
    succeeded: (status.succeeded ?? 0) + succeeded.length - still.succeeded.length || undefined,
    failed: (status.failed ?? 0) + failed.length - still.failed.length || undefined,
    uncountedTerminatedPods: withoutEmpty(still),
  }
}

function withoutEmpty({ succeeded, failed }: { succeeded: readonly string[]; failed: readonly string[] }) {
  return {
    ...(succeeded.length > 0 && { succeeded: [...succeeded] }),
    ...(failed.length > 0 && { failed: [...failed] }),
  }
}

/** What has been decided, when that is new. */
function withInterim(conditions: JobStatus['conditions'], outcome: JobCondition | undefined) {
  const present = conditions ?? []
  const told = present.some(({ type, status }) => type === outcome?.type && status === 'True')
  const all = outcome && !told ? [...present, outcome] : present
  return all.length > 0 ? all : undefined
}

/** In the place of the one of its type, if there is one. */
function withFinal(conditions: JobStatus['conditions'], condition: JobCondition): JobCondition[] {
  const present = conditions ?? []
  const at = present.findIndex(({ type }) => type === condition.type)
  return at < 0 ? [...present, condition] : present.with(at, condition)
}

function withEnd(status: JobStatus, { type, reason, message }: JobCondition, { clock }: ReconcileContext): JobStatus {
  const complete = type === 'SuccessCriteriaMet'
  const final = newCondition(complete ? 'Complete' : 'Failed', reason, message, clock.now())
  return {
    ...status,
    conditions: withFinal(status.conditions, final),
    ...(complete && { completionTime: final.lastTransitionTime }),
  }
}

function tellEnd(job: Job, { type, reason, message }: JobCondition, { events }: ReconcileContext): void {
  if (type !== 'SuccessCriteriaMet') {
    events.event(job, 'Warning', reason ?? '', message ?? '')
    return
  }
  if (job.spec.completions !== undefined && (job.status.succeeded ?? 0) > job.spec.completions)
    events.event(
      job,
      'Warning',
      'TooManySucceededPods',
      'Too many succeeded pods running after completion count reached',
    )
  events.event(job, 'Normal', 'Completed', 'Job completed')
}

async function write(job: Job, status: JobStatus, { client }: ReconcileContext): Promise<Job> {
  if (semanticEqual(job.status, status)) return job
  return client.resource(jobs).updateStatus({ ...job, status })
}

/**
 * Removes the finalizers. Answers which pods are free now, and the first failure; the others are freed all the same.
 * `released`: those whose going without one has not been seen yet.
 */
export async function release(
  held: readonly Pod[],
  { client }: ReconcileContext,
  released: Set<string>,
): Promise<{ free: readonly Pod[]; failure?: { error: unknown } }> {
  const free: Pod[] = []
  let failure: { error: unknown } | undefined
  await Promise.all(
    held.map(async pod => {
      const { namespace, name = '', uid = '' } = pod.metadata
      // Before it is asked for: it may be seen before the answer comes.
      released.add(uid)
      try {
        await client
          .resource(pods)
          .namespace(namespace)
          .patch(name, 'application/strategic-merge-patch+json', {
            metadata: { uid, '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] },
          })
      } catch (error) {
        released.delete(uid)
        if (!isNotFound(error)) {
          failure ??= { error }
          return
        }
      }
      free.push(pod)
    }),
  )
  return { free, ...(failure && { failure }) }
}
