// The admission plugins in their order. Runs without a promise as long as no plugin returns one.
//
// A plugin is only asked about the resources that it has something to say about; that it had nothing to say is counted
// when the metrics are read.

import { groupResource, type ResourceDeclaration } from '../../api/resource.ts'
import type { AdmissionAttributes, AdmissionLister, AdmissionOperation, AdmissionPlugin } from './admission.ts'
import type { AdmissionMetrics, AdmissionType, Observe } from './admission-metrics.ts'

/** Plugins that were passed over, since they have nothing to say about the resource. */
interface Passed {
  readonly plugins: Observe[]
  times: number
}

interface Step {
  run(attributes: AdmissionAttributes): void | Promise<void>
  readonly observe: Observe
  /** Those between the step before and this one. */
  readonly before: Passed
}

/** What requests for one resource go through. */
interface Route {
  readonly steps: readonly Step[]
  readonly after: Passed
}

/** One operation's part of a phase. */
class Phase {
  readonly observe: Observe
  readonly #plugins: readonly (Omit<Step, 'before'> & Pick<AdmissionPlugin, 'resources'>)[]
  readonly #routes = new WeakMap<ResourceDeclaration, Route>()
  /** By the plugins that are asked: most resources, custom ones above all, have one route. */
  readonly #known = new Map<string, Route>()
  readonly #passed: Passed[] = []

  constructor(
    plugins: readonly AdmissionPlugin[],
    type: AdmissionType,
    operation: AdmissionOperation,
    metrics: AdmissionMetrics,
  ) {
    this.observe = metrics.phase(type, operation)
    this.#plugins = plugins.flatMap(plugin => {
      const step = plugin[type]
      if (!step || !plugin.handles(operation)) return []
      const { name, resources } = plugin
      return { run: step.bind(plugin), observe: metrics.plugin(name, type, operation), resources }
    })
  }

  routeOf(resource: ResourceDeclaration): Route {
    let route = this.#routes.get(resource)
    if (!route) {
      const name = groupResource(resource)
      const asked = this.#plugins.map(({ resources }) => !resources || resources.includes(name))
      route = this.#known.get(asked.join()) ?? this.#newRoute(asked)
      this.#known.set(asked.join(), route)
      this.#routes.set(resource, route)
    }
    return route
  }

  #newRoute(asked: readonly boolean[]): Route {
    const steps: Step[] = []
    let passed: Passed = { plugins: [], times: 0 }
    this.#passed.push(passed)
    for (const [index, { run, observe }] of this.#plugins.entries()) {
      if (!asked[index]) {
        passed.plugins.push(observe)
        continue
      }
      steps.push({ run, observe, before: passed })
      passed = { plugins: [], times: 0 }
      this.#passed.push(passed)
    }
    return { steps, after: passed }
  }

  /** Counts those that were passed over. */
  count(): void {
    for (const passed of this.#passed) {
      if (passed.times > 0) for (const observe of passed.plugins) observe(0, false, passed.times)
      passed.times = 0
    }
  }
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
      const of = (operation: AdmissionOperation) => new Phase(plugins, type, operation, metrics)
      return { CREATE: of('CREATE'), UPDATE: of('UPDATE'), DELETE: of('DELETE'), CONNECT: of('CONNECT') }
    }
    this.#admit = phases('admit')
    this.#validate = phases('validate')
    metrics.onCollect(() => {
      for (const each of [this.#admit, this.#validate]) for (const phase of Object.values(each)) phase.count()
    })
  }

  /** Mutating admission: may change or replace `attributes.object`. Throws the refusal. */
  admit(attributes: AdmissionAttributes): void | Promise<void> {
    return this.#run(this.#admit[attributes.operation], attributes, true)
  }

  /** Validating admission, once the object is what will be written. */
  validate(attributes: AdmissionAttributes): void | Promise<void> {
    return this.#run(this.#validate[attributes.operation], attributes, false)
  }

  #run(phase: Phase, attributes: AdmissionAttributes, mayRunAgain: boolean): void | Promise<void> {
    const { clock } = this.#metrics
    const started = clock.monotonic()
    let pending: void | Promise<void>
    try {
      const route = phase.routeOf(attributes.resource)
      pending = this.#steps(route, attributes, 0, started)
      if (mayRunAgain)
        pending = pending ? pending.then(() => this.#again(route, attributes)) : this.#again(route, attributes)
    } catch (error) {
      phase.observe(clock.monotonic() - started, true)
      throw error
    }
    if (pending)
      return pending.then(
        () => phase.observe(clock.monotonic() - started, false),
        error => {
          phase.observe(clock.monotonic() - started, true)
          throw error
        },
      )
    phase.observe(clock.monotonic() - started, false)
  }

  /** Once more, when a plugin asked for it. */
  #again(route: Route, attributes: AdmissionAttributes): void | Promise<void> {
    const { reinvocation } = attributes
    if (!reinvocation?.requested) return
    reinvocation.again = true
    return this.#steps(route, attributes, 0, this.#metrics.clock.monotonic())
  }

  #steps(route: Route, attributes: AdmissionAttributes, from: number, now: number): void | Promise<void> {
    const { clock } = this.#metrics
    const { steps, after } = route
    // One step's end is the next one's beginning.
    let started = now
    for (let index = from; index < steps.length; index++) {
      const { run, observe, before } = steps[index]!
      before.times++
      let pending: void | Promise<void>
      try {
        pending = run(attributes)
      } catch (error) {
        observe(clock.monotonic() - started, true)
        throw error
      }
      if (pending) return this.#goesOn(route, attributes, index, started, pending)
      const ended = clock.monotonic()
      observe(ended - started, false)
      started = ended
    }
    after.times++
  }

  #goesOn(
    route: Route,
    attributes: AdmissionAttributes,
    index: number,
    started: number,
    pending: Promise<void>,
  ): Promise<void> {
    const { clock } = this.#metrics
    const { observe } = route.steps[index]!
    return pending.then(
      () => {
        const ended = clock.monotonic()
        observe(ended - started, false)
        return this.#steps(route, attributes, index + 1, ended)
      },
      error => {
        observe(clock.monotonic() - started, true)
        throw error
      },
    )
  }
}
