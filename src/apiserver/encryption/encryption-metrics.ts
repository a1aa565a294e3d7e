// What is counted of envelope encryption (upstream: apiserver/pkg/storage/value/encrypt/envelope/metrics).

import type { Clock } from '../../machinery/env/env.ts'
import { exponentialBuckets, type MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { apiServerID, sha256Of } from '../config-reload-metrics.ts'

/** How many keys of one kind are told apart. */
const mostKeys = 100

export class EncryptionMetrics {
  readonly #clock: Clock
  readonly #operations
  readonly #uses
  readonly #lastUse
  readonly #lastStatus
  readonly #invalid
  readonly #seeds
  readonly #server = sha256Of(apiServerID)
  readonly #used = new Set<string>()
  readonly #told = new Set<string>()

  constructor(registry: MetricsRegistry, clock: Clock) {
    this.#clock = clock
    const name = (suffix: string) => `apiserver_envelope_encryption_${suffix}`
    const stability = 'ALPHA'
    this.#operations = registry.histogram({
      name: name('kms_operations_latency_seconds'),
      stability,
      help: 'KMS operation duration with gRPC error code status total.',
      labels: ['provider_name', 'method_name', 'grpc_status_code'],
      buckets: exponentialBuckets(0.0001, 2, 20),
    })
    const keyLabels = ['transformation_type', 'provider_name', 'key_id_hash', 'apiserver_id_hash']
    this.#uses = registry.counter({
      name: name('key_id_hash_total'),
      stability,
      help: 'Number of times a keyID is used split by transformation type, provider, and apiserver identity.',
      labels: keyLabels,
    })
    this.#lastUse = registry.gauge({
      name: name('key_id_hash_last_timestamp_seconds'),
      stability,
      help: 'The last time in seconds when a keyID was used.',
      labels: keyLabels,
    })
    this.#lastStatus = registry.gauge({
      name: name('key_id_hash_status_last_timestamp_seconds'),
      stability,
      help: 'The last time in seconds when a keyID was returned by the Status RPC call.',
      labels: ['provider_name', 'key_id_hash', 'apiserver_id_hash'],
    })
    this.#invalid = registry.counter({
      name: name('invalid_key_id_from_status_total'),
      stability,
      help: 'Number of times an invalid keyID is returned by the Status RPC call split by error.',
      labels: ['provider_name', 'error'],
    })
    this.#seeds = registry.gauge({
      name: name('dek_source_cache_size'),
      stability,
      help: 'Number of records in data encryption key (DEK) source cache. On a restart, this value is an approximation of the number of decrypt RPC calls the server will make to the KMS plugin.',
      labels: ['provider_name'],
    })
  }

  /** A call of the plugin; `status` is gRPC's word for how it ended. */
  called(provider: string, method: string, status: string, milliseconds: number): void {
    this.#operations.with(provider, method, status).observe(milliseconds / 1000)
  }

  used(direction: 'to_storage' | 'from_storage', provider: string, keyID: string): void {
    const labels = [direction, provider, sha256Of(keyID), this.#server]
    keep(this.#used, labels, gone => {
      this.#uses.remove(...gone)
      this.#lastUse.remove(...gone)
    })
    this.#uses.with(...labels).inc()
    this.#lastUse.with(...labels).set(this.#clock.now() / 1000)
  }

  toldByStatus(provider: string, keyID: string): void {
    const labels = [provider, sha256Of(keyID), this.#server]
    keep(this.#told, labels, gone => this.#lastStatus.remove(...gone))
    this.#lastStatus.with(...labels).set(this.#clock.now() / 1000)
  }

  invalidKey(provider: string, error: string): void {
    this.#invalid.with(provider, error).inc()
  }

  seeds(provider: string, count: number): void {
    this.#seeds.with(provider).set(count)
  }
}

function keep(known: Set<string>, labels: readonly string[], forget: (labels: string[]) => void): void {
  const key = labels.join('\0')
  known.delete(key)
  known.add(key)
  if (known.size <= mostKeys) return
  const oldest: string = known.values().next().value!
  known.delete(oldest)
  forget(oldest.split('\0'))
}
