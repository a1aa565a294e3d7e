// How many pods the pod garbage collector has removed, and why.

import type { Counter, Family, MetricsRegistry } from '../machinery/metrics/metrics.ts'

export type RemovalReason = 'terminated' | 'out-of-service' | 'orphaned' | 'unscheduled'

export interface PodGarbageMetrics {
  readonly removed: Family<Counter>
  readonly failed: Family<Counter>
}

export function podGarbageMetrics(registry: MetricsRegistry): PodGarbageMetrics {
  const labels = ['namespace', 'reason']
  return {
    removed: registry.counter({
      name: 'pod_gc_collector_force_delete_pods_total',
      stability: 'ALPHA',
      help: 'Number of pods that are being forcefully deleted since the Pod GC Controller started.',
      labels,
    }),
    failed: registry.counter({
      name: 'pod_gc_collector_force_delete_pod_errors_total',
      stability: 'ALPHA',
      help: 'Number of errors encountered when forcefully deleting the pods since the Pod GC Controller started.',
      labels,
    }),
  }
}
