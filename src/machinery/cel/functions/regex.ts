// Regular expressions: RE2's syntax and its linear time, also for `matches`.

import type { RE2JS } from 're2js'
import { compilePattern } from '../../re2.ts'
import { CelRuntimeError } from '../errors.ts'
import { type Overload, overload } from '../overload.ts'
import { ArrayList } from '../values.ts'

/** Throws an Error with the reason when the pattern is none. */
export const compileRegex = compilePattern

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
