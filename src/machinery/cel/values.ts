// Values at run time. Plain JavaScript where that says enough: boolean, string (measured in code points), bigint for int,
// number for double, null, Uint8Array for bytes. The rest are the classes below.

import { CelRuntimeError } from './errors.ts'
import { type CelType, typeName } from './types.ts'

export const minInt = -(1n << 63n)
export const maxInt = (1n << 63n) - 1n
export const maxUint = (1n << 64n) - 1n

export type Value =
  | boolean
  | bigint
  | number
  | string
  | null
  | Uint8Array
  | Uint
  | Timestamp
  | Duration
  | ListValue
  | MapValue
  | ObjectValue
  | Optional
  | TypeValue
  | OpaqueValue

export class Uint {
  readonly value: bigint
  constructor(value: bigint) {
    this.value = value
  }
}

/** Nanoseconds since 1970. */
export class Timestamp {
  readonly nanos: bigint
  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

export class Duration {
  readonly nanos: bigint
  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

export class TypeValue {
  readonly name: string
  constructor(type: CelType | { readonly named: string }) {
    this.name = typeof type === 'object' && 'named' in type ? type.named : typeName(type)
  }
}

export class Optional {
  static readonly none = new Optional(undefined)
  readonly #value: Value | undefined
  private constructor(value: Value | undefined) {
    this.#value = value
  }
  static of(value: Value): Optional {
    return new Optional(value)
  }
  get value(): Value | undefined {
    return this.#value
  }
}

/** A library's own kind of value. */
export abstract class OpaqueValue {
  abstract readonly typeName: string
  equals(other: Value): boolean {
    return this === other
  }
  /** What `size` is taken to be where costs are counted. */
  get costSize(): number {
    return 1
  }
  /** As JSON, where it can be. */
  toJson(): unknown {
    throw new CelRuntimeError(`type conversion error from '${this.typeName}' to JSON`)
  }
}

export abstract class ListValue {
  abstract readonly size: number
  /** Within bounds. */
  abstract at(index: number): Value
  /** How lists of this kind compare and add; ordinary lists when undefined. */
  readonly associative: AssociativeList | undefined;

