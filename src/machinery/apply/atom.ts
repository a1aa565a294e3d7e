// What apply must know of a type: whether a value is one thing (a scalar, an atomic list or map) or many that may have
// different owners, and how the items of a list are told apart. Derived from the declared schema, once.

import type { FieldSchema, ObjectSchema, TypeNode } from '../schema/schema.ts'
import {
  byName,
  fieldElement,
  type KeyField,
  keyElement,
  type PathElement,
  singleKeyElement,
  valueElement,
} from './path-element.ts'

export type Scalar = 'string' | 'numeric' | 'boolean' | 'untyped'

export interface ListAtom {
  readonly relation: 'atomic' | 'set' | 'map'
  readonly keys: readonly string[]
  readonly item: Atom
}

/** What a value may be; more than one only where any JSON is allowed. */
export interface Atom {
  readonly scalar?: Scalar
  readonly list?: ListAtom
  readonly map?: MapAtom
}

export interface MapField {
  readonly name: string
  readonly element: PathElement
  readonly atom: Atom
  /** What the field is when an item that has it as its key leaves it out. */
  readonly keyDefault: unknown
}

export class MapAtom {
  readonly atomic: boolean
  /** Of keys that are not declared; undefined when there may be none. */
  readonly value: Atom | undefined
  readonly #schema: ObjectSchema | undefined
  #fields: ReadonlyMap<string, MapField> | undefined

  constructor(atomic: boolean, value: Atom | undefined, schema?: ObjectSchema) {
    this.atomic = atomic
    this.value = value
    this.#schema = schema
  }

  /** Declared fields. Made when first asked for: kinds may contain themselves. */
  get fields(): ReadonlyMap<string, MapField> {
    this.#fields ??= new Map([...(this.#schema?.fields.values() ?? [])].map(field => [field.name, mapField(field)]))
    return this.#fields
  }

  /** Of a field that is declared, or of a key where there may be any. */
  atomOf(key: string): Atom | undefined {
    return this.fields.get(key)?.atom ?? this.value
  }
}

function mapField(field: FieldSchema): MapField {
  return {
    name: field.name,
    element: fieldElement(field.name),
    atom: fieldAtom(field),
    keyDefault: field.default ?? field.publishedDefault ?? zeroKey(field),
  }
}

/** A plain Go value that is always written has its zero as the published default. */
function zeroKey({ presence, node }: FieldSchema): unknown {
  if (presence !== 'always') return undefined
  const { scalar } = nodeAtom(node)
  return scalar === 'string' ? '' : scalar === 'numeric' ? 0 : scalar === 'boolean' ? false : undefined
}

const scalars: Readonly<Record<string, Atom>> = {
  string: { scalar: 'string' },
  numeric: { scalar: 'numeric' },
  boolean: { scalar: 'boolean' },
  untyped: { scalar: 'untyped' },
}

/** Any JSON: a map's keys are told apart, a list is one thing. */
export const deducedAtom: Atom = anyJson({ atomicMaps: false })
/** Any JSON, as one thing. */
const untypedAtomicAtom: Atom = anyJson({ atomicMaps: true })

function anyJson({ atomicMaps }: { atomicMaps: boolean }): Atom {
  const atom: { scalar: Scalar; list?: ListAtom; map?: MapAtom } = { scalar: 'untyped' }
  atom.list = { relation: 'atomic', keys: [], item: atom }
  atom.map = new MapAtom(atomicMaps, atom)
  return atom
}

const atoms = new WeakMap<ObjectSchema, Atom>()
const atomicAtoms = new WeakMap<ObjectSchema, Atom>()

export function atomOf(schema: ObjectSchema): Atom {
  return objectAtom(schema, schema.atomic)
}

function objectAtom(schema: ObjectSchema, atomic: boolean): Atom {
  const known = atomic ? atomicAtoms : atoms
  let atom = known.get(schema)
  if (!atom) {
    // An object that declares nothing may hold anything.
    const value = schema.fields.size === 0 || schema.preservesUnknownFields ? deducedAtom : undefined
    atom = schema.alias ? nodeAtom(schema.alias) : { map: new MapAtom(atomic, value, schema) }
    known.set(schema, atom)
  }
  return atom
}

function fieldAtom(field: FieldSchema): Atom {
  const { node, mapType } = field
  switch (node.type) {
    case 'list':
      return { list: listAtom(field, node.item) }
    case 'map':
      return { map: new MapAtom(mapType === 'atomic', nodeAtom(node.value)) }
    case 'object':
      return objectOf(node.of, mapType)
    default:
      return nodeAtom(node)
  }
}

