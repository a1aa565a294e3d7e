// The functions and operators of the language itself.

import { compareText } from '../../go-text.ts'
import { CelRuntimeError } from '../errors.ts'
import { type Overload, overload } from '../overload.ts'
import {
  duration,
  durationSeconds,
  floorDivide,
  formatTimestamp,
  inZone,
  parseCelDuration,
  parseTimestamp,
  timestamp,
} from '../times.ts'
import {
  ArrayList,
  codePoints,
  compareNumbers,
  Duration,
  type ListValue,
  type MapValue,
  maxInt,
  maxUint,
  minInt,
  numeric,
  Timestamp,
  TypeValue,
  typeNameOf,
  Uint,
  type Value,
} from '../values.ts'
import { formatDouble, parseBool, parseFloat64, parseLocalInt } from './numbers.ts'
import { matches } from './regex.ts'

const fail = (message: string): never => {
  throw new CelRuntimeError(message)
}
const int = (value: bigint): bigint => (value < minInt || value > maxInt ? fail('integer overflow') : value)
const uint = (value: bigint): Uint =>
  value < 0n || value > maxUint ? fail('unsigned integer overflow') : new Uint(value)
const cannotConvert = (from: string, to: string): never => fail(`type conversion error from '${from}' to '${to}'`)

/** -1, 0 or 1. Throws for NaN. */
export function compareValues(left: Value, right: Value): number {
  const [leftNumber, rightNumber] = [numeric(left), numeric(right)]
  if (leftNumber !== undefined && rightNumber !== undefined)
    return compareNumbers(leftNumber, rightNumber) ?? fail('NaN values cannot be ordered')
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right)
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right)
  if (left instanceof Timestamp && right instanceof Timestamp) return compareNumbers(left.nanos, right.nanos)!
  if (left instanceof Duration && right instanceof Duration) return compareNumbers(left.nanos, right.nanos)!
  if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.compare(left, right)
  return fail('no such overload')
}

const ordered: readonly (readonly [left: string, right: string, id: string])[] = [
  ['bool', 'bool', 'bool'],
  ['int', 'int', 'int64'],
  ['int', 'double', 'int64_double'],
  ['int', 'uint', 'int64_uint64'],
  ['uint', 'uint', 'uint64'],
  ['uint', 'double', 'uint64_double'],
  ['uint', 'int', 'uint64_int64'],
  ['double', 'double', 'double'],
  ['double', 'int', 'double_int64'],
  ['double', 'uint', 'double_uint64'],
  ['string', 'string', 'string'],
  ['bytes', 'bytes', 'bytes'],
  ['timestamp', 'timestamp', 'timestamp'],
  ['duration', 'duration', 'duration'],
]
const comparison = (operator: string, name: string, holds: (order: number) => boolean): Overload[] =>
  ordered.map(([left, right, id]) =>
    overload(`${name}_${id}`, `_${operator}_(${left}, ${right}): bool`, (a: Value, b: Value) =>
      holds(compareValues(a, b)),
    ),
  )

