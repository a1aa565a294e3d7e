// Keeps pods with names of their own, one after the other: each is created when those before it are ready, and goes before
// them.
//
// Comes in: StatefulSets, their pods and revisions. Goes out: pods and claims created, pods deleted, revisions, status.
// A pod's name follows from its ordinal, so a late cache cannot make two of one. `stateful-pod.ts` says what a pod is like.

import { type ControllerRevision, controllerRevisions } from '../../api/apps/v1/controllerrevision.ts'
import { type StatefulSet, type StatefulSetStatus, statefulSets } from '../../api/apps/v1/statefulset.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { type ControllerContext, controller, controllerReference, watch } from '../../client/controller.ts'
import { keyFor, keyOf } from '../../client/object-key.ts'
import { semanticEqual } from '../../machinery/deep-equal.ts'
import { scaledValueFromPercent } from '../../machinery/int-or-string.ts'
import { labelSelectorFrom } from '../../machinery/labels.ts'
import { isAlreadyExists, isNotFound } from '../../machinery/status-error.ts'
import {
  byControllerOrOrphan,
  candidates,
  claimObjects,
  controllerOrOrphanIndex,
  ownersToTell,
} from '../controller-ref.ts'
import {
  type History,
  syncHistory,
  templateOf as templateOfRevision,
  trimHistory,
} from '../history/controller-revisions.ts'
import { ownRevisions } from '../history/own-revisions.ts'
import { isPodAvailable, isPodReady, isPodTerminal, podAvailableAt } from '../pod-status.ts'
import { slowStartBatch } from '../slow-start.ts'
import { createClaims, hasStaleClaim, ownClaims } from './claims.ts'
import { ordinalOf, podName, revisionOf, templateOf } from './stateful-pod.ts'

export const statefulSetController = controller<StatefulSet>({
  name: 'statefulset-controller',
  reconciles: statefulSets,
  awaitsOwnWrites: true,
  concurrency: 5,
  watches: [
    watch<Pod>(pods, {
      indexers: { [controllerOrOrphanIndex]: byControllerOrOrphan },
      keys: (change, { lister }) =>
        ownersToTell(change, statefulSets, lister(statefulSets), pod =>
          lister(statefulSets)
            .listNamespace(pod.metadata.namespace ?? '')
            .filter(({ spec }) => labelSelectorFrom(spec.selector).matches(pod.metadata.labels))
            .map(keyOf),
        ),
    }),
    watch<ControllerRevision>(controllerRevisions, {
      indexers: { [controllerOrOrphanIndex]: byControllerOrOrphan },
    }),
    watch(persistentVolumeClaims, { keys: staleClaimGone }),
  ],
  reconcile,
})

type Context = ControllerContext<any>

/** A pod may be waiting for a claim of the last one to go. */
function staleClaimGone(
  { before, after }: { before?: PersistentVolumeClaim; after?: PersistentVolumeClaim },
  { lister }: Context,
) {
  const owner = after ? undefined : before?.metadata.ownerReferences?.find(({ kind }) => kind === 'Pod')
  const set = owner?.name.slice(0, owner.name.lastIndexOf('-'))
  const key = set && keyFor(before?.metadata.namespace, set)
  return key && lister(statefulSets).get(key) ? [key] : []
}

/** What one reconcile works on. */
interface Work {
  readonly set: StatefulSet
  readonly history: History
  /** The revision that pods below the partition keep. */
  readonly current: ControllerRevision
  readonly wanted: readonly number[]
  readonly byOrdinal: ReadonlyMap<number, Pod>
  readonly context: Context
}

