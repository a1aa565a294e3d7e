// How much of the cluster ranges nodes have, under upstream's names, odd as some are.

import type { MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { exponentialBuckets } from '../../machinery/metrics/metrics.ts'
import type { NodeRange } from './node-range.ts'

const labels = ['clusterCIDR']
const stability = 'ALPHA'

export function observeNodeRanges(registry: MetricsRegistry, ranges: readonly NodeRange[]): void {
  // Of all controllers, upstream has only this one say that it runs.
  registry
    .gauge({
      name: 'running_managed_controllers',
      stability: 'BETA',
      help: 'Indicates where instances of a controller are currently running',
      labels: ['name', 'manager'],
    })
    .with('nodeipam', 'kube-controller-manager')
    .set(1)
  const allocations = registry.counter({
    name: 'node_ipam_controller_cidrset_cidrs_allocations_total',
    stability,
    help: 'Counter measuring total number of CIDR allocations.',
    labels,
  })
  const releases = registry.counter({
    name: 'node_ipam_controller_cidrset_cidrs_releases_total',
    stability,
    help: 'Counter measuring total number of CIDR releases.',
    labels,
  })
  const most = registry.gauge({
    name: 'node_ipam_controller_cirdset_max_cidrs',
    stability,
    help: 'Maximum number of CIDRs that can be allocated.',
    labels,
  })
  const usage = registry.gauge({
    name: 'node_ipam_controller_cidrset_usage_cidrs',
    stability,
    help: 'Gauge measuring percentage of allocated CIDRs.',
    labels,
  })
  const tries = registry.histogram({
    name: 'node_ipam_controller_cidrset_allocation_tries_per_request',
    stability,
    help: 'Number of endpoints added on each Service sync',
    labels,
    buckets: exponentialBuckets(1, 5, 5),
  })
  for (const range of ranges) {
    const { text } = range
    most.with(text).set(range.count)
    range.observer = {
      taken(parts, tried) {
        allocations.with(text).inc(parts)
        if (tried !== undefined) tries.with(text).observe(tried)
        usage.with(text).set(range.taken / range.count)
      },
      released() {
        releases.with(text).inc()
        usage.with(text).set(range.taken / range.count)
      },
    }
    if (range.taken > 0) range.observer.taken(range.taken)
  }
}