const operators: readonly Overload[] = [
  overload('conditional', '_?_:_(bool, T, T): T', (_condition: Value, yes: Value) => yes),
  overload('logical_and', '_&&_(bool, bool): bool', (a: boolean, b: boolean) => a && b),
  overload('logical_or', '_||_(bool, bool): bool', (a: boolean, b: boolean) => a || b),
  overload('logical_not', '!_(bool): bool', (a: boolean) => !a),
  overload('not_strictly_false', '@not_strictly_false(bool): bool', (a: boolean) => a),
  // These are the interpreter's own: only their types matter here.
  overload('equals', '_==_(T, T): bool', () => fail('no such overload')),
  overload('not_equals', '_!=_(T, T): bool', () => fail('no such overload')),
  overload('index_list', '_[_](list(T), int): T', () => fail('no such overload')),
  overload('index_map', '_[_](map(K, V), K): V', () => fail('no such overload')),
  overload('optional_list_index_int', '_[_](optional(list(V)), int): optional(V)', () => fail('no such overload')),
  overload('optional_map_index_value', '_[_](optional(map(K, V)), K): optional(V)', () => fail('no such overload')),
  overload('list_optindex_optional_int', '_[?_](list(V), int): optional(V)', () => fail('no such overload')),
  overload('optional_list_optindex_optional_int', '_[?_](optional(list(V)), int): optional(V)', () =>
    fail('no such overload'),
  ),
  overload('map_optindex_optional_value', '_[?_](map(K, V), K): optional(V)', () => fail('no such overload')),
  overload('optional_map_optindex_optional_value', '_[?_](optional(map(K, V)), K): optional(V)', () =>
    fail('no such overload'),
  ),
  overload('in_list', '@in(T, list(T)): bool', () => fail('no such overload')),
  overload('in_map', '@in(K, map(K, V)): bool', () => fail('no such overload')),

  overload('add_bytes', '_+_(bytes, bytes): bytes', (a: Uint8Array, b: Uint8Array) => new Uint8Array([...a, ...b])),
  overload('add_double', '_+_(double, double): double', (a: number, b: number) => a + b),
  overload('add_duration_duration', '_+_(duration, duration): duration', (a: Duration, b: Duration) =>
    duration(a.nanos + b.nanos),
  ),
  overload('add_duration_timestamp', '_+_(duration, timestamp): timestamp', (a: Duration, b: Timestamp) =>
    timestamp(a.nanos + b.nanos),
  ),
  overload('add_timestamp_duration', '_+_(timestamp, duration): timestamp', (a: Timestamp, b: Duration) =>
    timestamp(a.nanos + b.nanos),
  ),
  overload('add_int64', '_+_(int, int): int', (a: bigint, b: bigint) => int(a + b)),
  overload('add_list', '_+_(list(T), list(T)): list(T)', concat),
  overload('add_string', '_+_(string, string): string', (a: string, b: string) => a + b),
  overload('add_uint64', '_+_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value + b.value)),

  overload('subtract_double', '_-_(double, double): double', (a: number, b: number) => a - b),
  overload('subtract_duration_duration', '_-_(duration, duration): duration', (a: Duration, b: Duration) =>
    duration(a.nanos - b.nanos),
  ),
  overload('subtract_int64', '_-_(int, int): int', (a: bigint, b: bigint) => int(a - b)),
  overload('subtract_timestamp_duration', '_-_(timestamp, duration): timestamp', (a: Timestamp, b: Duration) =>
    timestamp(a.nanos - b.nanos),
  ),
  overload('subtract_timestamp_timestamp', '_-_(timestamp, timestamp): duration', (a: Timestamp, b: Timestamp) =>
    duration(a.nanos - b.nanos),
  ),
  overload('subtract_uint64', '_-_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value - b.value)),

  overload('multiply_double', '_*_(double, double): double', (a: number, b: number) => a * b),
  overload('multiply_int64', '_*_(int, int): int', (a: bigint, b: bigint) => int(a * b)),
  overload('multiply_uint64', '_*_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value * b.value)),
  overload('divide_double', '_/_(double, double): double', (a: number, b: number) => a / b),
  overload('divide_int64', '_/_(int, int): int', (a: bigint, b: bigint) =>
    b === 0n ? fail('division by zero') : int(a / b),
  ),
  overload('divide_uint64', '_/_(uint, uint): uint', (a: Uint, b: Uint) =>
    b.value === 0n ? fail('division by zero') : uint(a.value / b.value),
  ),
  overload('modulo_int64', '_%_(int, int): int', (a: bigint, b: bigint) =>
    b === 0n ? fail('modulus by zero') : int(a % b),
  ),
  overload('modulo_uint64', '_%_(uint, uint): uint', (a: Uint, b: Uint) =>
    b.value === 0n ? fail('modulus by zero') : uint(a.value % b.value),
  ),
  overload('negate_double', '-_(double): double', (a: number) => -a),
  overload('negate_int64', '-_(int): int', (a: bigint) => int(-a)),

  ...comparison('<', 'less', order => order < 0),
  ...comparison('<=', 'less_equals', order => order <= 0),
  ...comparison('>', 'greater', order => order > 0),
  ...comparison('>=', 'greater_equals', order => order >= 0),
]

function concat(left: ListValue, right: ListValue): ListValue {
  if (left.associative) return left.associative.concat(left, right)
  if (left instanceof ArrayList && left.growing) {
    left.items.push(...right)
    return left
  }
  if (right.size === 0) return left
  return left.size === 0 ? right : new ArrayList([...left, ...right])
}

const sizes: readonly Overload[] = (
  [
    ['bytes', 'bytes', (value: Uint8Array) => BigInt(value.length)],
    ['list', 'list(T)', (value: ListValue) => BigInt(value.size)],
    ['map', 'map(K, V)', (value: MapValue) => BigInt(value.size)],
    ['string', 'string', (value: string) => BigInt(codePoints(value))],
  ] as const
).flatMap(([id, type, call]) => [
  overload(`size_${id}`, `size(${type}): int`, call),
  overload(`${id}_size`, `(${type}).size(): int`, call),
])

const texts: readonly Overload[] = [
  overload('contains_string', '(string).contains(string): bool', (a: string, b: string) => a.includes(b)),
  overload('ends_with_string', '(string).endsWith(string): bool', (a: string, b: string) => a.endsWith(b)),
  overload('starts_with_string', '(string).startsWith(string): bool', (a: string, b: string) => a.startsWith(b)),
  overload('matches', 'matches(string, string): bool', matches),
  overload('matches_string', '(string).matches(string): bool', matches),
]

/** A double's whole part, where it fits. */
function whole(value: number, kind: 'int' | 'uint'): bigint {
  const overflow = kind === 'int' ? 'integer overflow' : 'unsigned integer overflow'
  if (!Number.isFinite(value)) return fail(overflow)
  if (kind === 'int' ? value <= -(2 ** 63) || value >= 2 ** 63 : value < 0 || value >= 2 ** 64) return fail(overflow)
  return BigInt(Math.trunc(value))
}

const conversions: readonly Overload[] = [
  overload('type', 'type(T): type(T)', (value: Value) => new TypeValue({ named: typeNameOf(value) })),
  overload('to_dyn', 'dyn(T): dyn', (value: Value) => value),

  overload('bool_to_bool', 'bool(bool): bool', (value: boolean) => value),
  overload(
    'string_to_bool',
    'bool(string): bool',
    (text: string) => parseBool(text) ?? cannotConvert('string', 'bool'),
  ),
  overload('bytes_to_bytes', 'bytes(bytes): bytes', (value: Uint8Array) => value),
  overload('string_to_bytes', 'bytes(string): bytes', (text: string) => new TextEncoder().encode(text)),

  overload('double_to_double', 'double(double): double', (value: number) => value),
  overload('int64_to_double', 'double(int): double', (value: bigint) => Number(value)),
  overload(
    'string_to_double',
    'double(string): double',
    (text: string) => parseFloat64(text) ?? cannotConvert('string', 'double'),
  ),
  overload('uint64_to_double', 'double(uint): double', (value: Uint) => Number(value.value)),

  overload('duration_to_duration', 'duration(duration): duration', (value: Duration) => value),
  overload('int64_to_duration', 'duration(int): duration', (value: bigint) => duration(value)),
  overload('string_to_duration', 'duration(string): duration', parseCelDuration),

  overload('int64_to_int64', 'int(int): int', (value: bigint) => value),
  overload('double_to_int64', 'int(double): int', (value: number) => whole(value, 'int')),
  overload('duration_to_int64', 'int(duration): int', (value: Duration) => value.nanos),
  overload(
    'string_to_int64',
    'int(string): int',
    (text: string) => parseLocalInt(text) ?? cannotConvert('string', 'int'),
  ),
  overload('timestamp_to_int64', 'int(timestamp): int', (value: Timestamp) => floorDivide(value.nanos, 1_000_000_000n)),
  overload('uint64_to_int64', 'int(uint): int', (value: Uint) => int(value.value)),

  overload('string_to_string', 'string(string): string', (value: string) => value),
  overload('bool_to_string', 'string(bool): string', (value: boolean) => String(value)),
  overload('bytes_to_string', 'string(bytes): string', (value: Uint8Array) => {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value)
    } catch {
      return fail('invalid UTF-8 in bytes, cannot convert to string')
    }
  }),
  overload('double_to_string', 'string(double): string', formatDouble),
  overload('duration_to_string', 'string(duration): string', durationSeconds),
  overload('int64_to_string', 'string(int): string', (value: bigint) => String(value)),
  overload('timestamp_to_string', 'string(timestamp): string', formatTimestamp),
  overload('uint64_to_string', 'string(uint): string', (value: Uint) => String(value.value)),

  overload('timestamp_to_timestamp', 'timestamp(timestamp): timestamp', (value: Timestamp) => value),
  overload('int64_to_timestamp', 'timestamp(int): timestamp', (value: bigint) => timestamp(value * 1_000_000_000n)),
  overload('string_to_timestamp', 'timestamp(string): timestamp', parseTimestamp),

  overload('uint64_to_uint64', 'uint(uint): uint', (value: Uint) => value),
  overload('double_to_uint64', 'uint(double): uint', (value: number) => new Uint(whole(value, 'uint'))),
  overload('int64_to_uint64', 'uint(int): uint', (value: bigint) => uint(value)),
  overload('string_to_uint64', 'uint(string): uint', (text: string) =>
    /^\d+$/.test(text) && BigInt(text) <= maxUint ? new Uint(BigInt(text)) : cannotConvert('string', 'uint'),
  ),
]

const dayOfYear = (date: Date): number =>
  Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000)
