// Leases: promises to live that must be renewed. Knows which leases there are, when each runs out and which keys are
// bound to it; what a lease's end does to those keys is the store's to write.

import type { Env, Timer } from '../machinery/env/env.ts'
import { type Lease, LeaseNotFoundError } from './store.ts'

interface LeaseState extends Lease {
  /** On the monotonic clock. */
  expiresAt: number
  timer: Timer | undefined
  readonly keys: Set<string>
}

/** Timers are set no further ahead than this: longer ones overflow on real clocks. */
const longestTimer = 24 * 3600 * 1000
/** When an expired lease could not be revoked (disk full), try again after this long. */
const retryAfter = 5000

export class Leases {
  readonly #env: Env
  readonly #expired: (id: number) => Promise<void>
  readonly #leases = new Map<number, LeaseState>()

  /** `expired` revokes the lease. */
  constructor(env: Env, expired: (id: number) => Promise<void>) {
    this.#env = env
    this.#expired = expired
  }

  /** Starts the lease's time. */
  add(lease: Lease): void {
    const state: LeaseState = { ...lease, expiresAt: 0, timer: undefined, keys: new Set() }
    this.#leases.set(lease.id, state)
    this.#renew(state)
  }

  has(id: number): boolean {
    return this.#leases.has(id)
  }

  unusedId(): number {
    for (;;) {
      const id = 1 + Math.floor(this.#env.random.next() * (Number.MAX_SAFE_INTEGER - 1))
      if (!this.#leases.has(id)) return id
    }
  }

  keepAlive(id: number): Lease {
    const state = this.#get(id)
    state.expiresAt = this.#env.clock.monotonic() + state.ttlSeconds * 1000
    return { id, ttlSeconds: state.ttlSeconds }
  }

  /** Takes the lease away; `restore` undoes that. */
  remove(id: number): { keys: string[]; restore: () => void } {
    const state = this.#get(id)
    state.timer?.cancel()
    this.#leases.delete(id)
    const restore = () => {
      this.#leases.set(id, state)
      this.#arm(state, Math.max(retryAfter, state.expiresAt - this.#env.clock.monotonic()))
    }
    return { keys: [...state.keys].sort(), restore }
  }

  bind(id: number, key: string): void {
    this.#get(id).keys.add(key)
  }

  unbind(id: number, key: string): void {
    this.#leases.get(id)?.keys.delete(key)
  }

  stop(): void {
    for (const state of this.#leases.values()) state.timer?.cancel()
    this.#leases.clear()
  }

  #get(id: number): LeaseState {
    const state = this.#leases.get(id)
    if (!state) throw new LeaseNotFoundError()
    return state
  }

  #renew(state: LeaseState): void {
    state.expiresAt = this.#env.clock.monotonic() + state.ttlSeconds * 1000
    this.#arm(state, state.ttlSeconds * 1000)
  }

  /** A renewal only moves `expiresAt`; the timer finds out when it fires. */
  #arm(state: LeaseState, milliseconds: number): void {
    state.timer = this.#env.clock.setTimeout(
      () => {
        const left = state.expiresAt - this.#env.clock.monotonic()
        if (left > 0) this.#arm(state, left)
        else
          this.#expired(state.id).catch(error => this.#env.log.error('expired lease stays', { lease: state.id, error }))
      },
      Math.min(milliseconds, longestTimer),
    )
  }
}
