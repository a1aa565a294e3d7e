// metav1.Time and MicroTime: RFC 3339 text in objects, milliseconds since the epoch in code. Parsing accepts what Go's
// time.Parse accepts and fails with its words.

import { quote } from './go-text.ts'

const zeroTime = '0001-01-01T00:00:00Z'

/** `2026-01-02T03:04:05Z`: how metav1.Time is written. Anything below a second is cut off. */
export function formatTime(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000)
  if (second !== lastSecond) {
    lastText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`
    lastSecond = second
  }
  return lastText
}

/** Thousands of objects are made within one second. */
let lastSecond = Number.NaN
let lastText = ''

/** `2026-01-02T03:04:05.123456Z`: how metav1.MicroTime is written. Fractions of a millisecond count. */
export function formatMicroTime(milliseconds: number): string {
  const whole = Math.floor(milliseconds)
  const micros = Math.floor((milliseconds - whole) * 1000)
  return `${new Date(whole).toISOString().slice(0, 23)}${String(micros).padStart(3, '0')}Z`
}

/** Milliseconds since the epoch, with fractions for a MicroTime. Throws an Error with Go's message. */
export function parseTime(text: string): number {
  const { seconds, nanos } = parseRfc3339(text, false)
  return seconds * 1000 + nanos / 1e6
}

/** `undefined` for what is absent or no time: for fields that have been checked already. */
export function timeOf(text: string | null | undefined): number | undefined {
  if (!text) return undefined
  const parsed = Date.parse(text)
  return Number.isNaN(parsed) ? undefined : parsed
}

/** The canonical text of a metav1.Time; undefined for Go's zero time. Throws an Error with Go's message. */
export function canonicalTime(text: string): string | undefined {
  if (text.length === 20 && text.endsWith('Z') && isPlain(text)) return text === zeroTime ? undefined : text
  const { seconds } = parseRfc3339(text, false)
  const canonical = secondsText(seconds)
  return canonical === zeroTime ? undefined : canonical
}

/** The canonical text of a metav1.MicroTime; undefined for Go's zero time. Throws an Error with Go's message. */
export function canonicalMicroTime(text: string): string | undefined {
  const { seconds, nanos } = parseRfc3339(text, true)
  const whole = secondsText(seconds)
  if (whole === zeroTime && nanos < 1000) return undefined
  return `${whole.slice(0, -1)}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`
}

/** Seconds since the epoch and nanoseconds: what protobuf carries. */
export function timeParts(text: string): { seconds: number; nanos: number } {
  return parseRfc3339(text, false)
}

/** The text of a time from its protobuf parts. */
export function timeFromParts(seconds: number, nanos: number, micro: boolean): string {
  const whole = secondsText(seconds)
  return micro ? `${whole.slice(0, -1)}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z` : whole
}

function secondsText(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`
}

const digit = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at)
  return code >= 48 && code <= 57
}
const pair = (text: string, at: number): number =>
  digit(text, at) && digit(text, at + 1) ? (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48 : -1

/** `YYYY-MM-DDThh:mm:ssZ` of a date that exists: the form that nearly every time has. */
function isPlain(text: string): boolean {
  if (text[4] !== '-' || text[7] !== '-' || text[10] !== 'T' || text[13] !== ':' || text[16] !== ':') return false
  if (pair(text, 0) < 0 || pair(text, 2) < 0) return false
  const [month, day, hour, minute, second] = [
    pair(text, 5),
    pair(text, 8),
    pair(text, 11),
    pair(text, 14),
    pair(text, 17),
  ]
  return (
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= 28 &&
    hour >= 0 &&
    hour < 24 &&
    minute >= 0 &&
    minute < 60 &&
    second >= 0 &&
    second < 60
  )
}

function parseRfc3339(text: string, micro: boolean): { seconds: number; nanos: number } {
  const layout = micro ? '2006-01-02T15:04:05.000000Z07:00' : '2006-01-02T15:04:05Z07:00'
  let at = 0
  const cannot = (element: string): Error =>
    new Error(
      `parsing time ${quote(text)} as ${quote(layout)}: cannot parse ${quote(text.slice(at))} as ${quote(element)}`,
    )
  const outOfRange = (what: string): Error => new Error(`parsing time ${quote(text)}: ${what} out of range`)
  const literal = (character: string): void => {
    if (text[at] !== character) throw cannot(character)
    at++
  }
  const two = (element: string): number => {
    const value = pair(text, at)
    if (value < 0) throw cannot(element)
    at += 2
    return value
  }

  const [century, yearOfCentury] = [pair(text, 0), pair(text, 2)]
  if (century < 0 || yearOfCentury < 0) throw cannot('2006')
  const year = century * 100 + yearOfCentury
  at = 4
  literal('-')
  const month = two('01')
  if (month < 1 || month > 12) throw outOfRange('month')
  literal('-')
  const day = two('02')
  literal('T')
  const hour = two('15')
  if (hour > 23) throw outOfRange('hour')
  literal(':')
  const minute = two('04')
  if (minute > 59) throw outOfRange('minute')
  literal(':')
  const second = two('05')
  if (second > 59) throw outOfRange('second')
  let nanos = 0
  const fraction = /^[.,](\d+)/.exec(text.slice(at))
  if (micro) {
    // The layout has six decimals, so the text must.
    if (!fraction || fraction[1]!.length < 6) throw cannot('.000000')
    nanos = Number(fraction[1]!.slice(0, 6)) * 1000
    at += 7
  } else if (fraction) {
    nanos = Number(fraction[1]!.slice(0, 9).padEnd(9, '0'))
    at += fraction[0].length
  }
  let offset = 0
  if (text[at] === 'Z') at++
  else {
    const zone = /^([+-])(\d\d):(\d\d)/.exec(text.slice(at))
    if (!zone) throw cannot('Z07:00')
    const [hours, minutes] = [Number(zone[2]), Number(zone[3])]
    if (hours > 24) throw outOfRange('time zone offset hour')
    if (minutes > 60) throw outOfRange('time zone offset minute')
    offset = (zone[1] === '-' ? -1 : 1) * (hours * 60 + minutes) * 60
    at += 6
  }
  if (at < text.length) throw new Error(`parsing time ${quote(text)}: extra text: ${quote(text.slice(at))}`)
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (day < 1 || date.getUTCMonth() !== month - 1) throw outOfRange('day')
  return { seconds: date.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset, nanos }
}
