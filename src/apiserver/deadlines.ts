// The time that a request may take: `timeout` in its query, a minute at most. What isn't answered by then is answered
// with a 504; whatever its handler still does is for nothing.
//
// One timer serves all requests of the usual deadline, which come due in the order of their arrival. An answer given in
// the turn of its request never gets here.

import { durationMilliseconds } from '../machinery/duration.ts'
import type { Env } from '../machinery/env/env.ts'
import { badRequest, timeout } from '../machinery/status-error.ts'
import type { RequestContext } from './request.ts'

export class Deadlines {
  readonly #env: Env
  /** What a request may take at most (upstream's --request-timeout), in milliseconds. */
  readonly #limit: number
  readonly #usual = new Map<RequestContext, () => void>()
  #armed = false

  constructor(env: Env, limit: number) {
    this.#env = env
    this.#limit = limit
  }

  get limit(): number {
    return this.#limit
  }

  /** What the query asks for, within the limit. Throws a 400. */
  requested(query: URLSearchParams): number {
    const text = query.size === 0 ? null : query.get('timeout')
    if (!text) return this.#limit
    let asked: number
    try {
      asked = durationMilliseconds(text)
    } catch (error) {
      throw badRequest(`invalid timeout specified in the request URL - ${(error as Error).message}`)
    }
    return asked > 0 && asked < this.#limit ? asked : this.#limit
  }

  /** What is made of the promised answer, or of its failure; of a 504 when it is late. */
  within<Answer, Result>(
    request: RequestContext,
    answer: Promise<Answer>,
    answered: (answer: Answer) => Result | Promise<Result>,
    failed: (error: unknown) => Result | Promise<Result>,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const settle = <Value>(make: (value: Value) => Result | Promise<Result>, value: Value): void => {
        try {
          resolve(make(value))
        } catch (error) {
          reject(error)
        }
      }
      const inTime = this.#await(request, () =>
        settle(failed, timeout('request did not complete within the allotted timeout')),
      )
      answer.then(
        value => {
          if (inTime()) settle(answered, value)
        },
        error => {
          if (inTime()) settle(failed, error)
        },
      )
    })
  }

  /** Calls `late` when the time is over, unless what it returns is called before: that says whether it was. */
  #await(request: RequestContext, late: () => void): () => boolean {
    if (request.timeoutMilliseconds === this.#limit) {
      this.#usual.set(request, late)
      if (!this.#armed) this.#arm(this.#limit)
      return () => this.#usual.delete(request)
    }
    const { clock } = this.#env
    const left = request.startedAt + request.timeoutMilliseconds - clock.monotonic()
    let over = false
    const timer = clock.setTimeout(
      () => {
        over = true
        late()
      },
      Math.max(0, left),
    )
    return () => {
      timer.cancel()
      return !over
    }
  }

  #arm(milliseconds: number): void {
    this.#armed = true
    this.#env.clock.setTimeout(() => {
      this.#armed = false
      const now = this.#env.clock.monotonic()
      for (const [request, over] of this.#usual) {
        const left = request.startedAt + this.#limit - now
        if (left > 0) return this.#arm(left)
        this.#usual.delete(request)
        over()
      }
    }, milliseconds)
  }
}
