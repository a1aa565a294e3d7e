// How many pods taints have driven away, of nodes or of devices, and how long after they were due.

import type { Counter, Histogram, MetricsRegistry } from '../../machinery/metrics/metrics.ts'

export interface TaintEvictionMetrics {
  readonly deletions: Counter
  /** Seconds. */
  readonly delays: Histogram
}

export function taintEvictionMetrics(
  registry: MetricsRegistry,
  {
    subsystem,
    controller,
    latency,
  }: { readonly subsystem: string; readonly controller: string; readonly latency: string },
): TaintEvictionMetrics {
  return {
    deletions: registry
      .counter({
        name: `${subsystem}_pod_deletions_total`,
        stability: 'ALPHA',
        help: `Total number of Pods deleted by ${controller} since its start.`,
      })
      .with(),
    delays: registry
      .histogram({
        name: `${subsystem}_pod_deletion_duration_seconds`,
        stability: 'ALPHA',
        help: `Latency, in seconds, between the time when ${latency} via ${controller}.`,
        buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 30, 60, 120, 180, 240],
      })
      .with(),
  }
}
