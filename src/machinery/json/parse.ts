// Reads JSON as the API server does: strict grammar with Go's error texts and offsets, and the duplicate fields that
// JSON.parse would hide.
//
// Bytes in; the value and `duplicate field "spec.replicas"` texts out. Numbers are those of `numbers.ts`.

import { quote } from '../go-text.ts'
import { findDuplicates } from './duplicates.ts'
import { readJson, readLiterals } from './read.ts'
import { findSyntaxError } from './syntax-error.ts'

export { JsonSyntaxError } from './syntax-error.ts'

/** Deeper nesting is refused: walkers are recursive. Far beyond what any kind has. */
export const maxDepth = 1000

export interface ParsedJson {
  readonly value: unknown
  /** `duplicate field "spec.replicas"`, in the order of the text, each once. Empty unless asked for. */
  readonly duplicates: readonly string[]
  /** A `NumberLiteral` may stand in it. */
  readonly hasLiterals?: boolean
}

export interface ParseOptions {
  /** Tell of repeated keys. */
  readonly duplicates: boolean
  /** Give numbers that are not what they look like as `NumberLiteral`. */
  readonly literals?: boolean
}

/** Throws a `JsonSyntaxError`. */
export function parseJson(bytes: Uint8Array, options: ParseOptions): ParsedJson {
  const { colons, depth, numbers, surrogates } = scan(bytes)
  const text = surrogates ? decodeUtf8(bytes).replace(surrogateEscapes, onlyPairs) : decodeUtf8(bytes)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw findSyntaxError(bytes) ?? error
  }
  if (depth > maxDepth) throw findSyntaxError(bytes, maxDepth) ?? new SyntaxError('exceeded max depth')
  // Told before: a literal is an object, and has no keys.
  const repeats = options.duplicates && colons !== countKeys(value)
  const duplicates = repeats ? findDuplicates(text).map(path => `duplicate field ${quote(path)}`) : none
  if (!numbers) return { value, duplicates }
  return options.literals
    ? { value: readLiterals(text), duplicates, hasLiterals: true }
    : { value: readJson(text), duplicates }
}

const none: readonly string[] = Object.freeze([])

function decodeUtf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

/** Half of a pair says nothing: as in Go, it is replaced. */
const surrogateEscapes = /\\(?:u(d[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})|u(d[89a-f][0-9a-f]{2})|.)/gis
const onlyPairs = (escaped: string, _pair: string | undefined, half: string | undefined): string =>
  half === undefined ? escaped : '\\ufffd'

interface Scan {
  /** Outside of strings: as many as there are keys. */
  readonly colons: number
  readonly depth: number
  /** There are numbers of more than 15 digits, with a fraction or with an exponent. */
  readonly numbers: boolean
  /** Surrogates are escaped. */
  readonly surrogates: boolean
}

function scan(bytes: Uint8Array): Scan {
  let surrogates = false
  let colons = 0
  let numbers = false
  let level = 0
  let depth = 0
  const end = bytes.length
  for (let at = 0; at < end; at++) {
    switch (bytes[at]) {
      case 0x22:
        for (at++; at < end; at++) {
          const byte = bytes[at]
          if (byte === 0x22) break
          if (byte === 0x5c && bytes[++at] === 0x75 && (bytes[at + 1]! | 0x20) === 0x64) surrogates = true
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
      default: {
        if (!isDigit(bytes[at]!)) break
        const start = at
        while (isDigit(bytes[at + 1]!)) at++
        const after = bytes[at + 1]
        if (at - start >= 15 || after === 0x2e || after === 0x65 || after === 0x45) numbers = true
      }
    }
  }
  return { colons, depth, numbers, surrogates }
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

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
