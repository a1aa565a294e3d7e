// Reaching into values: fields, elements, what optionals hold, and what a fold goes over.

import { CelRuntimeError } from './errors.ts'
import { ListValue, MapValue, numeric, ObjectValue, Optional, typeNameOf, Uint, type Value } from './values.ts'

export const noSuchOverload = (): CelRuntimeError => new CelRuntimeError('no such overload')
export const noSuchKey = (key: Value): CelRuntimeError => new CelRuntimeError(`no such key: ${keyText(key)}`)

export function keyText(key: Value): string {
  if (key instanceof Uint) return String(key.value)
  return typeof key === 'object' && key !== null ? typeNameOf(key) : String(key)
}

/** What an optional holds; any other value itself. */
export function present(value: Value): Value | undefined {
  return value instanceof Optional ? value.value : value
}

export function optionally(from: Value, find: (inner: Value) => Value | undefined): Optional {
  const inner = present(from)
  const found = inner === undefined ? undefined : find(inner)
  return found === undefined ? Optional.none : Optional.of(found)
}

export function fieldOf(from: Value, name: string): Value | undefined {
  return from instanceof MapValue || from instanceof ObjectValue ? from.find(name) : undefined
}

export function isKey(value: Value): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || numeric(value) !== undefined
}

export function elementOf(from: Value, index: Value, orNone: boolean): Value | undefined {
  if (from instanceof MapValue) {
    const value = isKey(index) ? from.find(index) : undefined
    if (value === undefined && !orNone) throw noSuchKey(index)
    return value
  }
  if (from instanceof ListValue) {
    const at = numeric(index)
    if (at === undefined || (typeof at === 'number' && !Number.isInteger(at))) {
      if (orNone) return undefined
      throw new CelRuntimeError(`unsupported index type '${typeNameOf(index)}' in list`)
    }
    if (at >= 0 && at < from.size) return from.at(Number(at))
    if (orNone) return undefined
    throw new CelRuntimeError(`index out of bounds: ${at}`)
  }
  if (from instanceof ObjectValue && typeof index === 'string') {
    const value = from.find(index)
    if (value === undefined && !orNone) throw noSuchKey(index)
    return value
  }
  if (orNone) return undefined
  throw noSuchOverload()
}

/** What a fold goes over: items, or keys; with `both`, indexes and items, or keys and values. */
export function* pairs(over: Value, both: boolean): Generator<readonly [Value, Value]> {
  if (over instanceof ListValue) {
    let index = 0n
    for (const item of over) yield both ? [index++, item] : [item, item]
  } else if (over instanceof MapValue) {
    for (const key of over.keys()) yield [key, both ? over.find(key)! : key]
  } else if (over instanceof ObjectValue) {
    for (const name of over.names()) yield [name, both ? over.find(name)! : name]
  } else throw new CelRuntimeError(`got '${typeNameOf(over)}', expected iterable type`)
}
