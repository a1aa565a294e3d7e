// How many requests are under way or waiting: the most at once within the last second, reading ones and changing ones
// apart.

import type { Gauge, MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import type { RequestInfo } from '../request-info.ts'

class Watermark {
  #now = 0
  #second = 0
  #before = 0
  #peak = 0

  add(by: number, second: number): void {
    this.#turn(second)
    this.#now += by
    if (this.#now > this.#peak) this.#peak = this.#now
  }

  /** The most of the second that has ended, or of this one so far. */
  read(second: number): number {
    this.#turn(second)
    return Math.max(this.#before, this.#peak)
  }

  #turn(second: number): void {
    if (second === this.#second) return
    this.#before = second === this.#second + 1 ? this.#peak : this.#now
    this.#second = second
    this.#peak = this.#now
  }
}

class Kinds {
  readonly readOnly = new Watermark()
  readonly mutating = new Watermark()

  of({ verb }: RequestInfo): Watermark {
    return verb === 'get' || verb === 'list' || verb === 'watch' ? this.readOnly : this.mutating
  }
}

export class Inflight {
  readonly #executing = new Kinds()
  readonly #waiting = new Kinds()

  /** `now` is milliseconds of the clock that the counts are given. */
  constructor(registry: MetricsRegistry, now: () => number) {
    const labels = ['request_kind']
    const executing = registry.gauge({
      name: 'apiserver_current_inflight_requests',
      stability: 'STABLE',
      help: 'Maximal number of currently used inflight request limit of this apiserver per request kind in last second.',
      labels,
    })
    const waiting = registry.gauge({
      name: 'apiserver_current_inqueue_requests',
      stability: 'ALPHA',
      help: 'Maximal number of queued requests in this apiserver per request kind in last second.',
      labels,
    })
    registry.onCollect(() => {
      const second = Math.floor(now() / 1000)
      const read = (gauge: { with(kind: string): Gauge }, kinds: Kinds) => {
        gauge.with('readOnly').set(kinds.readOnly.read(second))
        gauge.with('mutating').set(kinds.mutating.read(second))
      }
      read(executing, this.#executing)
      read(waiting, this.#waiting)
    })
  }

  executing(info: RequestInfo, by: 1 | -1, now: number): void {
    this.#executing.of(info).add(by, Math.floor(now / 1000))
  }

  waiting(info: RequestInfo, by: 1 | -1, now: number): void {
    this.#waiting.of(info).add(by, Math.floor(now / 1000))
  }
}
