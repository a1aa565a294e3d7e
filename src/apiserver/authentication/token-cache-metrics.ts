// What is counted of remembered tokens (upstream: apiserver/pkg/authentication/token/cache).

import type { Clock } from '../../machinery/env/env.ts'
import type { MetricsRegistry } from '../../machinery/metrics/metrics.ts'

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export class TokenCacheMetrics {
  readonly #clock: Clock
  readonly #requests
  readonly #durations
  readonly #fetches
  readonly #active

  constructor(registry: MetricsRegistry, clock: Clock) {
    this.#clock = clock
    const of = (name: string) => ({
      name: `authentication_token_cache_${name}`,
      stability: 'ALPHA' as const,
      help: '',
      labels: ['status'],
    })
    this.#requests = registry.counter(of('request_total'))
    this.#durations = registry.histogram({ ...of('request_duration_seconds'), buckets })
    this.#fetches = registry.counter(of('fetch_total'))
    this.#active = registry.gauge(of('active_fetch_count'))
  }

  /** What is remembered answers at once. */
  hit(): void {
    this.#requests.with('hit').inc()
    this.#durations.with('hit').observe(0)
  }

  /** A token has to be looked at; call what is given back once it has been. */
  missed(): () => void {
    const started = this.#clock.monotonic()
    const blocked = this.#active.with('blocked')
    blocked.add(1)
    return () => {
      blocked.add(-1)
      this.#requests.with('miss').inc()
      this.#durations.with('miss').observe((this.#clock.monotonic() - started) / 1000)
    }
  }

  /** Somebody looks at it, for all who wait. */
  fetching(): (ok: boolean) => void {
    const inFlight = this.#active.with('in_flight')
    inFlight.add(1)
    return ok => {
      inFlight.add(-1)
      this.#fetches.with(ok ? 'ok' : 'error').inc()
    }
  }
}