  *[Symbol.iterator](): Generator<Value> {
    for (let index = 0; index < this.size; index++) yield this.at(index)
  }
}

/** x-kubernetes-list-type set and map. */
export interface AssociativeList {
  equals(left: ListValue, right: ListValue): boolean
  concat(left: ListValue, right: ListValue): ListValue
}

export class ArrayList extends ListValue {
  readonly items: Value[]
  /** An accumulator, which nobody else has seen yet: adding to it may change it. */
  readonly growing: boolean
  constructor(items: Value[], growing = false) {
    super()
    this.items = items
    this.growing = growing
  }
  get size(): number {
    return this.items.length
  }
  at(index: number): Value {
    return this.items[index]!
  }
  override *[Symbol.iterator](): Generator<Value> {
    yield* this.items
  }
}

export abstract class MapValue {
  abstract readonly size: number
  abstract find(key: Value): Value | undefined
  abstract keys(): Iterable<Value>
}

export class BuiltMap extends MapValue {
  readonly #entries = new Map<string, readonly [key: Value, value: Value]>()
  get size(): number {
    return this.#entries.size
  }
  find(key: Value): Value | undefined {
    return this.#entries.get(mapKey(key))?.[1]
  }
  *keys(): Generator<Value> {
    for (const [key] of this.#entries.values()) yield key
  }
  /** False when the key was there already. */
  add(key: Value, value: Value): boolean {
    const id = mapKey(key)
    if (this.#entries.has(id)) return false
    this.#entries.set(id, [key, value])
    return true
  }
}

/** Keys that are equal numbers of different types are one key. */
export function mapKey(key: Value): string {
  if (typeof key === 'string') return `s${key}`
  if (typeof key === 'bigint') return `n${key}`
  if (typeof key === 'boolean') return `b${key}`
  if (key instanceof Uint) return `n${key.value}`
  if (typeof key === 'number') return Number.isInteger(key) ? `n${BigInt(key)}` : `d${key}`
  throw new CelRuntimeError(`unsupported key type: ${typeNameOf(key)}`)
}

/** An object with named fields. */
export abstract class ObjectValue {
  abstract readonly typeName: string
  /** Undefined when it is not set. */
  abstract find(field: string): Value | undefined
  /** The names of the fields that are set. */
  abstract names(): Iterable<string>
  abstract toJson(): unknown
  get size(): number {
    let count = 0
    for (const _name of this.names()) count++
    return count
  }
}

export function typeNameOf(value: Value): string {
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int'
    case 'number':
      return 'double'
    case 'string':
      return 'string'
  }
  if (value === null) return 'null_type'
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof Uint) return 'uint'
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp'
  if (value instanceof Duration) return 'google.protobuf.Duration'
  if (value instanceof ListValue) return 'list'
  if (value instanceof MapValue) return 'map'
  if (value instanceof Optional) return 'optional_type'
  if (value instanceof TypeValue) return 'type'
  return value.typeName
}

export function codePoints(text: string): number {
  let count = text.length
  for (let index = 0; index < text.length - 1; index++) {
    const unit = text.charCodeAt(index)
    if (unit >= 0xd800 && unit < 0xdc00) {
      const next = text.charCodeAt(index + 1)
      if (next >= 0xdc00 && next < 0xe000) {
        count--
        index++
      }
    }
  }
  return count
}

/** What `size` is where costs are counted: 1 for what has none. */
export function costSize(value: Value): number {
  if (typeof value === 'string') return codePoints(value)
  if (value instanceof Uint8Array) return value.length
  if (value instanceof ListValue || value instanceof MapValue || value instanceof ObjectValue) return value.size
  if (value instanceof Optional) return value.value === undefined ? 1 : costSize(value.value)
  if (value instanceof OpaqueValue) return value.costSize
  return 1
}

/** Numbers of any type by their value; undefined when either is NaN. */
export function compareNumbers(left: bigint | number, right: bigint | number): number | undefined {
  if (left < right) return -1
  if (left > right) return 1
  return Number.isNaN(left) || Number.isNaN(right) ? undefined : 0
}

export function numeric(value: Value): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value
  return value instanceof Uint ? value.value : undefined
}

export function equal(left: Value, right: Value): boolean {
  if (left === right) return typeof left !== 'number' || !Number.isNaN(left)
  const leftNumber = numeric(left)
  if (leftNumber !== undefined) {
    const rightNumber = numeric(right)
    return rightNumber !== undefined && compareNumbers(leftNumber, rightNumber) === 0
  }
  if (left === null || right === null || typeof left !== 'object' || typeof right !== 'object') return false
  if (left instanceof Uint8Array) return right instanceof Uint8Array && Buffer.compare(left, right) === 0
  if (left instanceof Timestamp) return right instanceof Timestamp && left.nanos === right.nanos
  if (left instanceof Duration) return right instanceof Duration && left.nanos === right.nanos
  if (left instanceof ListValue) return right instanceof ListValue && equalLists(left, right)
  if (left instanceof MapValue) return right instanceof MapValue && equalMaps(left, right)
  if (left instanceof ObjectValue) return right instanceof ObjectValue && equalObjects(left, right)
  if (left instanceof Optional) {
    if (!(right instanceof Optional)) return false
    if (left.value === undefined || right.value === undefined) return left.value === right.value
    return equal(left.value, right.value)
  }
  if (left instanceof TypeValue) return right instanceof TypeValue && left.name === right.name
  return left instanceof OpaqueValue && left.equals(right)
}

function equalLists(left: ListValue, right: ListValue): boolean {
  if (left.size !== right.size) return false
  if (left.associative) return left.associative.equals(left, right)
  for (let index = 0; index < left.size; index++) if (!equal(left.at(index), right.at(index))) return false
  return true
}

function equalMaps(left: MapValue, right: MapValue): boolean {
  if (left.size !== right.size) return false
  for (const key of left.keys()) {
    const other = right.find(key)
    if (other === undefined || !equal(left.find(key)!, other)) return false
  }
  return true
}

function equalObjects(left: ObjectValue, right: ObjectValue): boolean {
  if (left.typeName !== right.typeName || left.size !== right.size) return false
  for (const name of left.names()) {
    const other = right.find(name)
    if (other === undefined || !equal(left.find(name)!, other)) return false
  }
  return true
}
