// What the volume binder counts, under upstream's names: volumes and claims as they are, and how long those took that were
// made and deleted.

import type { PersistentVolume } from '../../api/core/v1/persistentvolume.ts'
import type { PersistentVolumeClaim } from '../../api/core/v1/persistentvolumeclaim.ts'
import { storageClassOf } from '../../api/core/v1/volume-binding.ts'
import type { Clock } from '../../machinery/env/env.ts'
import type { Counter, Family, Gauge, Histogram, MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { storageOperationBuckets } from '../storage-operation-metrics.ts'

const stability = 'ALPHA'

export interface Counted {
  volumes(): readonly PersistentVolume[]
  claims(): readonly PersistentVolumeClaim[]
}

export class BinderMetrics {
  readonly #clock: Clock
  readonly #defaultClasses: Counter
  readonly #defaultClassErrors: Counter
  readonly #errors: readonly Family<Counter>[]
  readonly #durations: Family<Histogram>
  /** What has been begun and not ended, by what it is about: a volume's name, a claim's key. */
  readonly #started = new Map<string, { readonly plugin: string; readonly operation: string; readonly at: number }>()

  constructor(registry: MetricsRegistry, clock: Clock, counted: Counted) {
    this.#clock = clock
    const counter = (name: string, help: string) => registry.counter({ name, help, stability }).with()
    this.#defaultClasses = counter(
      'retroactive_storageclass_total',
      'Total number of retroactive StorageClass assignments to persistent volume claim',
    )
    this.#defaultClassErrors = counter(
      'retroactive_storageclass_errors_total',
      'Total number of failed retroactive StorageClass assignments to persistent volume claim',
    )
    const labels = ['plugin_name', 'operation_name']
    this.#errors = [
      ['volume_operation_total_errors', '(Deprecated since 1.36.0) '],
      ['volume_operation_errors_total', ''],
    ].map(([name = '', note]) =>
      registry.counter({ name, stability, help: `${note}Total volume operation errors`, labels }),
    )
    this.#durations = registry.histogram({
      name: 'volume_operation_total_seconds',
      stability,
      help: 'Storage operation end to end duration in seconds',
      labels,
      buckets: storageOperationBuckets,
    })
    collect(registry, counted)
  }

  /** A claim was to be given the default class. */
  defaulted(failed: boolean): void {
    this.#defaultClasses.inc()
    if (failed) this.#defaultClassErrors.inc()
  }

  /** From the first time that it is said. */
  started(id: string, plugin: string, operation: 'provision' | 'delete'): void {
    if (!this.#started.has(id)) this.#started.set(id, { plugin, operation, at: this.#clock.monotonic() })
  }

  /** It failed, and will be tried again. */
  failed(id: string): void {
    const begun = this.#started.get(id)
    if (begun) for (const each of this.#errors) each.with(begun.plugin, begun.operation).inc()
  }

  ended(id: string): void {
    const begun = this.#started.get(id)
    if (!begun) return
    this.#started.delete(id)
    this.#durations.with(begun.plugin, begun.operation).observe((this.#clock.monotonic() - begun.at) / 1000)
  }
}

function collect(registry: MetricsRegistry, { volumes, claims }: Counted): void {
  const gauge = (name: string, help: string, labels: readonly string[]): Family<Gauge> =>
    registry.gauge({ name: `pv_collector_${name}`, help: `Gauge measuring ${help}`, stability, labels })
  const total = gauge('total_pv_count', 'total number of persistent volumes', ['plugin_name', 'volume_mode'])
  const ofVolumes = (phase: string) =>
    gauge(`${phase}_pv_count`, `number of persistent volume currently ${phase}`, ['storage_class'])
  const ofClaims = (phase: string) =>
    gauge(`${phase}_pvc_count`, `number of persistent volume claim currently ${phase}`, [
      'namespace',
      'storage_class',
      'volume_attributes_class',
    ])
  const [boundVolumes, unboundVolumes] = [ofVolumes('bound'), ofVolumes('unbound')]
  const [boundClaims, unboundClaims] = [ofClaims('bound'), ofClaims('unbound')]
  registry.onCollect(() => {
    for (const family of [total, boundVolumes, unboundVolumes, boundClaims, unboundClaims]) family.clear()
    for (const { spec, status } of volumes()) {
      total.with(builtInPlugin(spec), spec.volumeMode ?? '').add(1)
      const family = status.phase === 'Bound' ? boundVolumes : unboundVolumes
      family.with(spec.storageClassName ?? '').add(1)
    }
    for (const claim of claims()) {
      const family = claim.status.phase === 'Bound' ? boundClaims : unboundClaims
      const { namespace = '' } = claim.metadata
      family.with(namespace, storageClassOf(claim), claim.spec.volumeAttributesClassName ?? '').add(1)
    }
  })
}

/** Only what can be recycled or deleted here has a plugin here. */
export function builtInPlugin({ hostPath, nfs }: PersistentVolume['spec']): string {
  if (hostPath) return 'kubernetes.io/host-path'
  return nfs ? 'kubernetes.io/nfs' : 'N/A'
}
