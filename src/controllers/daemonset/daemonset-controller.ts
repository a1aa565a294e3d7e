// Keeps one pod of a DaemonSet on every node that it belongs on, and rolls out new templates a few nodes at a time.
//
// Comes in: DaemonSets, their pods and revisions, nodes. Goes out: pods created (for one node each; the scheduler binds
// them) and deleted, revisions, status. `node-fit.ts` says which nodes.

import { type ControllerRevision, controllerRevisions } from '../../api/apps/v1/controllerrevision.ts'
import { type DaemonSet, type DaemonSetStatus, daemonSets } from '../../api/apps/v1/daemonset.ts'
import { nodes } from '../../api/core/v1/node.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { type ControllerContext, controller, controllerReference, watch } from '../../client/controller.ts'
import { UidTrackingExpectations } from '../../client/controller-expectations.ts'
import { keyOf } from '../../client/object-key.ts'
import { deepEqual, semanticEqual } from '../../machinery/deep-equal.ts'
import { scaledValueFromPercent } from '../../machinery/int-or-string.ts'
import { labelSelectorFrom } from '../../machinery/labels.ts'
import { hasStatusCause, isNotFound } from '../../machinery/status-error.ts'
import {
  byControllerOrOrphan,
  candidates,
  claimObjects,
  controllerKeyIn,
  controllerOrOrphanIndex,
  ownersToTell,
} from '../controller-ref.ts'
import { hashOf, revisionHashLabel, syncHistory, trimHistory } from '../history/controller-revisions.ts'
import { createPod, deletePod } from '../pod-control.ts'
import { isPodAvailable, isPodReady, isPodTerminal, podAvailableAt } from '../pod-status.ts'
import { slowStartBatch } from '../slow-start.ts'
import { nodeFit, targetNode, templateFor } from './node-fit.ts'

const burst = 250

interface State {
  readonly expectations: UidTrackingExpectations
}

type Context = ControllerContext<State>

