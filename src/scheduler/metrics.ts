// What the scheduler counts, under upstream's names. One profile: its name is the schedulerName of its pods.
//
// Comes in: the registry that the process serves, and what happens (`scheduler.ts`, `queue.ts`, `framework-runner.ts`
// tell). A scheduler whose metrics nobody reads has none of this.

import type { Counter, Family, Gauge, Histogram, MetricsRegistry } from '../machinery/metrics/metrics.ts'
import { exponentialBuckets } from '../machinery/metrics/metrics.ts'
import { Action, type ClusterEvent } from './cluster-event.ts'
import type { QueuedPodInfo } from './queued-pod.ts'

export type AttemptResult = 'scheduled' | 'unschedulable' | 'error'
export type ExtensionPoint =
  | 'PreEnqueue'
  | 'PreFilter'
  | 'Filter'
  | 'PostFilter'
  | 'PreScore'
  | 'Score'
  | 'ScoreExtensionNormalize'
  | 'Reserve'
  | 'Permit'
  | 'PreBind'
  | 'Bind'
  | 'PostBind'
  | 'Unreserve'
export type QueueName = 'active' | 'backoff' | 'unschedulable'

const pluginBuckets = exponentialBuckets(0.00001, 1.5, 20)
const attemptBuckets = exponentialBuckets(0.001, 2, 15)
const mostAttempts = 15

export class SchedulerMetrics {
  readonly #profile: string
  readonly #attempts: Family<Counter>
  readonly #attemptDurations: Family<Histogram>
  readonly #algorithm: Histogram
  readonly #victims: Histogram
  readonly #preemptions: Counter
  readonly #pending: Family<Gauge>
  readonly #slis: Family<Histogram>
  readonly #podAttempts: Histogram
  readonly #points: Family<Histogram>
  readonly #incoming: Family<Counter>
  readonly #permitWaits: Family<Histogram>
  readonly #cache: Family<Gauge>
  readonly #unschedulable: Family<Gauge>
  readonly #evaluations: Family<Counter>
  readonly #pluginDurations: Family<Histogram>
  readonly #hints: Family<Histogram>
  readonly #events: Family<Histogram>
  readonly #goroutines: Family<Gauge>
  readonly #inFlight: Family<Gauge>
  readonly #evictions: Family<Counter>
  readonly #evictionDurations: Family<Histogram>
  readonly #afterFlush: Counter

