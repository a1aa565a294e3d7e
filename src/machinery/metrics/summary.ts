// A summary: quantiles of what was observed of late, to within one percent of the value, in little memory.
//
// Values are counted by their logarithm (as DDSketch does), in slices of time; a slice that has aged is forgotten whole.

import type { Clock } from '../env/env.ts'

const accuracy = 0.01
const gamma = (1 + accuracy) / (1 - accuracy)
const logGamma = Math.log(gamma)
/** Nothing that is measured here is shorter: a nanosecond. */
const smallest = 1e-9
const slices = 5

interface Slice {
  readonly since: number
  readonly counts: Map<number, number>
}

export class Summary {
  sum = 0
  count = 0
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #sliceMilliseconds: number
  /** Oldest first. */
  readonly #slices: Slice[] = []

  constructor(clock: Pick<Clock, 'monotonic'>, maxAgeMilliseconds: number) {
    this.#clock = clock
    this.#sliceMilliseconds = maxAgeMilliseconds / slices
  }

  observe(value: number): void {
    this.sum += value
    this.count++
    const { counts } = this.#current()
    const index = Math.ceil(Math.log(Math.max(value, smallest)) / logGamma)
    counts.set(index, (counts.get(index) ?? 0) + 1)
  }

  /** NaN when nothing was observed of late. */
  quantile(q: number): number {
    this.#forget()
    const counts = new Map<number, number>()
    let total = 0
    for (const slice of this.#slices)
      for (const [index, count] of slice.counts) {
        counts.set(index, (counts.get(index) ?? 0) + count)
        total += count
      }
    let rank = Math.ceil(q * total)
    for (const index of [...counts.keys()].sort((one, other) => one - other)) {
      rank -= counts.get(index)!
      if (rank <= 0) return (2 * gamma ** index) / (gamma + 1)
    }
    return Number.NaN
  }

  #current(): Slice {
    const now = this.#clock.monotonic()
    const last = this.#slices[this.#slices.length - 1]
    if (last && now - last.since < this.#sliceMilliseconds) return last
    this.#forget()
    const slice: Slice = { since: now, counts: new Map() }
    this.#slices.push(slice)
    return slice
  }

  #forget(): void {
    const oldest = this.#clock.monotonic() - this.#sliceMilliseconds * slices
    while (this.#slices.length > 0 && this.#slices[0]!.since <= oldest) this.#slices.shift()
  }
}
