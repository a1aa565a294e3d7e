// What the EndpointSlice controller counts, under upstream's names.

import type { Service } from '../../api/core/v1/service.ts'
import type { EndpointSlice } from '../../api/discovery/v1/endpointslice.ts'
import {
  type Counter,
  defaultBuckets,
  exponentialBuckets,
  type Family,
  type Histogram,
  type MetricsRegistry,
} from '../../machinery/metrics/metrics.ts'
import { maxEndpointsPerSlice } from './slice-packing.ts'
import { wantsTopologyHints } from './topology-hints.ts'

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
  readonly #changedSlices: Family<Histogram>

  /** `slices` answers the Services of the controller with their slices. */
  constructor(
    registry: MetricsRegistry,
    slices: () => Iterable<{ readonly service: Service; readonly slices: readonly EndpointSlice[] }>,
  ) {
    const histogram = (name: string, help: string) =>
      registry.histogram({ name, help, stability: 'BETA', buckets: perSync }).with()
    const gauge = (name: string, help: string) => registry.gauge({ name, help, stability: 'BETA' }).with()
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
    this.#changedSlices = registry.histogram({
      name: 'endpoint_slice_controller_endpointslices_changed_per_sync',
      stability: 'ALPHA',
      help: 'Number of EndpointSlices changed on each Service sync',
      labels: ['topology', 'traffic_distribution'],
      buckets: defaultBuckets,
    })
    const distributions = registry.gauge({
      name: 'endpoint_slice_controller_services_count_by_traffic_distribution',
      stability: 'BETA',
      help: 'Number of Services using some specific trafficDistribution',
      labels: ['traffic_distribution'],
    })
    const endpoints = gauge('endpoint_slice_controller_endpoints_desired', 'Number of endpoints desired')
    const actual = gauge('endpoint_slice_controller_num_endpoint_slices', 'Number of EndpointSlices')
    const desired = gauge(
      'endpoint_slice_controller_desired_endpoint_slices',
      'Number of EndpointSlices that would exist with perfect endpoint allocation',
    )
    registry.onCollect(() => {
      for (const each of [endpoints, actual, desired]) each.set(0)
      distributions.clear()
      for (const { service, slices: ofService } of slices()) {
        const { trafficDistribution } = service.spec
        if (trafficDistribution) distributions.with(trafficDistribution).add(1)
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

  /** A sync has written so many slices. */
  wrote(service: Service, slices: number): void {
    const hinted = wantsTopologyHints(service)
    const distribution = hinted ? '' : (service.spec.trafficDistribution ?? '')
    this.#changedSlices.with(hinted ? 'Auto' : 'Disabled', distribution).observe(slices)
  }

  packed({ added, removed }: SyncTotals): void {
    this.#added.observe(added)
    this.#removed.observe(removed)
  }
}
