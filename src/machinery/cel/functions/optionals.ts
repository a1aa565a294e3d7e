// Optional values.

import { CelRuntimeError } from '../errors.ts'
import { type Overload, overload } from '../overload.ts'
import { ArrayList, Duration, ListValue, MapValue, numeric, ObjectValue, Optional, type Value } from '../values.ts'

function isZero(value: Value): boolean {
  if (value === null || value === false || value === '') return true
  const number = numeric(value)
  if (number !== undefined) return Number(number) === 0
  if (value instanceof Uint8Array) return value.length === 0
  if (value instanceof Duration) return value.nanos === 0n
  if (value instanceof ListValue || value instanceof MapValue || value instanceof ObjectValue) return value.size === 0
  return value instanceof Optional && value.value === undefined
}

const unwrap = (list: ListValue): ArrayList =>
  new ArrayList(
    [...list].flatMap(item => (item instanceof Optional ? (item.value === undefined ? [] : [item.value]) : [item])),
  )

export const optionalFunctions: readonly Overload[] = [
  overload('optional_of', 'optional.of(V): optional(V)', (value: Value) => Optional.of(value)),
  overload('optional_ofNonZeroValue', 'optional.ofNonZeroValue(V): optional(V)', (value: Value) =>
    isZero(value) ? Optional.none : Optional.of(value),
  ),
  overload('optional_none', 'optional.none(): optional(V)', () => Optional.none),
  overload('optional_value', '(optional(V)).value(): V', (optional: Optional) => {
    if (optional.value === undefined) throw new CelRuntimeError('optional.none() dereference')
    return optional.value
  }),
  overload('optional_hasValue', '(optional(V)).hasValue(): bool', (optional: Optional) => optional.value !== undefined),
  overload('optional_or_optional', '(optional(V)).or(optional(V)): optional(V)', (a: Optional, b: Optional) =>
    a.value === undefined ? b : a,
  ),
  overload('optional_orValue_value', '(optional(V)).orValue(V): V', (a: Optional, b: Value) =>
    a.value === undefined ? b : a.value,
  ),
  overload('list_first', '(list(V)).first(): optional(V)', (list: ListValue) =>
    list.size === 0 ? Optional.none : Optional.of(list.at(0)),
  ),
  overload('list_last', '(list(V)).last(): optional(V)', (list: ListValue) =>
    list.size === 0 ? Optional.none : Optional.of(list.at(list.size - 1)),
  ),
  overload('optional_unwrap', 'optional.unwrap(list(optional(V))): list(V)', unwrap),
  overload('optional_unwrapOpt', '(list(optional(V))).unwrapOpt(): list(V)', unwrap),
]
