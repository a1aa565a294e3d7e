// A cron schedule as CronJobs have it: read from its text, with what upstream's cron library says when it can't be, and
// asked for its times.

import { durationMilliseconds } from '../../../machinery/duration.ts'
import { quote } from '../../../machinery/go-text.ts'
import { isTimeZone, utcOffset } from '../../../machinery/time-zone.ts'

/** The minutes, hours, … that a field stands for, as the bits of a number. */
interface Fields {
  readonly minutes: bigint
  readonly hours: bigint
  readonly days: bigint
  readonly months: bigint
  readonly weekdays: bigint
  /** A day need only be one of the two, where both are restricted. */
  readonly anyDay: boolean
}

export interface CronSchedule {
  /** IANA's name; UTC when absent. */
  readonly timeZone?: string
  readonly fields?: Fields
  /** `@every`: milliseconds. */
  readonly every?: number
}

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

interface FieldBounds {
  readonly min: number
  readonly max: number
  readonly names: readonly string[]
}

const bounds: readonly FieldBounds[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: days },
]

/** What is wrong with a schedule, in the words of upstream's library. */
export class CronError extends Error {}

/** Throws a `CronError`. `timeZone` is that of the CronJob; one in the schedule itself goes before it. */
export function parseCronSchedule(schedule: string, timeZone?: string): CronSchedule {
  let text = schedule
  let zone = timeZone
  if (/^(CRON_)?TZ=/.test(text)) {
    const space = text.indexOf(' ')
    zone = text.slice(text.indexOf('=') + 1, space < 0 ? undefined : space)
    if (space < 0 || !isTimeZone(zone)) throw new CronError(`provided bad location ${zone}: unknown time zone ${zone}`)
    text = text.slice(space).trim()
  }
  const place = zone === undefined ? {} : { timeZone: zone }
  if (text.startsWith('@every ')) return { ...place, every: everyOf(text) }
  if (text.startsWith('@') && !Object.hasOwn(descriptors, text)) throw new CronError(`unrecognized descriptor: ${text}`)
  return { ...place, fields: fieldsOf(descriptors[text] ?? text) }
}

/** undefined: all is well. */
export function cronProblem(schedule: string): string | undefined {
  try {
    parseCronSchedule(schedule)
    return undefined
  } catch (error) {
    if (error instanceof CronError) return error.message
    throw error
  }
}

function everyOf(text: string): number {
  try {
    // Whole seconds, and at least one.
    return Math.max(1000, Math.floor(durationMilliseconds(text.slice('@every '.length)) / 1000) * 1000)
  } catch (error) {
    throw new CronError(`failed to parse duration ${text}: ${(error as Error).message}`)
  }
}

function fieldsOf(text: string): Fields {
  const parts = text.split(/\s+/).filter(part => part !== '')
  if (parts.length !== bounds.length)
    throw new CronError(`expected exactly 5 fields, found ${parts.length}: [${parts.join(' ')}]`)
  const [minutes, hours, daysOfMonth, monthsOfYear, weekdays] = parts.map((part, index) => bitsOf(part, bounds[index]!))
  return {
    minutes: minutes!.bits,
    hours: hours!.bits,
    days: daysOfMonth!.bits,
    months: monthsOfYear!.bits,
    weekdays: weekdays!.bits,
    anyDay: !daysOfMonth!.isAll && !weekdays!.isAll,
  }
}

/** `isAll`: a star without a step is in it, which means that the field says nothing. */
function bitsOf(field: string, of: FieldBounds): { bits: bigint; isAll: boolean } {
  let bits = 0n
  let isAll = false
  for (const range of field.split(',')) {
    if (range === '') continue
    const { start, end, step, star } = rangeOf(range, of)
    isAll ||= star && step === 1
    for (let value = start; value <= end; value += step) bits |= 1n << BigInt(value)
  }
  return { bits, isAll }
}

