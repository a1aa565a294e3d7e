// Keeps one pod of a DaemonSet on every node that it belongs on, and rolls out new templates a few nodes at a time.
//
// Comes in: DaemonSets, their pods and revisions, nodes. Goes out: pods created (for one node each; the scheduler binds
// them) and deleted, revisions, status. `node-fit.ts` says which nodes, `sync-pods.ts` which pods come and go.

import { type ControllerRevision, controllerRevisions } from '../../api/apps/v1/controllerrevision.ts'
import { type DaemonSet, type DaemonSetStatus, daemonSets } from '../../api/apps/v1/daemonset.ts'
import { nodes } from '../../api/core/v1/node.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { type ControllerContext, controller, watch } from '../../client/controller.ts'
import { forgetting, UidTrackingExpectations } from '../../client/controller-expectations.ts'
import type { Lister } from '../../client/indexed-store.ts'
import { keyOf } from '../../client/object-key.ts'
import { deepEqual, semanticEqual } from '../../machinery/deep-equal.ts'
import { labelSelectorFrom } from '../../machinery/labels.ts'
import {
  byControllerOrOrphan,
  candidates,
  claimObjects,
  controllerKeyIn,
  controllerOrOrphanIndex,
  type Owned,
  ownersToTell,
} from '../controller-ref.ts'
import { type History, hashOf, revisionHashLabel, syncHistory, trimHistory } from '../history/controller-revisions.ts'
import { ownRevisions } from '../history/own-revisions.ts'
import { isPodAvailable, isPodReady, isPodTerminal, podAvailableAt } from '../pod-status.ts'
import { mergeDuplicates } from './duplicate-revisions.ts'
import { FailedPodsBackoff } from './failed-pods-backoff.ts'
import { nodeFit, targetNode } from './node-fit.ts'
import { carryOut, isNew, oldestFirst, placement, rollout, type State, type Work } from './sync-pods.ts'

type Context = ControllerContext<State>

export const daemonSetController = controller<DaemonSet, State>({
  name: 'daemonset-controller',
  reconciles: daemonSets,
  awaitsOwnWrites: true,
  staleSyncSkips: {
    name: 'daemonset_controller_stale_sync_skips_total',
    help: 'Total number of DaemonSet syncs skipped due to a stale watch cache.',
  },
  concurrency: 2,
  state: env => ({ expectations: new UidTrackingExpectations(env), backoff: new FailedPodsBackoff(env) }),
  watches: [
    watch<DaemonSet, State>(daemonSets, { handler: ({ state }) => forgetting(state.expectations) }),
    watch<Pod, State>(pods, {
      indexers: { [controllerOrOrphanIndex]: byControllerOrOrphan },
      handler: ({ lister, state: { expectations } }) => {
        const gone = (pod: Pod) => {
          const key = controllerKeyIn(pod, daemonSets, lister(daemonSets))
          if (key !== undefined) expectations.deletionOfObserved(key, pod.metadata.uid ?? '')
        }
        const come = (pod: Pod) => {
          const key = controllerKeyIn(pod, daemonSets, lister(daemonSets))
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
          deleted: gone,
        }
      },
      keys: (change, { lister }) => setsToTell(change, lister(daemonSets)),
    }),
    watch<ControllerRevision, State>(controllerRevisions, {
      indexers: { [controllerOrOrphanIndex]: byControllerOrOrphan },
      keys: (change, { lister }) => setsToTell(change, lister(daemonSets)),
    }),
    watch(nodes, {
      keys: ({ before, after }, { lister }) => {
        const same =
          before &&
          after &&
          deepEqual(before.metadata.labels, after.metadata.labels) &&
          deepEqual(before.spec.taints, after.spec.taints)
        return same ? [] : lister(daemonSets).keys()
      },
    }),
  ],
  reconcile,
})

/** Whose it is, or could be: a pod or a revision. */
const setsToTell = (change: { before: Owned | undefined; after: Owned | undefined }, sets: Lister<DaemonSet>) =>
  ownersToTell(change, daemonSets, sets, orphan =>
    sets
      .listNamespace(orphan.metadata.namespace ?? '')
      .filter(({ spec }) => labelSelectorFrom(spec.selector).matches(orphan.metadata.labels))
      .map(keyOf),
  )

