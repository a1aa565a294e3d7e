// Metrics: what a component counts, in Prometheus' terms (counter, gauge, histogram, summary), under upstream's names.
//
// Comes in: families declared once by a component on the registry it was given, and observations. Goes out: Prometheus'
// text form (`text.ts`). Nothing here is global: whoever starts a component gives it a registry.
//
// An observation must cost nothing worth measuring, since every request makes several: labels are resolved once to a
// child, which is then a number to add to. (prom-client hashes a label object at every observation.)

import type { Clock } from '../env/env.ts'
import { Summary } from './summary.ts'

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary'

export type Metric = Counter | Gauge | Histogram | Summary

/** Upstream's promise about a metric; the exposition's help begins with it. None for metrics of the process itself. */
export type Stability = 'STABLE' | 'BETA' | 'ALPHA' | ''

export interface MetricOptions {
  readonly name: string
  readonly help: string
  readonly stability?: Stability
  readonly labels?: readonly string[]
}

/** A number that goes up. */
export class Counter {
  value = 0

  inc(by = 1): void {
    this.value += by
  }
}

/** A number that goes up and down. */
export class Gauge {
  value = 0

  set(value: number): void {
    this.value = value
  }

  add(by: number): void {
    this.value += by
  }
}

/** How often values fell between bounds. */
export class Histogram {
  /** Upper bounds, ascending; everything above the last one is in the last count. */
  readonly bounds: readonly number[]
  /** Not cumulative: one count for each bound, and one for what is above. */
  readonly counts: number[]
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Array<number>(bounds.length + 1).fill(0)
  }

  observe(value: number, times = 1): void {
    const { bounds } = this
    let index = 0
    while (index < bounds.length && value > bounds[index]!) index++
    this.counts[index]! += times
    this.sum += value * times
  }
}

/** Everything of one name: a child for each combination of label values that was ever seen. */
export class Family<Child extends Metric = Metric> {
  readonly type: MetricType
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly #make: () => Child
  readonly #children = new Map<string, { readonly values: readonly string[]; readonly child: Child }>()

  constructor(type: MetricType, { name, help, stability = '', labels = [] }: MetricOptions, make: () => Child) {
    this.type = type
    this.name = name
    this.help = stability === '' ? help : `[${stability}] ${help}`
    this.labels = labels
    this.#make = make
    // A metric without labels is there, as zero, from the start.
    if (labels.length === 0) this.with()
  }

  /** The child of these label values: resolve it once, keep it, observe on it. */
  with(...values: string[]): Child {
    const key = values.join('\u0000')
    let entry = this.#children.get(key)
    if (!entry) {
      if (values.length !== this.labels.length)
        throw new Error(`${this.name} has the labels ${this.labels.join(', ')}: ${values.length} values were given`)
      entry = { values, child: this.#make() }
      this.#children.set(key, entry)
    }
    return entry.child
  }

  remove(...values: string[]): void {
    this.#children.delete(values.join('\u0000'))
  }

  clear(): void {
    this.#children.clear()
  }

  children(): Iterable<{ readonly values: readonly string[]; readonly child: Child }> {
    return this.#children.values()
  }
}

export class MetricsRegistry {
  readonly #families = new Map<string, Family>()
  readonly #collectors: (() => void)[] = []

  counter(options: MetricOptions): Family<Counter> {
    return this.#add(new Family('counter', options, () => new Counter()))
  }

  gauge(options: MetricOptions): Family<Gauge> {
    return this.#add(new Family('gauge', options, () => new Gauge()))
  }

  histogram(options: MetricOptions & { readonly buckets: readonly number[] }): Family<Histogram> {
    return this.#add(new Family('histogram', options, () => new Histogram(options.buckets)))
  }

  /** `maxAge`: milliseconds after which an observation counts no more for the quantiles. */
  summary(options: MetricOptions & { readonly maxAge: number; readonly clock: Clock }): Family<Summary> {
    return this.#add(new Family('summary', options, () => new Summary(options.clock, options.maxAge)))
  }

  /** Called before the metrics are read: for gauges whose value is known elsewhere and need not be kept up to date. */
  onCollect(collector: () => void): void {
    this.#collectors.push(collector)
  }

  /** The families by name, up to date. */
  collect(): Family[] {
    for (const collector of this.#collectors) collector()
    return [...this.#families.values()].sort((one, other) => (one.name < other.name ? -1 : 1))
  }

  #add<Child extends Metric>(family: Family<Child>): Family<Child> {
    if (this.#families.has(family.name)) throw new Error(`the metric ${family.name} is declared twice`)
    this.#families.set(family.name, family as unknown as Family)
    return family
  }
}

/** The bounds of a histogram that names none. */
export const defaultBuckets: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** `count` bounds, each `factor` times the one before: multiplied on as upstream does, for bounds are compared as text. */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  const bounds: number[] = []
  for (let bound = start; bounds.length < count; bound *= factor) bounds.push(bound)
  return bounds
}
