// Keeps pods with names of their own, one after the other: each is created when those before it are ready, and goes before
// them.
//
// Comes in: StatefulSets, their pods and revisions. Goes out: pods and claims created, pods deleted, revisions, status.
// A pod's name follows from its ordinal, so a late cache cannot make two of one. `stateful-pod.ts` says what a pod is like,
// `stateful-pod-control.ts` creates, mends and deletes it, `claims.ts` sees to what it stores.

import { type ControllerRevision, controllerRevisions } from '../../api/apps/v1/controllerrevision.ts'
import { type StatefulSet, type StatefulSetStatus, statefulSets } from '../../api/apps/v1/statefulset.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { type ControllerContext, controller, watch } from '../../client/controller.ts'
import { keyFor, keyOf } from '../../client/object-key.ts'
import { semanticEqual } from '../../machinery/deep-equal.ts'
import { labelSelectorFrom } from '../../machinery/labels.ts'
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
import { areOwned, hasStaleClaim, ownClaims } from './claims.ts'
import { isMember, ordinalOf, revisionOf, templateOf } from './stateful-pod.ts'
import { createMissingClaims, createStatefulPod, deleteStatefulPod, updateStatefulPod } from './stateful-pod-control.ts'

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
  if (!set) return undefined
  const selector = labelSelectorFrom(set.spec.selector)
  const owned = await ownRevisions(set, statefulSets, selector, context)
  const history = await syncHistory(set, statefulSets, owned, context)
  const current = history.all.find(({ metadata }) => metadata.name === set.status.currentRevision) ?? history.update
  const claimed = await claimObjects({
    client,
    owner: set,
    kind: statefulSets,
    selector,
    admits: pod => isMember(set, pod),
    objects: candidates(lister(pods), set),
    resource: pods,
  })
  const members = claimed.filter(pod => ordinalOf(set, pod) !== undefined)
  const start = set.spec.ordinals?.start ?? 0
  const work: Work = {
    set,
    history,
    current,
    wanted: Array.from({ length: set.spec.replicas ?? 1 }, (_, index) => start + index),
    byOrdinal: new Map(members.map(pod => [ordinalOf(set, pod)!, pod])),
    context,
  }
  const live = new Set([current.metadata.name, ...claimed.map(revisionOf)])
  try {
    await makeSo(work)
  } finally {
    await trimHistory(history, set.spec.revisionHistoryLimit ?? 10, ({ metadata }) => live.has(metadata.name), context)
  }
  const now = clock.now()
  const next = members
    .map(pod => podAvailableAt(pod, set.spec.minReadySeconds ?? 0))
    .filter(at => at !== undefined && at > now) as number[]
  return next.length > 0 ? { requeueAfterMs: Math.min(...next) - now } : undefined
}

/** Whatever comes of it is told in the status. */
async function makeSo(work: Work): Promise<void> {
  const { set, context } = work
  let replaced = 0
  let failure: { error: unknown } | undefined
  // Of a set that is going the garbage collector deletes the pods.
  if (!set.metadata.deletionTimestamp)
    try {
      replaced = await step(work)
    } catch (error) {
      failure = { error }
    }
  const status = statusOf(work, replaced)
  if (isNews(status, set.status)) {
    const write = context.client.resource(statefulSets).updateStatus({ ...set, status })
    await (failure ? write.catch(() => {}) : write)
  }
  if (failure) throw failure.error
}

