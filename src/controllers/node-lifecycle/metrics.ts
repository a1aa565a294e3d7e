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

const unnamed = zoneOf({ metadata: {} } as Node)

/** Nodes that name no zone are in one without a name. */
const zoneLabel = (node: Node): string => {
  const zone = zoneOf(node)
  return zone === unnamed ? '' : zone
}

export interface NodeMetrics {
  evicted(node: Node): void
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
  const evictions: Family<Counter> = registry.counter({
    name: 'node_collector_evictions_total',
    stability: 'STABLE',
    help: 'Number of Node evictions that happened since current instance of NodeController started.',
    labels,
  })
  registry.onCollect(() => {
    // A zone that has lost its last node is a healthy one without any.
    for (const { values } of size.children()) {
      size.with(...values).set(0)
      health.with(...values).set(100)
      unhealthy.with(...values).set(0)
    }
    for (const node of nodes()) {
      const zone = zoneLabel(node)
      // There from when the zone is.
      evictions.with(zone)
      size.with(zone).add(1)
      if (conditionStatus(node, 'Ready') !== 'True') unhealthy.with(zone).add(1)
      health.with(zone).set(100 * (1 - unhealthy.with(zone).value / size.with(zone).value))
    }
  })
  return {
    evicted: node => evictions.with(zoneLabel(node)).inc(),
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
