// What flow control counts (upstream: util/flowcontrol/metrics). Numbers that the queues keep anyway are only read when
// somebody asks; observed as they happen are durations and sizes.

import type { Counter, Family, Histogram, MetricsRegistry } from '../../machinery/metrics/metrics.ts'

const durationBuckets = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30]
const levelAndSchema = ['priority_level', 'flow_schema'] as const

export function flowControlMetrics(registry: MetricsRegistry) {
  const prefix = 'apiserver_flowcontrol_'
  const gauge = (
    name: string,
    stability: 'ALPHA' | 'BETA',
    help: string,
    labels: readonly string[] = ['priority_level'],
  ) => registry.gauge({ name: prefix + name, stability, help, labels })
  const counter = (name: string, stability: 'ALPHA' | 'BETA', help: string, labels: readonly string[]) =>
    registry.counter({ name: prefix + name, stability, help, labels })
  const histogram = (
    name: string,
    stability: 'ALPHA' | 'BETA',
    help: string,
    labels: readonly string[],
    buckets: readonly number[],
  ) => registry.histogram({ name: prefix + name, stability, help, labels, buckets })
  return {
    rejected: counter(
      'rejected_requests_total',
      'BETA',
      'Number of requests rejected by API Priority and Fairness subsystem',
      [...levelAndSchema, 'reason'],
    ),
    dispatched: counter(
      'dispatched_requests_total',
      'BETA',
      'Number of requests executed by API Priority and Fairness subsystem',
      levelAndSchema,
    ),
    noAccommodation: counter(
      'request_dispatch_no_accommodation_total',
      'ALPHA',
      'Number of times a dispatch attempt resulted in a non accommodation due to lack of available seats',
      levelAndSchema,
    ),
    currentR: gauge('current_r', 'ALPHA', 'R(time of last change)'),
    inqueueRequests: gauge(
      'current_inqueue_requests',
      'BETA',
      'Number of requests currently pending in queues of the API Priority and Fairness subsystem',
      levelAndSchema,
    ),
    inqueueSeats: gauge(
      'current_inqueue_seats',
      'ALPHA',
      'Number of seats currently pending in queues of the API Priority and Fairness subsystem',
      levelAndSchema,
    ),
    executingRequests: gauge(
      'current_executing_requests',
      'BETA',
      'Number of requests in initial (for a WATCH) or any (for a non-WATCH) execution stage in the API Priority and Fairness subsystem',
      levelAndSchema,
    ),
    executingSeats: gauge(
      'current_executing_seats',
      'BETA',
      'Concurrency (number of seats) occupied by the currently executing (initial stage for a WATCH, any stage otherwise) requests in the API Priority and Fairness subsystem',
      levelAndSchema,
    ),
    nominalLimit: gauge(
      'nominal_limit_seats',
      'BETA',
      'Nominal number of execution seats configured for each priority level',
    ),
    lowerLimit: gauge(
      'lower_limit_seats',
      'ALPHA',
      'Configured lower bound on number of execution seats available to each priority level',
    ),
    upperLimit: gauge(
      'upper_limit_seats',
      'ALPHA',
      'Configured upper bound on number of execution seats available to each priority level',
    ),
    currentLimit: gauge(
      'current_limit_seats',
      'ALPHA',
      'current derived number of execution seats available to each priority level',
    ),
    demandHighWatermark: gauge(
      'demand_seats_high_watermark',
      'ALPHA',
      'High watermark, over last adjustment period, of demand_seats',
    ),
    demandAverage: gauge(
      'demand_seats_average',
      'ALPHA',
      'Time-weighted average, over last adjustment period, of demand_seats',
    ),
    demandDeviation: gauge(
      'demand_seats_stdev',
      'ALPHA',
      'Time-weighted standard deviation, over last adjustment period, of demand_seats',
    ),
    demandSmoothed: gauge('demand_seats_smoothed', 'ALPHA', 'Smoothed seat demands'),
    targetSeats: gauge('target_seats', 'ALPHA', 'Seat allocation targets'),
    fairFraction: gauge(
      'seat_fair_frac',
      'ALPHA',
      "Fair fraction of server's concurrency to allocate to each priority level that can use it",
      [],
    ),
    waitDuration: histogram(
      'request_wait_duration_seconds',
      'BETA',
      'Length of time a request spent waiting in its queue',
      [...levelAndSchema, 'execute'],
      durationBuckets,
    ),
    executionDuration: histogram(
      'request_execution_seconds',
      'ALPHA',
      'Duration of initial stage (for a WATCH) or any (for a non-WATCH) stage of request execution in the API Priority and Fairness subsystem',
      [...levelAndSchema, 'type'],
      durationBuckets,
    ),
    queueLength: histogram(
      'request_queue_length_after_enqueue',
      'ALPHA',
      'Length of queue in the API Priority and Fairness subsystem, as seen by each request after it is enqueued',
      levelAndSchema,
      [0, 10, 25, 50, 100, 250, 500, 1000],
    ),
    watchCount: histogram(
      'watch_count_samples',
      'ALPHA',
      'count of watchers for mutating requests in API Priority and Fairness',
      levelAndSchema,
      [0, 1, 10, 100, 1000, 10000],
    ),
    estimatedSeats: histogram(
      'work_estimated_seats',
      'ALPHA',
      'Number of estimated seats (maximum of initial and final seats) associated with requests in API Priority and Fairness',
      levelAndSchema,
      [1, 2, 4, 8, 16, 32, 64, 100],
    ),
  }
}

export type FlowControlMetrics = ReturnType<typeof flowControlMetrics>

/** The children of one flow schema in its level: resolved once. */
export class FlowObservers {
  readonly #metrics: FlowControlMetrics
  readonly #level: string
  readonly #schema: string
  readonly waited: Histogram
  readonly waitedInVain: () => Histogram
  readonly executed: Histogram
  readonly watchStarted: () => Histogram
  readonly queueLength: Histogram
  readonly watchCount: Histogram
  readonly seats: Histogram

  constructor(metrics: FlowControlMetrics, level: string, schema: string) {
    this.#metrics = metrics
    this.#level = level
    this.#schema = schema
    this.waited = metrics.waitDuration.with(level, schema, 'true')
    this.waitedInVain = once(() => metrics.waitDuration.with(level, schema, 'false'))
    this.executed = metrics.executionDuration.with(level, schema, 'regular')
    this.watchStarted = once(() => metrics.executionDuration.with(level, schema, 'watch'))
    this.queueLength = metrics.queueLength.with(level, schema)
    this.watchCount = metrics.watchCount.with(level, schema)
    this.seats = metrics.estimatedSeats.with(level, schema)
  }

  rejected(reason: 'concurrency-limit' | 'queue-full' | 'time-out'): void {
    const rejections: Family<Counter> = this.#metrics.rejected
    rejections.with(this.#level, this.#schema, reason).inc()
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
