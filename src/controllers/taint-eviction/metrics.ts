// How many pods taints have driven away, and how long after they were due.

import type { Counter, Histogram, MetricsRegistry } from '../../machinery/metrics/metrics.ts'

export interface TaintEvictionMetrics {
  readonly deletions: Counter
  /** Seconds. */
  readonly delays: Histogram
}

export function taintEvictionMetrics(registry: MetricsRegistry): TaintEvictionMetrics {
  return {
    deletions: registry
      .counter({
        name: 'taint_eviction_controller_pod_deletions_total',
        stability: 'ALPHA',
        help: 'Total number of Pods deleted by TaintEvictionController since its start.',
      })
      .with(),
    delays: registry
      .histogram({
        name: 'taint_eviction_controller_pod_deletion_duration_seconds',
        stability: 'ALPHA',
        help: 'Latency, in seconds, between the time when a taint effect has been activated for the Pod and its deletion via TaintEvictionController.',
        buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 30, 60, 120, 180, 240],
      })
      .with(),
  }
}
