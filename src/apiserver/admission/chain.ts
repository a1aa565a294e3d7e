// The admission plugins in their order. Runs without a promise as long as no plugin returns one.

import type { AdmissionAttributes, AdmissionLister, AdmissionOperation, AdmissionPlugin } from './admission.ts'
import type { AdmissionMetrics, AdmissionType, Observe } from './admission-metrics.ts'

interface Step {
  run(attributes: AdmissionAttributes): void | Promise<void>
  readonly observe: Observe
}

interface Phase {
  readonly steps: readonly Step[]
  readonly observe: Observe
}

type Phases = Readonly<Record<AdmissionOperation, Phase>>

export class AdmissionChain {
  readonly lister: AdmissionLister
  readonly plugins: readonly AdmissionPlugin[]
  readonly #metrics: AdmissionMetrics
  readonly #admit: Phases
  readonly #validate: Phases

  constructor(plugins: readonly AdmissionPlugin[], lister: AdmissionLister, metrics: AdmissionMetrics) {
    this.plugins = plugins
    this.lister = lister
    this.#metrics = metrics
    const phases = (type: AdmissionType): Phases => {
      const of = (operation: AdmissionOperation): Phase => ({
        observe: metrics.phase(type, operation),
        steps: plugins.flatMap(plugin => {
          const step = plugin[type]
          if (!step || !plugin.handles(operation)) return []
          return { run: step.bind(plugin), observe: metrics.plugin(plugin.name, type, operation) }
        }),
      })
      return { CREATE: of('CREATE'), UPDATE: of('UPDATE'), DELETE: of('DELETE'), CONNECT: of('CONNECT') }
    }
    this.#admit = phases('admit')
    this.#validate = phases('validate')
  }

  /** Mutating admission: may change or replace `attributes.object`. Throws the refusal. */
  admit(attributes: AdmissionAttributes): void | Promise<void> {
    const phase = this.#admit[attributes.operation]
    return this.#observed(phase, () => {
      const pending = this.#run(phase.steps, attributes, 0)
      if (pending) return pending.then(() => this.#admitAgain(attributes))
      return this.#admitAgain(attributes)
    })
  }

  /** Once more, when a plugin asked for it. */
  #admitAgain(attributes: AdmissionAttributes): void | Promise<void> {
    const { reinvocation } = attributes
    if (!reinvocation?.requested) return
    reinvocation.again = true
    return this.#run(this.#admit[attributes.operation].steps, attributes, 0)
  }

  /** Validating admission, once the object is what will be written. */
  validate(attributes: AdmissionAttributes): void | Promise<void> {
    const phase = this.#validate[attributes.operation]
    return this.#observed(phase, () => this.#run(phase.steps, attributes, 0))
  }

  #observed({ observe }: Phase, run: () => void | Promise<void>): void | Promise<void> {
    const { clock } = this.#metrics
    const started = clock.monotonic()
    const done = () => observe(clock.monotonic() - started, false)
    const failed = (error: unknown): never => {
      observe(clock.monotonic() - started, true)
      throw error
    }
    let pending: void | Promise<void>
    try {
      pending = run()
    } catch (error) {
      return failed(error)
    }
    if (pending) return pending.then(done, failed)
    done()
  }

  #run(steps: readonly Step[], attributes: AdmissionAttributes, from: number): void | Promise<void> {
    const { clock } = this.#metrics
    // One step's end is the next one's beginning.
    let started = clock.monotonic()
    for (let index = from; index < steps.length; index++) {
      const { run, observe } = steps[index]!
      let pending: void | Promise<void>
      try {
        pending = run(attributes)
      } catch (error) {
        observe(clock.monotonic() - started, true)
        throw error
      }
      if (pending)
        return pending.then(
          () => {
            observe(clock.monotonic() - started, false)
            return this.#run(steps, attributes, index + 1)
          },
          error => {
            observe(clock.monotonic() - started, true)
            throw error
          },
        )
      const now = clock.monotonic()
      observe(now - started, false)
      started = now
    }
  }
}
