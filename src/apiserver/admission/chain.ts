// The admission plugins in their order. Runs without a promise as long as no plugin returns one.

import type { AdmissionAttributes, AdmissionLister, AdmissionOperation, AdmissionPlugin } from './admission.ts'

type Phase = 'admit' | 'validate'
type Step = (attributes: AdmissionAttributes) => void | Promise<void>

export class AdmissionChain {
  readonly lister: AdmissionLister
  readonly plugins: readonly AdmissionPlugin[]
  readonly #steps: Readonly<Record<Phase, Readonly<Record<AdmissionOperation, readonly Step[]>>>>

  constructor(plugins: readonly AdmissionPlugin[], lister: AdmissionLister) {
    this.plugins = plugins
    this.lister = lister
    const steps = (phase: Phase) => {
      const of = (operation: AdmissionOperation): Step[] =>
        plugins.flatMap(plugin => {
          const step = plugin[phase]
          return step && plugin.handles(operation) ? [step.bind(plugin)] : []
        })
      return { CREATE: of('CREATE'), UPDATE: of('UPDATE'), DELETE: of('DELETE'), CONNECT: of('CONNECT') }
    }
    this.#steps = { admit: steps('admit'), validate: steps('validate') }
  }

  /** Mutating admission: may change or replace `attributes.object`. Throws the refusal. */
  admit(attributes: AdmissionAttributes): void | Promise<void> {
    const pending = run(this.#steps.admit[attributes.operation], attributes, 0)
    if (pending) return pending.then(() => this.#admitAgain(attributes))
    return this.#admitAgain(attributes)
  }

  /** Once more, when a plugin asked for it. */
  #admitAgain(attributes: AdmissionAttributes): void | Promise<void> {
    const { reinvocation } = attributes
    if (!reinvocation?.requested) return
    reinvocation.again = true
    return run(this.#steps.admit[attributes.operation], attributes, 0)
  }

  /** Validating admission, once the object is what will be written. */
  validate(attributes: AdmissionAttributes): void | Promise<void> {
    return run(this.#steps.validate[attributes.operation], attributes, 0)
  }
}

function run(steps: readonly Step[], attributes: AdmissionAttributes, from: number): void | Promise<void> {
  for (let index = from; index < steps.length; index++) {
    const pending = steps[index]!(attributes)
    if (pending) return pending.then(() => run(steps, attributes, index + 1))
  }
}