/** Creates, then removes, then updates; in order, each waits for the one before. Answers how many went to be updated. */
async function step(work: Work): Promise<number> {
  const { set, wanted, byOrdinal, context } = work
  if (await forEach(work, wanted, ordinal => fill(work, ordinal))) return 0
  const condemned = [...byOrdinal].filter(([ordinal]) => !wanted.includes(ordinal)).sort(([a], [b]) => b - a)
  await forEach(work, condemned, async ([ordinal, pod]) => {
    const claimants = { set, pod, surplus: true }
    if (!areOwned(claimants, ordinal, context)) await ownClaims(claimants, ordinal, context)
    return false
  })
  const firstUnhealthy = condemned.findLast(([, pod]) => !isHealthy(work, pod))?.[1]
  if (await forEach(work, condemned, ([, pod]) => condemn(work, pod, firstUnhealthy))) return 0
  return set.spec.updateStrategy.type === 'OnDelete' ? 0 : rollOut(work)
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
    if (!pod.metadata.deletionTimestamp) await deleteStatefulPod(set, pod, context)
    return true
  }
  const claimants = { set, pod, surplus: false }
  if (pod.status.phase === 'Pending') await createMissingClaims(claimants, ordinal, context)
  if (isOrdered(work) && !isHealthy(work, pod)) return true
  await updateStatefulPod(claimants, ordinal, context)
  return false
}

/** Deletes a pod too many; not while another one too many is in trouble. */
async function condemn(work: Work, pod: Pod, firstUnhealthy: Pod | undefined): Promise<boolean> {
  if (pod.metadata.deletionTimestamp) return true
  if (isOrdered(work) && !isHealthy(work, pod) && pod !== firstUnhealthy) return true
  await deleteStatefulPod(work.set, pod, work.context)
  return true
}

/** RollingUpdate: of the pods of the old template the last goes, when none above it is in trouble. Answers how many went. */
async function rollOut(work: Work): Promise<number> {
  const { set, wanted, byOrdinal, history, context } = work
  const { partition = 0 } = set.spec.updateStrategy.rollingUpdate ?? {}
  for (const ordinal of wanted.slice(partition).reverse()) {
    const pod = byOrdinal.get(ordinal)
    if (pod && !pod.metadata.deletionTimestamp && revisionOf(pod) !== history.update.metadata.name) {
      await deleteStatefulPod(set, pod, context)
      return 1
    }
    if (!pod || !isHealthy(work, pod)) return 0
  }
  return 0
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

function create({ set, history, current, wanted, context }: Work, ordinal: number): Promise<void> {
  const { type, rollingUpdate } = set.spec.updateStrategy
  const kept = type === 'OnDelete' ? 0 : (rollingUpdate?.partition ?? set.status.currentReplicas ?? 0)
  const revision = wanted.indexOf(ordinal) < kept ? current : history.update
  const template = templateOf(set, templateOfRevision(revision), revision.metadata.name!, ordinal)
  return createStatefulPod(set, ordinal, template, context)
}

/** `replaced`: so many pods of the current revision have just gone. */
function statusOf({ set, history, current, byOrdinal, wanted, context }: Work, replaced: number): StatefulSetStatus {
  const all = [...byOrdinal.values()]
  const count = (test: (pod: Pod) => boolean) => all.filter(test).length
  const ofRevision = (revision: ControllerRevision) => (pod: Pod) =>
    !pod.metadata.deletionTimestamp && revisionOf(pod) === revision.metadata.name
  const ready = count(pod => isRunning(pod) && isPodReady(pod))
  const updated = count(ofRevision(history.update))
  const complete = updated === wanted.length && all.length === wanted.length && ready === wanted.length
  const kept = complete && set.spec.updateStrategy.type !== 'OnDelete' ? history.update : current
  return {
    observedGeneration: set.metadata.generation,
    replicas: all.length,
    readyReplicas: ready || undefined,
    availableReplicas: count(
      pod => isRunning(pod) && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, context.clock.now()),
    ),
    currentReplicas: Math.max(0, count(ofRevision(kept)) - replaced) || undefined,
    updatedReplicas: updated || undefined,
    currentRevision: kept.metadata.name,
    updateRevision: history.update.metadata.name,
    collisionCount: history.collisionCount,
  }
}

/** Whether it says anything else, but for what others have written there. */
function isNews(status: StatefulSetStatus, before: StatefulSetStatus): boolean {
  const told = ({ collisionCount, conditions, ...counts }: StatefulSetStatus) => counts
  return !semanticEqual(told(status), told(before))
}