  constructor(registry: MetricsRegistry, profile: string) {
    this.#profile = profile
    this.#attempts = registry.counter({
      name: 'scheduler_schedule_attempts_total',
      stability: 'STABLE',
      help: "Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could not be scheduled, while 'error' means an internal scheduler problem.",
      labels: ['result', 'profile'],
    })
    this.#attemptDurations = registry.histogram({
      name: 'scheduler_scheduling_attempt_duration_seconds',
      stability: 'STABLE',
      help: 'Scheduling attempt latency in seconds (scheduling algorithm + binding)',
      labels: ['result', 'profile'],
      buckets: attemptBuckets,
    })
    const one = <T extends Counter | Histogram>(family: Family<T>): T => family.with()
    this.#algorithm = one(
      registry.histogram({
        name: 'scheduler_scheduling_algorithm_duration_seconds',
        stability: 'ALPHA',
        help: 'Scheduling algorithm latency in seconds',
        buckets: attemptBuckets,
      }),
    )
    this.#victims = one(
      registry.histogram({
        name: 'scheduler_preemption_victims',
        stability: 'STABLE',
        help: 'Number of selected preemption victims',
        buckets: exponentialBuckets(1, 2, 7),
      }),
    )
    this.#preemptions = one(
      registry.counter({
        name: 'scheduler_preemption_attempts_total',
        stability: 'STABLE',
        help: 'Total preemption attempts in the cluster till now',
      }),
    )
    this.#pending = registry.gauge({
      name: 'scheduler_pending_pods',
      stability: 'STABLE',
      help: "Number of pending pods, by the queue type. 'active' means number of pods in activeQ; 'backoff' means number of pods in backoffQ; 'unschedulable' means number of pods in unschedulablePods that the scheduler attempted to schedule and failed; 'gated' is the number of unschedulable pods that the scheduler never attempted to schedule because they are gated.",
      labels: ['queue'],
    })
    this.#slis = registry.histogram({
      name: 'scheduler_pod_scheduling_sli_duration_seconds',
      stability: 'BETA',
      help: 'E2e latency for a pod being scheduled, from the time the pod enters the scheduling queue and might involve multiple scheduling attempts.',
      labels: ['attempts'],
      buckets: exponentialBuckets(0.01, 2, 20),
    })
    this.#podAttempts = one(
      registry.histogram({
        name: 'scheduler_pod_scheduling_attempts',
        stability: 'STABLE',
        help: 'Number of attempts to successfully schedule a pod.',
        buckets: exponentialBuckets(1, 2, 5),
      }),
    )
    this.#points = registry.histogram({
      name: 'scheduler_framework_extension_point_duration_seconds',
      stability: 'STABLE',
      help: 'Latency for running all plugins of a specific extension point.',
      labels: ['extension_point', 'status', 'profile'],
      buckets: exponentialBuckets(0.0001, 2, 12),
    })
    this.#incoming = registry.counter({
      name: 'scheduler_queue_incoming_pods_total',
      stability: 'STABLE',
      help: 'Number of pods added to scheduling queues by event and queue type.',
      labels: ['queue', 'event'],
    })
    this.#permitWaits = registry.histogram({
      name: 'scheduler_permit_wait_duration_seconds',
      stability: 'BETA',
      help: 'Duration of waiting on permit.',
      labels: ['result'],
      buckets: attemptBuckets,
    })
    this.#cache = registry.gauge({
      name: 'scheduler_cache_size',
      stability: 'ALPHA',
      help: 'Number of nodes, pods, and assumed (bound) pods in the scheduler cache.',
      labels: ['type'],
    })
    this.#unschedulable = registry.gauge({
      name: 'scheduler_unschedulable_pods',
      stability: 'BETA',
      help: 'The number of unschedulable pods broken down by plugin name. A pod will increment the gauge for all plugins that caused it to not schedule and so this metric have meaning only when broken down by plugin.',
      labels: ['plugin', 'profile'],
    })
    this.#evaluations = registry.counter({
      name: 'scheduler_plugin_evaluation_total',
      stability: 'BETA',
      help: 'Number of attempts to schedule pods by each plugin and the extension point (available only in PreFilter, Filter, PreScore, and Score).',
      labels: ['plugin', 'extension_point', 'profile'],
    })
    this.#pluginDurations = registry.histogram({
      name: 'scheduler_plugin_execution_duration_seconds',
      stability: 'ALPHA',
      help: 'Duration for running a plugin at a specific extension point.',
      labels: ['plugin', 'extension_point', 'status'],
      buckets: pluginBuckets,
    })
    this.#hints = registry.histogram({
      name: 'scheduler_queueing_hint_execution_duration_seconds',
      stability: 'ALPHA',
      help: 'Duration for running a queueing hint function of a plugin.',
      labels: ['plugin', 'event', 'hint'],
      buckets: pluginBuckets,
    })
    this.#events = registry.histogram({
      name: 'scheduler_event_handling_duration_seconds',
      stability: 'ALPHA',
      help: 'Event handling latency in seconds.',
      labels: ['event'],
      buckets: exponentialBuckets(0.0001, 2, 12),
    })
    this.#goroutines = registry.gauge({
      name: 'scheduler_goroutines',
      stability: 'BETA',
      help: 'Number of running goroutines split by the work they do such as binding.',
      labels: ['operation'],
    })
    this.#inFlight = registry.gauge({
      name: 'scheduler_inflight_events',
      stability: 'ALPHA',
      help: 'Number of events currently tracked in the scheduling queue.',
      labels: ['event'],
    })
    this.#evictions = registry.counter({
      name: 'scheduler_preemption_goroutines_execution_total',
      stability: 'ALPHA',
      help: 'Number of preemption goroutines executed.',
      labels: ['result'],
    })
    this.#evictionDurations = registry.histogram({
      name: 'scheduler_preemption_goroutines_duration_seconds',
      stability: 'ALPHA',
      help: 'Duration in seconds for running goroutines for the preemption.',
      labels: ['result'],
      buckets: exponentialBuckets(0.01, 2, 20),
    })
    this.#afterFlush = one(
      registry.counter({
        name: 'scheduler_pod_scheduled_after_flush_total',
        stability: 'ALPHA',
        help: 'Number of pods that were successfully scheduled after being flushed from unschedulablePods due to timeout. This metric helps detect potential queueing hint misconfigurations or event handling issues.',
      }),
    )
  }

  /** An attempt is over; milliseconds since it began. */
  attempted(result: AttemptResult, milliseconds: number): void {
    this.#attempts.with(result, this.#profile).inc()
    this.#attemptDurations.with(result, this.#profile).observe(milliseconds / 1000)
  }

  /** The pod is bound; milliseconds since it was first seen. */
  scheduled({ attempts, flushed }: QueuedPodInfo, milliseconds: number): void {
    this.#podAttempts.observe(attempts)
    if (flushed) this.#afterFlush.inc()
    this.#slis.with(attempts >= mostAttempts ? `${mostAttempts}+` : String(attempts)).observe(milliseconds / 1000)
  }

  /** How long a pod's node was looked for, where one was found. */
  found(milliseconds: number): void {
    this.#algorithm.observe(milliseconds / 1000)
  }

  preempting(): void {
    this.#preemptions.inc()
  }

  preempted(victims: number): void {
    this.#victims.observe(victims)
  }

  point(point: ExtensionPoint, status: string, milliseconds: number): void {
    this.#points.with(point, status, this.#profile).observe(milliseconds / 1000)
  }

  plugin(plugin: string, point: ExtensionPoint, status: string, milliseconds: number): void {
    this.#pluginDurations.with(plugin, point, status).observe(milliseconds / 1000)
  }

  hint(plugin: string, event: ClusterEvent, hint: string, milliseconds: number): void {
    this.#hints.with(plugin, eventLabel(event), hint).observe(milliseconds / 1000)
  }

  /** Cache and queue know of it. */
  handled(event: ClusterEvent, milliseconds: number): void {
    this.#events.with(eventLabel(event)).observe(milliseconds / 1000)
  }

  /** What is on its way: bindings, and pods that are being tried. */
  underWay({ bindings, pods }: { readonly bindings: number; readonly pods: number }): void {
    this.#goroutines.with('binding').set(bindings)
    this.#inFlight.with('PodPopped').set(pods)
  }

  /** The victims have been evicted, or not. */
  evicted(result: 'success' | 'error', milliseconds: number): void {
    this.#evictions.with(result).inc()
    this.#evictionDurations.with(result).observe(milliseconds / 1000)
  }

  permitWaited(status: string, milliseconds: number): void {
    this.#permitWaits.with(status).observe(milliseconds / 1000)
  }

  incoming(queue: QueueName, event: string): void {
    this.#incoming.with(queue, event).inc()
  }

  /** Resolved once for each plugin and point. */
  evaluation(plugin: string, point: ExtensionPoint): Counter {
    return this.#evaluations.with(plugin, point, this.#profile)
  }

  pending(sizes: Readonly<Record<QueueName | 'gated', number>>): void {
    for (const [queue, size] of Object.entries(sizes)) this.#pending.with(queue).set(size)
  }

  cached(sizes: Readonly<Record<'nodes' | 'pods' | 'assumed_pods', number>>): void {
    for (const [type, size] of Object.entries(sizes)) this.#cache.with(type).set(size)
  }

  /** How many pods each plugin keeps out. */
  keptOut(counts: ReadonlyMap<string, number>): void {
    for (const { child } of this.#unschedulable.children()) child.set(0)
    for (const [plugin, count] of counts) this.#unschedulable.with(plugin, this.#profile).set(count)
  }
}

const actionNames = new Map<number, string>([
  [Action.add, 'Add'],
  [Action.delete, 'Delete'],
  [Action.updateNodeAllocatable, 'UpdateNodeAllocatable'],
  [Action.updateNodeLabel, 'UpdateNodeLabel'],
  [Action.updateNodeTaint, 'UpdateNodeTaint'],
  [Action.updateNodeCondition, 'UpdateNodeCondition'],
  [Action.updateNodeAnnotation, 'UpdateNodeAnnotation'],
  [Action.updatePodLabel, 'UpdatePodLabel'],
  [Action.updatePodScaleDown, 'UpdatePodScaleDown'],
  [Action.updatePodToleration, 'UpdatePodToleration'],
  [Action.updatePodSchedulingGatesEliminated, 'UpdatePodSchedulingGatesEliminated'],
])

/** As upstream's label of it. */
export function eventLabel({ resource, action, label }: ClusterEvent): string {
  if (resource === '*') return label
  const name = actionNames.get(action) ?? 'Update'
  if (resource === 'UnscheduledPod' || resource === 'TargetPod') return `UnschedulablePod${name}`
  return `${resource === 'StorageClass' ? 'storage.k8s.io/' : ''}${resource}${name}`
}