function rangeOf(text: string, field: FieldBounds): { start: number; end: number; step: number; star: boolean } {
  const [range = '', step, ...more] = text.split('/')
  const ends = range.split('-')
  const star = ends[0] === '*' || ends[0] === '?'
  let [start, end] = [field.min, field.max]
  if (!star) {
    start = numberOf(ends[0] ?? '', field)
    if (ends.length === 1) end = step === undefined ? start : field.max
    else if (ends.length === 2) end = numberOf(ends[1]!, field)
    else throw new CronError(`too many hyphens: ${text}`)
  }
  if (more.length > 0) throw new CronError(`too many slashes: ${text}`)
  const by = step === undefined ? 1 : integer(step)
  if (start < field.min) throw new CronError(`beginning of range (${start}) below minimum (${field.min}): ${text}`)
  if (end > field.max) throw new CronError(`end of range (${end}) above maximum (${field.max}): ${text}`)
  if (start > end) throw new CronError(`beginning of range (${start}) beyond end of range (${end}): ${text}`)
  if (by === 0) throw new CronError(`step of range should be a positive number: ${text}`)
  return { start, end, step: by, star }
}

function numberOf(text: string, field: FieldBounds): number {
  const named = field.names.indexOf(text.toLowerCase())
  return named >= 0 ? named + field.min : integer(text)
}

function integer(text: string): number {
  if (!/^[+-]?\d+$/.test(text))
    throw new CronError(`failed to parse int from ${text}: strconv.Atoi: parsing ${quote(text)}: invalid syntax`)
  const value = Number(text)
  if (value < 0) throw new CronError(`negative number (${value}) not allowed: ${text}`)
  return value
}

// ---- times ---------------------------------------------------------------------------------------------------------

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
/** A schedule that has no time within five years (the 31st of February) never has one. */
const horizon = 5 * 366 * day

const has = (bits: bigint, value: number): boolean => (bits & (1n << BigInt(value))) !== 0n

/**
 * The first time after that one, in milliseconds since the epoch; undefined when there is none. A time is every minute
 * whose reading of the zone's clock the schedule names: what a clock that is put forward leaves out does not come, and what
 * one that is put back shows twice comes twice.
 */
export function nextTime(schedule: CronSchedule, after: number): number | undefined {
  if (schedule.every !== undefined) return Math.floor(after / 1000) * 1000 + schedule.every
  const { minutes, hours, days: daysOfMonth, months: monthsOfYear, weekdays, anyDay } = schedule.fields!
  const isDay = (date: Date) => {
    const ofMonth = has(daysOfMonth, date.getUTCDate())
    const ofWeek = has(weekdays, date.getUTCDay())
    return anyDay ? ofMonth || ofWeek : ofMonth && ofWeek
  }
  const { timeZone } = schedule
  const last = after + horizon
  let time = Math.floor(after / minute) * minute + minute
  while (time <= last) {
    // What the zone's clock shows, in the fields of a UTC date.
    const shown = new Date(time + (timeZone === undefined ? 0 : utcOffset(timeZone, time)))
    if (!has(monthsOfYear, shown.getUTCMonth() + 1)) {
      const next = Date.UTC(shown.getUTCFullYear(), shown.getUTCMonth() + 1, 1)
      time = startOf(next, time + (next - shown.getTime()), timeZone)
    } else if (!isDay(shown)) {
      const next = Math.floor(shown.getTime() / day) * day + day
      time = startOf(next, time + (next - shown.getTime()), timeZone)
    } else if (!has(hours, shown.getUTCHours())) time += (60 - shown.getUTCMinutes()) * minute
    else if (!has(minutes, shown.getUTCMinutes())) time += minute
    else return time
  }
  return undefined
}

/** The first minute at which the zone's clock shows `shown` or later, near the guess that no clock change came between. */
function startOf(shown: number, guess: number, timeZone: string | undefined): number {
  if (timeZone === undefined) return guess
  const shows = (time: number) => time + utcOffset(timeZone, time)
  let time = guess
  while (shows(time) < shown) time += minute
  while (shows(time - minute) >= shown) time -= minute
  return time
}
