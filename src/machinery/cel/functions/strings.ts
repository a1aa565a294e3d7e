// cel-go's string extension, version 2. Positions count code points.

import { quote } from '../../go-text.ts'
import { CelRuntimeError } from '../errors.ts'
import { type Overload, overload } from '../overload.ts'
import { ArrayList, type ListValue } from '../values.ts'
import { format } from './string-format.ts'

const fail = (message: string): never => {
  throw new CelRuntimeError(message)
}
const outOfRange = (index: bigint): never => fail(`index out of range: ${index}`)

function charAt(text: string, index: bigint): string {
  const characters = [...text]
  if (index < 0n || index > characters.length) return outOfRange(index)
  return characters[Number(index)] ?? ''
}

function indexOf(text: string, part: string, offset = 0n): bigint {
  if (part === '') return offset
  if (offset < 0n) return outOfRange(offset)
  const characters = [...text]
  const wanted = [...part]
  for (let at = Number(offset); at + wanted.length <= characters.length; at++)
    if (wanted.every((character, index) => characters[at + index] === character)) return BigInt(at)
  return -1n
}

function lastIndexOf(text: string, part: string, offset?: bigint): bigint {
  const characters = [...text]
  if (part === '') return offset ?? BigInt(characters.length)
  if (offset !== undefined && offset < 0n) return outOfRange(offset)
  if (offset !== undefined && offset >= characters.length) return -1n
  const wanted = [...part]
  let at = characters.length - wanted.length
  if (offset !== undefined) at = Math.min(at, Number(offset))
  for (; at >= 0; at--) if (wanted.every((character, index) => characters[at + index] === character)) return BigInt(at)
  return -1n
}

function replace(text: string, old: string, by: string, limit = -1n): string {
  if (limit < 0n && old !== '') return text.replaceAll(old, () => by)
  if (limit === 0n) return text
  let left = limit < 0n ? Number.POSITIVE_INFINITY : Number(limit)
  if (old === '') {
    let out = ''
    const characters = [...text]
    for (let index = 0; index <= characters.length; index++) {
      if (left-- > 0) out += by
      out += characters[index] ?? ''
    }
    return out
  }
  let out = ''
  let at = 0
  for (let found = text.indexOf(old); found >= 0 && left > 0; found = text.indexOf(old, at)) {
    out += text.slice(at, found) + by
    at = found + old.length
    left--
  }
  return out + text.slice(at)
}

function split(text: string, separator: string, limit = -1n): ArrayList {
  if (limit === 0n) return new ArrayList([])
  const parts = separator === '' ? [...text] : text.split(separator)
  if (limit < 0n || parts.length <= limit) return new ArrayList(parts)
  const kept = Number(limit) - 1
  return new ArrayList([...parts.slice(0, kept), parts.slice(kept).join(separator)])
}

function substring(text: string, start: bigint, end?: bigint): string {
  const characters = [...text]
  if (end !== undefined && start > end) return fail(`invalid substring range. start: ${start}, end: ${end}`)
  if (start < 0n || start > characters.length) return outOfRange(start)
  if (end !== undefined && (end < 0n || end > characters.length)) return outOfRange(end)
  return characters.slice(Number(start), end === undefined ? undefined : Number(end)).join('')
}

const space = '[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+'
const spaceAround = new RegExp(`^${space}|${space}$`, 'gu')

function join(list: ListValue, separator = ''): string {
  const parts: string[] = []
  for (const item of list) parts.push(typeof item === 'string' ? item : fail('no such overload'))
  return parts.join(separator)
}

/** As a literal of the language. */
function quoted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to be escaped
  const escaped = text.replace(/[\x07\b\f\n\r\t\v\\"]/g, character => quote(character).slice(1, -1))
  return `"${escaped}"`
}

export const stringFunctions: readonly Overload[] = [
  overload('string_char_at_int', '(string).charAt(int): string', charAt),
  overload('string_index_of_string', '(string).indexOf(string): int', indexOf),
  overload('string_index_of_string_int', '(string).indexOf(string, int): int', indexOf),
  overload('string_last_index_of_string', '(string).lastIndexOf(string): int', lastIndexOf),
  overload('string_last_index_of_string_int', '(string).lastIndexOf(string, int): int', lastIndexOf),
  overload('string_lower_ascii', '(string).lowerAscii(): string', (text: string) =>
    text.replace(/[A-Z]/g, letter => letter.toLowerCase()),
  ),
  overload('string_upper_ascii', '(string).upperAscii(): string', (text: string) =>
    text.replace(/[a-z]/g, letter => letter.toUpperCase()),
  ),
  overload('string_replace_string_string', '(string).replace(string, string): string', replace),
  overload('string_replace_string_string_int', '(string).replace(string, string, int): string', replace),
  overload('string_split_string', '(string).split(string): list(string)', split),
  overload('string_split_string_int', '(string).split(string, int): list(string)', split),
  overload('string_substring_int', '(string).substring(int): string', substring),
  overload('string_substring_int_int', '(string).substring(int, int): string', substring),
  overload('string_trim', '(string).trim(): string', (text: string) => text.replace(spaceAround, '')),
  overload('list_join', '(list(string)).join(): string', join),
  overload('list_join_string', '(list(string)).join(string): string', join),
  overload('strings_quote', 'strings.quote(string): string', quoted),
  overload('string_format', '(string).format(list(dyn)): string', format),
]
