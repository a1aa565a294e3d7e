// Values as Go prints them, for messages that must read as upstream's: %q, %v, and maps in the order of their keys.

import { isInt64 } from './json/numbers.ts'

const shortEscapes: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
}
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to be escaped
const needsQuoting = /["\\\x00-\x1f\x7f]|[^\x20-\x7e]/
const printable = /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u

/** Go's strconv.Quote (`%q`). */
export function quote(text: string): string {
  if (!needsQuoting.test(text)) return `"${text}"`
  let out = '"'
  for (const character of text)
    out += shortEscapes[character] ?? (isPrint(character) ? character : escapeRune(character))
  return `${out}"`
}

/** Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space. */
export function isPrint(character: string): boolean {
  return character === ' ' || printable.test(character)
}

function escapeRune(character: string): string {
  const code = character.codePointAt(0)!
  if (code >= loneByte + 0x80 && code <= loneByte + 0xff) return `\\x${(code - loneByte).toString(16)}`
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd'
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
}

/** Go's texts are bytes, which need not be UTF-8. Here a byte that is none is a lone surrogate: U+DC00 and the byte. */
const loneByte = 0xdc00
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of bytes, whatever they are. `quote` writes what is no UTF-8 as Go does. */
export function textOf(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at)
    text += length === 0 ? String.fromCharCode(loneByte + bytes[at]!) : utf8.decode(bytes.subarray(at, at + length))
    at += length || 1
  }
  return text
}

/** How many bytes the character has that begins there; 0: none does. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  try {
    utf8.decode(bytes.subarray(at, at + length))
    return length
  } catch {
    return 0
  }
}

/** As it is when it leaves in JSON: what is no text is replaced. */
export function wellFormed(text: string): string {
  return isWellFormed(text) ? text : Buffer.from(text).toString()
}

export const isWellFormed = (text: string): boolean => !loneSurrogate.test(text)

const loneSurrogate = /\p{Surrogate}/u

/** The same value with every object's fields sorted, as Go encodes a map. */
export function inKeyOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inKeyOrder)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(
    fields.sort(([a], [b]) => compareText(a, b)).map(([key, field]) => [key, inKeyOrder(field)]),
  )
}

/** Go's `%v` of a number: of a float64 with an exponent from 1e+06 up and below 1e-04. */
export function goNumber(value: number | bigint): string {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value)
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  const power = Number(exponent)
  if (power >= -4 && power < 6) return String(value)
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

/** Go's `%v` of a JSON value: `map[a:1 b:[x y]]`, keys in order. */
export function goValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`
  if (typeof value === 'number') return goNumber(value)
  if (typeof value !== 'object') return String(value)
  const entries = Object.entries(value).sort(([a], [b]) => compareText(a, b))
  return `map[${entries.map(([key, item]) => `${key}:${goValue(item)}`).join(' ')}]`
}

/** Go's `%s` of a JSON value: what is no text is marked with its type. */
export function goString(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return '%!s(<nil>)'
  if (Array.isArray(value)) return `[${value.map(goString).join(' ')}]`
  if (typeof value !== 'object') return `%!s(${goTypeOf(value)}=${goValue(value)})`
  const entries = Object.entries(value).sort(([a], [b]) => compareText(a, b))
  return `map[${entries.map(([key, item]) => `${key}:${goString(item)}`).join(' ')}]`
}

/** Go's `%T` of a JSON value. */
export function goTypeOf(value: unknown): string {
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  switch (typeof value) {
    case 'object':
      return 'map[string]interface {}'
    case 'number':
    case 'bigint':
      return isInt64(value) ? 'int64' : 'float64'
    case 'boolean':
      return 'bool'
    default:
      return 'string'
  }
}

/** How many bytes the text is long in UTF-8: what Go's len() says. */
export function byteLength(text: string): number {
  let length = text.length
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) continue
    if (unit < 0x800) length += 1
    else if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) {
      length += 2
      index++
    } else length += 2
  }
  return length
}

/** Orders texts as Go does: by their UTF-8 bytes, which is by code point. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  const shorter = Math.min(a.length, b.length)
  for (let index = 0; index < shorter; index++) {
    const left = a.charCodeAt(index)
    const right = b.charCodeAt(index)
    if (left === right) continue
    // Surrogates stand below U+E000..U+FFFF as UTF-16, but above them as code points.
    if (left >= 0xd800 && right >= 0xd800)
      return (left >= 0xe000 ? left - 0x2800 : left + 0x2000) - (right >= 0xe000 ? right - 0x2800 : right + 0x2000)
    return left - right
  }
  return a.length - b.length
}
