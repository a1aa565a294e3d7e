// Fills in the defaults that declarations name, wherever the object has room for them. Defaults that depend on other
// fields are computed by the kinds themselves (api/…/*.defaults.ts), after this.

import { deepCopy } from '../deep-freeze.ts'
import type { FieldSchema, ObjectSchema, TypeNode } from '../schema/schema.ts'

type Json = Record<string, unknown>
/** Fills one value in place, but for what it has in common with another, which has its defaults. */
type Filler = (value: any, shared?: any) => void

/**
 * Changes the object in place: hand in a fresh one (decodeObject's). Parts that declare no defaults are not visited, nor
 * fields whose value is the very one of `shared`.
 */
export function applySchemaDefaults<T>(schema: ObjectSchema, object: T, shared?: object): T {
  fillerOf(schema)?.(object, shared)
  return object
}

/** Undefined: nothing below declares a default. */
const fillers = new WeakMap<ObjectSchema, { filler: Filler | undefined }>()

function fillerOf(schema: ObjectSchema): Filler | undefined {
  const known = fillers.get(schema)
  if (known) return known.filler
  const filler = hasDefaults(schema) ? objectFiller(schema) : undefined
  fillers.set(schema, { filler })
  return filler
}

function hasDefaults(schema: ObjectSchema, seen = new Set<ObjectSchema>()): boolean {
  if (seen.has(schema)) return false
  seen.add(schema)
  for (const field of schema.fields.values()) {
    if (defaultOf(field) !== undefined) return true
    const inner = objectsIn(field.node)
    if (inner && hasDefaults(inner, seen)) return true
  }
  return false
}

function defaultOf(field: FieldSchema): unknown {
  return field.serverDefault ?? field.default
}

/** The object that a node holds, through lists and maps. */
function objectsIn(node: TypeNode): ObjectSchema | undefined {
  switch (node.type) {
    case 'object':
    case 'either':
      return node.of()
    case 'list':
      return objectsIn(node.item)
    case 'map':
      return objectsIn(node.value)
    default:
      return undefined
  }
}

interface FieldFiller {
  readonly name: string
  readonly default: unknown
  readonly always: boolean
  /** Made when first needed: kinds contain themselves. */
  fill: Filler | undefined | null
  readonly node: TypeNode
}

function objectFiller(schema: ObjectSchema): Filler {
  const fields: FieldFiller[] = []
  for (const field of schema.fields.values()) {
    const inner = objectsIn(field.node)
    const fallback = defaultOf(field)
    if (fallback === undefined && (!inner || !hasDefaults(inner))) continue
    fields.push({
      name: field.name,
      default: fallback,
      always: field.presence === 'always',
      fill: inner ? null : undefined,
      node: field.node,
    })
  }
  return (object: Json, shared?: Json) => {
    for (const field of fields) {
      let value = object[field.name]
      if (shared !== undefined && typeof value === 'object' && value === shared[field.name]) continue
      if (field.default !== undefined && (value === undefined || (field.always && isEmpty(value)))) {
        value = typeof field.default === 'object' ? deepCopy(field.default) : field.default
        object[field.name] = value
      }
      if (value === undefined || value === null || field.fill === undefined) continue
      if (field.fill === null) field.fill = nodeFiller(field.node)
      field.fill?.(value)
    }
  }
}

function nodeFiller(node: TypeNode): Filler | undefined {
  switch (node.type) {
    case 'object':
      return fillerOf(node.of())
    case 'either': {
      const fill = fillerOf(node.of())
      return fill && (value => typeof value === 'object' && !Array.isArray(value) && fill(value))
    }
    case 'list': {
      const fill = nodeFiller(node.item)
      return (
        fill &&
        ((items: unknown[]) => {
          for (const item of items) fill(item)
        })
      )
    }
    case 'map': {
      const fill = nodeFiller(node.value)
      return (
        fill &&
        ((items: Json) => {
          for (const key in items) fill(items[key])
        })
      )
    }
    default:
      return undefined
  }
}

/** What a field that is always there holds when nobody has set it. */
function isEmpty(value: unknown): boolean {
  return value === '' || value === 0 || value === null || (typeof value === 'object' && Object.keys(value).length === 0)
}
