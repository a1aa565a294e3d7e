// Events on their way to the server: one at a time unless more may be in flight, what is said of one event always in
// order, with patience when there is no answer, and never more than the queue holds.

import type { Env } from '../machinery/env/env.ts'
import { errorText } from '../machinery/error-text.ts'
import { asStatusError } from '../machinery/status-error.ts'

export interface OutboxOptions<E> {
  /** How many may be on the way at once; those of different keys may then arrive in another order. */
  readonly inFlight?: number
  /** What an event is about: of two with the same key, the second waits for the first. */
  readonly keyOf?: (event: E) => string
  /** How many may wait; what comes beyond is dropped. */
  readonly longestQueue?: number
}

const mostTries = 12
const sleepMs = 10_000

export class EventOutbox<E> {
  readonly #env: Env
  readonly #deliver: (event: E) => Promise<void>
  readonly #queue: E[] = []
  readonly #keyOf: (event: E) => string
  /** By key, what waits for one that is queued or on its way. */
  readonly #behind = new Map<string, E[]>()
  readonly #inFlight: number
  readonly #longestQueue: number
  readonly #abort = new AbortController()
  #senders = 0
  #sending: Promise<unknown> = Promise.resolve()
  #dropped = 0

  /** `deliver` throws a StatusError when the server refuses the event (it is given up), anything else to try again. */
  constructor(env: Env, deliver: (event: E) => Promise<void>, options: OutboxOptions<E> = {}) {
    this.#env = env
    this.#deliver = deliver
    this.#inFlight = options.inFlight ?? 1
    this.#keyOf = options.keyOf ?? (() => '')
    this.#longestQueue = options.longestQueue ?? 1000
  }

  put(event: E): void {
    if (this.#abort.signal.aborted) return
    if (this.#queue.length >= this.#longestQueue) {
      if (this.#dropped++ === 0) this.#env.log.warn('The event queue is full; events are dropped')
      return
    }
    if (this.#inFlight > 1) {
      const key = this.#keyOf(event)
      const behind = this.#behind.get(key)
      if (behind) {
        behind.push(event)
        return
      }
      this.#behind.set(key, [])
    }
    this.#queue.push(event)
    if (this.#senders >= this.#inFlight) return
    this.#senders++
    this.#sending = Promise.all([this.#sending, this.#send()])
  }

  /** Resolves when everything put in so far is delivered or given up. */
  async flushed(): Promise<void> {
    while (this.#senders > 0) await this.#sending
  }

  /** What waits is dropped. Does not wait for the server: `flushed` does. */
  stop(): void {
    this.#queue.length = 0
    this.#behind.clear()
    this.#abort.abort(new Error('event outbox stopped'))
  }

  async #send(): Promise<void> {
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      await this.#sendOne(event)
      const key = this.#keyOf(event)
      for (let next = this.#behind.get(key)?.shift(); next !== undefined; next = this.#behind.get(key)?.shift())
        await this.#sendOne(next)
      this.#behind.delete(key)
    }
    this.#senders--
    this.#dropped = 0
  }

  async #sendOne(event: E): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#deliver(event)
      } catch (error) {
        const message = errorText(error)
        if (asStatusError(error)) return this.#env.log.warn('Server rejected event', { error: message })
        if (this.#abort.signal.aborted) return
        if (attempt >= mostTries)
          return this.#env.log.error('Unable to write event (retry limit exceeded)', { error: message })
        this.#env.log.warn('Unable to write event; trying again', { error: message })
      }
      // The first wait is drawn, so that components that lost the same server do not come back all at once.
      const wait = attempt === 1 ? sleepMs * this.#env.random.next() : sleepMs
      try {
        await this.#env.clock.sleep(wait, this.#abort.signal)
      } catch {
        return
      }
    }
  }
}
