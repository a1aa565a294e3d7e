// Telling about pods that found no node: an event and the pod's condition, which are two writes for every attempt.
//
// When many pods fail at once, their reports must not crowd out the work itself, so they go out at the pace upstream's
// scheduler has for all its requests (--kube-api-qps, --kube-api-burst). A report that waits is replaced by the pod's
// newer one; whether there is still anything to tell is for the report itself to see.

import { TokenBucket } from '../client/token-bucket.ts'
import type { Clock, Timer } from '../machinery/env/env.ts'

const perSecond = 50
const burst = 100

export class FailureReports {
  readonly #clock: Clock
  readonly #bucket: TokenBucket
  /** By pod UID, in the order in which they first failed. */
  readonly #waiting = new Map<string, () => void>()
  #timer: Timer | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#bucket = new TokenBucket(clock, { perSecond, burst })
  }

  /** Calls `report` now, or as soon as there is room for it. */
  put(uid: string, report: () => void): void {
    if (this.#waiting.size === 0 && this.#bucket.tryTake()) {
      report()
      return
    }
    this.#waiting.set(uid, report)
    this.#timer ??= this.#clock.setTimeout(() => this.#send(), 1000 / perSecond)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#waiting.clear()
  }

  #send(): void {
    this.#timer = undefined
    for (const [uid, report] of this.#waiting) {
      if (!this.#bucket.tryTake()) break
      this.#waiting.delete(uid)
      report()
    }
    if (this.#waiting.size > 0) this.#timer = this.#clock.setTimeout(() => this.#send(), 1000 / perSecond)
  }
}
