// Pods that wait for a node. Each is in just one of three places:
//   active         may be tried now, in the queueSort plugin's order
//   backoff        was tried lately; may be tried again when its time has come, or when there is nothing else to do
//   unschedulable  was rejected, and nothing has happened since that the plugins that did it think could help
//
// A pod being tried, or whose binding is on the way, is in none of them ("in flight").

import type { Clock, Timer } from '../machinery/env/env.ts'
import {
  activated,
  attemptFailed,
  backoffComplete,
  type ClusterEvent,
  type ClusterEventWithHint,
  eventMatches,
  podAdded,
  podUpdate,
  unschedulableTimeout,
} from './cluster-event.ts'
import { Heap } from './heap.ts'
import { eventLabel, type QueueName, type SchedulerMetrics } from './metrics.ts'
import { podChanges } from './object-changes.ts'
import type { PodInfo } from './pod-info.ts'
import { nobody, type QueuedPodInfo, queuedPod } from './queued-pod.ts'
import type { Status } from './status.ts'

export interface QueueOptions {
  readonly clock: Clock
  readonly queueSort: (a: QueuedPodInfo, b: QueuedPodInfo) => boolean
  readonly preEnqueue: (pod: PodInfo) => Status | undefined
  /** Which events each plugin waits for. */
  readonly events: ReadonlyMap<string, readonly ClusterEventWithHint[]>
  /** Called when there may be something to pop. */
  readonly onReady: () => void
  readonly metrics?: SchedulerMetrics
  readonly initialBackoffMs?: number
  readonly maxBackoffMs?: number
  /** How long a pod stays unschedulable without any event. */
  readonly maxInUnschedulableMs?: number
}

type Requeue = 'no' | 'after backoff' | 'at once'

const backoffStepMs = 100
const flushEveryMs = 30_000
const backoffWindowMs = 1000

const uidOf = (queued: QueuedPodInfo) => queued.info.uid

export class SchedulingQueue {
  readonly #options: QueueOptions
  readonly #clock: Clock
  readonly #active: Heap<QueuedPodInfo>
  readonly #backoff: Heap<QueuedPodInfo>
  /** Pods whose scheduling broke: these sit out their time in any case. */
  readonly #errorBackoff: Heap<QueuedPodInfo>
  readonly #unschedulable = new Map<string, QueuedPodInfo>()
  readonly #inFlight = new Map<string, QueuedPodInfo>()
  /** Counts events that could have helped a pod in flight. */
  #moves = 0
  #backoffTimer: { readonly at: number; readonly timer: Timer } | undefined
  #flushTimer: Timer | undefined
  #stopped = false

  constructor(options: QueueOptions) {
    this.#options = options
    this.#clock = options.clock
    this.#active = new Heap(uidOf, options.queueSort)
    const sooner = (a: QueuedPodInfo, b: QueuedPodInfo) => {
      const [first, second] = [windowOf(a.backoffUntil), windowOf(b.backoffUntil)]
      return first === second ? options.queueSort(a, b) : first < second
    }
    this.#backoff = new Heap(uidOf, sooner)
    this.#errorBackoff = new Heap(uidOf, sooner)
  }

  get size(): { readonly active: number; readonly backoff: number; readonly unschedulable: number } {
    return {
      active: this.#active.size,
      backoff: this.#backoff.size + this.#errorBackoff.size,
      unschedulable: this.#unschedulable.size,
    }
  }

