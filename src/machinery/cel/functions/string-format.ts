// `'%s is %d'.format([…])`.

import { quote } from '../../go-text.ts'
import { CelRuntimeError } from '../errors.ts'
import { durationSeconds, formatTimestamp } from '../times.ts'
import { Duration, ListValue, MapValue, Timestamp, TypeValue, typeNameOf, Uint, type Value } from '../values.ts'
import { formatDouble } from './numbers.ts'

const fail = (message: string): never => {
  throw new CelRuntimeError(message)
}
const wrong = (verb: string, value: Value): never =>
  fail(`error during formatting: ${clauseMistakes(verb).mistake}, was given ${typeNameOf(value)}`)

export const format = (template: string, args: ListValue): string =>
  formatClauses(template, args.size, (verb, precision, index) => formatClause(verb, precision, args.at(index)))

/** The template with what `clause` makes of each of its clauses, for each of which there must be an argument. */
export function formatClauses(
  template: string,
  given: number,
  clause: (verb: string, precision: number, index: number) => string,
): string {
  let out = ''
  let next = 0
  for (let at = 0; at < template.length; ) {
    if (template[at] !== '%') {
      const end = template.indexOf('%', at)
      out += template.slice(at, end < 0 ? undefined : end)
      at = end < 0 ? template.length : end
      continue
    }
    if (template[at + 1] === '%') {
      out += '%'
      at += 2
      continue
    }
    if (next >= given) return fail(`index ${next} out of range`)
    if (at + 1 >= template.length) return fail('unexpected end of string')
    const [text, precision, verb = ''] = /^%(?:\.(\d*))?([\s\S]?)/u.exec(template.slice(at))!
    if (precision !== undefined && verb === '')
      return fail(
        'could not parse formatting clause: error while parsing precision: could not find end of precision specifier',
      )
    if (precision === '') {
      const reason = 'error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax'
      return fail(`could not parse formatting clause: error while parsing precision: ${reason}`)
    }
    out += clause(verb, precision === undefined ? 6 : Number(precision), next++)
    at += text.length
  }
  return out
}

interface ClauseMistakes {
  /** The names of the types a value may be of. */
  readonly types: ReadonlySet<string>
  readonly mistake: string
}

const clauseOf = (types: string, mistake: string): ClauseMistakes => ({ types: new Set(types.split(' ')), mistake })
const hexadecimal = clauseOf(
  'int uint string bytes',
  'only integers, byte buffers, and strings can be formatted as hex',
)
const clauses: ReadonlyMap<string, ClauseMistakes> = new Map([
  [
    's',
    clauseOf(
      'list map int uint double bool string google.protobuf.Timestamp bytes google.protobuf.Duration type null_type',
      'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
    ),
  ],
  ['d', clauseOf('int uint', 'decimal clause can only be used on integers')],
  ['f', clauseOf('double string', 'fixed-point clause can only be used on doubles')],
  ['e', clauseOf('double string', 'scientific clause can only be used on doubles')],
  ['b', clauseOf('int uint bool', 'only integers and bools can be formatted as binary')],
  ['o', clauseOf('int uint', 'octal clause can only be used on integers')],
  ['x', hexadecimal],
  ['X', hexadecimal],
])

/** What a clause can be used on, and what is said of anything else. */
export const clauseMistakes = (verb: string): ClauseMistakes =>
  clauses.get(verb) ?? fail(`could not parse formatting clause: unrecognized formatting clause "${verb}"`)

