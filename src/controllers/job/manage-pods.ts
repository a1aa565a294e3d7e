// Creates the pods that a Job misses, and deletes those that it has too many of.

import { type Job, jobs } from '../../api/batch/v1/job.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { type ControllerContext, controllerOf, controllerReference } from '../../client/controller.ts'
import type { UidTrackingExpectations } from '../../client/controller-expectations.ts'
import { labelSelectorFrom } from '../../machinery/labels.ts'
import { hasStatusCause, isNotFound } from '../../machinery/status-error.ts'
import { createPod, deletePod } from '../pod-control.ts'
import { isPodReady } from '../pod-status.ts'
import { firstToGo } from '../replicaset/ranking.ts'
import { slowStartBatch } from '../slow-start.ts'
import { backoffLeftMs, type Failures } from './backoff.ts'
import { failureAnnotations, failuresOfIndex } from './index-failures.ts'
import {
  hasLimitPerIndex,
  hasValidIndex,
  indexAnnotation,
  indexOf,
  isIndexed,
  isManagedElsewhere,
  isTracked,
  type JobPods,
  replacesOnlyFailed,
  trackingFinalizer,
} from './job-pods.ts'
import type { JobMetrics, SyncAction } from './metrics.ts'
import { finishedCondition } from './outcome.ts'
import { release } from './tracking.ts'

const maxPodsAtOnce = 500
const maxGenerateName = 58
const indexVariable = 'JOB_COMPLETION_INDEX'

export interface State {
  readonly expectations: UidTrackingExpectations
  readonly failures: Map<string, Failures>
  /** The uids of pods whose finalizer has been removed; the cache may still have it, and they must not count twice. */
  readonly released: Set<string>
  readonly metrics: JobMetrics
}

type Context = ControllerContext<State>

export interface Change {
  /** What was tried, whether it came to anything or not. */
  readonly action: SyncAction
  readonly created: number
  readonly deleted: number
  readonly deletedReady: number
  /** Pods have failed, and new ones wait so long. */
  readonly waitMs?: number
  readonly failure?: { readonly error: unknown }
}

export const noChange: Change = { action: 'tracking', created: 0, deleted: 0, deletedReady: 0 }
const creating: Change = { ...noChange, action: 'pods_created' }

export async function managePods(
  key: string,
  job: Job,
  seen: JobPods,
  failures: Failures | undefined,
  context: Context,
): Promise<Change> {
  const now = context.clock.now()
  const active = seen.active.length
  const wanted = wantedPods(job, seen)
  const surplus = surplusPods(job, seen, Math.max(0, active - wanted)).slice(0, maxPodsAtOnce)
  // Either deletes or creates.
  if (surplus.length > 0 || job.spec.suspend) return deleteActive(key, job, surplus, true, context)
  const missing = wanted - active - (replacesOnlyFailed(job) ? seen.terminating.length : 0)
  if (missing <= 0) return noChange
  const waitMs = hasLimitPerIndex(job) ? 0 : backoffLeftMs(failures, now)
  if (waitMs > 0) return { ...creating, waitMs }
  if (!isIndexed(job)) return createAll(key, job, Math.min(missing, maxPodsAtOnce), undefined, seen, context)
  const free = freeIndexes(job, seen, Math.min(missing, maxPodsAtOnce))
  const waits = new Map(free.map(index => [index, backoffLeftMs(failuresOfIndex(seen.held.get(index)), now)]))
  const due = free.filter(index => waits.get(index) === 0)
  if (due.length === 0 && free.length > 0) return { ...creating, waitMs: Math.min(...waits.values()) }
  const change = await createAll(key, job, due.length, due, seen, context)
  return due.length < free.length
    ? { ...change, waitMs: Math.min(...[...waits.values()].filter(ms => ms > 0)) }
    : change
}

function wantedPods({ spec }: Job, { succeededTotal, active }: JobPods): number {
  const { parallelism = 1, completions, suspend } = spec
  if (suspend) return 0
  if (completions === undefined) return succeededTotal > 0 ? active.length : parallelism
  return Math.max(0, Math.min(parallelism, completions - succeededTotal))
}

/** At least so many; of an Indexed Job all whose index is none, or another's too. */
function surplusPods(job: Job, { active }: JobPods, atLeast: number): readonly Pod[] {
  if (!isIndexed(job)) return firstToGo(active, atLeast)
  const byIndex = new Map<number, Pod[]>()
  const [without, beyond]: [Pod[], Pod[]] = [[], []]
  for (const pod of active) {
    const index = indexOf(pod)
    if (index === undefined) without.push(pod)
    else if (!hasValidIndex(pod, job)) beyond.push(pod)
    else byIndex.set(index, [...(byIndex.get(index) ?? []), pod])
  }
  const doubles = [...byIndex].sort(([a], [b]) => a - b).flatMap(([, same]) => firstToGo(same, same.length - 1))
  const surplus = [...without, ...doubles, ...beyond.sort((a, b) => indexOf(a)! - indexOf(b)!)]
  const chosen = new Set(surplus)
  const left = active.filter(pod => !chosen.has(pod))
  return [...surplus, ...firstToGo(left, Math.max(0, atLeast - surplus.length))]
}

