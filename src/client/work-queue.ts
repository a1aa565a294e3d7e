// The queue between "something changed" and "reconcile it", with the laws of client-go's workqueue:
// - an item waits at most once, however often it is added;
// - it is never worked on by two at a time: added meanwhile, it waits until `done`, then comes again;
// - a failed one comes again after a growing delay; `forget` ends that.
//
// Items are compared by identity: strings (`namespace/name`), or the same object.

import type { Clock, Env, Logger, Timer } from '../machinery/env/env.ts'
import { asStatusError, isConflict } from '../machinery/status-error.ts'
import { StaleCacheError } from './own-writes.ts'
import { TokenBucket } from './token-bucket.ts'
import type { QueueMetrics } from './work-queue-metrics.ts'

/** Says how long an item must wait before it is tried again. */
export interface RateLimiter<T> {
  when(item: T): number
  forget(item: T): void
  numRequeues(item: T): number
}

/** `base` × 2^failures, at most `max`; milliseconds. */
export class ItemExponentialRateLimiter<T> implements RateLimiter<T> {
  readonly #baseMs: number
  readonly #maxMs: number
  readonly #failures = new Map<T, number>()

  constructor(baseMs = 5, maxMs = 1_000_000) {
    this.#baseMs = baseMs
    this.#maxMs = maxMs
  }

  when(item: T): number {
    const failures = this.#failures.get(item) ?? 0
    this.#failures.set(item, failures + 1)
    return Math.min(this.#maxMs, this.#baseMs * 2 ** failures)
  }

  forget(item: T): void {
    this.#failures.delete(item)
  }

  numRequeues(item: T): number {
    return this.#failures.get(item) ?? 0
  }
}

/** One bucket for all items. */
export class BucketRateLimiter<T> implements RateLimiter<T> {
  readonly #bucket: TokenBucket

  constructor(clock: Clock, perSecond = 10, burst = 100) {
    this.#bucket = new TokenBucket(clock, { perSecond, burst })
  }

  when(_item: T): number {
    return this.#bucket.reserve()
  }

  forget(_item: T): void {}

  numRequeues(_item: T): number {
    return 0
  }
}

/** The longest wait that any of its limiters asks for. */
export class MaxOfRateLimiter<T> implements RateLimiter<T> {
  readonly #limiters: readonly RateLimiter<T>[]

  constructor(...limiters: RateLimiter<T>[]) {
    this.#limiters = limiters
  }

