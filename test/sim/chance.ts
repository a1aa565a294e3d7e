// A simulation's own dice: drawn apart from the cluster's, so that neither shifts the other.

import type { Random } from '../../src/machinery/env/env.ts'
import { SeededRandom } from '../../src/machinery/env/virtual-env.ts'

export class Chance {
  readonly #random: Random

  constructor(seed: number) {
    this.#random = new SeededRandom(Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995)
  }

  /** True that often. */
  of(probability: number): boolean {
    return this.#random.next() < probability
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#random.next() * (most - least + 1))
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.between(0, choices.length - 1)]!
  }
}
