// Keeps as many pods of a template as a ReplicaSet asks for; ReplicationControllers, its older kind, work the same way.
//
// Comes in: the objects and their pods. Goes out: pods created and deleted, orphans adopted, strangers released, status.
// `ranking.ts` chooses who goes when there are too many, `status.ts` counts.

import { type ReplicaSet, type ReplicaSetStatus, replicaSets } from '../../api/apps/v1/replicaset.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { type ReplicationController, replicationControllers } from '../../api/core/v1/replicationcontroller.ts'
import type { ResourceDeclaration } from '../../api/resource.ts'
import {
  type Controller,
  type ControllerContext,
  controller,
  controllerOf,
  controllerReference,
  watch,
} from '../../client/controller.ts'
import { forgetting, UidTrackingExpectations } from '../../client/controller-expectations.ts'
import { keyOf } from '../../client/object-key.ts'
import { semanticEqual } from '../../machinery/deep-equal.ts'
import { labelSelectorFrom, type Selector, selectorFromSet } from '../../machinery/labels.ts'
import type { Histogram } from '../../machinery/metrics/metrics.ts'
import { hasStatusCause, isConflict, isNotFound } from '../../machinery/status-error.ts'
import {
  byControllerOrOrphan,
  candidates,
  claimObjects,
  controllerKeyIn,
  controllerOrOrphanIndex,
  ownersToTell,
} from '../controller-ref.ts'
import { createPod, deletePod } from '../pod-control.ts'
import { isPodActive, isPodTerminating } from '../pod-status.ts'
import { slowStartBatch } from '../slow-start.ts'
import { deletionAgeRatio, observeAges } from './metrics.ts'
import { podsToDelete } from './ranking.ts'
import { type ManageFailure, nextAvailabilityMs, statusOf } from './status.ts'

/** What both kinds look like from here. */
export type Replicated = ReplicaSet | ReplicationController

interface Kind<T extends Replicated> {
  readonly name: string
  readonly resource: ResourceDeclaration<T>
  selectorOf(object: T): Selector
  /** Whether the status counts the pods on their way out. */
  readonly reportsTerminating: boolean
  readonly awaitsOwnWrites: boolean
  readonly staleSyncSkips?: { readonly name: string; readonly help: string }
}

/** At most so many pods are created or deleted in one go. */
const burstReplicas = 500
const statusRetries = 1

interface State {
  readonly expectations: UidTrackingExpectations
  readonly ageRatio: Histogram
}

type Context = ControllerContext<State>

export const replicaSetController = replicatedController<ReplicaSet>({
  name: 'replicaset-controller',
  resource: replicaSets,
  selectorOf: ({ spec }) => labelSelectorFrom(spec.selector),
  reportsTerminating: true,
  awaitsOwnWrites: true,
  staleSyncSkips: {
    name: 'replicaset_controller_stale_sync_skips_total',
    help: 'Total number of ReplicaSet syncs skipped due to a stale watch cache.',
  },
})

export const replicationControllerController = replicatedController<ReplicationController>({
  name: 'replicationcontroller-controller',
  resource: replicationControllers,
  selectorOf: ({ spec }) => selectorFromSet(spec.selector),
  reportsTerminating: false,
  awaitsOwnWrites: false,
})

function replicatedController<T extends Replicated>(kind: Kind<T>): Controller {
  const { name, resource } = kind
  return controller<T, State>({
    name,
    reconciles: resource,
    awaitsOwnWrites: kind.awaitsOwnWrites,
    staleSyncSkips: kind.staleSyncSkips,
    concurrency: 5,
    indexers: { namespaceAndController: object => siblingValues(object) },
    watches: [
      watch<T, State>(resource, { handler: ({ state }) => forgetting(state.expectations) }),
      watch<Pod, State>(pods, {
        indexers: { [controllerOrOrphanIndex]: byControllerOrOrphan },
        handler: ({ lister, state: { expectations } }) => {
          const gone = (pod: Pod) => {
            const key = controllerKeyIn(pod, resource, lister(resource))
            if (key !== undefined) expectations.deletionOfObserved(key, podKey(pod))
          }
          const come = (pod: Pod) => {
            if (pod.metadata.deletionTimestamp) return gone(pod)
            const key = controllerKeyIn(pod, resource, lister(resource))
            if (key !== undefined) expectations.creationObserved(key)
          }
          return {
            added: come,
            updated: (before, after) => {
              if (before.metadata.uid !== after.metadata.uid) {
                gone(before)
                come(after)
              } else if (after.metadata.deletionTimestamp) gone(after)
            },
            deleted: gone,
          }
        },
        keys: (change, { lister }) =>
          ownersToTell(change, resource, lister(resource), pod => matching(kind, lister(resource), pod)),
      }),
    ],
    state: ({ clock, metrics }) => ({
      expectations: new UidTrackingExpectations({ clock }),
      ageRatio: deletionAgeRatio(metrics),
    }),
    reconcile: (key, context) => reconcile(kind, key, context),
  })
}

function* matching<T extends Replicated>(
  kind: Kind<T>,
  lister: { listNamespace(namespace: string): readonly T[] },
  pod: Pod,
): Generator<string> {
  for (const object of lister.listNamespace(pod.metadata.namespace ?? '')) {
    const selector = selectorOrNothing(kind, object)
    if (selector && !selector.empty && selector.matches(pod.metadata.labels)) yield keyOf(object)
  }
}

function selectorOrNothing<T extends Replicated>(kind: Kind<T>, object: T): Selector | undefined {
  try {
    return kind.selectorOf(object)
  } catch {
    return undefined
  }
}