  when(item: T): number {
    return Math.max(...this.#limiters.map(limiter => limiter.when(item)))
  }

  forget(item: T): void {
    for (const limiter of this.#limiters) limiter.forget(item)
  }

  numRequeues(item: T): number {
    return Math.max(...this.#limiters.map(limiter => limiter.numRequeues(item)))
  }
}

/** client-go's default for controllers: 5 ms to 1000 s per item, and 10 a second (100 at once) over all. */
export function defaultControllerRateLimiter<T>(clock: Clock): RateLimiter<T> {
  return new MaxOfRateLimiter(new ItemExponentialRateLimiter<T>(), new BucketRateLimiter<T>(clock))
}

export interface WorkQueueOptions<T> {
  readonly rateLimiter?: RateLimiter<T>
  readonly metrics?: QueueMetrics<T>
}

export class WorkQueue<T = string> {
  readonly #clock: Clock
  readonly #rateLimiter: RateLimiter<T>
  readonly #metrics: QueueMetrics<T> | undefined
  /** In order of coming; `#head` is the next to go, so that taking one does not move the rest. */
  #waiting: T[] = []
  #head = 0
  /** Wants work: waits in the queue, or will once it is done. */
  readonly #dirty = new Set<T>()
  readonly #processing = new Set<T>()
  readonly #delayed = new Map<T, { at: number; timer: Timer }>()
  #takers: ((item: T | undefined) => void)[] = []
  #shuttingDown = false
  #drained: (() => void)[] = []

  constructor(env: Pick<Env, 'clock'>, options: WorkQueueOptions<T> = {}) {
    this.#clock = env.clock
    this.#rateLimiter = options.rateLimiter ?? defaultControllerRateLimiter<T>(env.clock)
    this.#metrics = options.metrics
  }

  /** How many wait to be taken; those being worked on or delayed are not counted. */
  get length(): number {
    return this.#waiting.length - this.#head
  }

  get shuttingDown(): boolean {
    return this.#shuttingDown
  }

  /** Nothing waits, is delayed or is worked on. */
  get idle(): boolean {
    return this.length === 0 && this.#processing.size === 0 && this.#delayed.size === 0
  }

  add(item: T): void {
    if (this.#shuttingDown || this.#dirty.has(item)) return
    this.#dirty.add(item)
    this.#metrics?.added(item)
    if (!this.#processing.has(item)) this.#enqueue(item)
  }

  /** Adds it after the time has passed. An item that already waits for a later time is moved forward, never back. */
  addAfter(item: T, milliseconds: number): void {
    if (this.#shuttingDown) return
    this.#metrics?.retried()
    if (milliseconds <= 0) {
      this.add(item)
      return
    }
    const at = this.#clock.monotonic() + milliseconds
    const earlier = this.#delayed.get(item)
    if (earlier) {
      if (earlier.at <= at) return
      earlier.timer.cancel()
    }
    const timer = this.#clock.setTimeout(() => {
      this.#delayed.delete(item)
      this.add(item)
    }, milliseconds)
    this.#delayed.set(item, { at, timer })
  }

  /** Adds it when the rate limiter says so; counts as one more failure until `forget`. */
  addRateLimited(item: T): void {
    if (this.#shuttingDown) return
    this.addAfter(item, this.#rateLimiter.when(item))
  }

  /** It went well, or is given up: the next failure starts with the shortest delay again. */
  forget(item: T): void {
    this.#rateLimiter.forget(item)
  }

  numRequeues(item: T): number {
    return this.#rateLimiter.numRequeues(item)
  }

  /** The next item, as soon as there is one; undefined once the queue is shut down and empty. Ends with `done`. */
  get(): Promise<T | undefined> {
    if (this.length > 0) return Promise.resolve(this.#take())
    if (this.#shuttingDown) return Promise.resolve(undefined)
    return new Promise(resolve => this.#takers.push(resolve))
  }

  /** Work on the item is over; added again meanwhile, it goes back to the end of the queue. */
  done(item: T): void {
    this.#processing.delete(item)
    this.#metrics?.finished(item)
    if (this.#dirty.has(item)) this.#enqueue(item)
    else this.#checkDrained()
  }

  /** Takes nothing new; what waits is still handed out, then `get` answers undefined. */
  shutDown(): void {
    if (this.#shuttingDown) return
    this.#shuttingDown = true
    for (const { timer } of this.#delayed.values()) timer.cancel()
    this.#delayed.clear()
    const takers = this.#takers
    this.#takers = []
    for (const taker of takers) taker(undefined)
    this.#checkDrained()
  }

  /** Shuts down, and resolves when everything that waited or was being worked on is done. */
  shutDownWithDrain(): Promise<void> {
    return new Promise(resolve => {
      this.#drained.push(resolve)
      this.shutDown()
      this.#checkDrained()
    })
  }

  #enqueue(item: T): void {
    this.#waiting.push(item)
    const taker = this.#takers.shift()
    if (taker) taker(this.#take())
  }

  #take(): T {
    const item = this.#waiting[this.#head]!
    this.#head++
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    this.#dirty.delete(item)
    this.#processing.add(item)
    this.#metrics?.taken(item)
    return item
  }

  #checkDrained(): void {
    if (!this.#shuttingDown || this.length > 0 || this.#processing.size > 0) return
    for (const resolve of this.#drained.splice(0)) resolve()
  }
}

/** What a reconcile may answer: come again after this long, whatever happens meanwhile. */
export interface ReconcileResult {
  readonly requeueAfterMs?: number
}

export interface ProcessQueueOptions<T> {
  readonly concurrency: number
  readonly log: Logger
  reconcile(item: T): Promise<ReconcileResult | undefined> | Promise<void> | void
}

/**
 * Works the queue until it is shut down. A reconcile that throws is logged and tried again with backoff; one that
 * returns is forgotten. Resolves when every worker has ended.
 */
export async function processQueue<T>(queue: WorkQueue<T>, options: ProcessQueueOptions<T>): Promise<void> {
  await Promise.all(Array.from({ length: options.concurrency }, () => work(queue, options)))
}

async function work<T>(queue: WorkQueue<T>, { log, reconcile }: ProcessQueueOptions<T>): Promise<void> {
  for (;;) {
    const item = await queue.get()
    if (item === undefined) return
    try {
      const result = await reconcile(item)
      queue.forget(item)
      if (result?.requeueAfterMs !== undefined) queue.addAfter(item, result.requeueAfterMs)
    } catch (error) {
      const fields = { item, error: causeOf(error), requeues: queue.numRequeues(item) }
      // Somebody else was faster: the next try sees what they did. Nobody needs to look into that.
      if (isConflict(error)) log.info('Reconcile met a conflict; trying again', fields)
      else if (error instanceof StaleCacheError) log.info('Cache is behind; trying again', fields)
      else log.warn('Reconcile failed; trying again', fields)
      queue.addRateLimited(item)
    } finally {
      queue.done(item)
    }
  }
}

/** A refusal says all by its message; of anything else, a programmer wants to know where it came from. */
export function causeOf(error: unknown): string {
  return asStatusError(error)?.message ?? (error instanceof Error ? (error.stack ?? error.message) : String(error))
}
