// How long a failed pod stays on its node before the next one is tried there: a second, doubled each time, at most a
// quarter of an hour. Forgotten after twice that time without a failure.

import type { Clock } from '../../machinery/env/env.ts'

const firstMs = 1000
const longestMs = 15 * 60_000

export class FailedPodsBackoff {
  readonly #clock: Clock
  readonly #entries = new Map<string, { backoff: number; since: number }>()

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock
  }

  leftMs(key: string): number {
    const entry = this.#entries.get(key)
    return entry ? Math.max(0, entry.since + entry.backoff - this.#clock.monotonic()) : 0
  }

  /** One more has failed, and is replaced now. */
  next(key: string): void {
    const now = this.#clock.monotonic()
    const entry = this.#entries.get(key)
    if (!entry) this.#forgetOld(now)
    const fresh = !entry || now - entry.since > 2 * longestMs
    this.#entries.set(key, { backoff: fresh ? firstMs : Math.min(longestMs, entry.backoff * 2), since: now })
  }

  #forgetOld(now: number): void {
    for (const [key, { since }] of this.#entries) if (now - since > 2 * longestMs) this.#entries.delete(key)
  }
}