const dateParts: Readonly<Record<string, (date: Date) => number>> = {
  getFullYear: date => date.getUTCFullYear(),
  getMonth: date => date.getUTCMonth(),
  getDayOfYear: dayOfYear,
  getDayOfMonth: date => date.getUTCDate() - 1,
  getDate: date => date.getUTCDate(),
  getDayOfWeek: date => date.getUTCDay(),
  getHours: date => date.getUTCHours(),
  getMinutes: date => date.getUTCMinutes(),
  getSeconds: date => date.getUTCSeconds(),
  getMilliseconds: date => date.getUTCMilliseconds(),
}
const durationParts: Readonly<Record<string, (nanos: bigint) => bigint>> = {
  getHours: nanos => nanos / 3_600_000_000_000n,
  getMinutes: nanos => nanos / 60_000_000_000n,
  getSeconds: nanos => nanos / 1_000_000_000n,
  getMilliseconds: nanos => (nanos / 1_000_000n) % 1000n,
}
const times: readonly Overload[] = [
  ...Object.entries(dateParts).flatMap(([name, part]) => [
    overload(`timestamp_${name}`, `(timestamp).${name}(): int`, (value: Timestamp) => BigInt(part(inZone(value, '')))),
    overload(`timestamp_${name}_with_tz`, `(timestamp).${name}(string): int`, (value: Timestamp, zone: string) =>
      BigInt(part(inZone(value, zone))),
    ),
  ]),
  ...Object.entries(durationParts).map(([name, part]) =>
    overload(`duration_${name}`, `(duration).${name}(): int`, (value: Duration) => part(value.nanos)),
  ),
]

export const standardFunctions: readonly Overload[] = [...operators, ...sizes, ...texts, ...conversions, ...times]
