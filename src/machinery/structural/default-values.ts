// Defaults of a structural schema, and nulls: one that is not allowed stands for "absent", and goes, or gets the default.

import { deepCopy } from '../deep-freeze.ts'
import { mapList, mapObject } from './prune.ts'
import { additionalOf, isObject, itemsOf, type JsonObject, type JsonSchema, propertyOf, someSchema } from './schema.ts'

/**
 * The value without nulls that are neither allowed nor have a default; the value itself when there are none. `keepsWrong`:
 * those that a validation refuses stay.
 */
export function dropNulls(value: unknown, schema: JsonSchema | undefined, keepsWrong = false): unknown {
  if (isObject(value))
    return mapObject(value, (key, child) => {
      const of = propertyOf(schema, key) ?? additionalOf(schema)
      if (child === null) {
        const goes = of && !of.nullable && of.default === undefined && !(keepsWrong && hasType(of))
        return goes ? undefined : null
      }
      return dropNulls(child, of, keepsWrong)
    })
  if (!Array.isArray(value)) return value
  const items = itemsOf(schema)
  return mapList(value, item => dropNulls(item, items, keepsWrong))
}

const hasType = (schema: JsonSchema): boolean => !!schema.type || schema['x-kubernetes-int-or-string'] === true

const havingDefaults = new WeakMap<JsonSchema, boolean>()

/** Whether the schema has a default anywhere. */
export function hasDefaults(schema: JsonSchema | undefined): boolean {
  if (!schema) return false
  let has = havingDefaults.get(schema)
  if (has === undefined) {
    has = someSchema(schema, ({ default: value }) => value !== undefined)
    havingDefaults.set(schema, has)
  }
  return has
}

/** The value with the defaults of what it leaves out; the value itself when it leaves nothing out. */
export function applyStructuralDefaults(value: unknown, schema: JsonSchema | undefined): unknown {
  if (!hasDefaults(schema)) return value
  if (isObject(value)) {
    let filled: JsonObject = value
    for (const name of Object.keys(schema!.properties ?? {})) {
      const property = schema!.properties![name]!
      if (property.default === undefined) continue
      const present = Object.hasOwn(value, name) ? value[name] : undefined
      if (present !== undefined && (present !== null || property.nullable)) continue
      if (filled === value) filled = { ...value }
      filled[name] = deepCopy(property.default)
    }
    const values = additionalOf(schema)
    return mapObject(filled, (key, child) => {
      const property = propertyOf(schema, key)
      if (property) return applyStructuralDefaults(child, property)
      return values ? applyStructuralDefaults(orDefault(child, values), values) : child
    })
  }
  if (!Array.isArray(value)) return value
  const items = itemsOf(schema)
  return items ? mapList(value, item => applyStructuralDefaults(orDefault(item, items), items)) : value
}

function orDefault(value: unknown, schema: JsonSchema): unknown {
  return value === null && !schema.nullable && schema.default !== undefined ? deepCopy(schema.default) : value
}
