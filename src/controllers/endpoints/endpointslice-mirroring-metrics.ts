// What the EndpointSlice mirroring controller counts, under upstream's names.

import type { EndpointSlice } from '../../api/discovery/v1/endpointslice.ts'
import {
  type Counter,
  exponentialBuckets,
  type Family,
  type Histogram,
  type MetricsRegistry,
} from '../../machinery/metrics/metrics.ts'

const subsystem = 'endpoint_slice_mirroring_controller'
const stability = 'ALPHA'

/** What one sync of Endpoints has come to. */
export interface MirroringTotals {
  added: number
  updated: number
  removed: number
}

export class EndpointSliceMirroringMetrics {
  readonly #added: Histogram
  readonly #updated: Histogram
  readonly #removed: Histogram
  readonly #skipped: Histogram
  readonly #durations: Histogram
  readonly #changes: Family<Counter>

  /** `slices` answers those of the controller; each has the endpoints of one subset. */
  constructor(registry: MetricsRegistry, slices: () => Iterable<EndpointSlice>, maxEndpointsPerSlice: number) {
    const perSync = (name: string, help: string) =>
      registry
        .histogram({ name: `${subsystem}_${name}`, help, stability, buckets: exponentialBuckets(2, 2, 15) })
        .with()
    this.#added = perSync('endpoints_added_per_sync', 'Number of endpoints added on each Endpoints sync')
    this.#updated = perSync('endpoints_updated_per_sync', 'Number of endpoints updated on each Endpoints sync')
    this.#removed = perSync('endpoints_removed_per_sync', 'Number of endpoints removed on each Endpoints sync')
    this.#skipped = perSync(
      'addresses_skipped_per_sync',
      'Number of addresses skipped on each Endpoints sync due to being invalid or exceeding MaxEndpointsPerSubset',
    )
    this.#durations = registry
      .histogram({
        name: `${subsystem}_endpoints_sync_duration`,
        stability,
        help: 'Duration of syncEndpoints() in seconds',
        buckets: exponentialBuckets(0.001, 2, 15),
      })
      .with()
    this.#changes = registry.counter({
      name: `${subsystem}_changes`,
      stability,
      help: 'Number of EndpointSlice changes',
      labels: ['operation'],
    })
    const gauge = (name: string, help: string) =>
      registry.gauge({ name: `${subsystem}_${name}`, help, stability }).with()
    const endpoints = gauge('endpoints_desired', 'Number of endpoints desired')
    const actual = gauge('num_endpoint_slices', 'Number of EndpointSlices')
    const desired = gauge(
      'desired_endpoint_slices',
      'Number of EndpointSlices that would exist with perfect endpoint allocation',
    )
    registry.onCollect(() => {
      for (const each of [endpoints, actual, desired]) each.set(0)
      for (const slice of slices()) {
        const count = slice.endpoints?.length ?? 0
        endpoints.add(count)
        actual.add(1)
        desired.add(Math.ceil(count / maxEndpointsPerSlice))
      }
    })
  }

  synced(milliseconds: number): void {
    this.#durations.observe(milliseconds / 1000)
  }

  skipped(addresses: number): void {
    this.#skipped.observe(addresses)
  }

  mirrored({ added, updated, removed }: MirroringTotals): void {
    this.#added.observe(added)
    this.#updated.observe(updated)
    this.#removed.observe(removed)
  }

  changed(operation: 'create' | 'update' | 'delete'): void {
    this.#changes.with(operation).inc()
  }
}