/** The same name may come back as another pod: its uid tells them apart. */
const podKey = (pod: Pod) => `${keyOf(pod)}/${pod.metadata.uid}`

async function reconcile<T extends Replicated>(kind: Kind<T>, key: string, context: Context) {
  const { lister, client, clock, log, state } = context
  const object = lister(kind.resource).get(key)
  if (!object) return state.expectations.delete(key) as undefined
  const selector = selectorOrNothing(kind, object)
  if (!selector) {
    log.error('The selector is invalid: nothing is done about it', { key })
    return
  }
  const settled = state.expectations.satisfied(key)
  const mine = candidates(lister(pods), object)
  const active = await claimObjects({
    client,
    owner: object as Replicated,
    kind: kind.resource as ResourceDeclaration<Replicated>,
    selector,
    objects: mine.filter(isPodActive),
    resource: pods,
  })
  const terminating = kind.reportsTerminating
    ? mine.filter(pod => isPodTerminating(pod) && isOf(object, pod) && selector.matches(pod.metadata.labels))
    : undefined

  let failure: ManageFailure | undefined
  let cause: unknown
  if (settled && !object.metadata.deletionTimestamp) {
    const managed = await manageReplicas(kind, key, object, active, context)
    failure = managed?.failure
    cause = managed?.cause
  }
  const now = clock.now()
  await updateStatus(kind, object, statusOf(object, { active, terminating, failure, now }), context)
  if (cause !== undefined) throw cause
  const waits = [nextAvailabilityMs(active, object.spec.minReadySeconds ?? 0, now), state.expectations.waitMs(key)]
  const requeueAfterMs = Math.min(...waits.filter(wait => wait !== undefined))
  return Number.isFinite(requeueAfterMs) ? { requeueAfterMs } : undefined
}

async function manageReplicas<T extends Replicated>(
  kind: Kind<T>,
  key: string,
  object: T,
  active: readonly Pod[],
  context: Context,
): Promise<{ failure: ManageFailure; cause: unknown } | undefined> {
  const { replicas, template } = object.spec
  if (replicas === undefined || !template) return undefined
  // It has gone meanwhile: what is expected for the key is the next one's business.
  if (context.lister(kind.resource).get(key)?.metadata.uid !== object.metadata.uid) return undefined
  const missing = Math.min(replicas - active.length, burstReplicas)
  const surplus = Math.min(active.length - replicas, burstReplicas)
  const { expectations } = context.state

  if (missing > 0) {
    expectations.expectCreations(key, missing)
    const reference = controllerReference(object, kind.resource)
    const { succeeded, failure: cause } = await slowStartBatch(missing, async () => {
      try {
        await createPod(context, object, reference, template)
      } catch (error) {
        if (!hasStatusCause(error, 'NamespaceTerminating')) throw error
        expectations.creationObserved(key)
      }
    })
    // What was not created will not be seen.
    for (let index = succeeded; index < missing; index++) expectations.creationObserved(key)
    return cause === undefined ? undefined : failed('FailedCreate', cause)
  }

  if (surplus > 0) {
    const now = context.clock.now()
    const victims = podsToDelete(active, surplus, relatedPods(kind, object, context), now)
    if (surplus < active.length) observeAges(context.state.ageRatio, active, victims, now)
    expectations.expectDeletionsOf(key, victims.map(podKey))
    const results = await Promise.allSettled(
      victims.map(async pod => {
        try {
          await deletePod(context, object, pod)
        } catch (error) {
          expectations.deletionOfObserved(key, podKey(pod))
          if (!isNotFound(error)) throw error
        }
      }),
    )
    const rejected = results.find(result => result.status === 'rejected')
    return rejected && failed('FailedDelete', rejected.reason, 'unable to delete pods: ')
  }
  return undefined
}

function failed(reason: ManageFailure['reason'], cause: unknown, what = '') {
  return { failure: { reason, message: what + (cause as Error).message }, cause }
}

function isOf({ metadata }: Replicated, pod: Pod): boolean {
  return controllerOf(pod)?.uid === metadata.uid
}

/** By the controller of the ReplicaSet: the ReplicaSets of one Deployment do the same work. */
function siblingValues(object: Replicated): readonly string[] {
  const owner = controllerOf(object)
  return owner ? [owner.uid] : []
}

function relatedPods<T extends Replicated>(kind: Kind<T>, object: T, { lister }: Context): readonly Pod[] {
  const owner = controllerOf(object)
  const siblings = owner ? lister(kind.resource).byIndex('namespaceAndController', owner.uid) : [object]
  return siblings.flatMap(sibling => lister(pods).byIndex(controllerOrOrphanIndex, sibling.metadata.uid ?? ''))
}

async function updateStatus<T extends Replicated>(
  kind: Kind<T>,
  object: T,
  status: ReplicaSetStatus,
  { client }: Context,
): Promise<void> {
  if (semanticEqual(object.status, status)) return
  const { namespace, name = '' } = object.metadata
  const resource = client.resource(kind.resource).namespace(namespace)
  let current = object
  for (let retries = 0; ; retries++) {
    try {
      await resource.updateStatus({ ...current, status: { ...status, observedGeneration: object.metadata.generation } })
      return
    } catch (error) {
      if (isNotFound(error)) return
      if (!isConflict(error) || retries >= statusRetries) throw error
      current = await resource.get(name)
      if (current.metadata.uid !== object.metadata.uid) return
    }
  }
}
