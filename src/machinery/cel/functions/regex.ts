// Regular expressions: RE2's syntax and its linear time, also for `matches`.

import { RE2JS } from 're2js'
import { CelRuntimeError } from '../errors.ts'
import { type Overload, overload } from '../overload.ts'
import { ArrayList } from '../values.ts'

// A policy's patterns come again at every request; what a request itself brings should not stay.
const cacheSize = 256
const compiled = new Map<string, RE2JS>()

/** Throws an Error with the reason when the pattern is none. */
export function compileRegex(pattern: string): RE2JS {
  const known = compiled.get(pattern)
  if (known) return known
  const regex = RE2JS.compile(pattern)
  if (compiled.size >= cacheSize) compiled.delete(compiled.keys().next().value!)
  compiled.set(pattern, regex)
  return regex
}

function regexFor(pattern: string, prefix: string): RE2JS {
  try {
    return compileRegex(pattern)
  } catch (error) {
    throw new CelRuntimeError(`${prefix}${(error as Error).message}`)
  }
}

export function matches(text: string, pattern: string): boolean {
  return regexFor(pattern, '').matcher(text).find()
}

function find(text: string, pattern: string): string {
  const matcher = regexFor(pattern, 'Illegal regex: ').matcher(text)
  return matcher.find() ? (matcher.group() ?? '') : ''
}

/** At most so many; all when negative. */
function findAll(text: string, pattern: string, limit = -1n): ArrayList {
  const matcher = regexFor(pattern, 'Illegal regex: ').matcher(text)
  const found: string[] = []
  let lastEnd = -1
  while ((limit < 0n || found.length < limit) && matcher.find()) {
    // As Go has it, an empty match right behind another is none.
    if (matcher.start() === matcher.end() && matcher.start() === lastEnd) continue
    found.push(matcher.group() ?? '')
    lastEnd = matcher.end()
  }
  return new ArrayList(found)
}

export const regexFunctions: readonly Overload[] = [
  overload('string_find_string', '(string).find(string): string', find),
  overload('string_find_all_string', '(string).findAll(string): list(string)', findAll),
  overload('string_find_all_string_int', '(string).findAll(string, int): list(string)', findAll),
]
