// What the attach/detach controller counts, under upstream's names: which volumes are where, and how long it took.

import type { Clock } from '../../machinery/env/env.ts'
import type { Counter, Family, Histogram, MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { storageOperationBuckets } from '../storage-operation-metrics.ts'
import { csiVolumeOf } from './attachable-volumes.ts'

const stability = 'ALPHA'

export interface WorldCounts {
  /** The unique names of the volumes that pods use, once for each pod, with the node. */
  inUse(): Iterable<readonly [nodeName: string, uniqueName: string]>
  /** Once for each node: of what is wanted, and of what is there. */
  desired(): Iterable<string>
  actual(): Iterable<string>
}

export class AttachDetachMetrics {
  readonly #clock: Clock
  readonly #durations: Family<Histogram>
  readonly #forced: Family<Counter>

  constructor(registry: MetricsRegistry, clock: Clock, counts: WorldCounts) {
    this.#clock = clock
    this.#durations = registry.histogram({
      name: 'storage_operation_duration_seconds',
      stability,
      help: 'Storage operation duration',
      labels: ['volume_plugin', 'operation_name', 'status', 'migrated'],
      buckets: storageOperationBuckets,
    })
    this.#forced = registry.counter({
      name: 'attach_detach_controller_attachdetach_controller_forced_detaches',
      stability,
      help: 'Number of times the A/D Controller performed a forced detach',
      labels: ['reason'],
    })
    const inUse = registry.gauge({
      name: 'storage_count_attachable_volumes_in_use',
      stability,
      help: 'Measure number of volumes in use',
      labels: ['node', 'volume_plugin'],
    })
    const total = registry.gauge({
      name: 'attachdetach_controller_total_volumes',
      stability,
      help: 'Number of volumes in A/D Controller',
      labels: ['plugin_name', 'state'],
    })
    registry.onCollect(() => {
      inUse.clear()
      total.clear()
      for (const [nodeName, uniqueName] of counts.inUse()) inUse.with(nodeName, pluginOf(uniqueName)).add(1)
      for (const uniqueName of counts.desired()) total.with(pluginOf(uniqueName), 'desired_state_of_world').add(1)
      for (const uniqueName of counts.actual()) total.with(pluginOf(uniqueName), 'actual_state_of_world').add(1)
    })
  }

  ended(
    kind: 'attach' | 'detach',
    uniqueName: string,
    { failed, startedAt }: { failed: boolean; startedAt: number },
  ): void {
    const status = failed ? 'fail-unknown' : 'success'
    this.#durations
      .with(pluginOf(uniqueName), `volume_${kind}`, status, 'false')
      .observe((this.#clock.monotonic() - startedAt) / 1000)
  }

  forced(reason: 'timeout' | 'out-of-service'): void {
    this.#forced.with(reason).inc()
  }
}

/** As metrics name it: with the driver, of CSI volumes. */
function pluginOf(uniqueName: string): string {
  const csi = csiVolumeOf(uniqueName)
  const plugin = uniqueName.split('/').slice(0, 2).join('/')
  return csi ? `${plugin}:${csi.driver}` : plugin
}
