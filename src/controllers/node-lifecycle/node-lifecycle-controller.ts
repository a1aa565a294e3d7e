// Notices nodes that are no longer heard of, says so in their conditions, and taints nodes that pods should stay away from
// or leave.
//
// Comes in: nodes, their Leases, pods. Goes out: conditions (Unknown after a silence of 50 seconds), taints, pods of lost
// nodes marked not ready. `heartbeats.ts` knows when a node was last heard of, `taints.ts` which taints it should have,
// `zones.ts` how many may be given up at a time. Sending the pods away is the taint eviction controller's part.

import { type Lease, leases } from '../../api/coordination/v1/lease.ts'
import { type Node, nodes } from '../../api/core/v1/node.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { type ControllerContext, controller, watch } from '../../client/controller.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { formatTime } from '../../machinery/time.ts'
import { isPodReady } from '../pod-status.ts'
import { byNode, nodeIndex } from '../pods-by-node.ts'
import { Heartbeats, unknownConditions } from './heartbeats.ts'
import { type NodeMetrics, nodeMetrics } from './metrics.ts'
import { conditionStatus, hasNoExecute, noExecuteKey, withTaints } from './taints.ts'
import { Zones } from './zones.ts'

interface State {
  readonly heartbeats: Heartbeats
  readonly zones: Zones
  /** The uids of those already announced. */
  readonly registered: Map<string, string | undefined>
  readonly metrics: NodeMetrics
}

type Context = ControllerContext<State>

export const nodeLifecycleController = controller<Node, State>({
  name: 'node-lifecycle-controller',
  reconciles: nodes,
  concurrency: 8,
  state: ({ clock, metrics, lister }) => ({
    heartbeats: new Heartbeats(clock),
    zones: new Zones(clock),
    registered: new Map(),
    metrics: nodeMetrics(metrics, () => lister(nodes).list()),
  }),
  watches: [
    watch<Node, State>(nodes, {
      handler: ({ state: { heartbeats } }) => ({
        added: node => heartbeats.status(node),
        updated: (_, node) => heartbeats.status(node),
      }),
      // How many nodes are lost decides what may be done about each.
      keys: ({ before, after }, { lister }) => {
        const changed = (before && conditionStatus(before, 'Ready')) !== (after && conditionStatus(after, 'Ready'))
        return changed ? lister(nodes).keys() : []
      },
    }),
    // A heartbeat is noted and no more: the node is looked at again when its grace period could be over.
    watch<Lease, State>(leases, {
      fieldSelector: 'metadata.namespace=kube-node-lease',
      handler: ({ state: { heartbeats } }) => ({
        added: lease => heartbeats.lease(lease),
        updated: (_, lease) => heartbeats.lease(lease),
      }),
    }),
    watch<Pod, State>(pods, {
      indexers: { [nodeIndex]: byNode },
      // A pod whose kubelet is lost may not stay ready.
      keys: ({ before, after }, { lister }) => {
        const name = after?.spec.nodeName
        if (!name || !isPodReady(after) || (before && isPodReady(before))) return []
        const node = lister(nodes).get(name)
        return node && conditionStatus(node, 'Ready') === 'Unknown' ? [name] : []
      },
    }),
  ],
  reconcile,
})

