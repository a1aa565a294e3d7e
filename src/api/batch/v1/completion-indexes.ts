// Lists of a Job's completion indexes as it writes them: `1,3-5,7`, increasing.

import { quote } from '../../../machinery/go-text.ts'

type Interval = readonly [from: number, to: number]

/** The interval, or what is wrong with it in upstream's words. */
function parseInterval(text: string, completions: number): Interval | string {
  const parts = text.split('-')
  if (parts.length > 2)
    return `the fragment ${quote(text)} violates the requirement that an index interval can have at most two parts separated by '-'`
  const limits: number[] = []
  for (const part of parts) {
    if (!/^[+-]?\d+$/.test(part)) return `cannot convert string to integer for index: ${quote(part)}`
    const limit = Number(part)
    if (limit >= completions) return `too large index: ${quote(part)}`
    limits.push(limit)
  }
  const [from = 0, to = from] = limits
  if (limits.length > 1 && from >= to) return `non-increasing order, previous: ${from}, current: ${to}`
  return [from, to]
}

/** How many indexes there are in the list, or what is wrong with it. */
export function countIndexes(text: string, completions: number): number | string {
  if (text === '') return 0
  let last: number | undefined
  let total = 0
  for (const part of text.split(',')) {
    const interval = parseInterval(part, completions)
    if (typeof interval === 'string') return interval
    const [from, to] = interval
    if (last !== undefined && last >= from) return `non-increasing order, previous: ${last}, current: ${from}`
    total += to - from + 1
    last = to
  }
  return total
}

/** An index in both lists, which must be none; parts that cannot be read are passed over. */
export function overlap(one: string, other: string, completions: number): number | undefined {
  const read = (text: string): Interval[] =>
    text === ''
      ? []
      : text.split(',').flatMap(part => {
          const interval = parseInterval(part, completions)
          return typeof interval === 'string' ? [] : [interval]
        })
  const intervals = read(other)
  for (const [from, to] of read(one))
    for (const [otherFrom, otherTo] of intervals)
      if (from <= otherTo && otherFrom <= to) return Math.max(from, otherFrom)
  return undefined
}
