// What is counted of acting as somebody else (upstream: apiserver/pkg/endpoints/filters/impersonation/metrics).

import type { Clock } from '../../machinery/env/env.ts'
import { exponentialBuckets, type MetricsRegistry } from '../../machinery/metrics/metrics.ts'

type Outcome = 'allowed' | 'denied'

export class ImpersonationMetrics {
  readonly clock: Clock
  readonly #attempts
  readonly #attemptDurations
  readonly #checks
  readonly #checkDurations

  constructor(registry: MetricsRegistry, clock: Clock) {
    this.clock = clock
    const of = (name: string, help: string) => ({
      name: `apiserver_impersonation_${name}`,
      stability: 'ALPHA' as const,
      help,
      labels: ['mode', 'decision'],
    })
    const buckets = exponentialBuckets(0.001, 2, 15)
    this.#attempts = registry.counter(
      of('attempts_total', 'Total number of impersonation attempts split by mode and decision.'),
    )
    this.#attemptDurations = registry.histogram({
      ...of('attempts_duration_seconds', 'Latency of impersonation attempts in seconds split by mode and decision.'),
      buckets,
    })
    this.#checks = registry.counter(
      of(
        'authorization_attempts_total',
        'Total number of authorization checks made by the impersonation handler split by mode and decision.',
      ),
    )
    this.#checkDurations = registry.histogram({
      ...of(
        'authorization_attempts_duration_seconds',
        'Latency of authorization checks made by the impersonation handler in seconds split by mode and decision.',
      ),
      buckets,
    })
  }

  /** `mode` is '' when none allowed it. */
  attempted(mode: string, decision: Outcome, milliseconds: number): void {
    this.#attempts.with(mode, decision).inc()
    this.#attemptDurations.with(mode, decision).observe(milliseconds / 1000)
  }

  checked(mode: string, decision: Outcome, milliseconds: number): void {
    this.#checks.with(mode, decision).inc()
    this.#checkDurations.with(mode, decision).observe(milliseconds / 1000)
  }
}
