// What a component may know of the world: the time, chance and a place to write its log.
//
// Comes in: one `Env`, handed to every component by whoever starts it. Nothing below `src/` reads the clock, sets a
// timer, draws a random number or writes to the console in any other way (test/house enforces it), so a whole cluster
// can run on virtual time from a seed. `cluster/system-env.ts` makes the real one, `virtual-env.ts` beside this file
// the deterministic one.

export interface Env {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Wall-clock and timers. Times are milliseconds; `now` counts from the Unix epoch. */
export interface Clock {
  now(): number
  /** Milliseconds on a clock that never goes back; only differences mean anything. */
  monotonic(): number
  setTimeout(callback: () => void, milliseconds: number): Timer
  setInterval(callback: () => void, milliseconds: number): Timer
  /** Runs the callback after the current macrotask: for batching, never for waiting. */
  setImmediate(callback: () => void): void
  /** Resolves after the time has passed; rejects with the signal's reason when it is aborted first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

export interface Timer {
  cancel(): void
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  bytes(length: number): Uint8Array
  /** An RFC 4122 version 4 UUID. */
  uuid(): string
}

export type LogFields = Readonly<Record<string, unknown>>

/** Structured log: a constant message and fields. Never pass secrets. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  child(fields: LogFields): Logger
}

/** A log that goes nowhere. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
}
