// Events on their way to the server: in order, one at a time, with patience when there is no answer, and never more
// than the queue holds.

import type { Env } from '../machinery/env/env.ts'
import { asStatusError } from '../machinery/status-error.ts'

const longestQueue = 1000
const mostTries = 12
const sleepMs = 10_000

export class EventOutbox<E> {
  readonly #env: Env
  readonly #deliver: (event: E) => Promise<void>
  readonly #queue: E[] = []
  readonly #abort = new AbortController()
  #sending: Promise<void> | undefined

  /** `deliver` throws a StatusError when the server refuses the event (it is given up), anything else to try again. */
  constructor(env: Env, deliver: (event: E) => Promise<void>) {
    this.#env = env
    this.#deliver = deliver
  }

  put(event: E): void {
    if (this.#abort.signal.aborted) return
    if (this.#queue.length >= longestQueue) {
      this.#env.log.warn('The event queue is full; an event is dropped')
      return
    }
    this.#queue.push(event)
    this.#sending ??= this.#send()
  }

  /** Resolves when everything put in so far is delivered or given up. */
  async flushed(): Promise<void> {
    await this.#sending
  }

  /** What waits is dropped. Does not wait for the server: `flushed` does. */
  stop(): void {
    this.#queue.length = 0
    this.#abort.abort(new Error('event outbox stopped'))
  }

  async #send(): Promise<void> {
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) await this.#sendOne(event)
    this.#sending = undefined
  }

  async #sendOne(event: E): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#deliver(event)
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
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
