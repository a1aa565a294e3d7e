// What `Retry-After` says to requests that are turned away: one second, twice that while many are, up to 32, and back
// down as it calms (upstream: flowcontrol DroppedRequestsTracker).

const longestRetryAfter = 32

export class DroppedRequests {
  #history: { readonly second: number; readonly requests: number }[] = []
  #second = 0
  #count = 0
  #retryAfter = 1
  #raisedAt = 0

  /** Counts one request that was turned away, at this second. */
  record(second: number): void {
    if (second === this.#second) {
      this.#count++
      return
    }
    this.#remember()
    this.#second = second
    this.#count = 1
    this.#adjust(second)
  }

  get retryAfterSeconds(): number {
    return this.#retryAfter
  }

  #remember(): void {
    this.#history.push({ second: this.#second, requests: this.#count })
    const kept = Math.min(2 * this.#retryAfter, longestRetryAfter)
    while (this.#history.length > 0 && this.#second - this.#history[0]!.second > kept) this.#history.shift()
  }

  #adjust(now: number): void {
    let dropped = 0
    for (const { second, requests } of this.#history) if (now - second <= this.#retryAfter) dropped += requests
    if (now - this.#raisedAt >= this.#retryAfter && dropped >= 3 * this.#retryAfter) {
      this.#retryAfter = Math.min(this.#retryAfter * 2, longestRetryAfter)
      this.#raisedAt = now
    } else if (dropped < this.#retryAfter && this.#retryAfter > 1) this.#retryAfter--
  }
}