  /** How many there are of each sort, and how many each plugin keeps out. */
  count(): { readonly sizes: Readonly<Record<QueueName | 'gated', number>>; readonly keptOut: Map<string, number> } {
    const { active, backoff } = this.size
    const keptOut = new Map<string, number>()
    let gated = 0
    for (const { gatingPlugin, unschedulablePlugins, pendingPlugins } of this.#unschedulable.values()) {
      if (gatingPlugin !== undefined) gated++
      for (const plugin of gatingPlugin === undefined ? [...unschedulablePlugins, ...pendingPlugins] : [gatingPlugin])
        keptOut.set(plugin, (keptOut.get(plugin) ?? 0) + 1)
    }
    return { sizes: { active, backoff, unschedulable: this.#unschedulable.size - gated, gated }, keptOut }
  }

  /** A pod that is new here. */
  add(info: PodInfo): void {
    this.#toActive(queuedPod(info, this.#clock.now()), podAdded)
  }

  /** The next pod to try. Whoever takes it must call `done` or `addUnschedulable`. */
  pop(): QueuedPodInfo | undefined {
    let queued = this.#active.pop()
    if (!queued) {
      queued = this.#backoff.pop()
      if (!queued) return undefined
      this.#options.metrics?.incoming('active', 'PopFromBackoffQ')
    }
    queued.attempts++
    queued.backoffUntil = 0
    queued.unschedulablePlugins = queued.pendingPlugins = nobody
    queued.poppedAt = this.#moves
    this.#inFlight.set(queued.info.uid, queued)
    return queued
  }

  get empty(): boolean {
    return this.#active.size === 0 && this.#backoff.size === 0
  }

  /** The pod has found its node, or is gone. */
  done(uid: string): void {
    this.#inFlight.delete(uid)
  }

  /** How many are being tried, or bound. */
  get inFlight(): number {
    return this.#inFlight.size
  }

  isInFlight(uid: string): boolean {
    return this.#inFlight.has(uid)
  }

  /** A pod that could not be scheduled; its unschedulablePlugins and pendingPlugins say why, neither says it broke. */
  addUnschedulable(queued: QueuedPodInfo): void {
    const { uid } = queued.info
    this.#inFlight.delete(uid)
    if (this.#holds(uid)) return
    queued.timestamp = this.#clock.now()
    queued.flushed = false
    const rejected = queued.unschedulablePlugins.size + queued.pendingPlugins.size > 0
    if (rejected) {
      queued.unschedulableCount++
      queued.consecutiveErrors = 0
    } else queued.consecutiveErrors++
    // Something has happened while it was tried: it may have been too late for the try to see it.
    if (!rejected || queued.poppedAt !== this.#moves) this.#requeue(queued, 'after backoff', attemptFailed)
    else this.#toUnschedulable(queued, attemptFailed)
  }

  update(before: PodInfo | undefined, info: PodInfo): void {
    const { uid } = info
    for (const heap of [this.#active, this.#backoff, this.#errorBackoff]) {
      const queued = heap.get(uid)
      if (!queued) continue
      queued.info = info
      heap.set(queued)
      return
    }
    const queued = this.#unschedulable.get(uid)
    if (!queued) {
      const flying = this.#inFlight.get(uid)
      if (!flying) this.add(info)
      else if (before && podChanges(before, info) !== 0) this.#moves++
      return
    }
    queued.info = info
    const action = before ? podChanges(before, info) : 0
    if (action === 0) return
    const event = podUpdate('TargetPod', action)
    const requeue = this.#worthRequeuing(queued, event, before, info)
    if (requeue === 'no') return
    this.#unschedulable.delete(uid)
    this.#requeue(queued, requeue, event)
  }

  delete(uid: string): void {
    this.#active.delete(uid)
    this.#backoff.delete(uid)
    this.#errorBackoff.delete(uid)
    this.#unschedulable.delete(uid)
    this.#inFlight.delete(uid)
  }

  /** Something happened: pods that it could help come back, but not the one that brought it about. */
  move(event: ClusterEvent, before?: unknown, after?: unknown, except?: string): void {
    this.#moves++
    if (this.#unschedulable.size === 0) return
    for (const queued of [...this.#unschedulable.values()]) {
      if (queued.info.uid === except) continue
      const requeue = this.#worthRequeuing(queued, event, before, after)
      if (requeue === 'no') continue
      this.#unschedulable.delete(queued.info.uid)
      this.#requeue(queued, requeue, event)
    }
  }

  /** A plugin knows that it is time for this pod. */
  activate(uid: string): void {
    const queued = this.#unschedulable.get(uid) ?? this.#backoff.delete(uid)
    if (!queued) return
    this.#unschedulable.delete(uid)
    this.#requeue(queued, 'at once', activated)
  }

  stop(): void {
    this.#stopped = true
    this.#backoffTimer?.timer.cancel()
    this.#flushTimer?.cancel()
  }

  #holds(uid: string): boolean {
    return (
      this.#active.get(uid) !== undefined ||
      this.#backoff.get(uid) !== undefined ||
      this.#errorBackoff.get(uid) !== undefined ||
      this.#unschedulable.has(uid)
    )
  }

  #worthRequeuing(queued: QueuedPodInfo, event: ClusterEvent, before?: unknown, after?: unknown): Requeue {
    const { gatingPlugin, unschedulablePlugins, pendingPlugins } = queued
    if (gatingPlugin !== undefined)
      return this.#helps(gatingPlugin, queued.info, event, before, after) ? 'at once' : 'no'
    if (event.resource === '*') return 'after backoff'
    if (unschedulablePlugins.size + pendingPlugins.size === 0) return 'after backoff'
    for (const plugin of pendingPlugins) if (this.#helps(plugin, queued.info, event, before, after)) return 'at once'
    for (const plugin of unschedulablePlugins)
      if (this.#helps(plugin, queued.info, event, before, after)) return 'after backoff'
    return 'no'
  }

  #helps(plugin: string, pod: PodInfo, event: ClusterEvent, before: unknown, after: unknown): boolean {
    const wanted = this.#options.events.get(plugin)
    // Nobody knows what a plugin that isn't there waits for.
    if (!wanted) return true
    return wanted.some(
      each => eventMatches(each, event) && this.#hint(plugin, event, () => each.hint?.(pod, before, after)),
    )
  }

  #hint(plugin: string, event: ClusterEvent, ask: () => 'Queue' | 'QueueSkip' | undefined): boolean {
    const { metrics } = this.#options
    const started = metrics ? this.#clock.monotonic() : 0
    const answer = ask() ?? 'Queue'
    metrics?.hint(plugin, event, answer, this.#clock.monotonic() - started)
    return answer === 'Queue'
  }

  #requeue(queued: QueuedPodInfo, how: Requeue, event: ClusterEvent): void {
    const until = how === 'after backoff' ? this.#backoffUntil(queued) : 0
    // Gates come first: a gated pod does not wait in the backoff queue.
    if (how === 'no' || this.#isGated(queued)) this.#toUnschedulable(queued, event)
    else if (until <= this.#clock.now()) this.#toActive(queued, event)
    else {
      queued.backoffUntil = until
      const broken = queued.consecutiveErrors > 0
      const heap = broken ? this.#errorBackoff : this.#backoff
      heap.set(queued)
      this.#options.metrics?.incoming('backoff', eventLabel(event))
      this.#scheduleBackoff(until)
      if (!broken) this.#options.onReady()
    }
  }

  #toActive(queued: QueuedPodInfo, event: ClusterEvent): void {
    if (this.#isGated(queued)) this.#toUnschedulable(queued, event)
    else {
      this.#options.metrics?.incoming('active', eventLabel(event))
      this.#unschedulable.delete(queued.info.uid)
      this.#active.set(queued)
      this.#options.onReady()
    }
  }

  #isGated(queued: QueuedPodInfo): boolean {
    const status = this.#options.preEnqueue(queued.info)
    queued.gatingPlugin = status?.plugin
    return status !== undefined
  }

  #toUnschedulable(queued: QueuedPodInfo, event: ClusterEvent): void {
    this.#options.metrics?.incoming('unschedulable', eventLabel(event))
    this.#unschedulable.set(queued.info.uid, queued)
    this.#scheduleFlush()
  }

  #backoffUntil(queued: QueuedPodInfo): number {
    const { initialBackoffMs = 1000, maxBackoffMs = 10_000 } = this.#options
    const count = queued.consecutiveErrors || queued.unschedulableCount
    if (count === 0) return 0
    return queued.timestamp + Math.min(maxBackoffMs, initialBackoffMs * 2 ** (count - 1))
  }

  #scheduleBackoff(at: number): void {
    // In steps: thousands of pods that back off are looked through a few times a second, not once for each.
    const step = Math.ceil(at / backoffStepMs) * backoffStepMs
    if (this.#stopped || (this.#backoffTimer && this.#backoffTimer.at <= step)) return
    this.#backoffTimer?.timer.cancel()
    const timer = this.#clock.setTimeout(() => this.#endBackoff(), Math.max(0, step - this.#clock.now()))
    this.#backoffTimer = { at: step, timer }
  }

  #endBackoff(): void {
    this.#backoffTimer = undefined
    const now = this.#clock.now()
    let next = Number.POSITIVE_INFINITY
    for (const heap of [this.#backoff, this.#errorBackoff]) {
      // Within a window the order is another than that of time.
      for (const queued of [...heap.values()]) {
        if (queued.backoffUntil > now) next = Math.min(next, queued.backoffUntil)
        else {
          heap.delete(queued.info.uid)
          this.#toActive(queued, backoffComplete)
        }
      }
    }
    if (next !== Number.POSITIVE_INFINITY) this.#scheduleBackoff(next)
  }

  #scheduleFlush(): void {
    if (this.#stopped || this.#flushTimer) return
    this.#flushTimer = this.#clock.setTimeout(() => {
      this.#flushTimer = undefined
      this.#flush()
      if (this.#unschedulable.size > 0) this.#scheduleFlush()
    }, flushEveryMs)
  }

  /** Pods that nobody has spoken for in a long time get another try: a hint may have been wrong. */
  #flush(): void {
    const { maxInUnschedulableMs = 5 * 60_000 } = this.#options
    const longAgo = this.#clock.now() - maxInUnschedulableMs
    for (const queued of [...this.#unschedulable.values()]) {
      if (queued.timestamp > longAgo) continue
      const requeue = this.#worthRequeuing(queued, unschedulableTimeout)
      if (requeue === 'no') continue
      this.#unschedulable.delete(queued.info.uid)
      queued.flushed = true
      this.#requeue(queued, requeue, unschedulableTimeout)
    }
  }
}

const windowOf = (at: number) => Math.floor(at / backoffWindowMs)
