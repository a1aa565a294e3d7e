// Runs pods until so many have succeeded.
//
// Comes in: Jobs and their pods. Goes out: pods created (each with a finalizer that holds it until it is counted), status,
// conditions. `job-pods.ts` says what the pods are doing, `outcome.ts` how the Job ends, `manage-pods.ts` creates and
// deletes pods, `tracking.ts` counts them. Of pods whose Job is gone it removes the finalizer.

import { type Job, type JobCondition, type JobStatus, jobs } from '../../api/batch/v1/job.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { type ControllerContext, controller, controllerKey, controllerOf, watch } from '../../client/controller.ts'
import { UidTrackingExpectations } from '../../client/controller-expectations.ts'
import { keyOf } from '../../client/object-key.ts'
import { labelSelectorFrom } from '../../machinery/labels.ts'
import { formatTime } from '../../machinery/time.ts'
import {
  byControllerOrOrphan,
  candidates,
  claimObjects,
  controllerKeyIn,
  controllerOrOrphanIndex,
  ownersToTell,
} from '../controller-ref.ts'
import { failuresAfter } from './backoff.ts'
import { isManagedElsewhere, isTracked, type JobPods, observePods, trackingFinalizer } from './job-pods.ts'
import {
  type Change,
  deleteActive,
  managePods,
  noChange,
  releaseStrays,
  type State,
  trackedByJobIndex,
} from './manage-pods.ts'
import { JobMetrics, type SyncAction } from './metrics.ts'
import { deadlineMs, finishedCondition, isComplete, newCondition, outcomeOf } from './outcome.ts'
import { release, trackPods } from './tracking.ts'

export { finishedCondition } from './outcome.ts'

type Context = ControllerContext<State>

export const jobController = controller<Job, State>({
  name: 'job-controller',
  reconciles: jobs,
  awaitsOwnWrites: true,
  staleSyncSkips: {
    name: 'job_controller_stale_sync_skips_total',
    help: 'Total number of Job syncs skipped due to a stale watch cache.',
  },
  concurrency: 5,
  state: ({ clock, metrics }) => ({
    expectations: new UidTrackingExpectations({ clock }),
    failures: new Map(),
    released: new Set(),
    metrics: new JobMetrics(metrics),
  }),
  watches: [
    watch<Job, State>(jobs, {
      handler: ({ state: { metrics } }) => ({
        added: job => metrics.jobAdded(job),
        updated: () => {},
        deleted: () => {},
      }),
    }),
    watch<Pod, State>(pods, {
      indexers: { [controllerOrOrphanIndex]: byControllerOrOrphan, [trackedByJobIndex]: byTrackingJob },
      handler: ({ lister, state: { expectations, released, metrics } }) => {
        const keyOfJob = (pod: Pod) => controllerKeyIn(pod, jobs, lister(jobs))
        const gone = (pod: Pod) => {
          const key = keyOfJob(pod)
          if (key !== undefined) expectations.deletionOfObserved(key, pod.metadata.uid ?? '')
        }
        const come = (pod: Pod) => {
          const key = keyOfJob(pod)
          if (pod.metadata.deletionTimestamp) gone(pod)
          else if (key !== undefined) expectations.creationObserved(key)
        }
        return {
          added: pod => {
            metrics.podChanged(undefined, pod)
            come(pod)
          },
          updated: (before, after) => {
            metrics.podChanged(before, after)
            // Seen: should the finalizer come back, with a new owner, it holds again.
            if (!isTracked(after)) released.delete(after.metadata.uid ?? '')
            if (before.metadata.uid !== after.metadata.uid) {
              gone(before)
              come(after)
            } else if (after.metadata.deletionTimestamp) gone(after)
          },
          deleted: pod => {
            metrics.podChanged(pod, undefined)
            released.delete(pod.metadata.uid ?? '')
            gone(pod)
          },
        }
      },
      keys: (change, { lister }) => {
        const owners = ownersToTell(change, jobs, lister(jobs), pod =>
          lister(jobs)
            .listNamespace(pod.metadata.namespace ?? '')
            .filter(({ spec }) => spec.selector && labelSelectorFrom(spec.selector).matches(pod.metadata.labels))
            .map(keyOf),
        )
        // Its Job may be gone, or another of that name.
        return change.after && isTracked(change.after) ? [...owners, ...byTrackingJob(change.after)] : owners
      },
    }),
  ],
  reconcile,
})

/** Of a pod that was let go of with its Job, only the label still says whose it was; without, it is of no name's Job. */
function byTrackingJob(pod: Pod): readonly string[] {
  if (!isTracked(pod)) return []
  if (controllerOf(pod)) {
    const key = controllerKey(pod, jobs)
    return key === undefined ? [] : [key]
  }
  const { namespace, labels } = pod.metadata
  return [`${namespace}/${labels?.['batch.kubernetes.io/job-name'] ?? labels?.['job-name'] ?? ''}`]
}

