// Runs pods until so many have succeeded.
//
// Comes in: Jobs and their pods. Goes out: pods created (each with a finalizer that holds it until it is counted), status,
// conditions. Counting is in three steps, each of which may be the last before a crash: the pods' uids are noted in the
// status, the finalizers are removed, the uids become numbers. `job-pods.ts` says what the pods are doing.

import { type Job, type JobCondition, type JobStatus, jobs } from '../../api/batch/v1/job.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { type ControllerContext, controller, controllerReference, watch } from '../../client/controller.ts'
import { UidTrackingExpectations } from '../../client/controller-expectations.ts'
import { keyOf } from '../../client/object-key.ts'
import { semanticEqual } from '../../machinery/deep-equal.ts'
import { labelSelectorFrom } from '../../machinery/labels.ts'
import { randomSuffix } from '../../machinery/random-suffix.ts'
import { hasStatusCause, isInvalid, isNotFound } from '../../machinery/status-error.ts'
import { formatTime, timeOf } from '../../machinery/time.ts'
import {
  byControllerOrOrphan,
  candidates,
  claimObjects,
  controllerKeyIn,
  controllerOrOrphanIndex,
  ownersToTell,
} from '../controller-ref.ts'
import { createPod, deletePod } from '../pod-control.ts'
import { slowStartBatch } from '../slow-start.ts'
import { formatIndexes } from './indexes.ts'
import {
  endOf,
  indexAnnotation,
  indexOf,
  isIndexed,
  isTracked,
  type JobPods,
  observePods,
  trackingFinalizer,
} from './job-pods.ts'

const firstBackoffMs = 10_000
const longestBackoffMs = 600_000
const maxPodsAtOnce = 500

interface State {
  readonly expectations: UidTrackingExpectations
  /** Failures in a row, and when the last one was: what new pods wait for. */
  readonly failures: Map<string, { count: number; last: number }>
  /** The uids of pods whose finalizer has been removed; the cache may still have it, and they must not count twice. */
  readonly released: Set<string>
}

type Context = ControllerContext<State>

export const jobController = controller<Job, State>({
  name: 'job-controller',
  reconciles: jobs,
  concurrency: 5,
  state: ({ clock }) => ({
    expectations: new UidTrackingExpectations({ clock }),
    failures: new Map(),
    released: new Set(),
  }),
  watches: [
    watch<Pod, State>(pods, {
      indexers: { [controllerOrOrphanIndex]: byControllerOrOrphan },
      handler: ({ lister, state: { expectations, released } }) => {
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
          added: come,
          updated: (before, after) => {
            if (before.metadata.uid !== after.metadata.uid) {
              gone(before)
              come(after)
            } else if (after.metadata.deletionTimestamp) gone(after)
          },
          deleted: pod => {
            released.delete(pod.metadata.uid ?? '')
            gone(pod)
          },
        }
      },
      keys: (change, { lister }) =>
        ownersToTell(change, jobs, lister(jobs), pod =>
          lister(jobs)
            .listNamespace(pod.metadata.namespace ?? '')
            .filter(({ spec }) => spec.selector && labelSelectorFrom(spec.selector).matches(pod.metadata.labels))
            .map(keyOf),
        ),
    }),
  ],
  reconcile,
})

export function finishedCondition({ status }: Job): JobCondition | undefined {
  return status.conditions?.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True')
}

