// Durations: Go's text form (`1h30m`, metav1.Duration), and the short one of kubectl's AGE column.
// Go counts nanoseconds in 64 bits, so exact values are bigints here; milliseconds are for timers.

import { quote } from './go-text.ts'

const unitNanoseconds: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
const limit = 1n << 63n

/** Nanoseconds of Go's duration text (time.ParseDuration). Throws an Error with Go's message. */
export function parseDuration(text: string): bigint {
  const invalid = (): Error => new Error(`time: invalid duration ${quote(text)}`)
  let rest = text
  const negative = rest.startsWith('-')
  if (negative || rest.startsWith('+')) rest = rest.slice(1)
  if (rest === '0') return 0n
  if (rest === '') throw invalid()
  let total = 0n
  while (rest !== '') {
    const number = /^(\d*)(\.(\d*))?/.exec(rest)!
    const [matched, whole = '', point, fraction = ''] = number
    if (matched === '' || (whole === '' && fraction === '')) throw invalid()
    // What overflows is invalid before anybody looks for a unit.
    if (BigInt(whole || '0') > limit) throw invalid()
    rest = rest.slice(matched.length)
    const unit = /^[^.0-9]+/.exec(rest)?.[0]
    if (unit === undefined) throw new Error(`time: missing unit in duration ${quote(text)}`)
    const scale = Object.hasOwn(unitNanoseconds, unit) ? unitNanoseconds[unit] : undefined
    if (scale === undefined) throw new Error(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`)
    rest = rest.slice(unit.length)
    total += BigInt(whole || '0') * scale
    if (point !== undefined && fraction !== '') total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length)
    if (total > limit) throw invalid()
  }
  if (!negative && total > limit - 1n) throw invalid()
  return negative ? -total : total
}

/** Go's duration text in milliseconds. */
export function durationMilliseconds(text: string): number {
  return Number(parseDuration(text)) / 1e6
}

/** Go's text of so many nanoseconds (Duration.String): `1h30m0s`, `1.5s`, `0s`. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s'
  const negative = nanoseconds < 0n
  const total = negative ? -nanoseconds : nanoseconds
  const sign = negative ? '-' : ''
  if (total < 1000n) return `${sign}${total}ns`
  if (total < 1_000_000n) return `${sign}${decimal(total, 1000n)}µs`
  if (total < 1_000_000_000n) return `${sign}${decimal(total, 1_000_000n)}ms`
  const minutes = total / unitNanoseconds['m']!
  const seconds = `${decimal(total % unitNanoseconds['m']!, unitNanoseconds['s']!)}s`
  if (minutes === 0n) return sign + seconds
  if (minutes < 60n) return `${sign}${minutes}m${seconds}`
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`
}

/** Go's text of so many milliseconds. */
export function formatMilliseconds(milliseconds: number): string {
  return formatDuration(BigInt(Math.round(milliseconds * 1e6)))
}

function decimal(value: bigint, unit: bigint): string {
  const digits = unit.toString().length - 1
  const fraction = (value % unit).toString().padStart(digits, '0').replace(/0+$/, '')
  return fraction === '' ? String(value / unit) : `${value / unit}.${fraction}`
}

/** The canonical text of a metav1.Duration. */
export function canonicalDuration(text: string): string {
  return formatDuration(parseDuration(text))
}

/** Two or three significant figures, as kubectl's AGE column shows: 45s, 3m20s, 25m, 4h12m, 3d5h, 12d, 2y30d. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const two = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
    small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${smallUnit}`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (hours < 24 * 8) return two(days, 'd', hours % 24, 'h')
  if (hours < 24 * 365 * 2) return `${days}d`
  const years = Math.floor(days / 365)
  return hours < 24 * 365 * 8 ? two(years, 'y', days % 365, 'd') : `${years}y`
}

/** One figure only: 45s, 3m, 4h, 12d, 2y. */
export function shortHumanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `${hours}h`
  return hours < 24 * 365 ? `${Math.floor(hours / 24)}d` : `${Math.floor(hours / 24 / 365)}y`
}

/** Milliseconds of so many seconds as a Duration of Go counts them: after 292 years it begins again. */
export function secondsInMs(seconds: number | bigint): number {
  if (seconds > -9e9 && seconds < 9e9) return Number(seconds) * 1000
  return Number(BigInt.asIntN(64, BigInt(seconds) * 1_000_000_000n) / 1_000_000n)
}