async function reconcile(key: string, context: Context) {
  const { lister, client, clock } = context
  const set = lister(statefulSets).get(key)
  if (!set || set.metadata.deletionTimestamp) return undefined
  const selector = labelSelectorFrom(set.spec.selector)
  const owned = await ownRevisions(set, statefulSets, selector, context)
  const history = await syncHistory(set, statefulSets, owned, context)
  const current = history.all.find(({ metadata }) => metadata.name === set.status.currentRevision) ?? history.update
  const claimed = await claimObjects({
    client,
    owner: set,
    kind: statefulSets,
    selector,
    objects: candidates(lister(pods), set).filter(pod => ordinalOf(set, pod) !== undefined),
    resource: pods,
  })
  const start = set.spec.ordinals?.start ?? 0
  const work: Work = {
    set,
    history,
    current,
    wanted: Array.from({ length: set.spec.replicas ?? 1 }, (_, index) => start + index),
    byOrdinal: new Map(claimed.map(pod => [ordinalOf(set, pod)!, pod])),
    context,
  }
  const failure = await step(work).then(
    () => undefined,
    error => ({ error }),
  )
  const status = statusOf(work)
  if (!semanticEqual(status, set.status)) await client.resource(statefulSets).updateStatus({ ...set, status })
  if (failure) throw failure.error
  const live = new Set([current.metadata.name, ...claimed.map(revisionOf)])
  await trimHistory(history, set.spec.revisionHistoryLimit ?? 10, ({ metadata }) => live.has(metadata.name), context)
  const now = clock.now()
  const next = claimed
    .map(pod => podAvailableAt(pod, set.spec.minReadySeconds ?? 0))
    .filter(at => at !== undefined && at > now) as number[]
  return next.length > 0 ? { requeueAfterMs: Math.min(...next) - now } : undefined
}

/** Creates, then removes, then updates; in order, each waits for the one before. */
async function step(work: Work): Promise<void> {
  const { set, wanted, byOrdinal, context } = work
  if (await forEach(work, wanted, ordinal => fill(work, ordinal))) return
  const condemned = [...byOrdinal].filter(([ordinal]) => !wanted.includes(ordinal)).sort(([a], [b]) => b - a)
  for (const [ordinal, pod] of condemned) await ownClaims(set, ordinal, pod, true, context)
  const firstUnhealthy = condemned.findLast(([, pod]) => !isHealthy(work, pod))?.[1]
  if (await forEach(work, condemned, ([, pod]) => condemn(work, pod, firstUnhealthy))) return
  if (set.spec.updateStrategy.type !== 'OnDelete') await rollOut(work)
}

function isOrdered({ set }: Work): boolean {
  return set.spec.podManagementPolicy !== 'Parallel'
}

/** One after the other until one says that the rest must wait; answers whether it did. In parallel none does. */
async function forEach<T>(work: Work, items: readonly T[], act: (item: T) => Promise<boolean>): Promise<boolean> {
  if (isOrdered(work)) {
    for (const item of items) if (await act(item)) return true
    return false
  }
  const { failure } = await slowStartBatch(items.length, index => act(items[index]!))
  if (failure !== undefined) throw failure
  return false
}

/** Sees to it that the ordinal has its pod. Answers whether it has not, yet. */
async function fill(work: Work, ordinal: number): Promise<boolean> {
  const { set, byOrdinal, context } = work
  const pod = byOrdinal.get(ordinal)
  if (!pod) {
    if (!hasStaleClaim(set, ordinal, context)) await create(work, ordinal)
    return true
  }
  if (isPodTerminal(pod)) {
    if (!pod.metadata.deletionTimestamp) await remove(work, pod)
    return true
  }
  if (pod.status.phase === 'Pending') await createClaims(set, ordinal, context)
  if (isOrdered(work) && !isHealthy(work, pod)) return true
  await ownClaims(set, ordinal, pod, false, context)
  return false
}

/** Deletes a pod too many; not while another one too many is in trouble. */
async function condemn(work: Work, pod: Pod, firstUnhealthy: Pod | undefined): Promise<boolean> {
  if (pod.metadata.deletionTimestamp) return true
  if (isOrdered(work) && !isHealthy(work, pod) && pod !== firstUnhealthy) return true
  await remove(work, pod)
  return true
}

/** RollingUpdate: pods of the old template go, the last first, as many as may be unavailable at once. */
async function rollOut(work: Work): Promise<void> {
  const { set, wanted, byOrdinal, history } = work
  const { partition = 0, maxUnavailable = 1 } = set.spec.updateStrategy.rollingUpdate ?? {}
  const replicas = wanted.map(ordinal => byOrdinal.get(ordinal))
  const unavailable = replicas.filter(pod => !pod || !isHealthy(work, pod)).length
  let room = Math.max(1, scaledValueFromPercent(maxUnavailable, wanted.length, true)) - unavailable
  const outdated = replicas
    .slice(partition)
    .reverse()
    .filter((pod): pod is Pod => !!pod && !pod.metadata.deletionTimestamp)
    .filter(pod => revisionOf(pod) !== history.update.metadata.name)
  // In parallel those that are unavailable anyway go first: they cost nothing.
  if (!isOrdered(work)) for (const pod of outdated) if (!isHealthy(work, pod)) await remove(work, pod)
  for (const pod of outdated) {
    if (room <= 0) return
    if (!isOrdered(work) && !isHealthy(work, pod)) continue
    await remove(work, pod)
    room--
  }
}

