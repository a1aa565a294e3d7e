// How a query parameter is read, where upstream's conversion has a rule of its own.

import { quote } from '../machinery/go-text.ts'
import { badRequest } from '../machinery/status-error.ts'

/** A boolean: false when absent, `0` or `false` in whatever case, and true for anything else, an empty value too. */
export function queryFlag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name)
  return value !== null && value !== '0' && value.toLowerCase() !== 'false'
}

/** A boolean that may also be left unsaid. */
export function booleanParameter(query: URLSearchParams, name: string): boolean | undefined {
  return query.has(name) ? queryFlag(query, name) : undefined
}

/** Throws a 400. */
export function integerParameter(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  return text === null ? undefined : Number(parseInt64(text))
}

/**
 * Seconds, as Go has them in a Duration: its nanoseconds have 64 bits, and begin again from the other end. Throws a 400.
 */
export function secondsParameter(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  return text === null ? undefined : Number(BigInt.asIntN(64, parseInt64(text) * nanosecondsOfASecond)) / 1e9
}

const nanosecondsOfASecond = 10n ** 9n

const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n }

function parseInt64(text: string): bigint {
  const problem = (why: string) => badRequest(`strconv.ParseInt: parsing ${quote(text)}: ${why}`)
  if (!/^[+-]?[0-9]+$/.test(text)) throw problem('invalid syntax')
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text)
  if (value < int64.min || value > int64.max) throw problem('value out of range')
  return value
}
