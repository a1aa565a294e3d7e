// Telling about pods that found no node: an event and the pod's condition, which are two writes for every attempt.
//
// When many pods fail at once, their reports must not crowd out the work itself, so they go out at the pace upstream's
// scheduler has for all its requests (--kube-api-qps, --kube-api-burst). A report that waits is replaced by the pod's
// newer one; whether there is still anything to tell is for the report itself to see. Those that have waited go out a few
// together, which share the store's transactions.

import { TokenBucket } from '../client/token-bucket.ts'
import type { Clock, Timer } from '../machinery/env/env.ts'

const perSecond = 50
const burst = 100
const togetherMs = 100

export class FailureReports<Failure> {
  readonly #clock: Clock
  readonly #report: (failure: Failure) => void
  readonly #bucket: TokenBucket
  /** By pod UID, in the order in which they first failed. */
  readonly #waiting = new Map<string, Failure>()
  #timer: Timer | undefined

  constructor(clock: Clock, report: (failure: Failure) => void) {
    this.#clock = clock
    this.#report = report
    this.#bucket = new TokenBucket(clock, { perSecond, burst })
  }

  /** Reports it now, or as soon as there is room for it. */
  put(uid: string, failure: Failure): void {
    if (this.#waiting.size === 0 && this.#bucket.tryTake()) {
      this.#report(failure)
      return
    }
    this.#waiting.set(uid, failure)
    this.#timer ??= this.#clock.setTimeout(() => this.#send(), togetherMs)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#waiting.clear()
  }

  #send(): void {
    this.#timer = undefined
    for (const [uid, failure] of this.#waiting) {
      if (!this.#bucket.tryTake()) break
      this.#waiting.delete(uid)
      this.#report(failure)
    }
    if (this.#waiting.size > 0) this.#timer = this.#clock.setTimeout(() => this.#send(), togetherMs)
  }
}
