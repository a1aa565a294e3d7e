// Makes an object of a declared kind out of parsed JSON: a fresh one, with its fields in the declared order and in their
// normal form, nothing in it that is not declared, nothing absent that a Go server would write.
//
// Comes in: a schema and what JSON.parse gave. Goes out: the object, and which fields were unknown. A schema is compiled
// once into readers, so that a pod takes microseconds; what went wrong is found out by `explain.ts` in a second, slower walk.

import { NumberLiteral, withoutLiterals } from '../json/numbers.ts'
import { setKey } from '../own-value.ts'
import type { FieldSchema, ObjectSchema, ScalarType, TypeNode } from '../schema/schema.ts'
import { badRequest } from '../status-error.ts'
import { explain, type NamedTypeOf } from './explain.ts'
import { jsonKind, readers, type ScalarReader, TypeMismatch, zeroOf } from './scalars.ts'
import { noteSentEmpty } from './sent-empty.ts'

/** `fieldValidation`: whether unknown fields are reported. They are dropped in any case. */
export type DecodeMode = 'Strict' | 'Warn' | 'Ignore'

export interface DecodeOptions {
  readonly mode?: DecodeMode
  /** The kind and version the body says it is, for messages. */
  readonly kind?: string
  readonly version?: string
  /** The messages say what is wrong, without the kind before it. */
  readonly bare?: boolean
  /** An object in normal form: whole fields of it that the value has too are taken as they are, not copied; only metadata is made anew. */
  readonly sharing?: object | undefined
  /** A `NumberLiteral` may stand in the value. */
  readonly literals?: boolean | undefined
  /** For messages; without it they name types as the declaration has them. */
  readonly namedTypeOf?: NamedTypeOf
}

export interface Decoded<T = any> {
  readonly object: T
  /** `unknown field "spec.foo"`, each once; empty in mode Ignore. */
  readonly unknownFields: readonly string[]
}

const none: readonly string[] = Object.freeze([])

/** Throws a StatusError (400) for a value of another type than its field's, in upstream's words. */
export function decodeObject<T = any>(
  schema: ObjectSchema & { readonly __value?: T },
  value: unknown,
  options: DecodeOptions = {},
): Decoded<T> {
  const reader = readerOf(schema)
  const state: State = {
    unknown: false,
    root: true,
    sharing: options.sharing as Json | undefined,
    literals: options.literals ?? false,
  }
  try {
    const object = reader.read(value, state) as T
    if (!state.unknown || options.mode === 'Ignore') return { object, unknownFields: none }
    return { object, unknownFields: explain(schema, value).unknownFields }
  } catch (error) {
    // Nested too deep for the stack.
    if (error instanceof RangeError) throw badRequest(cannotBeHandled(schema, 'exceeded max depth', options))
    const message = explain(schema, value, options.namedTypeOf).error
    if (message === undefined) throw error
    throw badRequest(cannotBeHandled(schema, message, options))
  }
}

/** The 400 of a body with unknown or duplicate fields under strict field validation. */
export function strictDecodingError(schema: ObjectSchema, problems: readonly string[], options: DecodeOptions = {}) {
  return badRequest(cannotBeHandled(schema, `strict decoding error: ${problems.join(', ')}`, options))
}

/** The text of a 400: why a value is no object of the kind. */
export function cannotBeHandled(schema: ObjectSchema, message: string, { kind, version, bare }: DecodeOptions): string {
  if (bare) return message
  const [declaredVersion = '', declaredKind = ''] = schema.name.split('.').slice(-2)
  return `${kind ?? declaredKind} in version "${version ?? declaredVersion}" cannot be handled as a ${kind ?? declaredKind}: ${message}`
}

/** A fresh object with nothing in it but what is always there. */
export function zeroObject(schema: ObjectSchema): any {
  return readerOf(schema).zero()
}

// ---- compiled readers ----------------------------------------------------------------------------------------------

interface State {
  /** A field was met that is not declared. */
  unknown: boolean
  /** At the outermost object, where apiVersion and kind are known even to schemas that leave them out. */
  root: boolean
  /** What the outermost object may take its fields from. */
  readonly sharing: Json | undefined
  readonly literals: boolean
}