async function reconcile(key: string, context: Context) {
  const { lister, client, state, clock, events } = context
  const set = lister(daemonSets).get(key)
  if (!set) return state.expectations.delete(key) as undefined
  const selector = labelSelectorFrom(set.spec.selector)
  if (selector.empty) {
    events.event(
      set,
      'Warning',
      'SelectingAll',
      'This daemon set is selecting all pods. A non-empty selector is required.',
    )
    return undefined
  }
  if (set.metadata.deletionTimestamp) return undefined
  const owned = await mergeDuplicates(set, await ownRevisions(set, daemonSets, selector, context), context)
  const history = await syncHistory(set, daemonSets, owned, context)
  const hash = hashOf(history.update)
  const claimed = await claimObjects({
    client,
    owner: set,
    kind: daemonSets,
    selector,
    objects: candidates(lister(pods), set),
    resource: pods,
  })
  const byNode = new Map<string, Pod[]>()
  for (const pod of [...claimed].sort(oldestFirst)) {
    const node = targetNode(pod.spec)
    if (node === undefined || (pod.metadata.deletionTimestamp && isPodTerminal(pod))) continue
    const here = byNode.get(node)
    if (here) here.push(pod)
    else byNode.set(node, [pod])
  }
  const work: Work = { key, set, nodes: lister(nodes).list(), byNode, hash, context }
  let waitMs: number | undefined
  let failure: { error: unknown } | undefined
  const settled = state.expectations.satisfied(key)
  if (settled)
    try {
      const plan = placement(work)
      waitMs = plan.waitMs
      await carryOut(plan, work)
      if (state.expectations.satisfied(key) && set.spec.updateStrategy.type !== 'OnDelete')
        await carryOut(rollout(work), work)
      await trim(history, work, claimed)
    } catch (error) {
      failure = { error }
    }
  const status = statusOf(work, history.collisionCount, settled)
  if (!semanticEqual(status, set.status)) {
    const write = client.resource(daemonSets).updateStatus({ ...set, status })
    await (failure ? write.catch(() => {}) : write)
  }
  if (failure) throw failure.error
  const now = clock.now()
  const next = claimed
    .map(pod => podAvailableAt(pod, set.spec.minReadySeconds ?? 0))
    .filter(at => at !== undefined && at > now) as number[]
  const waits = next.map(at => at - now)
  for (const wait of [waitMs, state.expectations.waitMs(key)]) if (wait !== undefined) waits.push(wait)
  return waits.length > 0 ? { requeueAfterMs: Math.min(...waits) } : undefined
}

/** Earlier revisions that pods are of count, but do not go. */
async function trim(history: History, { set, context }: Work, claimed: readonly Pod[]): Promise<void> {
  const hashes = new Set(claimed.map(({ metadata }) => metadata.labels?.[revisionHashLabel] ?? ''))
  const isLive = (revision: ControllerRevision) => hashes.has(hashOf(revision))
  const live = history.all.filter(revision => revision !== history.update && isLive(revision)).length
  await trimHistory(history, (set.spec.revisionHistoryLimit ?? 10) - live, isLive, context)
}

/** `settled`: what the spec asks for has been looked at, not only counted. */
function statusOf(work: Work, collisionCount: number, settled: boolean): DaemonSetStatus {
  const { set, nodes, byNode, context } = work
  const { minReadySeconds = 0, template } = set.spec
  let [desired, current, ready, updated, available, misscheduled] = [0, 0, 0, 0, 0, 0]
  for (const node of nodes) {
    const pod = byNode.get(node.metadata.name ?? '')?.[0]
    if (!nodeFit(template, node).run) {
      if (pod) misscheduled++
      continue
    }
    desired++
    if (!pod) continue
    current++
    if (isNew(work, pod)) updated++
    if (isPodReady(pod)) ready++
    if (isPodAvailable(pod, minReadySeconds, context.clock.now())) available++
  }
  return {
    ...set.status,
    observedGeneration: settled ? set.metadata.generation : set.status.observedGeneration,
    collisionCount: collisionCount || set.status.collisionCount,
    desiredNumberScheduled: desired,
    currentNumberScheduled: current,
    numberMisscheduled: misscheduled,
    numberReady: ready,
    updatedNumberScheduled: updated || undefined,
    numberAvailable: available || undefined,
    numberUnavailable: desired - available || undefined,
  }
}
