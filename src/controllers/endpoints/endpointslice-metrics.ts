// What the EndpointSlice controller counts, under upstream's names.

import type { EndpointSlice } from '../../api/discovery/v1/endpointslice.ts'
import {
  type Counter,
  exponentialBuckets,
  type Family,
  type Histogram,
  type MetricsRegistry,
} from '../../machinery/metrics/metrics.ts'
import { maxEndpointsPerSlice } from './slice-packing.ts'

const perSync = exponentialBuckets(2, 2, 15)

/** What one sync of a Service has come to. */
export interface SyncTotals {
  added: number
  removed: number
}

export class EndpointSliceMetrics {
  readonly #added: Histogram
  readonly #removed: Histogram
  readonly #changes: Family<Counter>
  readonly #syncs: Family<Counter>

  /** `slices` answers those of the controller, Service by Service. */
  constructor(registry: MetricsRegistry, slices: () => Iterable<readonly EndpointSlice[]>) {
    const histogram = (name: string, help: string) =>
      registry.histogram({ name, help, stability: 'ALPHA', buckets: perSync }).with()
    const gauge = (name: string, help: string) => registry.gauge({ name, help, stability: 'ALPHA' }).with()
    this.#added = histogram(
      'endpoint_slice_controller_endpoints_added_per_sync',
      'Number of endpoints added on each Service sync',
    )
    this.#removed = histogram(
      'endpoint_slice_controller_endpoints_removed_per_sync',
      'Number of endpoints removed on each Service sync',
    )
    this.#changes = registry.counter({
      name: 'endpoint_slice_controller_changes',
      stability: 'ALPHA',
      help: 'Number of EndpointSlice changes',
      labels: ['operation'],
    })
    this.#syncs = registry.counter({
      name: 'endpoint_slice_controller_syncs',
      stability: 'ALPHA',
      help: 'Number of EndpointSlice syncs',
      labels: ['result'],
    })
    const endpoints = gauge('endpoint_slice_controller_endpoints_desired', 'Number of endpoints desired')
    const actual = gauge('endpoint_slice_controller_num_endpoint_slices', 'Number of EndpointSlices')
    const desired = gauge(
      'endpoint_slice_controller_desired_endpoint_slices',
      'Number of EndpointSlices that would exist with perfect endpoint allocation',
    )
    registry.onCollect(() => {
      for (const each of [endpoints, actual, desired]) each.set(0)
      for (const ofService of slices()) {
        const count = ofService.reduce((sum, slice) => sum + (slice.endpoints?.length ?? 0), 0)
        endpoints.add(count)
        actual.add(ofService.length)
        desired.add(Math.max(1, Math.ceil(count / maxEndpointsPerSlice)))
      }
    })
  }

  changed(operation: 'create' | 'update' | 'delete'): void {
    this.#changes.with(operation).inc()
  }

  synced(result: 'success' | 'stale' | 'error'): void {
    this.#syncs.with(result).inc()
  }

  packed({ added, removed }: SyncTotals): void {
    this.#added.observe(added)
    this.#removed.observe(removed)
  }
}