interface NodeReader {
  read(value: unknown, state: State): unknown
  zero(): unknown
}

type Json = Record<string, unknown>

const compiled = new WeakMap<ObjectSchema, NodeReader>()

function readerOf(schema: ObjectSchema): NodeReader {
  let reader = compiled.get(schema)
  if (!reader) {
    reader = schema.alias ? nodeReader(schema.alias) : new ObjectReader(schema)
    compiled.set(schema, reader)
  }
  return reader
}

function nodeReader(node: TypeNode): NodeReader {
  switch (node.type) {
    case 'list':
      return new ListReader(nodeReader(node.item))
    case 'map':
      return new MapReader(nodeReader(node.value))
    case 'object':
      return new LazyReader(node.of)
    case 'either': {
      const [object, other] = [new LazyReader(node.of), nodeReader(node.or)]
      return {
        read: (value, state) =>
          (isObject(value) && !(value instanceof NumberLiteral) ? object : other).read(value, state),
        zero: () => null,
      }
    }
    case 'any':
      return { read: (value, state) => (state.literals ? withoutLiterals(value) : value), zero: () => null }
    default: {
      const zero = zeroOf(node.type)
      return { read: readers[node.type], zero: () => zero }
    }
  }
}

/** Follows a thunk when first used: files refer to each other, and kinds to themselves. */
class LazyReader implements NodeReader {
  readonly #of: () => ObjectSchema
  #reader: NodeReader | undefined

  constructor(of: () => ObjectSchema) {
    this.#of = of
  }

  read(value: unknown, state: State): unknown {
    this.#reader ??= readerOf(this.#of())
    return this.#reader.read(value, state)
  }

  zero(): unknown {
    this.#reader ??= readerOf(this.#of())
    return this.#reader.zero()
  }
}

class ListReader implements NodeReader {
  readonly #item: NodeReader

  constructor(item: NodeReader) {
    this.#item = item
  }

  read(value: unknown, state: State): unknown {
    if (!Array.isArray(value)) throw new TypeMismatch(jsonKind(value, ''), 'list')
    const out = new Array<unknown>(value.length)
    for (let index = 0; index < value.length; index++) {
      const item = value[index]
      out[index] = (item === null ? undefined : this.#item.read(item, state)) ?? this.#item.zero()
    }
    return out
  }

  zero(): unknown {
    return []
  }
}

class MapReader implements NodeReader {
  readonly #value: NodeReader

  constructor(value: NodeReader) {
    this.#value = value
  }