function isHealthy({ set, context }: Work, pod: Pod): boolean {
  return (
    isRunning(pod) &&
    !pod.metadata.deletionTimestamp &&
    isPodAvailable(pod, set.spec.minReadySeconds ?? 0, context.clock.now())
  )
}

function isRunning({ status }: Pod): boolean {
  return status.phase === 'Running'
}

async function create({ set, history, current, wanted, context }: Work, ordinal: number): Promise<void> {
  const { client, events } = context
  const { namespace, name: setName } = set.metadata
  const name = podName(set, ordinal)
  await createClaims(set, ordinal, context)
  const { type, rollingUpdate } = set.spec.updateStrategy
  const kept = type === 'OnDelete' ? 0 : (rollingUpdate?.partition ?? set.status.currentReplicas ?? 0)
  const revision = wanted.indexOf(ordinal) < kept ? current : history.update
  const template = templateOf(set, templateOfRevision(revision), revision.metadata.name!, ordinal)
  try {
    await client
      .resource(pods)
      .namespace(namespace)
      .create({
        metadata: { ...template.metadata, name, namespace, ownerReferences: [controllerReference(set, statefulSets)] },
        spec: template.spec,
      })
  } catch (error) {
    // The cache is late, or somebody else has the name: the pod itself will tell.
    if (isAlreadyExists(error) && !(await isForeign(set, name, context))) return
    const message = `create Pod ${name} in StatefulSet ${setName} failed error: ${(error as Error).message}`
    events.event(set, 'Warning', 'FailedCreate', message)
    throw error
  }
  events.event(set, 'Normal', 'SuccessfulCreate', `create Pod ${name} in StatefulSet ${setName} successful`)
}

async function isForeign({ metadata }: StatefulSet, name: string, { client }: Context): Promise<boolean> {
  const pod = await client.resource(pods).namespace(metadata.namespace).get(name)
  return !pod.metadata.ownerReferences?.some(({ uid, controller }) => controller && uid === metadata.uid)
}

async function remove({ set, context }: Work, pod: Pod): Promise<void> {
  const { namespace, name = '', uid } = pod.metadata
  try {
    await context.client.resource(pods).namespace(namespace).delete(name, { preconditions: { uid } })
  } catch (error) {
    if (isNotFound(error)) return
    const message = `delete Pod ${name} in StatefulSet ${set.metadata.name} failed error: ${(error as Error).message}`
    context.events.event(set, 'Warning', 'FailedDelete', message)
    throw error
  }
  const message = `delete Pod ${name} in StatefulSet ${set.metadata.name} successful`
  context.events.event(set, 'Normal', 'SuccessfulDelete', message)
}

function statusOf({ set, history, current, byOrdinal, wanted, context }: Work): StatefulSetStatus {
  const all = [...byOrdinal.values()]
  const count = (test: (pod: Pod) => boolean) => all.filter(test).length
  const ofRevision = (revision: ControllerRevision) => (pod: Pod) =>
    !pod.metadata.deletionTimestamp && !isPodTerminal(pod) && revisionOf(pod) === revision.metadata.name
  const ready = count(pod => isRunning(pod) && isPodReady(pod))
  const updated = count(ofRevision(history.update))
  const complete = updated === wanted.length && all.length === wanted.length && ready === wanted.length
  const kept = complete && set.spec.updateStrategy.type !== 'OnDelete' ? history.update : current
  return {
    ...set.status,
    observedGeneration: set.metadata.generation,
    replicas: all.length,
    readyReplicas: ready || undefined,
    availableReplicas: count(
      pod => isRunning(pod) && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, context.clock.now()),
    ),
    currentReplicas: count(ofRevision(kept)) || undefined,
    updatedReplicas: updated || undefined,
    currentRevision: kept.metadata.name,
    updateRevision: history.update.metadata.name,
    collisionCount: history.collisionCount,
  }
}
