// The difference of two values as upstream shows it in "may not change" errors (apimachinery util/diff): a unified diff
// of their indented JSON, three lines of context, no file names. Which lines count as the same ones is found as difflib
// does (Ratcliff and Obershelp): the longest run that both have, and then the same before and behind it.

import { jsonText } from './json/write.ts'

const context = 3
/** In texts of so many lines, those that are more than a hundredth of them tell nothing, and start no run. */
const longText = 200

export function diffOf(before: unknown, after: unknown): string {
  return unifiedDiff(linesOf(before), linesOf(after))
}

const linesOf = (value: unknown): string[] => jsonText(value, 1).split('\n')

type Lines = readonly string[]

/** Lines that both have: where they begin in each, and how many. */
interface Run {
  readonly from: number
  readonly to: number
  readonly length: number
}

function unifiedDiff(before: Lines, after: Lines): string {
  let out = ''
  for (const hunk of hunksOf(runsOf(before, after))) {
    const [first, last] = [hunk[0]!, hunk.at(-1)!]
    out += `@@ -${range(first.from, last.from + last.length)} +${range(first.to, last.to + last.length)} @@\n`
    for (const [index, run] of hunk.entries()) {
      for (let at = 0; at < run.length; at++) out += ` ${before[run.from + at]}\n`
      const next = hunk[index + 1]
      if (!next) break
      for (let at = run.from + run.length; at < next.from; at++) out += `-${before[at]}\n`
      for (let at = run.to + run.length; at < next.to; at++) out += `+${after[at]}\n`
    }
  }
  return out
}

function range(start: number, end: number): string {
  const length = end - start
  return length === 1 ? String(start + 1) : `${length === 0 ? start : start + 1},${length}`
}

/** Parts with changes: each a list of runs between which something differs, the outer ones cut to the context. */
function hunksOf(runs: readonly Run[]): Run[][] {
  const hunks: Run[][] = []
  let hunk: Run[] = []
  for (const [index, run] of runs.entries()) {
    const isFirst = index === 0
    const isLast = index === runs.length - 1
    if (isFirst) hunk.push(tail(run))
    else if (isLast) hunk.push(head(run))
    else if (run.length > 2 * context) {
      hunks.push([...hunk, head(run)])
      hunk = [tail(run)]
    } else hunk.push(run)
  }
  return hunk.length > 1 ? [...hunks, hunk] : hunks
}

const head = ({ from, to, length }: Run): Run => ({ from, to, length: Math.min(length, context) })

function tail({ from, to, length }: Run): Run {
  const cut = Math.max(0, length - context)
  return { from: from + cut, to: to + cut, length: length - cut }
}

/** All runs in order. The first begins at the start and the last stops at the end, with no lines if there are none. */
function runsOf(before: Lines, after: Lines): Run[] {
  const places = placesOf(after)
  const runs: Run[] = []
  const add = (run: Run): void => {
    const last = runs.at(-1)
    if (last && last.from + last.length === run.from && last.to + last.length === run.to)
      runs[runs.length - 1] = { ...last, length: last.length + run.length }
    else runs.push(run)
  }
  const search = (from: number, fromEnd: number, to: number, toEnd: number): void => {
    const run = longestRun(before, after, places, from, fromEnd, to, toEnd)
    if (run.length === 0) return
    search(from, run.from, to, run.to)
    add(run)
    search(run.from + run.length, fromEnd, run.to + run.length, toEnd)
  }
  add({ from: 0, to: 0, length: 0 })
  search(0, before.length, 0, after.length)
  add({ from: before.length, to: after.length, length: 0 })
  return runs
}

function placesOf(lines: Lines): Map<string, number[]> {
  const places = new Map<string, number[]>()
  for (const [index, line] of lines.entries()) {
    const known = places.get(line)
    if (known) known.push(index)
    else places.set(line, [index])
  }
  const most = Math.floor(lines.length / 100) + 1
  if (lines.length >= longText) for (const [line, at] of places) if (at.length > most) places.delete(line)
  return places
}

/** Of several as long the one that begins first. */
function longestRun(
  before: Lines,
  after: Lines,
  places: ReadonlyMap<string, readonly number[]>,
  start: number,
  end: number,
  toStart: number,
  toEnd: number,
): Run {
  let [from, to, length] = [start, toStart, 0]
  /** How long the run is that ends there, for the line before. */
  let ending = new Map<number, number>()
  for (let at = start; at < end; at++) {
    const next = new Map<number, number>()
    for (const place of places.get(before[at]!) ?? []) {
      if (place < toStart) continue
      if (place >= toEnd) break
      const reached = (ending.get(place - 1) ?? 0) + 1
      next.set(place, reached)
      if (reached > length) [from, to, length] = [at - reached + 1, place - reached + 1, reached]
    }
    ending = next
  }
  while (from > start && to > toStart && before[from - 1] === after[to - 1]) {
    from--
    to--
    length++
  }
  while (from + length < end && to + length < toEnd && before[from + length] === after[to + length]) length++
  return { from, to, length }
}
