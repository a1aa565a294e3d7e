// JSON as values, read where it lies: nothing is copied, and a part that no expression asks for is never looked at. And
// values as JSON, for what an expression answers.

import { formatDuration, parseDuration } from '../duration.ts'
import { fitsInt64, narrowInteger } from '../json/numbers.ts'
import { jsonText } from '../json/write.ts'
import { timeParts } from '../time.ts'
import { CelRuntimeError } from './errors.ts'
import { formatTimestamp } from './times.ts'
import { type CelListType, type CelObjectType, type CelType, isDyn } from './types.ts'
import {
  ArrayList,
  type AssociativeList,
  BuiltMap,
  Duration,
  equal,
  ListValue,
  MapValue,
  ObjectValue,
  OpaqueValue,
  Optional,
  Timestamp,
  TypeValue,
  Uint,
  type Value,
} from './values.ts'

type Json = Readonly<Record<string, unknown>>

/** A JSON value as its declared type has it. What does not conform is taken for what it is. */
export function fromJson(json: unknown, type: CelType): Value {
  if (typeof type === 'object' && 'optional' in type) {
    if (json instanceof Optional) return json
    return json === undefined ? Optional.none : Optional.of(fromJson(json, type.optional))
  }
  switch (typeof json) {
    case 'boolean':
      return json
    case 'string':
      return type === 'string' || isDyn(type) ? json : fromText(json, type)
    case 'number':
      // Beyond 2^53 it is a float64.
      return type === 'double' || !Number.isSafeInteger(json)
        ? json
        : type === 'uint'
          ? new Uint(BigInt(json))
          : BigInt(json)
    case 'bigint':
      return type === 'double' ? Number(json) : type === 'uint' ? new Uint(json) : json
    case 'undefined':
      return null
    case 'object':
      break
    default:
      throw new CelRuntimeError(`unsupported conversion to ref.Val: (${typeof json})`)
  }
  if (json === null) return null
  if (isValue(json)) return json
  if (Array.isArray(json))
    return typeof type === 'object' && 'list' in type ? new JsonList(json, type) : new JsonList(json, dynList)
  if (typeof type === 'object') {
    if ('object' in type) return new JsonObject(json as Json, type)
    if ('map' in type) return new JsonMap(json as Json, type.map[1])
  }
  return new JsonMap(json as Json, 'dyn')
}

function isValue(candidate: object): candidate is Exclude<Value, string | number | bigint | boolean | null> {
  return (
    candidate instanceof ListValue ||
    candidate instanceof MapValue ||
    candidate instanceof ObjectValue ||
    candidate instanceof OpaqueValue ||
    candidate instanceof Optional ||
    candidate instanceof Timestamp ||
    candidate instanceof Duration ||
    candidate instanceof Uint ||
    candidate instanceof TypeValue ||
    candidate instanceof Uint8Array
  )
}

function fromText(text: string, type: CelType): Value {
  switch (type) {
    case 'timestamp':
      try {
        const { seconds, nanos } = timeParts(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text)
        return new Timestamp(BigInt(seconds) * 1_000_000_000n + BigInt(nanos))
      } catch {
        throw new CelRuntimeError(`Invalid date formatted string ${text}`)
      }
    case 'duration':
      try {
        return new Duration(parseDuration(text))
      } catch (error) {
        throw new CelRuntimeError(`Invalid duration formatted string ${text}: ${(error as Error).message}`)
      }
    case 'bytes':
      return new Uint8Array(Buffer.from(text, 'base64'))
    default:
      return text
  }
}

const dynList: CelListType = { list: 'dyn' }

export class JsonList extends ListValue {
  readonly json: readonly unknown[]
  readonly type: CelListType
  override readonly associative: AssociativeList | undefined = undefined

  constructor(json: readonly unknown[], type: CelListType) {
    super()
    this.json = json
    this.type = type
    if (type.listType === 'set') this.associative = setList
    if (type.listType === 'map') this.associative = mapList(type.listMapKeys ?? [])
  }
  get size(): number {
    return this.json.length
  }
  at(index: number): Value {
    return fromJson(this.json[index], this.type.list)
  }
}

/** Lists as sets: order does not matter, and adding leaves out what is there. */
const setList: AssociativeList = {
  equals: (left, right) => [...left].every(item => [...right].some(other => equal(item, other))),
  concat(left, right) {
    const items = [...left]
    for (const item of right) if (!items.some(other => equal(item, other))) items.push(item)
    return new DerivedList(items, setList)
  },
}

/** Lists whose items have keys: order does not matter, and adding replaces the item of the same key. */
function mapList(keys: readonly string[]): AssociativeList {
  const keyOf = (item: Value): string => {
    const json = toJson(item) as Json | null
    return jsonText(keys.map(key => json?.[key] ?? null))
  }
  const rules: AssociativeList = {
    equals(left, right) {
      const others = new Map([...right].map(item => [keyOf(item), item]))
      return [...left].every(item => {
        const other = others.get(keyOf(item))
        return other !== undefined && equal(item, other)
      })
    },
    concat(left, right) {
      const items = [...left]
      const indexes = new Map(items.map((item, index) => [keyOf(item), index]))
      for (const item of right) {
        const index = indexes.get(keyOf(item))
        if (index === undefined) items.push(item)
        else items[index] = item
      }
      return new DerivedList(items, rules)
    },
  }
  return rules
}