async function reconcile(key: string, context: Context) {
  const { lister, client, clock, state } = context
  const job = lister(jobs).get(key)
  if (!job) {
    state.expectations.delete(key)
    state.failures.delete(key)
    return undefined
  }
  if (job.spec.managedBy !== undefined && job.spec.managedBy !== 'kubernetes.io/job-controller') return undefined
  const settled = state.expectations.satisfied(key)
  const owned = await claimObjects({
    client,
    owner: job,
    kind: jobs,
    selector: labelSelectorFrom(job.spec.selector),
    objects: candidates(lister(pods), job),
    resource: pods,
  })
  const tracked = (pod: Pod) => isTracked(pod) && !state.released.has(pod.metadata.uid ?? '')
  if (finishedCondition(job) || job.metadata.deletionTimestamp) {
    await releasePods(owned.filter(tracked), context)
    return undefined
  }
  const now = clock.now()
  const seen = observePods(job, owned, tracked)
  noteFailures(key, seen, now, state)
  const startTime = job.status.startTime ?? (job.spec.suspend ? undefined : formatTime(now))
  let conditions = job.status.conditions ?? []
  const outcome = interimOutcome(job) ?? outcomeOf(job, seen, startTime, now)
  let [active, terminating] = [seen.active.length, seen.terminating]
  let requeueAfterMs: number | undefined
  if (outcome || job.spec.suspend) {
    if (settled) {
      await deleteAll(key, job, seen.active, context)
      terminating += active
      active = 0
    }
  } else if (settled) {
    const change = await manage(key, job, seen, context)
    active += change.created - change.deleted
    terminating += change.deleted
    requeueAfterMs = change.waitMs
  }
  conditions = withSuspension(job, conditions, context)
  if (outcome && !conditions.some(({ type }) => type === outcome.type)) conditions = [...conditions, outcome]
  const counted: JobStatus = {
    ...job.status,
    active: active || undefined,
    ready: seen.ready,
    terminating,
    startTime: job.spec.suspend ? undefined : startTime,
    conditions: conditions.length > 0 ? conditions : undefined,
  }
  await count(job, owned, seen, counted, outcome, active === 0 && terminating === 0, context)
  const deadline = deadlineMs(job, startTime, now)
  const waits = [requeueAfterMs, deadline].filter(wait => wait !== undefined && wait > 0) as number[]
  return waits.length > 0 ? { requeueAfterMs: Math.min(...waits) } : undefined
}

/** Whether it has been decided already how the Job ends; it ends when its pods have. */
function interimOutcome({ status }: Job): JobCondition | undefined {
  return status.conditions?.find(
    ({ type, status }) => (type === 'SuccessCriteriaMet' || type === 'FailureTarget') && status === 'True',
  )
}

function outcomeOf(job: Job, seen: JobPods, startTime: string | undefined, now: number): JobCondition | undefined {
  const { backoffLimit = 6, completions } = job.spec
  const condition = (type: string, reason: string, message: string): JobCondition => {
    const at = formatTime(now)
    return { type, status: 'True', lastProbeTime: at, lastTransitionTime: at, reason, message }
  }
  if (seen.failedTotal > backoffLimit)
    return condition('FailureTarget', 'BackoffLimitExceeded', 'Job has reached the specified backoff limit')
  const left = deadlineMs(job, startTime, now)
  if (left !== undefined && left <= 0)
    return condition('FailureTarget', 'DeadlineExceeded', 'Job was active longer than specified deadline')
  // Without a number of completions one success is enough, once all pods have ended.
  const complete =
    completions === undefined ? seen.succeededTotal > 0 && seen.active.length === 0 : seen.succeededTotal >= completions
  if (complete && !job.spec.suspend)
    return condition('SuccessCriteriaMet', 'CompletionsReached', 'Reached expected number of succeeded pods')
  return undefined
}

function deadlineMs({ spec }: Job, startTime: string | undefined, now: number): number | undefined {
  const start = timeOf(startTime)
  if (spec.activeDeadlineSeconds === undefined || start === undefined || spec.suspend) return undefined
  return start + spec.activeDeadlineSeconds * 1000 - now
}

function noteFailures(key: string, { failed, succeeded }: JobPods, now: number, { failures }: State): void {
  if (succeeded.length > 0) failures.delete(key)
  if (failed.length === 0) return
  const last = Math.max(...failed.map(pod => endOf(pod) ?? now))
  failures.set(key, { count: (failures.get(key)?.count ?? 0) + failed.length, last })
}