/** The schema behind a thunk, looked at when the atom is. */
function objectOf(of: () => ObjectSchema, mapType?: 'granular' | 'atomic'): Atom {
  const schema = of()
  return objectAtom(schema, mapType === undefined ? schema.atomic : mapType === 'atomic')
}

function listAtom({ listType, listMapKeys, patchStrategy, mergeKey }: FieldSchema, item: TypeNode): ListAtom {
  const itemAtom = nodeAtom(item)
  if (listType !== undefined) return { relation: listType, keys: listMapKeys ?? [], item: itemAtom }
  // Without a list type, upstream goes by how the list is patched.
  if (patchStrategy?.includes('merge'))
    return mergeKey === undefined
      ? { relation: 'set', keys: [], item: itemAtom }
      : { relation: 'map', keys: [mergeKey], item: itemAtom }
  return { relation: 'atomic', keys: [], item: itemAtom }
}

function nodeAtom(node: TypeNode): Atom {
  switch (node.type) {
    case 'string':
    case 'bytes':
    case 'duration':
      return scalars['string']!
    case 'int32':
    case 'int64':
    case 'double':
      return scalars['numeric']!
    case 'boolean':
      return scalars['boolean']!
    case 'list':
      return { list: { relation: 'atomic', keys: [], item: nodeAtom(node.item) } }
    case 'map':
      return { map: new MapAtom(false, nodeAtom(node.value)) }
    case 'object':
      return objectOf(node.of)
    case 'any':
      // What is inside is another's business.
      return node.definition?.endsWith('.RawExtension') ? untypedAtomicAtom : deducedAtom
    case 'either':
      return deducedAtom
    default:
      return scalars['untyped']!
  }
}

// ---- values --------------------------------------------------------------------------------------------------------

export type JsonMap = Record<string, unknown>

export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export type Shape = 'map' | 'scalar' | 'list'

/** A user's key may be called as something every object has (`constructor`). */
export function own(map: JsonMap, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined
}

/** Which of the atom's shapes the value has; when it has none of them, the one it should have. */
export function shapeOf(atom: Atom, value: unknown): Shape {
  if (Array.isArray(value)) {
    if (atom.list) return 'list'
  } else if (isMap(value)) {
    if (atom.map) return 'map'
  } else if (value !== null && value !== undefined && atom.scalar) return 'scalar'
  return atom.map ? 'map' : atom.scalar ? 'scalar' : 'list'
}

/** Why an item cannot be told apart from the others. */
export class ItemError extends Error {}

/** The element by which an item of a set or of a list with keys is known. */
export function itemElement(list: ListAtom, item: unknown): PathElement {
  if (list.relation === 'map' && list.keys.length > 0) return keyedElement(list, item)
  if (isMap(item)) throw new ItemError("associative list without keys has an element that's a map type")
  if (Array.isArray(item)) throw new ItemError('not supported: associative list with lists as elements')
  if (item === null || item === undefined)
    throw new ItemError("associative list without keys has an element that's an explicit null")
  return valueElement(item)
}

/** The same; undefined for an item that cannot be told apart, of which nothing can be owned. */
export function itemElementIfAny(list: ListAtom, item: unknown): PathElement | undefined {
  try {
    return itemElement(list, item)
  } catch (error) {
    if (error instanceof ItemError) return undefined
    throw error
  }
}

function keyedElement({ keys, item: atom }: ListAtom, item: unknown): PathElement {
  if (item === null || item === undefined) throw new ItemError('associative list with keys may not have a null element')
  if (!isMap(item)) throw new ItemError('associative list with keys may not have non-map elements')
  const keyed = (key: string): unknown => item[key] ?? atom.map?.fields.get(key)?.keyDefault
  if (keys.length === 1) {
    const value = keyed(keys[0]!)
    if (value !== undefined) return singleKeyElement(keys[0]!, value)
  }
  const fields: KeyField[] = []
  for (const key of keys) {
    const value = keyed(key)
    if (value !== undefined) fields.push([key, value])
  }
  if (fields.length === 0)
    throw new ItemError(
      `associative list with keys has an element that omits all key fields [${keys.map(key => JSON.stringify(key)).join(' ')}] (and doesn't have default values for any key fields)`,
    )
  return keyElement(fields.sort(byName))
}
