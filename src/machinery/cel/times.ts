// Timestamps and durations as text, and the parts of a timestamp in a time zone.

import { parseDuration } from '../duration.ts'
import { timeParts } from '../time.ts'
import { CelRuntimeError } from './errors.ts'
import { Duration, maxInt, minInt, Timestamp } from './values.ts'

const second = 1_000_000_000n
// From year 1 to the end of year 9999.
const minSeconds = -62135596800n
const maxSeconds = 253402300799n

export function timestamp(nanos: bigint): Timestamp {
  const seconds = floorDivide(nanos, second)
  if (seconds < minSeconds || seconds > maxSeconds) throw new CelRuntimeError('timestamp overflow')
  return new Timestamp(nanos)
}

export function duration(nanos: bigint): Duration {
  if (nanos < minInt || nanos > maxInt) throw new CelRuntimeError('duration overflow')
  return new Duration(nanos)
}

export function parseTimestamp(text: string): Timestamp {
  try {
    const { seconds, nanos } = timeParts(text)
    return timestamp(BigInt(seconds) * second + BigInt(nanos))
  } catch (error) {
    if (error instanceof CelRuntimeError) throw error
    throw new CelRuntimeError(`type conversion error from 'string' to 'google.protobuf.Timestamp'`)
  }
}

export function parseCelDuration(text: string): Duration {
  try {
    return new Duration(parseDuration(text))
  } catch {
    throw new CelRuntimeError(`type conversion error from 'string' to 'google.protobuf.Duration'`)
  }
}

/** RFC 3339 in UTC, with as many decimals as it takes. */
export function formatTimestamp({ nanos }: Timestamp): string {
  const seconds = floorDivide(nanos, second)
  const date = new Date(Number(seconds) * 1000).toISOString().slice(0, 19)
  const fraction = (nanos - seconds * second).toString().padStart(9, '0').replace(/0+$/, '')
  return fraction === '' ? `${date}Z` : `${date}.${fraction}Z`
}

/** Seconds, with decimals as needed: `90s`, `1.5s`. */
export function durationSeconds({ nanos }: Duration): string {
  const sign = nanos < 0n ? '-' : ''
  const size = nanos < 0n ? -nanos : nanos
  const fraction = (size % second).toString().padStart(9, '0').replace(/0+$/, '')
  return `${sign}${size / second}${fraction === '' ? '' : `.${fraction}`}s`
}

export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value % by < 0n ? quotient - 1n : quotient
}

/** The moment as a UTC date whose UTC parts are the zone's. Zones are `+05:30`, `02:00` or an IANA name. */
export function inZone(moment: Timestamp, zone: string): Date {
  const milliseconds = Number(floorDivide(moment.nanos, 1_000_000n))
  if (zone === '' || zone === 'UTC') return new Date(milliseconds)
  const fixed = /^([+-]?)(\d\d):(\d\d)$/.exec(zone)
  if (fixed) {
    const minutes = Number(fixed[2]) * 60 + Number(fixed[3])
    return new Date(milliseconds + (fixed[1] === '-' ? -minutes : minutes) * 60_000)
  }
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    throw new CelRuntimeError(`unknown time zone ${zone}`)
  }
  const part = (type: string): number =>
    Number(format.formatToParts(new Date(milliseconds)).find(each => each.type === type)?.value)
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
  return new Date(wall + (((milliseconds % 1000) + 1000) % 1000))
}