export const daemonSetController = controller<DaemonSet, State>({
  name: 'daemonset-controller',
  reconciles: daemonSets,
  concurrency: 2,
  state: ({ clock }) => ({ expectations: new UidTrackingExpectations({ clock }) }),
  watches: [
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
      keys: (change, { lister }) =>
        ownersToTell(change, daemonSets, lister(daemonSets), pod =>
          lister(daemonSets)
            .listNamespace(pod.metadata.namespace ?? '')
            .filter(({ spec }) => labelSelectorFrom(spec.selector).matches(pod.metadata.labels))
            .map(keyOf),
        ),
    }),
    watch<ControllerRevision, State>(controllerRevisions, {
      indexers: { [controllerOrOrphanIndex]: byControllerOrOrphan },
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
  const owned = lister(controllerRevisions).byIndex(controllerOrOrphanIndex, set.metadata.uid ?? '')
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
  for (const pod of claimed) {
    const node = targetNode(pod.spec)
    if (node !== undefined) byNode.set(node, [...(byNode.get(node) ?? []), pod])
  }
  const settled = state.expectations.satisfied(key)
  if (settled) {
    await manage(key, set, byNode, hash, context)
    if (state.expectations.satisfied(key)) await rollOut(key, set, byNode, hash, context)
  }
  const live = new Set(claimed.map(({ metadata }) => metadata.labels?.[revisionHashLabel] ?? ''))
  await trimHistory(history, set.spec.revisionHistoryLimit ?? 10, live, context)
  const status = statusOf(set, byNode, hash, context)
  if (!semanticEqual(status, set.status)) await client.resource(daemonSets).updateStatus({ ...set, status })
  const now = clock.now()
  const next = claimed
    .map(pod => podAvailableAt(pod, set.spec.minReadySeconds ?? 0))
    .filter(at => at !== undefined && at > now) as number[]
  return next.length > 0 ? { requeueAfterMs: Math.min(...next) - now } : undefined
}

async function manage(
  key: string,
  set: DaemonSet,
  byNode: ReadonlyMap<string, readonly Pod[]>,
  hash: string,
  context: Context,
): Promise<void> {
  const { lister, events } = context
  const create: string[] = []
  const remove: Pod[] = []
  for (const node of lister(nodes).list()) {
    const name = node.metadata.name ?? ''
    const { run, stay } = nodeFit(set.spec.template, node)
    const here = (byNode.get(name) ?? []).filter(({ metadata }) => !metadata.deletionTimestamp)
    if (!stay) {
      remove.push(...here)
      continue
    }
    const [ended, running] = [here.filter(isPodTerminal), here.filter(pod => !isPodTerminal(pod))]
    for (const pod of ended) {
      const { namespace, name: podName } = pod.metadata
      const [type, reason, what] =
        pod.status.phase === 'Failed'
          ? (['Warning', 'FailedDaemonPod', 'failed'] as const)
          : (['Normal', 'SucceededDaemonPod', 'succeeded'] as const)
      const message = `Found ${what} daemon pod ${namespace}/${podName} on node ${name}, will try to ${what === 'failed' ? 'kill' : 'delete'} it`
      events.event(set, type, reason, message)
    }
    remove.push(...ended)
    // One is enough: the one that is on the node, then the oldest, stays.
    const ordered = [...running].sort(
      (a, b) =>
        Number(!!b.spec.nodeName) - Number(!!a.spec.nodeName) ||
        ((a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? -1 : 1),
    )
    remove.push(...ordered.slice(1))
    // A new one waits until the old one has quite gone.
    if (run && (byNode.get(name) ?? []).length === 0) create.push(name)
  }
  for (const [name, here] of byNode)
    if (!lister(nodes).get(name)) remove.push(...here.filter(({ spec }) => !spec.nodeName))
  const many = create.slice(0, burst)
  const doomed = remove.filter(({ metadata }) => !metadata.deletionTimestamp).slice(0, burst)
  if (many.length + doomed.length === 0) return
  expect(key, many.length, doomed, context)
  await deleteAll(key, set, doomed, context)
  const reference = controllerReference(set, daemonSets)
  const { succeeded, failure } = await slowStartBatch(many.length, index => {
    const template = templateFor(set.spec.template, many[index]!)
    const labels = {
      ...template.metadata?.labels,
      [revisionHashLabel]: hash,
      'pod-template-generation': generationOf(set),
    }
    return createPod(context, set, reference, template, { labels })
  })
  for (let index = succeeded; index < many.length; index++) context.state.expectations.creationObserved(key)
  if (failure !== undefined && !hasStatusCause(failure, 'NamespaceTerminating')) throw failure
}

function generationOf({ metadata }: DaemonSet): string {
  return metadata.annotations?.['deprecated.daemonset.template.generation'] ?? String(metadata.generation ?? 1)
}

/** RollingUpdate: pods of the old template go, as many as may be unavailable at once; those that are already go first. */
async function rollOut(
  key: string,
  set: DaemonSet,
  byNode: ReadonlyMap<string, readonly Pod[]>,
  hash: string,
  context: Context,
): Promise<void> {
  const { type, rollingUpdate } = set.spec.updateStrategy
  if (type === 'OnDelete') return
  const { lister, clock } = context
  const wanted = lister(nodes)
    .list()
    .filter(node => nodeFit(set.spec.template, node).run)
    .map(({ metadata }) => metadata.name ?? '')
  let room = Math.max(1, scaledValueFromPercent(rollingUpdate?.maxUnavailable ?? 1, wanted.length, true))
  const [broken, working]: [Pod[], Pod[]] = [[], []]
  for (const name of wanted) {
    const pod = byNode.get(name)?.find(({ metadata }) => !metadata.deletionTimestamp)
    const available = pod !== undefined && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, clock.now())
    if (!available) room--
    if (pod && pod.metadata.labels?.[revisionHashLabel] !== hash) (available ? working : broken).push(pod)
  }
  const doomed = [...broken, ...working.slice(0, Math.max(0, room))]
  if (doomed.length === 0) return
  expect(key, 0, doomed, context)
  await deleteAll(key, set, doomed, context)
}

function expect(key: string, creations: number, doomed: readonly Pod[], { state: { expectations } }: Context): void {
  expectations.expectDeletionsOf(
    key,
    doomed.map(({ metadata }) => metadata.uid ?? ''),
  )
  expectations.raise(key, creations, 0)
}

async function deleteAll(key: string, set: DaemonSet, doomed: readonly Pod[], context: Context): Promise<void> {
  await Promise.all(
    doomed.map(async pod => {
      try {
        await deletePod(context, set, pod)
      } catch (error) {
        context.state.expectations.deletionOfObserved(key, pod.metadata.uid ?? '')
        if (!isNotFound(error)) throw error
      }
    }),
  )
}

function statusOf(
  set: DaemonSet,
  byNode: ReadonlyMap<string, readonly Pod[]>,
  hash: string,
  { lister, clock }: Context,
): DaemonSetStatus {
  let [desired, current, ready, updated, available, misscheduled] = [0, 0, 0, 0, 0, 0]
  for (const node of lister(nodes).list()) {
    const pod = byNode.get(node.metadata.name ?? '')?.find(({ metadata }) => !metadata.deletionTimestamp)
    if (!nodeFit(set.spec.template, node).run) {
      if (pod) misscheduled++
      continue
    }
    desired++
    if (!pod) continue
    current++
    if (pod.metadata.labels?.[revisionHashLabel] === hash) updated++
    if (isPodReady(pod)) ready++
    if (isPodAvailable(pod, set.spec.minReadySeconds ?? 0, clock.now())) available++
  }
  return {
    ...set.status,
    observedGeneration: set.metadata.generation,
    desiredNumberScheduled: desired,
    currentNumberScheduled: current,
    numberMisscheduled: misscheduled,
    numberReady: ready,
    updatedNumberScheduled: updated || undefined,
    numberAvailable: available || undefined,
    numberUnavailable: desired - available || undefined,
  }
}
