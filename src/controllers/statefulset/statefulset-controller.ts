// Keeps pods with names of their own, one after the other: each is created when those before it are ready, and goes before
// them.
//
// Comes in: StatefulSets, their pods and revisions. Goes out: pods and claims created, pods deleted, revisions, status.
// A pod's name follows from its ordinal, so a late cache cannot make two of one. `stateful-pod.ts` says what a pod is like.

import { type ControllerRevision, controllerRevisions } from '../../api/apps/v1/controllerrevision.ts'
import { type StatefulSet, type StatefulSetStatus, statefulSets } from '../../api/apps/v1/statefulset.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { type ControllerContext, controller, controllerReference, watch } from '../../client/controller.ts'
import { keyOf } from '../../client/object-key.ts'
import { semanticEqual } from '../../machinery/deep-equal.ts'
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
  hashOf,
  revisionHashLabel,
  syncHistory,
  templateOf as templateOfRevision,
  trimHistory,
} from '../history/controller-revisions.ts'
import { isPodAvailable, isPodReady, isPodTerminal, podAvailableAt } from '../pod-status.ts'
import { createClaims, ordinalOf, podName, templateOf } from './stateful-pod.ts'

export const statefulSetController = controller<StatefulSet>({
  name: 'statefulset-controller',
  reconciles: statefulSets,
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
  ],
  reconcile,
})

type Context = ControllerContext<any>

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
  const owned = lister(controllerRevisions).byIndex(controllerOrOrphanIndex, set.metadata.uid ?? '')
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
  const live = new Set([hashOf(current), ...claimed.map(({ metadata }) => metadata.labels?.[revisionHashLabel] ?? '')])
  await trimHistory(history, set.spec.revisionHistoryLimit ?? 10, live, context)
  const now = clock.now()
  const next = claimed
    .map(pod => podAvailableAt(pod, set.spec.minReadySeconds ?? 0))
    .filter(at => at !== undefined && at > now) as number[]
  return next.length > 0 ? { requeueAfterMs: Math.min(...next) - now } : undefined
}

/** Creates, then removes, then updates; in order, each waits for the one before. */
async function step(work: Work): Promise<void> {
  const { set, wanted, byOrdinal, context } = work
  const ordered = set.spec.podManagementPolicy !== 'Parallel'
  for (const ordinal of wanted) {
    const pod = byOrdinal.get(ordinal)
    if (!pod) await create(work, ordinal)
    else if (isPodTerminal(pod) && !pod.metadata.deletionTimestamp) {
      const { namespace, name } = set.metadata
      const message = `StatefulSet ${namespace}/${name} is recreating ${pod.status.phase === 'Failed' ? 'failed' : 'terminated'} Pod ${pod.metadata.name}`
      context.events.event(set, 'Warning', 'RecreatingFailedPod', message)
      await remove(work, pod)
    } else if (isHealthy(work, pod)) continue
    if (ordered) return
  }
  const condemned = [...byOrdinal].filter(([ordinal]) => !wanted.includes(ordinal)).sort(([a], [b]) => b - a)
  for (const [, pod] of condemned) {
    if (!pod.metadata.deletionTimestamp) await remove(work, pod)
    if (ordered) return
  }
  if (set.spec.updateStrategy.type === 'OnDelete') return
  const update = hashOf(work.history.update)
  const partition = set.spec.updateStrategy.rollingUpdate?.partition ?? 0
  for (const ordinal of [...wanted].slice(partition).reverse()) {
    const pod = byOrdinal.get(ordinal)
    if (!pod || pod.metadata.deletionTimestamp) return
    if (pod.metadata.labels?.[revisionHashLabel] !== update) return remove(work, pod)
    if (!isHealthy(work, pod)) return
  }
}

function isHealthy({ set, context }: Work, pod: Pod): boolean {
  return !pod.metadata.deletionTimestamp && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, context.clock.now())
}

async function create({ set, history, current, wanted, context }: Work, ordinal: number): Promise<void> {
  const { client, events } = context
  const { namespace, name: setName } = set.metadata
  const name = podName(set, ordinal)
  await createClaims(set, ordinal, context)
  const kept = set.spec.updateStrategy.rollingUpdate?.partition ?? set.status.currentReplicas ?? 0
  const revision = wanted.indexOf(ordinal) < kept ? current : history.update
  const template = templateOf(set, templateOfRevision(revision), hashOf(revision), ordinal)
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
    !pod.metadata.deletionTimestamp &&
    !isPodTerminal(pod) &&
    pod.metadata.labels?.[revisionHashLabel] === hashOf(revision)
  const ready = count(isPodReady)
  const updated = count(ofRevision(history.update))
  const complete = updated === wanted.length && all.length === wanted.length && ready === wanted.length
  const kept = complete || set.spec.updateStrategy.type === 'OnDelete' ? history.update : current
  return {
    ...set.status,
    observedGeneration: set.metadata.generation,
    replicas: all.length,
    readyReplicas: ready || undefined,
    availableReplicas: count(pod => isPodAvailable(pod, set.spec.minReadySeconds ?? 0, context.clock.now())),
    currentReplicas: count(ofRevision(kept)) || undefined,
    updatedReplicas: updated || undefined,
    currentRevision: kept.metadata.name,
    updateRevision: history.update.metadata.name,
    collisionCount: set.status.collisionCount ?? 0,
  }
}
