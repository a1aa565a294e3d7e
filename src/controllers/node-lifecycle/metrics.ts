// How the zones' nodes are, and how many have been given up.

import type { Node } from '../../api/core/v1/node.ts'
import {
  type Counter,
  exponentialBuckets,
  type Family,
  type Histogram,
  type MetricsRegistry,
} from '../../machinery/metrics/metrics.ts'
import { conditionStatus } from './taints.ts'
import { zoneOf } from './zones.ts'

export interface NodeMetrics {
  readonly evictions: Family<Counter>
  /** Seconds to look after one node. */
  readonly durations: Histogram
}

export function nodeMetrics(registry: MetricsRegistry, nodes: () => readonly Node[]): NodeMetrics {
  const labels = ['zone']
  const gauge = (name: string, help: string) => registry.gauge({ name, help, stability: 'ALPHA', labels })
  const health = gauge('node_collector_zone_health', 'Gauge measuring percentage of healthy nodes per zone.')
  const size = gauge('node_collector_zone_size', 'Gauge measuring number of registered Nodes per zones.')
  const unhealthy = gauge(
    'node_collector_unhealthy_nodes_in_zone',
    'Gauge measuring number of not Ready Nodes per zones.',
  )
  registry.onCollect(() => {
    // A zone that has lost its last node is a healthy one without any.
    for (const { values } of size.children()) {
      size.with(...values).set(0)
      health.with(...values).set(100)
      unhealthy.with(...values).set(0)
    }
    for (const node of nodes()) {
      const zone = zoneOf(node)
      size.with(zone).add(1)
      if (conditionStatus(node, 'Ready') !== 'True') unhealthy.with(zone).add(1)
      health.with(zone).set(100 * (1 - unhealthy.with(zone).value / size.with(zone).value))
    }
  })
  return {
    evictions: registry.counter({
      name: 'node_collector_evictions_total',
      stability: 'STABLE',
      help: 'Number of Node evictions that happened since current instance of NodeController started.',
      labels,
    }),
    durations: registry
      .histogram({
        name: 'node_collector_update_node_health_duration_seconds',
        stability: 'ALPHA',
        help: 'Duration in seconds for NodeController to update the health of a single node.',
        buckets: exponentialBuckets(0.001, 4, 8),
      })
      .with(),
  }
}
