// How long to wait before trying again: exponential, capped, with jitter, and forgotten after a quiet time.

import type { Clock, Random } from '../machinery/env/env.ts'

export interface BackoffOptions {
  readonly initialMs: number
  readonly maxMs: number
  readonly factor: number
  /** 1 means: up to as much again, at random. 0: none. */
  readonly jitter: number
  /** Start over when this long has passed since the last step. Never when absent. */
  readonly resetAfterMs?: number
}

/** What client-go's reflector uses when a list or watch fails. */
export const reflectorBackoff: BackoffOptions = {
  initialMs: 800,
  maxMs: 30_000,
  factor: 2,
  jitter: 1,
  resetAfterMs: 120_000,
}

export class Backoff {
  readonly #options: BackoffOptions
  readonly #clock: Clock
  readonly #random: Random
  #current: number
  #lastStep: number

  constructor(options: BackoffOptions, env: { readonly clock: Clock; readonly random: Random }) {
    this.#options = options
    this.#clock = env.clock
    this.#random = env.random
    this.#current = options.initialMs
    this.#lastStep = env.clock.monotonic()
  }

  /** The next wait, in milliseconds. */
  next(): number {
    const { initialMs, maxMs, factor, jitter, resetAfterMs } = this.#options
    const now = this.#clock.monotonic()
    if (resetAfterMs !== undefined && now - this.#lastStep > resetAfterMs) this.#current = initialMs
    this.#lastStep = now
    const wait = this.#current
    this.#current = Math.min(maxMs, this.#current * factor)
    return jitter > 0 ? wait * (1 + this.#random.next() * jitter) : wait
  }

  reset(): void {
    this.#current = this.#options.initialMs
  }
}
