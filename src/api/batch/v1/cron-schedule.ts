// Whether a text is a cron schedule, and what the cron library of upstream says when it isn't.

import { quote } from '../../../machinery/go-text.ts'

const descriptors = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'])
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

interface Field {
  readonly min: number
  readonly max: number
  readonly names: readonly string[]
}

const fields: readonly Field[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: days },
]

class CronError extends Error {}

/** undefined: all is well. */
export function cronProblem(schedule: string): string | undefined {
  let text = schedule
  if (/^(CRON_)?TZ=/.test(text)) {
    const space = text.indexOf(' ')
    if (space < 0) return `provided bad location ${text.slice(text.indexOf('=') + 1)}`
    text = text.slice(space).trim()
  }
  if (text.startsWith('@')) {
    if (descriptors.has(text)) return undefined
    if (text.startsWith('@every ')) {
      const duration = text.slice('@every '.length)
      return /^[+-]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(duration)
        ? undefined
        : `failed to parse duration ${text}: time: invalid duration ${quote(duration)}`
    }
    return `unrecognized descriptor: ${text}`
  }
  const parts = text.split(/\s+/).filter(part => part !== '')
  if (parts.length !== fields.length) return `expected exactly 5 fields, found ${parts.length}: [${parts.join(' ')}]`
  try {
    for (const [index, part] of parts.entries())
      for (const range of part.split(',')) if (range !== '') checkRange(range, fields[index]!)
    return undefined
  } catch (error) {
    if (error instanceof CronError) return error.message
    throw error
  }
}

function checkRange(text: string, field: Field): void {
  const [range = '', step, ...more] = text.split('/')
  const bounds = range.split('-')
  let [start, end] = [field.min, field.max]
  if (bounds[0] === '*' || bounds[0] === '?') {
    // All of it.
  } else {
    start = numberOf(bounds[0] ?? '', field)
    if (bounds.length === 1) end = step === undefined ? start : field.max
    else if (bounds.length === 2) end = numberOf(bounds[1]!, field)
    else throw new CronError(`too many hyphens: ${text}`)
  }
  if (more.length > 0) throw new CronError(`too many slashes: ${text}`)
  const by = step === undefined ? 1 : integer(step)
  if (start < field.min) throw new CronError(`beginning of range (${start}) below minimum (${field.min}): ${text}`)
  if (end > field.max) throw new CronError(`end of range (${end}) above maximum (${field.max}): ${text}`)
  if (start > end) throw new CronError(`beginning of range (${start}) beyond end of range (${end}): ${text}`)
  if (by === 0) throw new CronError(`step of range should be a positive number: ${text}`)
}

function numberOf(text: string, field: Field): number {
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
