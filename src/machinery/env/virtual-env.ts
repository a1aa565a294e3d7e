// An `Env` whose time moves only when it is told to, and whose chance comes from a seed: the ground that tests and
// simulations stand on. Two runs with the same seed and the same calls are the same run.

import { type Clock, type Env, type Logger, type Random, silentLogger, type Timer } from './env.ts'

interface Scheduled {
  at: number
  order: number
  callback: () => void
  every?: number
  cancelled: boolean
}

/** Lets pending promise callbacks run; handed in, because how to yield to the event loop is not this room's to know. */
export type Settle = () => Promise<void>

/** The clock of a virtual `Env`. Starts at 2026-01-01T00:00:00Z unless told otherwise. */
export class VirtualClock implements Clock {
  #now: number
  readonly #start: number
  #order = 0
  #queue: Scheduled[] = []
  readonly #settle: Settle

  constructor(options: { start?: number; settle?: Settle } = {}) {
    this.#now = this.#start = options.start ?? Date.UTC(2026, 0, 1)
    this.#settle = options.settle ?? (() => Promise.resolve())
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now - this.#start
  }

  setTimeout(callback: () => void, milliseconds: number): Timer {
    return this.#schedule(callback, milliseconds)
  }

  setInterval(callback: () => void, milliseconds: number): Timer {
    return this.#schedule(callback, milliseconds, Math.max(1, milliseconds))
  }

  setImmediate(callback: () => void): void {
    queueMicrotask(callback)
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = () => {
        timer.cancel()
        reject(signal?.reason)
      }
      const timer = this.setTimeout(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }, milliseconds)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** When the next timer is due, if any. */
  nextTimer(): number | undefined {
    this.#dropCancelled()
    return this.#queue[0]?.at
  }

  /** Moves time forward, firing every timer that falls due, in order, and letting its consequences settle in between. */
  async advance(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds
    await this.#settle()
    for (;;) {
      this.#dropCancelled()
      const next = this.#queue[0]
      if (!next || next.at > until) break
      this.#now = Math.max(this.#now, next.at)
      while (this.#queue[0] && this.#queue[0].at <= this.#now) this.#fire(this.#queue.shift()!)
      await this.#settle()
    }
    this.#now = until
    await this.#settle()
  }

  #fire(timer: Scheduled): void {
    if (timer.cancelled) return
    if (timer.every !== undefined) {
      timer.at += timer.every
      this.#insert(timer)
    }
    timer.callback()
  }

  #schedule(callback: () => void, milliseconds: number, every?: number): Timer {
    const scheduled: Scheduled = {
      at: this.#now + Math.max(0, Number.isFinite(milliseconds) ? milliseconds : 0),
      order: this.#order++,
      callback,
      every,
      cancelled: false,
    }
    this.#insert(scheduled)
    return {
      cancel: () => {
        scheduled.cancelled = true
      },
    }
  }

  #insert(scheduled: Scheduled): void {
    let low = 0
    let high = this.#queue.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.#queue[middle]!
      if (other.at < scheduled.at || (other.at === scheduled.at && other.order < scheduled.order)) low = middle + 1
      else high = middle
    }
    this.#queue.splice(low, 0, scheduled)
  }

  #dropCancelled(): void {
    while (this.#queue[0]?.cancelled) this.#queue.shift()
  }
}

/** A small, fast, seeded generator (mulberry32): chance for simulations, never for secrets. */
export class SeededRandom implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => Math.floor(this.next() * 256))
  }

  uuid(): string {
    const bytes = this.bytes(16)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const hex = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }
}

export interface VirtualEnv extends Env {
  readonly clock: VirtualClock
}

export function virtualEnv(options: { seed?: number; start?: number; settle?: Settle; log?: Logger } = {}): VirtualEnv {
  return {
    clock: new VirtualClock(options),
    random: new SeededRandom(options.seed ?? 1),
    log: options.log ?? silentLogger,
  }
}
