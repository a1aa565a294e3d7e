// Removes pods that nobody else will: those whose node is gone, those deleted before they had one, those on nodes that are
// declared out of service, and the oldest of too many that have ended.

import { nodes } from '../api/core/v1/node.ts'
import { type Pod, pods } from '../api/core/v1/pod.ts'
import { type ControllerContext, controller, watch } from '../client/controller.ts'
import { keyOf } from '../client/object-key.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { formatTime } from '../machinery/time.ts'
import { type PodGarbageMetrics, podGarbageMetrics, type RemovalReason } from './pod-garbage-collector-metrics.ts'
import { isPodTerminal } from './pod-status.ts'
import { byNode, nodeIndex } from './pods-by-node.ts'

/** Upstream's --terminated-pod-gc-threshold. */
const terminatedThreshold = 12_500
/** A node that is gone may come back, or be news that came late. */
const quarantineMs = 40_000
const outOfServiceTaint = 'node.kubernetes.io/out-of-service'

interface State {
  /** Since when each node has been known to be missing. */
  readonly missing: Map<string, number>
  readonly terminated: Map<string, Pod>
  readonly metrics: PodGarbageMetrics
}

type Context = ControllerContext<State>

export const podGarbageCollector = controller<Pod, State>({
  name: 'pod-garbage-collector-controller',
  reconciles: pods,
  concurrency: 4,
  indexers: { [nodeIndex]: byNode },
  state: ({ metrics }) => ({ missing: new Map(), terminated: new Map(), metrics: podGarbageMetrics(metrics) }),
  filter: ({ before, after }) =>
    !!after &&
    before !== after &&
    // A pod without a node is of no concern unless it is to go, or has ended.
    (!!after.spec.nodeName || !!after.metadata.deletionTimestamp || isPodTerminal(after)) &&
    (!before ||
      before.spec.nodeName !== after.spec.nodeName ||
      before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp ||
      isPodTerminal(before) !== isPodTerminal(after)),
  watches: [
    watch<Pod, State>(pods, {
      handler: ({ state: { terminated } }) => {
        const forget = (pod: Pod) => terminated.size > 0 && terminated.delete(keyOf(pod))
        const note = (pod: Pod) => (isPodTerminal(pod) ? terminated.set(keyOf(pod), pod) : forget(pod))
        return { added: note, updated: (_, pod) => note(pod), deleted: forget }
      },
    }),
    watch(nodes, {
      keys: ({ before, after }, { lister }) => {
        const changed = !after || !before || before.spec.taints !== after.spec.taints
        return changed
          ? lister(pods)
              .byIndex(nodeIndex, (after ?? before)!.metadata.name!)
              .map(keyOf)
          : []
      },
    }),
  ],
  reconcile,
})

async function reconcile(key: string, context: Context) {
  const { lister, state, clock, client } = context
  const pod = lister(pods).get(key)
  if (!pod) return undefined
  const { nodeName } = pod.spec
  const deleting = !!pod.metadata.deletionTimestamp
  if (isPodTerminal(pod) && state.terminated.size > terminatedThreshold) {
    await removeOldest(context)
    return undefined
  }
  if (!nodeName) {
    if (deleting) await remove(pod, 'unscheduled', context)
    return undefined
  }
  const node = lister(nodes).get(nodeName)
  if (node) {
    state.missing.delete(nodeName)
    const ready = node.status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
    if (deleting && !ready && node.spec.taints?.some(taint => taint.key === outOfServiceTaint))
      await remove(pod, 'out-of-service', context)
    return undefined
  }
  const since = state.missing.get(nodeName) ?? clock.now()
  state.missing.set(nodeName, since)
  const left = since + quarantineMs - clock.now()
  if (left > 0) return { requeueAfterMs: left }
  try {
    await client.resource(nodes).get(nodeName)
  } catch (error) {
    if (!isNotFound(error)) throw error
    await remove(pod, 'orphaned', context)
  }
  return undefined
}

async function removeOldest({ state, ...context }: Context): Promise<void> {
  const surplus = state.terminated.size - terminatedThreshold
  const oldest = [...state.terminated.values()].sort(byEvictionAndAge).slice(0, surplus)
  for (const pod of oldest) await remove(pod, 'terminated', { ...context, state })
}

/** Pods that the kubelet evicted go first: nobody counts on them. */
function byEvictionAndAge(a: Pod, b: Pod): number {
  const evicted = ({ status }: Pod) => (status.phase === 'Failed' && status.reason === 'Evicted' ? 0 : 1)
  const key = ({ metadata }: Pod) => `${metadata.creationTimestamp ?? ''} ${metadata.name}`
  return evicted(a) - evicted(b) || (key(a) < key(b) ? -1 : 1)
}

async function remove(pod: Pod, reason: RemovalReason, context: Context): Promise<void> {
  const { removed, failed } = context.state.metrics
  const labels = [pod.metadata.namespace ?? '', reason] as const
  try {
    // A pod that was not to end, and did, counts as failed.
    await forceDelete(pod, reason === 'orphaned' ? 'PodGC: node no longer exists' : undefined, context)
  } catch (error) {
    failed.with(...labels).inc()
    throw error
  } finally {
    // Those that were tried, not those that are gone.
    removed.with(...labels).inc()
  }
}

async function forceDelete(pod: Pod, disruption: string | undefined, { client, clock }: Context): Promise<void> {
  const { namespace, name = '', uid } = pod.metadata
  const resource = client.resource(pods).namespace(namespace)
  const now = formatTime(clock.now())
  const condition = {
    type: 'DisruptionTarget',
    observedGeneration: pod.metadata.generation,
    status: 'True',
    reason: 'DeletionByPodGC',
    message: disruption,
    lastTransitionTime: now,
  }
  try {
    if (!isPodTerminal(pod))
      await resource.patch(
        name,
        'application/strategic-merge-patch+json',
        {
          metadata: { uid },
          status: {
            phase: 'Failed',
            observedGeneration: pod.metadata.generation,
            ...(disruption && { conditions: [condition] }),
          },
        },
        { subresource: 'status' },
      )
    await resource.delete(name, { gracePeriodSeconds: 0, preconditions: { uid } })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
