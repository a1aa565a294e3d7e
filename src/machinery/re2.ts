// Patterns as Go reads them: RE2, whose time is linear whatever the pattern. Each is compiled once.

import { RE2JS } from 're2js'

const compiled = new Map<string, RE2JS | Error>()
/** Schemas' and policies' patterns come again and again; what a request itself brings should not stay for ever. */
const mostPatterns = 2_000

/** Throws an Error with Go's words for a pattern that is none. */
export function compilePattern(pattern: string): RE2JS {
  let found = compiled.get(pattern)
  if (found === undefined) {
    try {
      found = RE2JS.compile(pattern)
    } catch (error) {
      found = error as Error
    }
    if (compiled.size >= mostPatterns) compiled.delete(compiled.keys().next().value!)
    compiled.set(pattern, found)
  }
  if (found instanceof Error) throw found
  return found
}
