// How long the rules of custom resources take (upstream: apiserver/pkg/cel/metrics).

import type { Clock } from '../../machinery/env/env.ts'
import type { MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import type { RuleValidator } from '../../machinery/structural/rules/validator.ts'

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export class CelMetrics {
  readonly #clock: Clock
  readonly #compilation
  readonly #evaluation

  constructor(registry: MetricsRegistry, clock: Clock) {
    this.#clock = clock
    const histogram = (what: string) =>
      registry
        .histogram({
          name: `apiserver_cel_${what}_duration_seconds`,
          stability: 'BETA',
          help: `CEL ${what} time in seconds.`,
          buckets,
        })
        .with()
    this.#compilation = histogram('compilation')
    this.#evaluation = histogram('evaluation')
  }

  /** The validator that is made here, with its evaluations measured. */
  compiled(make: () => RuleValidator | undefined): RuleValidator | undefined {
    const started = this.#clock.monotonic()
    const validator = make()
    if (!validator) return undefined
    this.#compilation.observe((this.#clock.monotonic() - started) / 1000)
    return {
      validate: subject => {
        const begun = this.#clock.monotonic()
        const errors = validator.validate(subject)
        this.#evaluation.observe((this.#clock.monotonic() - begun) / 1000)
        return errors
      },
    }
  }
}
