// What is counted of ID tokens and of their issuers' keys (upstream: apiserver/plugin/pkg/authenticator/token/oidc).

import type { Clock } from '../../../machinery/env/env.ts'
import type { MetricsRegistry } from '../../../machinery/metrics/metrics.ts'
import { apiServerID, sha256Of } from '../../config-reload-metrics.ts'

export class JwtMetrics {
  readonly #clock: Clock
  readonly #latency
  readonly #fetches
  readonly #keySets
  readonly #server = sha256Of(apiServerID)
  /** Of each issuer, the labels of the key set that was fetched last. */
  readonly #known = new Map<string, string[]>()

  constructor(registry: MetricsRegistry, clock: Clock) {
    this.#clock = clock
    const name = (suffix: string) => `apiserver_authentication_jwt_authenticator_${suffix}`
    const stability = 'ALPHA'
    this.#latency = registry.histogram({
      name: name('latency_seconds'),
      stability,
      help: 'Latency of jwt authentication operations in seconds. This is the time spent authenticating a token for cache miss only (i.e. when the token is not found in the cache).',
      labels: ['result', 'jwt_issuer_hash'],
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    })
    this.#fetches = registry.gauge({
      name: name('jwks_fetch_last_timestamp_seconds'),
      stability,
      help: 'Timestamp of the last successful or failed JWKS fetch split by result, api server identity and jwt issuer for the JWT authenticator.',
      labels: ['result', 'jwt_issuer_hash', 'apiserver_id_hash'],
    })
    this.#keySets = registry.gauge({
      name: name('jwks_fetch_last_key_set_info'),
      stability,
      help: 'Information about the last JWKS fetched by the JWT authenticator with hash as label, split by api server identity and jwt issuer.',
      labels: ['jwt_issuer_hash', 'apiserver_id_hash', 'hash'],
    })
  }

  judged(issuer: string, result: 'success' | 'failure', milliseconds: number): void {
    this.#latency.with(result, sha256Of(issuer)).observe(milliseconds / 1000)
  }

  /** `keySet` is undefined when there was none. */
  fetched(issuer: string, keySet: string | undefined): void {
    const hash = sha256Of(issuer)
    const result = keySet === undefined ? 'failure' : 'success'
    this.#fetches.with(result, hash, this.#server).set(this.#clock.now() / 1000)
    if (keySet === undefined) return
    const before = this.#known.get(issuer)
    if (before) this.#keySets.remove(...before)
    const labels = [hash, this.#server, sha256Of(keySet)]
    this.#keySets.with(...labels).set(1)
    this.#known.set(issuer, labels)
  }

  /** The issuer counts no more. */
  forget(issuer: string): void {
    const hash = sha256Of(issuer)
    for (const result of ['success', 'failure']) this.#fetches.remove(result, hash, this.#server)
    const labels = this.#known.get(issuer)
    if (labels) this.#keySets.remove(...labels)
    this.#known.delete(issuer)
  }
}
