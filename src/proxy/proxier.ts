// Brings the kernel's table to what the Services say: soon after a change, but not more often than once a second, and
// again after a failure. One transaction at a time.

import type { Env, Timer } from '../machinery/env/env.ts'
import type { Nft } from './nft.ts'
import { type Applied, transaction } from './nft-transaction.ts'
import type { Ruleset } from './ruleset.ts'

export interface ProxierOptions {
  readonly env: Env
  readonly nft: Nft
  /** What the table is to be now. */
  readonly ruleset: () => Ruleset
  /** When the table is so: what else the kernel has to be told. */
  readonly applied?: () => Promise<void>
  readonly minSyncPeriodMs?: number
  /** The longest wait after a failure. */
  readonly syncPeriodMs?: number
}

export class Proxier {
  readonly #options: ProxierOptions
  readonly #minSyncPeriodMs: number
  readonly #syncPeriodMs: number
  #applied: Applied | undefined
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #wanted = false
  #stopped = false
  #failures = 0
  #lastStart = Number.NEGATIVE_INFINITY

  constructor(options: ProxierOptions) {
    this.#options = options
    this.#minSyncPeriodMs = options.minSyncPeriodMs ?? 1_000
    this.#syncPeriodMs = options.syncPeriodMs ?? 30_000
  }

  /** Something has changed. */
  request(): void {
    this.#wanted = true
    this.#schedule(this.#minSyncPeriodMs)
  }

  /** Nothing more is changed after it resolves. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#running
  }

  #schedule(periodMs: number): void {
    if (this.#stopped || this.#timer || this.#running) return
    const { clock } = this.#options.env
    const wait = Math.max(0, this.#lastStart + periodMs - clock.monotonic())
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined
      this.#running = this.#sync().finally(() => {
        this.#running = undefined
        if (this.#wanted) this.#schedule(Math.min(this.#minSyncPeriodMs * 2 ** this.#failures, this.#syncPeriodMs))
      })
    }, wait)
  }

  async #sync(): Promise<void> {
    const { env, nft, ruleset, applied } = this.#options
    this.#lastStart = env.clock.monotonic()
    this.#wanted = false
    try {
      const { text, after } = transaction(ruleset(), this.#applied)
      if (text !== '') await nft.apply(text)
      this.#applied = after
      this.#failures = 0
      if (text !== '') await applied?.()
    } catch (error) {
      // Whatever the table is now: the next one starts from nothing.
      this.#applied = undefined
      this.#failures = Math.min(this.#failures + 1, 10)
      this.#wanted = true
      env.log.error('The service rules could not be applied', { error: (error as Error).message })
    }
  }
}
