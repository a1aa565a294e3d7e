// What work queues count of themselves, under client-go's names: how many wait, how long they waited, how long work on
// them takes. One set of families for all queues of a process; each queue has a name.

import type { Clock } from '../machinery/env/env.ts'
import type { Counter, Gauge, Histogram, MetricsRegistry } from '../machinery/metrics/metrics.ts'
import { exponentialBuckets } from '../machinery/metrics/metrics.ts'

const labels = ['name']
const stability = 'BETA'
const buckets = exponentialBuckets(1e-8, 10, 10)

export class WorkQueueMetrics {
  readonly #clock: Clock
  readonly #registry: MetricsRegistry
  readonly #families
  readonly #queues: QueueMetrics<any>[] = []

  constructor(registry: MetricsRegistry, clock: Clock) {
    this.#registry = registry
    this.#clock = clock
    const counter = (name: string, help: string) => registry.counter({ name, help, stability, labels })
    const gauge = (name: string, help: string) => registry.gauge({ name, help, stability, labels })
    const histogram = (name: string, help: string) => registry.histogram({ name, help, stability, labels, buckets })
    this.#families = {
      depth: gauge('workqueue_depth', 'Current depth of workqueue'),
      adds: counter('workqueue_adds_total', 'Total number of adds handled by workqueue'),
      waiting: histogram(
        'workqueue_queue_duration_seconds',
        'How long in seconds an item stays in workqueue before being requested.',
      ),
      working: histogram(
        'workqueue_work_duration_seconds',
        'How long in seconds processing an item from workqueue takes.',
      ),
      unfinished: gauge(
        'workqueue_unfinished_work_seconds',
        "How many seconds of work has done that is in progress and hasn't been observed by work_duration. Large values indicate stuck threads. One can deduce the number of stuck threads by observing the rate at which this increases.",
      ),
      longest: gauge(
        'workqueue_longest_running_processor_seconds',
        'How many seconds has the longest running processor for workqueue been running.',
      ),
      retries: counter('workqueue_retries_total', 'Total number of retries handled by workqueue'),
    }
    this.#registry.onCollect(() => {
      for (const queue of this.#queues) queue.collect()
    })
  }

  queue<T>(name: string): QueueMetrics<T> {
    const { depth, adds, waiting, working, unfinished, longest, retries } = this.#families
    const made = new QueueMetrics<T>(this.#clock, {
      depth: depth.with(name),
      adds: adds.with(name),
      waiting: waiting.with(name),
      working: working.with(name),
      unfinished: unfinished.with(name),
      longest: longest.with(name),
      retries: retries.with(name),
    })
    this.#queues.push(made)
    return made
  }
}

interface Observed {
  readonly depth: Gauge
  readonly adds: Counter
  readonly waiting: Histogram
  readonly working: Histogram
  readonly unfinished: Gauge
  readonly longest: Gauge
  readonly retries: Counter
}

/** One queue's. The queue tells it what happens to its items. */
export class QueueMetrics<T = string> {
  readonly #clock: Clock
  readonly #observed: Observed
  readonly #added = new Map<T, number>()
  readonly #started = new Map<T, number>()

  constructor(clock: Clock, observed: Observed) {
    this.#clock = clock
    this.#observed = observed
  }

  added(item: T): void {
    this.#observed.adds.inc()
    this.#observed.depth.add(1)
    if (!this.#added.has(item)) this.#added.set(item, this.#clock.monotonic())
  }

  taken(item: T): void {
    const now = this.#clock.monotonic()
    this.#observed.depth.add(-1)
    this.#started.set(item, now)
    const added = this.#added.get(item)
    if (added === undefined) return
    this.#added.delete(item)
    this.#observed.waiting.observe((now - added) / 1000)
  }

  finished(item: T): void {
    const started = this.#started.get(item)
    if (started === undefined) return
    this.#started.delete(item)
    this.#observed.working.observe((this.#clock.monotonic() - started) / 1000)
  }

  retried(): void {
    this.#observed.retries.inc()
  }

  /** What is being worked on has not been observed yet. */
  collect(): void {
    const now = this.#clock.monotonic()
    let total = 0
    let longest = 0
    for (const started of this.#started.values()) {
      total += now - started
      longest = Math.max(longest, now - started)
    }
    this.#observed.unfinished.set(total / 1000)
    this.#observed.longest.set(longest / 1000)
  }
}
