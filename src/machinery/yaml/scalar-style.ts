// How a text is written in YAML: as it is, in quotes, or as a block of lines (go-yaml v2, analyze_scalar and what follows
// from it).

import { resolveScalar } from './scalar.ts'

export type ScalarStyle = 'plain' | 'single' | 'double' | 'literal'

/** go-yaml takes only these for text: no controls, nothing beyond the basic plane. */
const unprintable = /(?!\n)\p{Cc}|[\u2028\u2029\ufeff\ufffe\uffff]|[\u{10000}-\u{10ffff}]|\p{Surrogate}/u
/** What means something at the start of a line, or anywhere. */
const indicatorFirst = /^(?:[#,[\]{}&*!|>'"%@`]|[?:-](?:\s|$)|---|\.\.\.)/
const indicatorInside = /.:(?:\s|$)|\s#/s

export function styleOf(text: string, isKey: boolean): ScalarStyle {
  if (unprintable.test(text)) return 'double'
  if (text.includes('\n')) return isKey || / \n/.test(text) || text.endsWith(' ') ? 'double' : 'literal'
  if (!isText(text)) return 'double'
  const needsQuotes = indicatorFirst.test(text) || indicatorInside.test(text) || /^ | $/.test(text)
  return needsQuotes ? 'single' : 'plain'
}

/** Whether it is read as nothing but text. */
function isText(text: string): boolean {
  return typeof resolveScalar(text) === 'string' && !sexagesimal.test(text) && !isTime(text)
}

const sexagesimal = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/
const time =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(?:Z|[-+]\d\d:\d\d)| (\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?)?$/

function isTime(text: string): boolean {
  const match = time.exec(text)
  if (!match) return false
  const [year, month, day, ...clock] = match.slice(1).map(part => (part === undefined ? 0 : Number(part)))
  if (month! < 1 || month! > 12 || day! < 1 || day! > new Date(Date.UTC(year!, month!, 0)).getUTCDate()) return false
  const [hour, minute, second, otherHour, otherMinute, otherSecond] = clock
  return Math.max(hour!, otherHour!) < 24 && Math.max(minute!, otherMinute!, second!, otherSecond!) < 60
}

const shortEscapes: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
  '\u2028': '\\L',
  '\u2029': '\\P',
}

/** A character as it stands in double quotes. */
export function escapedText(character: string): string {
  const short = shortEscapes[character]
  if (short !== undefined) return short
  if (!unprintable.test(character)) return character
  const code = character.codePointAt(0)!
  const [mark, digits] = code <= 0xff ? ['x', 2] : code <= 0xffff ? ['u', 4] : ['U', 8]
  return `\\${mark}${code
    .toString(16)
    .toUpperCase()
    .padStart(digits as number, '0')}`
}
