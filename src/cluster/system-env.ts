// The real world as an `Env`: the one place that reads the clock, sets timers, draws random bytes and writes the log.

import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import type { Clock, Env, Logger, Random, Timer } from '../machinery/env/env.ts'

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(callback, milliseconds): Timer {
    const timer = setTimeout(callback, Math.min(milliseconds, 2 ** 31 - 1))
    return { cancel: () => clearTimeout(timer) }
  },
  setInterval(callback, milliseconds): Timer {
    const timer = setInterval(callback, milliseconds)
    return { cancel: () => clearInterval(timer) }
  },
  setImmediate: callback => void setImmediate(callback),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const stop = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop)
        resolve()
      }, milliseconds)
      signal?.addEventListener('abort', stop, { once: true })
    }),
}

/** Random bytes fetched in bulk: asking the system for a few at a time costs more than the few. */
const mostPooled = 64
let pool = randomBytes(4096)
let used = 0

/** Where in the pool so many fresh bytes stand. */
function pooled(length: number): number {
  if (used + length > pool.length) {
    pool = randomBytes(4096)
    used = 0
  }
  used += length
  return used - length
}

/** The text of a UUID, written anew for each. Node's own makes it of twenty pieces, which stay in memory with it. */
const uuidText = Buffer.alloc(36, '-')
const hexDigits = Buffer.from('0123456789abcdef')
const uuidPlaces = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]

function uuid(): string {
  const start = pooled(16)
  // As RFC 4122 marks version and variant.
  pool[start + 6] = (pool[start + 6]! & 0x0f) | 0x40
  pool[start + 8] = (pool[start + 8]! & 0x3f) | 0x80
  for (let index = 0; index < 16; index++) {
    const byte = pool[start + index]!
    const place = uuidPlaces[index]!
    uuidText[place] = hexDigits[byte >> 4]!
    uuidText[place + 1] = hexDigits[byte & 0x0f]!
  }
  return uuidText.toString('latin1')
}

const random: Random = {
  // 48 bits from the secure generator.
  next() {
    const at = pooled(6)
    return pool.readUIntBE(at, 6) / 2 ** 48
  },
  bytes(length) {
    if (length > mostPooled) return randomBytes(length)
    const at = pooled(length)
    return new Uint8Array(pool.subarray(at, at + length))
  },
  uuid,
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** By how often -v was given. */
export function logLevel(verbose: number): LogLevel {
  return verbose <= 0 ? 'warn' : verbose === 1 ? 'info' : 'debug'
}

function logger(level: LogLevel): Logger {
  const wrap = (log: pino.Logger): Logger => ({
    debug: (message, fields) => log.debug(fields ?? {}, message),
    info: (message, fields) => log.info(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    error: (message, fields) => log.error(fields ?? {}, message),
    child: fields => wrap(log.child(fields)),
  })
  return wrap(pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2)))
}

export function systemEnv(options: { logLevel?: LogLevel } = {}): Env {
  return { clock, random, log: logger(options.logLevel ?? 'warn') }
}

/** Lets everything that is ready to run do so once. */
export const eventLoopTurn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
