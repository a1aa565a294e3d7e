// How many of something there are in each place: by topology key (a node label), then by the label's value.

import type { Labels } from '../machinery/labels.ts'

export class TopologyCounts {
  readonly #counts = new Map<string, Map<string, number>>()

  get empty(): boolean {
    return this.#counts.size === 0
  }

  /** Counts at the place of a node with these labels; nowhere if it lacks the label. */
  add(key: string, labels: Labels, by: number): void {
    const value = labels[key]
    if (value === undefined) return
    let places = this.#counts.get(key)
    if (!places) {
      places = new Map()
      this.#counts.set(key, places)
    }
    const count = (places.get(value) ?? 0) + by
    if (count !== 0) places.set(value, count)
    else places.delete(value)
    if (places.size === 0) this.#counts.delete(key)
  }

  get(key: string, value: string): number {
    return this.#counts.get(key)?.get(value) ?? 0
  }

  /** There is something at any of the node's places. */
  someAt(labels: Labels): boolean {
    for (const [key, places] of this.#counts) {
      const value = labels[key]
      if (value !== undefined && (places.get(value) ?? 0) > 0) return true
    }
    return false
  }

  sumAt(labels: Labels): number {
    let sum = 0
    for (const [key, places] of this.#counts) {
      const value = labels[key]
      if (value !== undefined) sum += places.get(value) ?? 0
    }
    return sum
  }
}
