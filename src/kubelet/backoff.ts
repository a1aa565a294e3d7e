// How long to wait before trying again: 10 s after the first failure, doubling to 5 minutes, forgotten when nothing
// failed for twice the longest wait. Used for container restarts and image pulls, each under keys of its own.

interface Entry {
  waitMs: number
  updatedAt: number
}

export const initialBackoffMs = 10_000
export const maximumBackoffMs = 300_000

export class Backoff {
  readonly #entries = new Map<string, Entry>()
  readonly #initial: number
  readonly #maximum: number

  constructor(initial = initialBackoffMs, maximum = maximumBackoffMs) {
    this.#initial = initial
    this.#maximum = maximum
  }

  /** The present wait, 0 when there is none. */
  get(key: string): number {
    return this.#entries.get(key)?.waitMs ?? 0
  }

  /** Records a failure at `now`: starts with the initial wait, or doubles it. */
  next(key: string, now: number): void {
    const entry = this.#entries.get(key)
    if (!entry || this.#expired(now, entry)) this.#entries.set(key, { waitMs: this.#initial, updatedAt: now })
    else {
      entry.waitMs = Math.min(entry.waitMs * 2, this.#maximum)
      entry.updatedAt = now
    }
  }

  /** What is left to wait, counted from the time something happened (a container's end); 0 when it may go on. */
  remainingSince(key: string, happenedAt: number, now: number): number {
    const entry = this.#entries.get(key)
    if (!entry || this.#expired(happenedAt, entry)) return 0
    return Math.max(0, happenedAt + entry.waitMs - now)
  }

  /** What is left to wait, counted from the last failure. */
  remainingSinceUpdate(key: string, now: number): number {
    const entry = this.#entries.get(key)
    if (!entry || this.#expired(now, entry)) return 0
    return Math.max(0, entry.updatedAt + entry.waitMs - now)
  }

  forget(keyPrefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(keyPrefix)) this.#entries.delete(key)
  }

  collect(now: number): void {
    for (const [key, entry] of this.#entries) if (this.#expired(now, entry)) this.#entries.delete(key)
  }

  #expired(at: number, entry: Entry): boolean {
    return at - entry.updatedAt > this.#maximum * 2
  }
}

/** Go's way to print a duration of whole seconds: 10s, 1m20s, 5m0s. */
export function formatWait(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${seconds % 60}s`
  return `${Math.floor(seconds / 3600)}h${Math.floor((seconds % 3600) / 60)}m${seconds % 60}s`
}
