// Deletes pods from nodes whose NoExecute taints they do not tolerate, or no longer do.
//
// When a pod must go follows from the taints (when they were added) and the pod's tolerations alone, so that a restart
// neither forgets nor prolongs anything.

import { nodes } from '../../api/core/v1/node.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import type { Taint } from '../../api/core/v1/toleration.ts'
import { type ControllerContext, controller, watch } from '../../client/controller.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { formatTime, timeOf } from '../../machinery/time.ts'
import { byNode, nodeIndex } from '../pods-by-node.ts'
import { type TaintEvictionMetrics, taintEvictionMetrics } from './metrics.ts'
import { evictionTime } from './tolerations.ts'

interface State {
  /** The pods that are to go at some time, by key, and since when that is known. */
  readonly scheduled: Map<string, number>
  readonly metrics: TaintEvictionMetrics
}

type Context = ControllerContext<State>

const counted = {
  subsystem: 'taint_eviction_controller',
  controller: 'TaintEvictionController',
  latency: 'a taint effect has been activated for the Pod and its deletion',
}

export const taintEvictionController = controller<Pod, State>({
  name: 'taint-eviction-controller',
  reconciles: pods,
  concurrency: 8,
  state: ({ metrics }) => ({ scheduled: new Map(), metrics: taintEvictionMetrics(metrics, counted) }),
  indexers: { [nodeIndex]: byNode },
  filter: ({ before, after }) =>
    !after ||
    (!!after.spec.nodeName &&
      (before?.spec.nodeName !== after.spec.nodeName || !deepEqual(before.spec.tolerations, after.spec.tolerations))),
  watches: [
    watch(nodes, {
      keys: ({ before, after }, { lister }) => {
        const name = (after ?? before)!.metadata.name ?? ''
        if (deepEqual(noExecute(before?.spec.taints), noExecute(after?.spec.taints))) return []
        return lister(pods)
          .byIndex(nodeIndex, name)
          .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
      },
    }),
  ],
  reconcile,
})

function noExecute(taints: readonly Taint[] | undefined): readonly Taint[] {
  return taints?.filter(({ effect }) => effect === 'NoExecute') ?? []
}

async function reconcile(key: string, context: Context) {
  const { lister, clock, state } = context
  const pod = lister(pods).get(key)
  const now = clock.now()
  const node = pod?.spec.nodeName ? lister(nodes).get(pod.spec.nodeName) : undefined
  const taints = noExecute(node?.spec.taints)
  const seen = state.scheduled.get(key) ?? now
  const at = pod
    ? evictionTime(pod.spec.tolerations ?? [], taints, { seen, arrived: arrivalOf(pod) })
    : Number.POSITIVE_INFINITY
  if (!pod || pod.metadata.deletionTimestamp || at === Number.POSITIVE_INFINITY) {
    if (state.scheduled.delete(key)) tellCancelled(key, context)
    return undefined
  }
  // What it was waiting for is over: it goes now.
  if (at === Number.NEGATIVE_INFINITY && state.scheduled.has(key)) tellCancelled(key, context)
  state.scheduled.set(key, seen)
  if (at > now) return { requeueAfterMs: at - now }
  await evict(key, pod, context)
  state.metrics.deletions.inc()
  state.metrics.delays.observe((clock.now() - at) / 1000)
  state.scheduled.delete(key)
  return undefined
}

/** When the pod came to its node. */
function arrivalOf({ metadata, status }: Pod): number {
  const scheduled = status.conditions?.find(({ type }) => type === 'PodScheduled')
  return timeOf(scheduled?.lastTransitionTime) ?? timeOf(metadata.creationTimestamp) ?? 0
}

async function evict(key: string, pod: Pod, { client, clock, events }: Context): Promise<void> {
  const { namespace, name = '', uid } = pod.metadata
  events.event(reference(key), 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${key}`)
  const condition = {
    type: 'DisruptionTarget',
    observedGeneration: pod.metadata.generation,
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    lastTransitionTime: formatTime(clock.now()),
  }
  const resource = client.resource(pods).namespace(namespace)
  try {
    const marked = pod.status.conditions?.some(({ type, status }) => type === 'DisruptionTarget' && status === 'True')
    if (!marked)
      await resource.patch(
        name,
        'application/strategic-merge-patch+json',
        { metadata: { uid }, status: { conditions: [condition] } },
        { subresource: 'status' },
      )
    await resource.delete(name, { preconditions: { uid } })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

function tellCancelled(key: string, { events }: Context): void {
  events.event(reference(key), 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`)
}

/** Without a uid: the events tell of whatever has the name. */
function reference(key: string) {
  const [namespace, name] = key.split('/')
  return { apiVersion: 'v1', kind: 'Pod', namespace, name }
}