class DerivedList extends ArrayList {
  override readonly associative: AssociativeList
  constructor(items: Value[], associative: AssociativeList) {
    super(items)
    this.associative = associative
  }
}

export class JsonMap extends MapValue {
  readonly json: Json
  readonly valueType: CelType
  constructor(json: Json, valueType: CelType) {
    super()
    this.json = json
    this.valueType = valueType
  }
  get size(): number {
    return Object.keys(this.json).length
  }
  find(key: Value): Value | undefined {
    if (typeof key !== 'string' || !Object.hasOwn(this.json, key)) return undefined
    const value = this.json[key]
    return value === undefined ? undefined : fromJson(value, this.valueType)
  }
  keys(): Iterable<Value> {
    return Object.keys(this.json)
  }
}

export class JsonObject extends ObjectValue {
  readonly json: Json
  readonly type: CelObjectType
  constructor(json: Json, type: CelObjectType) {
    super()
    this.json = json
    this.type = type
  }
  get typeName(): string {
    return this.type.object
  }
  find(name: string): Value | undefined {
    const field = this.type.fields().get(name)
    if (!field || !Object.hasOwn(this.json, field.json)) return undefined
    const value = this.json[field.json]
    return value === undefined ? undefined : fromJson(value, field.type)
  }
  *names(): Generator<string> {
    for (const [name, field] of this.type.fields()) if (this.json[field.json] !== undefined) yield name
  }
  toJson(): unknown {
    return this.json
  }
}

/** An object that an expression made: `Object{…}`. */
export class BuiltObject extends ObjectValue {
  readonly type: CelObjectType
  readonly #fields: ReadonlyMap<string, Value>
  constructor(type: CelObjectType, fields: ReadonlyMap<string, Value>) {
    super()
    this.type = type
    this.#fields = fields
  }
  get typeName(): string {
    return this.type.object
  }
  find(name: string): Value | undefined {
    return this.#fields.get(name)
  }
  names(): Iterable<string> {
    return this.#fields.keys()
  }
  toJson(): unknown {
    const fields = this.type.fields()
    return Object.fromEntries(
      [...this.#fields].map(([name, value]) => [fields.get(name)?.json ?? name, toJson(value)] as const),
    )
  }
}

/** An object whose fields are computed when they are first asked for: `variables`. */
export class LazyObject extends ObjectValue {
  readonly typeName: string
  readonly #fields: ReadonlyMap<string, () => Value>
  readonly #known = new Map<string, { value: Value } | { error: unknown }>()
  constructor(typeName: string, fields: ReadonlyMap<string, () => Value>) {
    super()
    this.typeName = typeName
    this.#fields = fields
  }
  find(name: string): Value | undefined {
    let known = this.#known.get(name)
    if (!known) {
      const compute = this.#fields.get(name)
      if (!compute) return undefined
      try {
        known = { value: compute() }
      } catch (error) {
        known = { error }
      }
      this.#known.set(name, known)
    }
    if ('error' in known) throw known.error
    return known.value
  }
  names(): Iterable<string> {
    return this.#fields.keys()
  }
  toJson(): unknown {
    return Object.fromEntries([...this.#fields.keys()].map(name => [name, toJson(this.find(name)!)]))
  }
}

/** A value as JSON. Throws CelRuntimeError for what JSON has no form for. */
export function toJson(value: Value): unknown {
  switch (typeof value) {
    case 'boolean':
    case 'string':
      return value
    case 'bigint':
      return narrowInteger(value)
    case 'number':
      if (!Number.isFinite(value)) throw new CelRuntimeError(`unsupported JSON number: ${value}`)
      return value
  }
  if (value === null) return null
  if (value instanceof JsonMap || value instanceof JsonList) return value.json
  if (value instanceof ListValue) return [...value].map(toJson)
  if (value instanceof MapValue) {
    const json: Record<string, unknown> = {}
    for (const key of value.keys()) {
      if (typeof key !== 'string') throw new CelRuntimeError('JSON maps have only strings as keys')
      json[key] = toJson(value.find(key)!)
    }
    return json
  }
  if (value instanceof ObjectValue || value instanceof OpaqueValue) return value.toJson()
  if (value instanceof Uint) return fitsInt64(value.value) ? narrowInteger(value.value) : Number(value.value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Timestamp) return formatTimestamp(value)
  if (value instanceof Duration) return formatDuration(value.nanos)
  if (value instanceof Optional) return value.value === undefined ? null : toJson(value.value)
  return value.name
}

/** A map for `getQuery()` and the like. */
export function mapOf(entries: Iterable<readonly [string, Value]>): BuiltMap {
  const map = new BuiltMap()
  for (const [key, value] of entries) map.add(key, value)
  return map
}