/** Creates what is missing or deletes what is too much; `waitMs`: pods have failed, and new ones wait a little. */
async function manage(key: string, job: Job, seen: JobPods, context: Context) {
  const { parallelism = 1, completions, podReplacementPolicy } = job.spec
  const { expectations, failures } = context.state
  const active = seen.active.length
  const remaining =
    completions === undefined ? (seen.succeededTotal > 0 ? active : parallelism) : completions - seen.succeededTotal
  const wanted = Math.min(parallelism, Math.max(0, remaining))
  if (active > wanted) {
    const surplus = [...seen.active].sort((a, b) => Number(!!a.spec.nodeName) - Number(!!b.spec.nodeName))
    const deleted = await deleteAll(key, job, surplus.slice(0, active - wanted), context)
    return { created: 0, deleted, waitMs: undefined }
  }
  const missing = wanted - active - (podReplacementPolicy === 'Failed' ? seen.terminating : 0)
  if (missing <= 0) return { created: 0, deleted: 0, waitMs: undefined }
  const failure = failures.get(key)
  if (failure) {
    const backoff = Math.min(longestBackoffMs, firstBackoffMs * 2 ** (failure.count - 1))
    const waitMs = failure.last + backoff - context.clock.now()
    if (waitMs > 0) return { created: 0, deleted: 0, waitMs }
  }
  const indexes = isIndexed(job) ? freeIndexes(job, seen, missing) : undefined
  const many = Math.min(maxPodsAtOnce, indexes?.length ?? missing)
  expectations.expectCreations(key, many)
  const { succeeded, failure: cause } = await slowStartBatch(many, index => create(job, indexes?.[index], context))
  for (let index = succeeded; index < many; index++) expectations.creationObserved(key)
  if (cause !== undefined && !hasStatusCause(cause, 'NamespaceTerminating')) throw cause
  return { created: succeeded, deleted: 0, waitMs: undefined }
}

function freeIndexes(job: Job, { active, completedIndexes }: JobPods, count: number): number[] {
  const taken = new Set(active.map(indexOf))
  const free: number[] = []
  for (let index = 0; index < (job.spec.completions ?? 0) && free.length < count; index++)
    if (!taken.has(index) && !completedIndexes.has(index)) free.push(index)
  return free
}

function create(job: Job, index: number | undefined, context: Context): Promise<Pod> {
  const { template } = job.spec
  const reference = controllerReference(job, jobs)
  const finalizers = [...(template.metadata?.finalizers ?? []), trackingFinalizer]
  if (index === undefined) return createPod(context, job, reference, template, { finalizers })
  const name = job.metadata.name ?? ''
  const text = String(index)
  const spec = { ...template.spec!, hostname: template.spec?.hostname ?? `${name}-${index}` }
  const withIndex = (containers: typeof spec.containers) =>
    containers.map(container => ({
      ...container,
      env: [
        ...(container.env ?? []).filter(({ name }) => name !== 'JOB_COMPLETION_INDEX'),
        {
          name: 'JOB_COMPLETION_INDEX',
          valueFrom: { fieldRef: { fieldPath: `metadata.labels['${indexAnnotation}']` } },
        },
      ],
    }))
  const indexed = {
    ...template,
    spec: {
      ...spec,
      containers: withIndex(spec.containers),
      ...(spec.initContainers && { initContainers: withIndex(spec.initContainers) }),
    },
  } as typeof template
  return createPod(context, job, reference, indexed, {
    name: `${`${name}-${index}`.slice(0, 57)}-${randomSuffix(context.random)}`,
    labels: { ...template.metadata?.labels, [indexAnnotation]: text },
    annotations: { ...template.metadata?.annotations, [indexAnnotation]: text },
    finalizers,
  })
}

async function deleteAll(key: string, job: Job, doomed: readonly Pod[], context: Context): Promise<number> {
  if (doomed.length === 0) return 0
  const { expectations } = context.state
  expectations.expectDeletionsOf(
    key,
    doomed.map(({ metadata }) => metadata.uid ?? ''),
  )
  await Promise.all(
    doomed.map(async pod => {
      try {
        await deletePod(context, job, pod)
      } catch (error) {
        expectations.deletionOfObserved(key, pod.metadata.uid ?? '')
        if (!isNotFound(error)) throw error
      }
    }),
  )
  return doomed.length
}

