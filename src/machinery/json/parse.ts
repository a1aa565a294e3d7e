// Reads JSON as the API server does: strict grammar with Go's error texts and offsets, and the duplicate fields that
// JSON.parse would hide.
//
// Bytes in; the value and `duplicate field "spec.replicas"` texts out. Whole numbers beyond 2^53 lose their last digits,
// as everywhere in JavaScript: fields that hold such numbers (int64) are written as the nearest double.

import { quote } from '../go-text.ts'
import { findDuplicates } from './duplicates.ts'
import { findSyntaxError } from './syntax-error.ts'

export { JsonSyntaxError } from './syntax-error.ts'

/** Deeper nesting is refused: walkers are recursive. Far beyond what any kind has. */
export const maxDepth = 1000

export interface ParsedJson {
  readonly value: unknown
  /** `duplicate field "spec.replicas"`, in the order of the text, each once. Empty unless asked for. */
  readonly duplicates: readonly string[]
}

/** Throws a `JsonSyntaxError`. */
export function parseJson(bytes: Uint8Array, options: { readonly duplicates: boolean }): ParsedJson {
  const text = decodeUtf8(bytes)
  const { colons, depth } = scan(bytes)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw findSyntaxError(bytes) ?? error
  }
  if (depth > maxDepth) throw findSyntaxError(bytes, maxDepth) ?? new SyntaxError('exceeded max depth')
  if (!options.duplicates || colons === countKeys(value)) return { value, duplicates: none }
  return { value, duplicates: findDuplicates(text).map(path => `duplicate field ${quote(path)}`) }
}

const none: readonly string[] = Object.freeze([])

function decodeUtf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

/** How many colons stand outside of strings: as many as there are keys. And how deep it goes. */
function scan(bytes: Uint8Array): { colons: number; depth: number } {
  let colons = 0
  let level = 0
  let depth = 0
  const end = bytes.length
  for (let at = 0; at < end; at++) {
    switch (bytes[at]) {
      case 0x22:
        for (at++; at < end; at++) {
          const byte = bytes[at]
          if (byte === 0x22) break
          if (byte === 0x5c) at++
        }
        break
      case 0x3a:
        colons++
        break
      case 0x7b:
      case 0x5b:
        if (++level > depth) depth = level
        break
      case 0x7d:
      case 0x5d:
        level--
        break
    }
  }
  return { colons, depth }
}

function countKeys(value: unknown): number {
  if (value === null || typeof value !== 'object') return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) if (item !== null && typeof item === 'object') count += countKeys(item)
    return count
  }
  for (const key in value) {
    count++
    const child = (value as Record<string, unknown>)[key]
    if (child !== null && typeof child === 'object') count += countKeys(child)
  }
  return count
}