  read(value: unknown, state: State): unknown {
    if (!isObject(value)) throw new TypeMismatch(jsonKind(value, ''), 'map')
    if (state.literals) refuseLiteral(value, 'map')
    const out: Json = {}
    for (const key of Object.keys(value)) {
      const item = value[key]
      setKey(out, key, (item === null ? undefined : this.#value.read(item, state)) ?? this.#value.zero())
    }
    return out
  }

  zero(): unknown {
    return {}
  }
}

interface FieldReader {
  readonly name: string
  readonly index: number
  /** Scalars are read on the spot, without a call through `node`. */
  readonly scalar: ScalarReader | undefined
  readonly node: NodeReader
  /** Zero is the same as absent and left out. */
  readonly dropsZero: boolean
  readonly always: boolean
  /** Sent with nothing in it, it is not the same as not sent. */
  readonly notesEmpty: boolean
  /** Go's nil and empty lists and maps are one in what is stored, and JSON has them as null. */
  readonly nullsEmpty: boolean
  /** Whether it is zero makes a difference. */
  readonly mindsZero: boolean
}

class ObjectReader implements NodeReader {
  readonly #fields: Map<string, FieldReader>
  readonly #always: readonly FieldReader[]
  readonly #declaresType: boolean

  constructor(schema: ObjectSchema) {
    const isList = schema.name.endsWith('List')
    const fields = [...schema.fields.values()].map((field, index) => fieldReader(field, index, isList))
    this.#fields = new Map(fields.map(field => [field.name, field]))
    this.#always = fields.filter(field => field.always)
    this.#declaresType = this.#fields.has('apiVersion') || this.#fields.has('kind')
  }

  read(value: unknown, state: State): unknown {
    if (!isObject(value)) throw new TypeMismatch(jsonKind(value, ''), 'object')
    if (state.literals) refuseLiteral(value, 'object')
    const root = state.root
    state.root = false
    const sharing = root ? state.sharing : undefined
    const out: Json = {}
    const present: FieldReader[] = []
    let empty: string[] | undefined
    let highest = -1
    let ordered = true
    if (root && !this.#declaresType) {
      if (typeof value['kind'] === 'string') out['kind'] = value['kind']
      if (typeof value['apiVersion'] === 'string') out['apiVersion'] = value['apiVersion']
    }
    for (const key in value) {
      const field = this.#fields.get(key)
      if (field === undefined) {
        if (!root || this.#declaresType || (key !== 'apiVersion' && key !== 'kind')) state.unknown = true
        continue
      }
      const found = value[key]
      if (found === null || found === undefined) continue
      const read =
        field.scalar !== undefined
          ? field.scalar(found)
          : sharing !== undefined && sharing[key] === found && key !== 'metadata'
            ? found
            : field.node.read(found, state)
      if (read === undefined) continue
      if (field.mindsZero && isZero(read)) {
        if (field.notesEmpty) {
          empty ??= []
          empty.push(key)
        }
        if (field.dropsZero) continue
        out[key] = field.nullsEmpty ? null : read
      } else out[key] = read
      present.push(field)
      if (field.index < highest) ordered = false
      else highest = field.index
    }
    for (const field of this.#always) {
      if (out[field.name] !== undefined) continue
      out[field.name] = field.nullsEmpty ? null : field.node.zero()
      present.push(field)
      if (field.index < highest) ordered = false
      else highest = field.index
    }
    const made = ordered ? out : inOrder(out, present, root && !this.#declaresType)
    if (empty !== undefined) noteSentEmpty(made, empty)
    return made
  }

  zero(): unknown {
    const out: Json = {}
    for (const field of this.#always) out[field.name] = field.nullsEmpty ? null : field.node.zero()
    return out
  }
}

/** `ofList`: the field of a list kind, whose items the server makes and never leaves out. */
function fieldReader(field: FieldSchema, index: number, ofList: boolean): FieldReader {
  const { type } = field.node
  const isCollection = type === 'list' || type === 'map'
  const nullsEmpty = field.presence === 'always' && isCollection && !(ofList && field.name === 'items')
  const composite = type === 'list' || type === 'map' || type === 'object' || type === 'either' || type === 'any'
  return {
    name: field.name,
    index,
    scalar: composite ? undefined : readers[type as ScalarType],
    node: nodeReader(field.node),
    dropsZero: field.presence === 'omitempty',
    notesEmpty: isCollection || type === 'bytes',
    always: field.presence === 'always',
    nullsEmpty,
    mindsZero: field.presence === 'omitempty' || nullsEmpty || type === 'bytes',
  }
}

function inOrder(out: Json, present: FieldReader[], withType: boolean): Json {
  // Few and nearly sorted: insertion beats a sort with a comparator.
  for (let right = 1; right < present.length; right++) {
    const field = present[right]!
    let left = right - 1
    while (left >= 0 && present[left]!.index > field.index) {
      present[left + 1] = present[left]!
      left--
    }
    present[left + 1] = field
  }
  const sorted: Json = {}
  if (withType) {
    if (out['kind'] !== undefined) sorted['kind'] = out['kind']
    if (out['apiVersion'] !== undefined) sorted['apiVersion'] = out['apiVersion']
  }
  for (const field of present) sorted[field.name] = out[field.name]
  return sorted
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A literal is an object in JavaScript. */
function refuseLiteral(value: unknown, wanted: string): void {
  if (value instanceof NumberLiteral) throw new TypeMismatch(jsonKind(value, ''), wanted)
}

function isZero(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return value === ''
    case 'number':
      return value === 0
    case 'boolean':
      return !value
    case 'bigint':
      return false
    default:
      if (Array.isArray(value)) return value.length === 0
      for (const _ in value as Json) return false
      return true
  }
}