function withSuspension(job: Job, conditions: readonly JobCondition[], { clock, events }: Context): JobCondition[] {
  const suspended = conditions.find(({ type }) => type === 'Suspended')
  const wanted = job.spec.suspend ?? false
  if (wanted === (suspended?.status === 'True')) return [...conditions]
  const at = formatTime(clock.now())
  const [reason, message] = wanted ? ['JobSuspended', 'Job suspended'] : ['JobResumed', 'Job resumed']
  const condition = {
    type: 'Suspended',
    status: wanted ? 'True' : 'False',
    lastProbeTime: at,
    lastTransitionTime: at,
    reason,
    message,
  }
  events.event(job, 'Normal', wanted ? 'Suspended' : 'Resumed', message)
  return [...conditions.filter(({ type }) => type !== 'Suspended'), condition]
}

/** The three steps of counting; with the last one, the end of the Job when all its pods have ended. */
async function count(
  job: Job,
  owned: readonly Pod[],
  { succeeded, failed, completedIndexes }: JobPods,
  status: JobStatus,
  outcome: JobCondition | undefined,
  quiet: boolean,
  context: Context,
): Promise<void> {
  const before = job.status.uncountedTerminatedPods
  const uidOf = ({ metadata }: Pod) => metadata.uid ?? ''
  const uncounted = {
    succeeded: [...(before?.succeeded ?? []), ...(isIndexed(job) ? [] : succeeded.map(uidOf))],
    failed: [...(before?.failed ?? []), ...failed.map(uidOf)],
  }
  let current = await write(
    job,
    {
      ...status,
      ...(isIndexed(job) && {
        completedIndexes: formatIndexes(completedIndexes) || undefined,
        succeeded: completedIndexes.size || undefined,
      }),
      uncountedTerminatedPods: uncounted,
    },
    context,
  )
  const listed = new Set([...uncounted.succeeded, ...uncounted.failed])
  const held = owned.filter(
    pod =>
      isTracked(pod) &&
      !context.state.released.has(uidOf(pod)) &&
      (listed.has(uidOf(pod)) || (isIndexed(job) && succeeded.includes(pod))),
  )
  await releasePods(held, context)
  const flushed: JobStatus = {
    ...current.status,
    succeeded: (current.status.succeeded ?? 0) + uncounted.succeeded.length || undefined,
    failed: (current.status.failed ?? 0) + uncounted.failed.length || undefined,
    uncountedTerminatedPods: {},
  }
  if (!outcome || !quiet) {
    await write(current, flushed, context)
    return
  }
  const at = formatTime(context.clock.now())
  const complete = outcome.type === 'SuccessCriteriaMet'
  const final = { ...outcome, type: complete ? 'Complete' : 'Failed', lastProbeTime: at, lastTransitionTime: at }
  current = await write(
    current,
    {
      ...flushed,
      ready: 0,
      terminating: 0,
      conditions: [...(flushed.conditions ?? []), final],
      ...(complete && { completionTime: at }),
    },
    context,
  )
  if (complete) context.events.event(current, 'Normal', 'Completed', 'Job completed')
  else context.events.event(current, 'Warning', outcome.reason ?? '', outcome.message ?? '')
}

async function write(job: Job, status: JobStatus, { client }: Context): Promise<Job> {
  if (semanticEqual(job.status, status)) return job
  return client.resource(jobs).updateStatus({ ...job, status })
}

async function releasePods(held: readonly Pod[], { client, state }: Context): Promise<void> {
  await Promise.all(
    held.map(async ({ metadata: { namespace, name = '', uid } }) => {
      try {
        await client
          .resource(pods)
          .namespace(namespace)
          .patch(name, 'application/strategic-merge-patch+json', {
            metadata: { uid, '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] },
          })
      } catch (error) {
        if (!isNotFound(error) && !isInvalid(error)) throw error
      }
      state.released.add(uid ?? '')
    }),
  )
}
