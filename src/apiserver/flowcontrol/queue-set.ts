// Fair queuing for the requests of one priority level (KEP-1040; upstream: fairqueuing/queueset).
//
// Comes in: requests with the seats they take and the hand of queues their flow may use. Goes out: a request is
// executing at once, or waits in one of the queues of its hand, or is turned away. Each queue is served as if every
// queue that has work were served at the same rate: R, the progress meter, counts the seat-seconds that each such queue
// has been given; the next to go is the request that would be the first to finish by that meter.
//
// Everything is kept as running sums, so a request that finds free seats costs a few additions. Times are milliseconds
// of a monotonic clock; R is in seat-milliseconds.

import { SeatDemand } from './seat-demand.ts'

/** How long a request is taken to run before anybody knows. */
const estimatedServiceMilliseconds = 3

export interface WorkEstimate {
  readonly initialSeats: number
  /** Held for `additionalLatency` after the request is over: what it costs to tell its watchers. */
  readonly finalSeats: number
  readonly additionalLatency: number
}

export interface QueuingConfiguration {
  /** 0: none, what cannot run at once is turned away. -1: no limit at all. */
  readonly queues: number
  readonly queueLengthLimit: number
}

/** What a request counts for besides its priority level: its flow schema's figures. */
export interface FlowTally {
  executing: number
  executingSeats: number
  waiting: number
  waitingSeats: number
  dispatched: number
  noAccommodation: number
}

export interface QueueSetOptions {
  readonly now: number
  readonly configuration: QueuingConfiguration
  readonly concurrencyLimit: number
  /** Calls back after so many milliseconds. */
  after(milliseconds: number, callback: (now: number) => void): void
}

/** A request of this level, from its arrival to its end. */
export class LevelRequest {
  readonly estimate: WorkEstimate
  readonly maxSeats: number
  readonly tally: FlowTally
  readonly arrivedAt: number
  readonly arrivalR: number
  readonly queue: Queue | undefined
  readonly totalWork: number
  /** For the debugging endpoints: who and what. */
  readonly subject: unknown
  finalSeats: number
  additionalLatency: number
  startedAt = -1
  state: 'waiting' | 'executing' | 'cancelled' | 'finished' = 'waiting'
  /** Called when a waiting request is let in. */
  onExecute: ((now: number) => void) | undefined

  constructor(
    estimate: WorkEstimate,
    tally: FlowTally,
    queue: Queue | undefined,
    now: number,
    r: number,
    subject: unknown,
  ) {
    this.estimate = estimate
    this.maxSeats = Math.max(estimate.initialSeats, estimate.finalSeats)
    this.tally = tally
    this.queue = queue
    this.arrivedAt = now
    this.arrivalR = r
    this.totalWork =
      estimate.initialSeats * estimatedServiceMilliseconds + estimate.finalSeats * estimate.additionalLatency
    this.finalSeats = estimate.finalSeats
    this.additionalLatency = estimate.additionalLatency
    this.subject = subject
  }
}

export class Queue {
  index: number
  /** In the order of arrival. */
  readonly waiting = new Set<LevelRequest>()
  waitingWork = 0
  waitingSeats = 0
  executing = 0
  seatsInUse = 0
  /** The meter's reading at which its next request is dispatched. */
  nextDispatchR = 0

  constructor(index: number) {
    this.index = index
  }

  get oldest(): LevelRequest | undefined {
    return this.waiting.size === 0 ? undefined : this.waiting.values().next().value
  }

  get active(): boolean {
    return this.executing > 0 || this.waiting.size > 0
  }
}

export class QueueSet {
  readonly demand: SeatDemand
  readonly #after: QueueSetOptions['after']
  #configuration: QueuingConfiguration
  #limit: number
  #queues: Queue[] = []
  #r = 0
  #lastTime: number
  #robin = 0
  #enqueues = 0
  #activeQueues = 0
  /** Queues' seats in use and waiting for, together: what the queues could use. */
  #requestedSeats = 0

  readonly executingRequests = new Set<LevelRequest>()
  waiting = 0
  seatsInUse = 0
  seatsWaiting = 0
  dispatched = 0
  rejected = 0
  cancelled = 0

  constructor(options: QueueSetOptions) {
    this.demand = new SeatDemand(options.now)
    this.#after = options.after
    this.#configuration = options.configuration
    this.#limit = options.concurrencyLimit
    this.#lastTime = options.now
    this.#growQueues()
  }