function freeIndexes(job: Job, seen: JobPods, count: number): number[] {
  const taken = new Set(seen.active.map(indexOf))
  if (replacesOnlyFailed(job)) for (const pod of seen.terminating) taken.add(indexOf(pod))
  const free: number[] = []
  for (let index = 0; index < (job.spec.completions ?? 0) && free.length < count; index++)
    if (!taken.has(index) && !seen.completedIndexes.has(index) && !seen.failedIndexes?.has(index)) free.push(index)
  return free
}

async function createAll(
  key: string,
  job: Job,
  count: number,
  indexes: readonly number[] | undefined,
  seen: JobPods,
  context: Context,
): Promise<Change> {
  const { expectations, metrics } = context.state
  expectations.expectCreations(key, count)
  const { succeeded, failed, failure } = await slowStartBatch(count, each =>
    create(job, indexes?.[each], seen, context),
  )
  for (let index = succeeded; index < count; index++) expectations.creationObserved(key)
  metrics.created(creationReason(job, seen), succeeded, failed)
  const told = failure !== undefined && !hasStatusCause(failure, 'NamespaceTerminating')
  return { ...creating, created: succeeded, ...(told && { failure: { error: failure } }) }
}

/** Whether the pods take others' places. */
function creationReason({ spec }: Job, { failedTotal, terminating }: JobPods) {
  if (failedTotal === 0 && terminating.length === 0) return 'new'
  return spec.podReplacementPolicy === 'Failed' && failedTotal > 0
    ? 'recreate_failed'
    : 'recreate_terminating_or_failed'
}

function create(job: Job, index: number | undefined, seen: JobPods, context: Context): Promise<Pod> {
  const { template } = job.spec
  const reference = controllerReference(job, jobs)
  const finalizers = [...new Set([...(template.metadata?.finalizers ?? []), trackingFinalizer])]
  if (index === undefined) return createPod(context, job, reference, template, { finalizers })
  const name = job.metadata.name ?? ''
  const suffix = `-${index}-`
  const spec = template.spec!
  const indexed = {
    ...template,
    spec: {
      ...spec,
      hostname: `${name}-${index}`,
      containers: spec.containers.map(withIndexVariable),
      ...(spec.initContainers && { initContainers: spec.initContainers.map(withIndexVariable) }),
    },
  }
  return createPod(context, job, reference, indexed, {
    generateName: name.slice(0, maxGenerateName - suffix.length) + suffix,
    labels: { ...template.metadata?.labels, [indexAnnotation]: String(index) },
    annotations: {
      ...template.metadata?.annotations,
      [indexAnnotation]: String(index),
      ...(hasLimitPerIndex(job) && failureAnnotations(job, seen.held.get(index))),
    },
    finalizers,
  })
}

function withIndexVariable<C extends NonNullable<Pod['spec']['containers']>[number]>(container: C): C {
  const env = container.env ?? []
  if (env.some(({ name }) => name === indexVariable)) return container
  const fieldPath = `metadata.labels['${indexAnnotation}']`
  return { ...container, env: [...env, { name: indexVariable, valueFrom: { fieldRef: { fieldPath } } }] }
}

/** `uncounted`: they have not failed, they were only too many; without finalizer they are not counted. */
export async function deleteActive(
  key: string,
  job: Job,
  doomed: readonly Pod[],
  uncounted: boolean,
  context: Context,
): Promise<Change> {
  if (doomed.length === 0) return { ...noChange, action: 'pods_deleted' }
  const { expectations, released } = context.state
  const uids = doomed.map(({ metadata }) => metadata.uid ?? '')
  expectations.expectDeletionsOf(key, uids)
  let failure: { error: unknown } | undefined
  let [deleted, deletedReady] = [0, 0]
  await Promise.all(
    doomed.map(async pod => {
      try {
        if (uncounted && isTracked(pod)) {
          const { failure: refused } = await release([pod], context, released)
          if (refused) throw refused.error
        }
        await deletePod(context, job, pod)
      } catch (error) {
        expectations.deletionOfObserved(key, pod.metadata.uid ?? '')
        if (!isNotFound(error)) {
          failure ??= { error }
          return
        }
      }
      deleted++
      if (isPodReady(pod)) deletedReady++
    }),
  )
  return { ...noChange, action: 'pods_deleted', deleted, deletedReady, failure }
}

/** Pods that nobody will count any more: those of Jobs that are gone. What the Job is about to adopt stays held. */
export async function releaseStrays(key: string, context: Context): Promise<void> {
  const { lister, state } = context
  const job = lister(jobs).get(key)
  const strays = lister(pods)
    .byIndex(trackedByJobIndex, key)
    // With no Job there is none whose they are, and none that they name may be left.
    .filter(pod => !job || (controllerOf(pod)?.uid !== job.metadata.uid && !isAboutToAdopt(job, pod)))
    .filter(({ metadata }) => !state.released.has(metadata.uid ?? ''))
  const { failure } = await release(strays, context, state.released)
  if (failure) throw failure.error
}

function isAboutToAdopt(job: Job, pod: Pod): boolean {
  if (controllerOf(pod) || pod.metadata.deletionTimestamp || job.metadata.deletionTimestamp) return false
  if (finishedCondition(job) || isManagedElsewhere(job)) return false
  return labelSelectorFrom(job.spec.selector).matches(pod.metadata.labels)
}

/** Pods that have the finalizer, by the key of the Job that they name as their controller. */
export const trackedByJobIndex = 'trackedByJob'
