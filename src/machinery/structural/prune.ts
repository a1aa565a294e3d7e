// Pruning: what the schema doesn't say is dropped, except where it says that unknown fields are kept.

import { compareText } from '../go-text.ts'
import { additionalOf, isObject, itemsOf, type JsonObject, type JsonSchema, propertyOf } from './schema.ts'

const metaFields = new Set(['apiVersion', 'kind', 'metadata'])

export interface PruneOptions {
  /** The value is a whole resource: apiVersion, kind and metadata are kept whatever the schema says. */
  readonly isResource: boolean
  /** Gets the paths of what is dropped, in order. */
  readonly unknownFields?: string[]
}

/** The value without unknown fields; the value itself when there are none. */
export function prune(value: unknown, schema: JsonSchema | undefined, options: PruneOptions): unknown {
  const { unknownFields } = options
  const found: string[] | undefined = unknownFields && []
  const pruned = pruneNode(value, schema, options.isResource, '', found)
  if (found) unknownFields!.push(...found.sort(compareText))
  return pruned
}

function pruneNode(
  value: unknown,
  schema: JsonSchema | undefined,
  isResource: boolean,
  path: string,
  found: string[] | undefined,
): unknown {
  const keepsUnknown = schema?.['x-kubernetes-preserve-unknown-fields'] === true
  if (isObject(value)) {
    const embedded = isResource || schema?.['x-kubernetes-embedded-resource'] === true
    const allowsOthers = schema?.additionalProperties !== undefined
    const values = additionalOf(schema)
    return mapObject(value, (key, child) => {
      if (embedded && metaFields.has(key)) return child
      const property = propertyOf(schema, key)
      if (property) return pruneNode(child, property, false, fieldOf(path, key), found)
      if (allowsOthers) return pruneNode(child, values, false, fieldOf(path, key), found)
      if (keepsUnknown) return child
      if (!metaFields.has(key) || path !== '') found?.push(fieldOf(path, key))
      return undefined
    })
  }
  if (!Array.isArray(value)) return value
  const items = itemsOf(schema)
  // Items of a list that keeps unknown fields keep them unless they have a schema of their own.
  if (keepsUnknown && !items) return value
  const itemSchema = keepsUnknown ? { ...items, 'x-kubernetes-preserve-unknown-fields': true } : items
  return mapList(value, (item, index) => pruneNode(item, itemSchema, false, `${path}[${index}]`, found))
}

const fieldOf = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`)

/** Copy-on-write: the object itself when every value comes back as it was; undefined leaves a key out. */
export function mapObject(object: JsonObject, change: (key: string, value: unknown) => unknown): JsonObject {
  let copy: JsonObject | undefined
  const keys = Object.keys(object)
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!
    const before = object[key]
    const after = change(key, before)
    if (after === before && copy === undefined) continue
    if (copy === undefined) {
      copy = {}
      for (const earlier of keys.slice(0, index)) put(copy, earlier, object[earlier])
    }
    if (after !== undefined) put(copy, key, after)
  }
  return copy ?? object
}

export function mapList(
  list: readonly unknown[],
  change: (value: unknown, index: number) => unknown,
): readonly unknown[] {
  let copy: unknown[] | undefined
  for (let index = 0; index < list.length; index++) {
    const before = list[index]
    const after = change(before, index)
    if (after !== before) copy ??= list.slice(0, index)
    copy?.push(after)
  }
  return copy ?? list
}

function put(object: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  else object[key] = value
}