  get concurrencyLimit(): number {
    return this.#limit
  }

  get currentR(): number {
    return this.#r / 1000
  }

  get queues(): readonly Queue[] {
    return this.#queues
  }

  get executing(): number {
    return this.executingRequests.size
  }

  get idle(): boolean {
    return this.waiting === 0 && this.executing === 0
  }

  reconfigure(configuration: QueuingConfiguration, concurrencyLimit: number, now: number): void {
    this.#sync(now)
    // Turning queues off keeps the other settings, for those that still drain.
    this.#configuration =
      configuration.queues > 0
        ? configuration
        : { ...configuration, queueLengthLimit: this.#configuration.queueLengthLimit }
    this.#limit = concurrencyLimit
    this.#growQueues()
    this.#dispatchAll(now)
  }

  /**
   * A request arrives. It comes back executing or waiting; undefined when it is turned away. `hand` are the queues it
   * may use, by number.
   */
  start(
    estimate: WorkEstimate,
    tally: FlowTally,
    hand: readonly number[],
    now: number,
    subject: unknown,
  ): LevelRequest | undefined {
    this.#sync(now)
    if (this.#configuration.queues < 1) {
      const request = new LevelRequest(estimate, tally, undefined, now, this.#r, subject)
      if (!this.#accommodates(request.maxSeats)) {
        this.rejected++
        return undefined
      }
      this.#execute(request, now)
      return request
    }
    const queue = this.#choose(hand)
    const request = new LevelRequest(estimate, tally, queue, now, this.#r, subject)
    if (this.seatsInUse >= this.#limit && queue.waiting.size >= this.#configuration.queueLengthLimit) {
      this.rejected++
      return undefined
    }
    if (!queue.active) queue.nextDispatchR = this.#r
    this.#enqueue(request, queue, now)
    // What nobody else waits for needs no choosing.
    if (this.waiting === 1) {
      if (this.seatsInUse < this.#limit && this.#accommodates(request.maxSeats)) this.#dispatch(queue, request, now)
      else if (this.seatsInUse < this.#limit) tally.noAccommodation++
    } else this.#dispatchAll(now)
    this.#bound(queue)
    return request
  }

  /** A waiting request has waited too long, or its client went away. False: it is executing already. */
  cancel(request: LevelRequest, now: number): boolean {
    if (request.state !== 'waiting') return false
    this.#sync(now)
    this.#dequeue(request, request.queue!)
    request.state = 'cancelled'
    this.rejected++
    this.cancelled++
    this.demand.set(this.seatsInUse + this.seatsWaiting, now)
    this.#bound(request.queue!)
    return true
  }

  /** An executing request is over. */
  finish(request: LevelRequest, now: number): void {
    this.#sync(now)
    request.state = 'finished'
    this.executingRequests.delete(request)
    request.tally.executing--
    const { queue } = request
    if (queue) {
      queue.executing--
      if (!queue.active) this.#activeQueues--
      // The meter was charged for the estimate: correct it by what it really took.
      queue.nextDispatchR -= request.estimate.initialSeats * (estimatedServiceMilliseconds - (now - request.startedAt))
      this.#bound(queue)
    }
    if (request.additionalLatency <= 0) this.#release(request, now)
    else
      this.#after(request.additionalLatency, later => {
        this.#sync(later)
        this.#release(request, later)
        this.#dispatchAll(later)
      })
    this.#dispatchAll(now)
  }

  // ---- inside ------------------------------------------------------------------------------------------------------

  #growQueues(): void {
    while (this.#queues.length < this.#configuration.queues) this.#queues.push(new Queue(this.#queues.length))
  }

  /** Moves the meter on: since it was last read, what is now has been so. */
  #sync(now: number): void {
    const passed = now - this.#lastTime
    if (passed <= 0) return
    this.#lastTime = now
    if (this.#activeQueues === 0) return
    this.#r += (Math.min(this.#requestedSeats, this.#limit) / this.#activeQueues) * passed
  }

  /** The queue of the hand with the least work waiting; beginning elsewhere each time, so that ties are shared out. */
  #choose(hand: readonly number[]): Queue {
    const offset = this.#enqueues++ % hand.length
    let best: Queue | undefined
    for (let index = 0; index < hand.length; index++) {
      const queue = this.#queues[hand[(offset + index) % hand.length]!]!
      if (best === undefined || queue.waitingWork < best.waitingWork) best = queue
      if (best.waitingWork === 0) break
    }
    return best!
  }

  #enqueue(request: LevelRequest, queue: Queue, now: number): void {
    if (!queue.active) this.#activeQueues++
    queue.waiting.add(request)
    queue.waitingWork += request.totalWork
    queue.waitingSeats += request.maxSeats
    this.waiting++
    this.seatsWaiting += request.maxSeats
    this.#requestedSeats += request.maxSeats
    request.tally.waiting++
    request.tally.waitingSeats += request.maxSeats
    this.demand.set(this.seatsInUse + this.seatsWaiting, now)
  }

  #dequeue(request: LevelRequest, queue: Queue): void {
    queue.waiting.delete(request)
    queue.waitingWork = queue.waiting.size === 0 ? 0 : queue.waitingWork - request.totalWork
    queue.waitingSeats -= request.maxSeats
    this.waiting--
    this.seatsWaiting -= request.maxSeats
    this.#requestedSeats -= request.maxSeats
    request.tally.waiting--
    request.tally.waitingSeats -= request.maxSeats
    if (!queue.active) this.#activeQueues--
  }