function formatClause(verb: string, precision: number, value: Value): string {
  switch (verb) {
    case 's':
      return textOf(value)
    case 'd':
      return decimal(value)
    case 'f': {
      const number = doubleOf(value)
      if (number === undefined) return wrong('f', value)
      return nonFinite(number) ?? grouped(number.toFixed(Math.min(precision, 100)))
    }
    case 'e': {
      const number = doubleOf(value)
      if (number === undefined) return wrong('e', value)
      return nonFinite(number) ?? scientific(number, precision)
    }
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0'
      if (typeof value === 'bigint') return value.toString(2)
      if (value instanceof Uint) return value.value.toString(2)
      return wrong('b', value)
    case 'o':
      if (typeof value === 'bigint') return value.toString(8)
      if (value instanceof Uint) return value.value.toString(8)
      return wrong('o', value)
    case 'x':
      return hex(value)
    case 'X':
      return hex(value).toUpperCase()
  }
  return fail(`could not parse formatting clause: unrecognized formatting clause "${verb}"`)
}

function doubleOf(value: Value): number | undefined {
  if (typeof value === 'number') return value
  if (value === 'NaN') return Number.NaN
  if (value === 'Infinity') return Number.POSITIVE_INFINITY
  return value === '-Infinity' ? Number.NEGATIVE_INFINITY : undefined
}

function nonFinite(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? undefined : value > 0 ? '∞' : '-∞'
}

/** American English, as upstream's printer has it. */
function grouped(text: string): string {
  const [, sign, whole, fraction] = /^(-?)(\d+)(.*)$/.exec(text)!
  return `${sign}${whole!.replace(/\B(?=(?:\d{3})+$)/g, ',')}${fraction}`
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹'
function scientific(value: number, precision: number): string {
  const [digits, exponentText] = value.toExponential(Math.min(precision, 100)).split('e')
  const exponent = Number(exponentText)
  const size = Math.abs(exponent).toString().padStart(2, '0')
  const raised = size.replace(/\d/g, digit => superscripts[Number(digit)]!)
  return `${digits}\u202f×\u202f10${exponent < 0 ? '⁻' : ''}${raised}`
}

function hex(value: Value): string {
  if (typeof value === 'bigint') return value.toString(16)
  if (value instanceof Uint) return value.value.toString(16)
  if (typeof value === 'string') return Buffer.from(value).toString('hex')
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  return wrong('x', value)
}

function decimal(value: Value): string {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Uint) return String(value.value)
  return wrong('d', value)
}

function textOf(value: Value): string {
  if (value instanceof ListValue) return `[${[...value].map(literalOf).join(', ')}]`
  if (value instanceof MapValue) return mapText(value)
  switch (typeof value) {
    case 'string':
      return value
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'number':
      return formatDouble(value)
  }
  if (value === null) return 'null'
  if (value instanceof Uint) return String(value.value)
  if (value instanceof Timestamp) return formatTimestamp(value)
  if (value instanceof Duration) return durationSeconds(value)
  if (value instanceof TypeValue) return value.name
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  return wrong('s', value)
}

/** What stands inside a list or a map, as the language would write it. */
function literalOf(value: Value): string {
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'number')
    return Number.isFinite(value) ? value.toFixed(6) : quote(Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf')
  if (value instanceof Uint8Array) return `b${quote(textOf(value))}`
  if (value instanceof Timestamp) return `timestamp(${quote(formatTimestamp(value))})`
  if (value instanceof Duration) return `duration(${quote(durationSeconds(value))})`
  if (value instanceof TypeValue) return value.name
  if (typeof value === 'object' && value !== null && !(value instanceof Uint) && !isAggregate(value))
    return fail(`error during formatting: no formatting function for ${typeNameOf(value)}`)
  return textOf(value)
}

const isAggregate = (value: Value): boolean => value instanceof ListValue || value instanceof MapValue

function mapText(map: MapValue): string {
  const entries: string[] = []
  for (const key of map.keys()) {
    if (!['string', 'bool', 'int', 'uint'].includes(typeNameOf(key)))
      return fail(`error during formatting: no formatting function for map key of type ${typeNameOf(key)}`)
    entries.push(`${literalOf(key)}:${literalOf(map.find(key)!)}`)
  }
  return `{${entries.sort().join(', ')}}`
}
