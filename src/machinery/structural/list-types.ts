// Sets have no item twice, maps no key twice.

import { duplicate, type FieldError, invalid } from '../field-error.ts'
import { inKeyOrder, orderedJson } from './json-text.ts'
import {
  additionalOf,
  childPath,
  indexPath,
  isObject,
  itemsOf,
  type JsonSchema,
  keyPath,
  type MaybePath,
  propertyOf,
} from './schema.ts'

export function validateListTypes(path: MaybePath, schema: JsonSchema | undefined, value: unknown): FieldError[] {
  if (!schema) return []
  if (Array.isArray(value)) return validateList(path, schema, value)
  if (!isObject(value)) return []
  const errors: FieldError[] = []
  const values = additionalOf(schema)
  for (const key in value) {
    const property = propertyOf(schema, key)
    if (values) errors.push(...validateListTypes(keyPath(path, key), values, value[key]))
    if (property) errors.push(...validateListTypes(childPath(path, key), property, value[key]))
  }
  return errors
}

function validateList(path: MaybePath, schema: JsonSchema, list: readonly unknown[]): FieldError[] {
  const errors: FieldError[] = []
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      for (const index of repeated(list)) errors.push(duplicate(indexPath(path, index), inKeyOrder(list[index])))
      break
    case 'map':
      errors.push(...validateMap(path, schema['x-kubernetes-list-map-keys'] ?? [], list))
      break
  }
  const items = itemsOf(schema)
  if (items)
    for (const [index, item] of list.entries()) errors.push(...validateListTypes(indexPath(path, index), items, item))
  return errors
}

function validateMap(path: MaybePath, keyFields: readonly string[], list: readonly unknown[]): FieldError[] {
  for (const [index, item] of list.entries())
    if (item !== null && !isObject(item))
      return [invalid(indexPath(path, index), inKeyOrder(item), 'must be an object for an array of list-type map')]
  const keys = list.map(item => keyOf(item, keyFields))
  return repeated(keys).map(index => duplicate(indexPath(path, index), inKeyOrder(keys[index])))
}

/** The part of an item that tells it from the others. */
export function keyOf(item: unknown, keyFields: readonly string[]): Record<string, unknown> {
  const key: Record<string, unknown> = {}
  if (isObject(item)) for (const field of keyFields) if (item[field] !== undefined) key[field] = item[field]
  return key
}

/** Where each value that was there before comes for the second time. */
function repeated(values: readonly unknown[]): number[] {
  if (values.length <= 1) return []
  const seen = new Map<string, number>()
  const second: number[] = []
  for (const [index, value] of values.entries()) {
    const text = orderedJson(value)
    const times = seen.get(text) ?? 0
    if (times === 1) second.push(index)
    seen.set(text, times + 1)
  }
  return second
}