async function reconcile(key: string, context: Context) {
  const { lister, client, clock, state } = context
  await releaseStrays(key, context)
  const job = lister(jobs).get(key)
  if (!job) {
    state.expectations.delete(key)
    state.failures.delete(key)
    return undefined
  }
  if (isManagedElsewhere(job)) return undefined
  const tracked = (pod: Pod) => isTracked(pod) && !state.released.has(pod.metadata.uid ?? '')
  if (finishedCondition(job)) {
    state.failures.delete(key)
    // Nothing is adopted any more.
    const left = lister(pods).byIndex(trackedByJobIndex, key).filter(tracked)
    const { failure } = await release(left, context, state.released)
    if (failure) throw failure.error
    return undefined
  }
  const started = clock.monotonic()
  let action: SyncAction = 'reconciling'
  const note = (failed: boolean) => state.metrics.synced(job, failed, action, clock.monotonic() - started)
  const settled = state.expectations.satisfied(key)
  try {
    const owned = await claimObjects({
      client,
      owner: job,
      kind: jobs,
      selector: labelSelectorFrom(job.spec.selector),
      objects: candidates(lister(pods), job),
      resource: pods,
      finalizers: [trackingFinalizer],
    })
    const result = await sync(key, job, { seen: observePods(job, owned, tracked), settled }, context, change => {
      action = change.action
    })
    note(false)
    return result
  } catch (error) {
    note(true)
    throw error
  }
}

async function sync(
  key: string,
  job: Job,
  { seen, settled }: { readonly seen: JobPods; readonly settled: boolean },
  context: Context,
  managed: (change: Change) => void,
) {
  const { clock, state } = context
  const now = clock.now()
  const failures = failuresAfter(state.failures.get(key), seen.succeeded, seen.failed)
  const { suspend } = job.spec
  let startTime = job.status.startTime ?? (suspend ? undefined : formatTime(now))
  let conditions = job.status.conditions ?? []
  let outcome = outcomeOf(job, seen, startTime, now)
  let change: Change = noChange
  if (outcome) {
    change = await deleteActive(key, job, seen.active, false, context)
    // Not before every pod is known and on its way out.
    if (change.deleted !== seen.active.length || !settled) outcome = undefined
  } else {
    const manages = settled && !job.metadata.deletionTimestamp
    if (manages) {
      change = await managePods(key, job, seen, failures, context)
      managed(change)
    }
    const active = seen.active.length + change.created - change.deleted
    if (isComplete(job, seen, active))
      outcome = newCondition(
        'SuccessCriteriaMet',
        'CompletionsReached',
        'Reached expected number of succeeded pods',
        now,
      )
    else if (manages) {
      const resumed = withSuspension(job, context)
      if (resumed) {
        conditions = resumed
        startTime = suspend ? undefined : formatTime(now)
      }
    }
  }
  const status: JobStatus = {
    ...job.status,
    active: seen.active.length + change.created - change.deleted || undefined,
    ready: seen.ready - change.deletedReady,
    terminating: seen.terminating.length + change.deleted,
    startTime,
    conditions: conditions.length > 0 ? [...conditions] : undefined,
  }
  const noted = () => {
    if (failures) state.failures.set(key, failures)
    else state.failures.delete(key)
  }
  await trackPods({ job, pods: seen, status, outcome, context, ...state, noted })
  if (change.failure) throw change.failure.error
  const waits = [change.waitMs, deadlineMs(job, startTime, now), state.expectations.waitMs(key)].filter(
    wait => wait !== undefined && wait > 0,
  )
  return waits.length > 0 ? { requeueAfterMs: Math.min(...(waits as number[])) } : undefined
}

/** The conditions, when the Job has just been suspended or resumed. */
function withSuspension(job: Job, { clock, events }: Context): JobCondition[] | undefined {
  const conditions = job.status.conditions ?? []
  const suspended = conditions.find(({ type }) => type === 'Suspended')
  const wanted = job.spec.suspend ?? false
  // That it is not suspended is news only where it has been.
  if (!suspended && !wanted) return undefined
  const [reason, message] = wanted ? ['JobSuspended', 'Job suspended'] : ['JobResumed', 'Job resumed']
  const same = (suspended?.status === 'True') === wanted && suspended?.reason === reason
  if (same && suspended.message === message) return undefined
  const condition = { ...newCondition('Suspended', reason, message, clock.now()), status: wanted ? 'True' : 'False' }
  events.event(job, 'Normal', wanted ? 'Suspended' : 'Resumed', message!)
  return suspended ? conditions.map(each => (each === suspended ? condition : each)) : [...conditions, condition]
}
