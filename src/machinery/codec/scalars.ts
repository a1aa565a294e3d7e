// How each scalar type is read from JSON: what is accepted, its normal form, and what Go would say of anything else.

import { canonicalDuration } from '../duration.ts'
import { fitsInt64, isInt64, NumberLiteral, narrowInteger, withoutLiterals } from '../json/numbers.ts'
import { canonicalQuantity } from '../quantity.ts'
import type { ScalarType, TypeNode } from '../schema/schema.ts'
import { canonicalMicroTime, canonicalTime } from '../time.ts'

/** A value of another JSON type than the field's. Its message is made where the field's path is known. */
export class TypeMismatch extends Error {
  /** What stands there: `string`, `number 1.5`, `bool`, `array`, `object`. */
  readonly found: string
  /** The Go type it does not fit. */
  readonly wanted: string

  constructor(found: string, wanted: string) {
    super(`json: cannot unmarshal ${found} into Go value of type ${wanted}`)
    this.found = found
    this.wanted = wanted
  }
}

/**
 * The value in normal form; undefined for what counts as absent (Go's zero time). Throws a TypeMismatch, or an Error
 * with the message of the Go type's own parser.
 */
export type ScalarReader = (value: unknown) => unknown

function fail(value: unknown, wanted: string): never {
  throw new TypeMismatch(jsonKind(value, wanted), wanted)
}

export function jsonKind(value: unknown, wanted: string): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number' || typeof value === 'bigint' || value instanceof NumberLiteral) {
    if (!/^(int|float)/.test(wanted)) return 'number'
    return `number ${value instanceof NumberLiteral ? value.text : value}`
  }
  return typeof value
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function readBytes(value: unknown): string {
  if (typeof value !== 'string') fail(value, '[]uint8')
  const text = /[\r\n]/.test(value) ? value.replace(/[\r\n]/g, '') : value
  if (!base64.test(text)) throw new Error(`illegal base64 data at input byte ${illegalByte(value)}`)
  // The unused bits of the last character may be anything; the normal form has zeros.
  return text.endsWith('=') ? text.slice(0, -4) + Buffer.from(text.slice(-4), 'base64').toString('base64') : text
}

/** Where Go's decoder, which reads four characters at a time, gives up. */
function illegalByte(text: string): number {
  const isBreak = (at: number) => text[at] === '\n' || text[at] === '\r'
  let digits = 0
  for (let at = 0; at < text.length; at++) {
    if (isBreak(at)) continue
    if (/[A-Za-z0-9+/]/.test(text[at]!)) {
      digits++
      continue
    }
    if (text[at] !== '=' || digits % 4 < 2) return at
    let next = at + 1
    if (digits % 4 === 2) {
      while (isBreak(next)) next++
      if (next >= text.length) return text.length
      if (text[next] !== '=') return next - 1
      next++
    }
    while (isBreak(next)) next++
    return next
  }
  return text.length - (digits % 4)
}

function textReader(parse: (text: string) => string | undefined): ScalarReader {
  return value => (typeof value === 'string' ? parse(value) : fail(value, 'string'))
}

/** Numbers beyond 2^53 come from callers in the same process only: what is read as JSON has bigints there. */
function readInt64(value: unknown): number | bigint {
  if (isInt64(value)) return value
  if (typeof value !== 'number' || !Number.isInteger(value) || !fitsInt64(BigInt(value))) fail(value, 'int64')
  return narrowInteger(BigInt(value))
}

function readDouble(value: unknown): number {
  if (typeof value === 'number') return value
  const number = typeof value === 'bigint' ? Number(value) : value instanceof NumberLiteral ? value.value : Number.NaN
  return Number.isFinite(number) ? number : fail(value, 'float64')
}

/** Numbers are read by their text; anything else fails in the words of the parser. */
function quantityText(value: unknown): string {
  if (typeof value === 'string') return value.trim()
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  return value instanceof NumberLiteral ? value.text : '!'
}

export const readers: Readonly<Record<ScalarType, ScalarReader>> = {
  string: value => (typeof value === 'string' ? value : fail(value, 'string')),
  boolean: value => (typeof value === 'boolean' ? value : fail(value, 'bool')),
  int32: value => (typeof value === 'number' && (value | 0) === value ? value : fail(value, 'int32')),
  int64: value => (Number.isSafeInteger(value) ? value : readInt64(value)),
  double: readDouble,
  bytes: readBytes,
  quantity: value => canonicalQuantity(quantityText(value)),
  intOrString: value =>
    typeof value === 'string' || (typeof value === 'number' && (value | 0) === value) ? value : fail(value, 'int32'),
  time: textReader(canonicalTime),
  microTime: textReader(canonicalMicroTime),
  duration: textReader(canonicalDuration),
  any: value => withoutLiterals(value),
}

/** What a Go field of this type holds when nothing was read into it, as JSON writes it. */
export function zeroOf(type: ScalarType): unknown {
  switch (type) {
    case 'string':
    case 'bytes':
      return ''
    case 'boolean':
      return false
    case 'int32':
    case 'int64':
    case 'double':
    case 'intOrString':
      return 0
    case 'quantity':
      return '0'
    case 'duration':
      return '0s'
    default:
      return null
  }
}

/** The type's name as Go prints it. */
export function goTypeName(node: TypeNode): string {
  switch (node.type) {
    case 'boolean':
      return 'bool'
    case 'double':
      return 'float64'
    case 'bytes':
      return '[]uint8'
    case 'quantity':
      return 'resource.Quantity'
    case 'intOrString':
      return 'intstr.IntOrString'
    case 'time':
      return 'v1.Time'
    case 'microTime':
      return 'v1.MicroTime'
    case 'duration':
      return 'v1.Duration'
    case 'list':
      return `[]${goTypeName(node.item)}`
    case 'map':
      return `map[string]${goTypeName(node.value)}`
    case 'object':
      return node.of().name.split('.').slice(-2).join('.')
    case 'either':
      return node.definition.split('.').slice(-2).join('.')
    case 'any':
      return 'runtime.RawExtension'
    default:
      return node.type
  }
}