async function reconcile(name: string, context: Context) {
  const { lister, state, events, client } = context
  const { heartbeats, registered } = state
  let node = lister(nodes).get(name)
  if (!node) {
    heartbeats.forget(name)
    if (registered.has(name))
      nodeEvent(events, { name, uid: registered.get(name) }, 'RemovingNode', `Removing Node ${name} from Controller`)
    registered.delete(name)
    return undefined
  }
  if (!registered.has(name)) {
    registered.set(name, node.metadata.uid)
    nodeEvent(events, { name, uid: node.metadata.uid }, 'RegisteredNode', `Registered Node ${name} in Controller`)
  }
  const labels = missingLabels(node)
  if (labels)
    node = await client.resource(nodes).patch(name, 'application/strategic-merge-patch+json', { metadata: { labels } })

  const started = context.clock.monotonic()
  let remainingMs = heartbeats.remainingMs(node)
  if (remainingMs <= 0) {
    remainingMs = Number.POSITIVE_INFINITY
    const conditions = unknownConditions(node, context.clock.now())
    if (conditions) {
      const wasReady = conditionStatus(node, 'Ready') === 'True'
      node = await client.resource(nodes).updateStatus({ ...node, status: { ...node.status, conditions } })
      if (wasReady) events.event(reference(node), 'Normal', 'NodeNotReady', `Node ${name} status is now: NodeNotReady`)
    }
  }
  if (conditionStatus(node, 'Ready') === 'Unknown') await markPodsNotReady(name, context)
  const waitMs = await reconcileTaints(node, context)
  state.metrics.durations.observe((context.clock.monotonic() - started) / 1000)
  const requeueAfterMs = Math.min(remainingMs, waitMs)
  return Number.isFinite(requeueAfterMs) ? { requeueAfterMs: Math.max(1, requeueAfterMs) } : undefined
}

/** Answers how long to wait until a taint that is due may be added. */
async function reconcileTaints(node: Node, { client, lister, state, clock }: Context): Promise<number> {
  const { name = '', resourceVersion } = node.metadata
  // The cache may not have what was just written.
  const all = lister(nodes)
    .list()
    .map(other => (other.metadata.name === name ? node : other))
  const { cutOff, over } = state.zones.survey(all)
  if (over) state.heartbeats.startAnew()
  let waitMs = Number.POSITIVE_INFINITY
  let noExecute = cutOff ? undefined : noExecuteKey(node)
  if (noExecute !== undefined && !hasNoExecute(node)) {
    const wait = state.zones.waitMs(node, all)
    if (wait > 0) {
      waitMs = wait
      noExecute = undefined
    }
  }
  const taints = withTaints(node, noExecute, clock.now())
  if (taints)
    await client
      .resource(nodes)
      .patch(name, 'application/merge-patch+json', { metadata: { resourceVersion }, spec: { taints } })
  if (taints && noExecute !== undefined && !hasNoExecute(node)) state.metrics.evicted(node)
  return waitMs
}

/** Labels that kubelets and old selectors still use follow the ones that replaced them. */
function missingLabels({ metadata: { labels = {} } }: Node): Record<string, string> | undefined {
  const missing: Record<string, string> = {}
  for (const name of ['os', 'arch']) {
    const value = labels[`kubernetes.io/${name}`]
    if (value !== undefined && labels[`beta.kubernetes.io/${name}`] !== value)
      missing[`beta.kubernetes.io/${name}`] = value
  }
  return Object.keys(missing).length > 0 ? missing : undefined
}

async function markPodsNotReady(node: string, { client, lister, clock, events }: Context): Promise<void> {
  for (const pod of lister(pods).byIndex(nodeIndex, node)) {
    if (!isPodReady(pod)) continue
    const { namespace, name = '', uid } = pod.metadata
    const condition = {
      type: 'Ready',
      status: 'False',
      lastTransitionTime: formatTime(clock.now()),
    }
    try {
      await client
        .resource(pods)
        .namespace(namespace)
        .patch(
          name,
          'application/strategic-merge-patch+json',
          { metadata: { uid }, status: { conditions: [condition] } },
          { subresource: 'status' },
        )
    } catch (error) {
      if (!isNotFound(error)) throw error
      continue
    }
    events.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready')
  }
}

/** Events about nodes are recorded under the node's name. */
function reference({ metadata: { name, uid } }: Node) {
  return { apiVersion: 'v1', kind: 'Node', name, uid }
}

function nodeEvent(
  events: EventRecorder,
  { name, uid }: { name: string; uid: string | undefined },
  reason: string,
  event: string,
): void {
  events.event({ apiVersion: 'v1', kind: 'Node', name, uid }, 'Normal', reason, `Node ${name} event: ${event}`)
}