  #dispatchAll(now: number): void {
    while (this.waiting > 0 && this.seatsInUse < this.#limit) {
      const next = this.#next()
      if (!this.#accommodates(next.request.maxSeats)) {
        next.request.tally.noAccommodation++
        return
      }
      this.#dispatch(next.queue, next.request, now)
    }
  }

  /** The oldest request of the queue whose oldest would be the first to finish; of equals, the first after the last served. */
  #next(): { readonly queue: Queue; readonly request: LevelRequest } {
    const count = this.#queues.length
    let least = Number.POSITIVE_INFINITY
    let found: { queue: Queue; request: LevelRequest } | undefined
    for (let step = 1; step <= count; step++) {
      const queue = this.#queues[(this.#robin + step) % count]!
      const request = queue.oldest
      if (!request) continue
      const finish = queue.nextDispatchR + request.totalWork
      if (finish >= least) continue
      least = finish
      found = { queue, request }
    }
    return found!
  }

  #accommodates(seats: number): boolean {
    if (this.#configuration.queues < 0) return true
    // Wider than all there is: alone, then.
    if (seats > this.#limit) return this.executing === 0
    return this.seatsInUse + seats <= this.#limit
  }

  #dispatch(queue: Queue, request: LevelRequest, now: number): void {
    this.#robin = queue.index
    if (request.finalSeats > this.#limit) {
      // The same work, narrower and longer.
      request.additionalLatency = (request.finalSeats * request.additionalLatency) / this.#limit
      request.finalSeats = this.#limit
    }
    // In this order the queue never looks idle in between.
    queue.executing++
    this.#dequeue(request, queue)
    queue.seatsInUse += request.maxSeats
    this.#requestedSeats += request.maxSeats
    this.#execute(request, now)
    queue.nextDispatchR += request.totalWork
    this.#bound(queue)
    request.onExecute?.(now)
  }

  #execute(request: LevelRequest, now: number): void {
    request.state = 'executing'
    request.startedAt = now
    this.executingRequests.add(request)
    this.dispatched++
    this.seatsInUse += request.maxSeats
    request.tally.executing++
    request.tally.executingSeats += request.maxSeats
    request.tally.dispatched++
    this.demand.set(this.seatsInUse + this.seatsWaiting, now)
  }

  #release(request: LevelRequest, now: number): void {
    this.seatsInUse -= request.maxSeats
    request.tally.executingSeats -= request.maxSeats
    this.demand.set(this.seatsInUse + this.seatsWaiting, now)
    const { queue } = request
    if (!queue) return
    queue.seatsInUse -= request.maxSeats
    this.#requestedSeats -= request.maxSeats
    if (this.#queues.length > Math.max(0, this.#configuration.queues) && !queue.active) this.#remove(queue)
  }

  /** There are more queues than wanted, and this one has nothing to do. */
  #remove(queue: Queue): void {
    if (this.#queues[queue.index] !== queue) return
    this.#queues.splice(queue.index, 1)
    for (let index = queue.index; index < this.#queues.length; index++) this.#queues[index]!.index = index
    if (this.#robin >= queue.index) this.#robin = Math.max(0, this.#robin - 1)
  }

  /** A queue that asks for less than its share must not save it up: nothing is dispatched before it arrived. */
  #bound(queue: Queue): void {
    const { oldest } = queue
    if (oldest && queue.nextDispatchR < oldest.arrivalR) queue.nextDispatchR = oldest.arrivalR
  }
}
