// How many seats a priority level could have used: its average, deviation and peak since it was last asked, and from
// period to period a smoothed value that rises at once and falls slowly.

/** Chosen upstream so that the smoothed value halves in five minutes of ten-second periods. */
const smoothing = 0.977

export class SeatDemand {
  #seats = 0
  #since: number
  #duration = 0
  #integral = 0
  #integralOfSquares = 0
  #max = 0

  average = 0
  deviation = 0
  highWatermark = 0
  smoothed = 0

  constructor(now: number) {
    this.#since = now
  }

  set(seats: number, now: number): void {
    this.#passTo(now)
    this.#seats = seats
    if (seats > this.#max) this.#max = seats
  }

  /** Ends a period: the figures are then those of the period that ended. */
  endPeriod(now: number): void {
    this.#passTo(now)
    this.highWatermark = Math.round(this.#max)
    if (this.#duration > 0) {
      this.average = this.#integral / this.#duration
      const variance = this.#integralOfSquares / this.#duration - this.average * this.average
      this.deviation = Math.sqrt(Math.max(0, variance))
      const envelope = this.average + this.deviation
      this.smoothed = Math.max(envelope, smoothing * this.smoothed + (1 - smoothing) * envelope)
    }
    this.#duration = 0
    this.#integral = 0
    this.#integralOfSquares = 0
    this.#max = this.#seats
  }

  #passTo(now: number): void {
    const passed = now - this.#since
    if (passed <= 0) return
    this.#since = now
    this.#duration += passed
    this.#integral += this.#seats * passed
    this.#integralOfSquares += this.#seats * this.#seats * passed
  }
}
