// Merges what is wanted of an object into what stands, as its declaration says: objects and maps field by field, lists of
// type map by their keys, sets by their values, anything else as a whole. Nobody's ownership is looked at: this is what
// a mutating policy's apply configuration does.

import { deepEqual } from '../deep-equal.ts'
import type { FieldSchema, ObjectSchema, TypeNode } from '../schema/schema.ts'

type Json = Record<string, unknown>

/** Throws an Error that says which part of the patch is not declared. Shares parts with both inputs. */
export function typedMerge(schema: ObjectSchema, live: Json, patch: Json): Json {
  return mergeObject(schema, live, patch, '')
}

/** The parts of a patch that stand for a whole: what they don't name would be lost. */
export function atomicParts(schema: ObjectSchema, patch: Json): string[] {
  const found: string[] = []
  const visitNode = (node: TypeNode, field: FieldSchema | undefined, value: unknown, path: string): void => {
    if (Array.isArray(value)) {
      if (node.type !== 'list') return
      if (field?.listType !== 'map' && field?.listType !== 'set') found.push(path)
      value.forEach((item, index) => {
        visitNode(node.item, undefined, item, `${path}[${index}]`)
      })
    } else if (isObject(value)) {
      if (node.type === 'object') visitObject(node.of(), field, value, path)
      else if (node.type === 'map') {
        if (field?.mapType === 'atomic') found.push(path)
        for (const [key, item] of Object.entries(value)) visitNode(node.value, undefined, item, `${path}.${key}`)
      }
    }
  }
  const visitObject = (of: ObjectSchema, field: FieldSchema | undefined, value: Json, path: string): void => {
    if (of.atomic || field?.mapType === 'atomic') found.push(path)
    for (const [name, item] of Object.entries(value)) {
      const inner = of.fields.get(name)
      if (inner) visitNode(inner.node, inner, item, `${path}.${name}`)
    }
  }
  visitObject(schema, undefined, patch, '')
  return found
}

function mergeObject(schema: ObjectSchema, live: Json, patch: Json, path: string): Json {
  const merged = { ...live }
  for (const [name, value] of Object.entries(patch)) {
    const field = schema.fields.get(name)
    if (!field) throw new Error(`${path}.${name}: field not declared in schema`)
    merged[name] = mergeNode(field.node, field, live[name], value, `${path}.${name}`)
  }
  return merged
}

function mergeNode(
  node: TypeNode,
  field: FieldSchema | undefined,
  live: unknown,
  patch: unknown,
  path: string,
): unknown {
  if (node.type === 'list' && Array.isArray(patch)) return mergeList(node.item, field, live, patch, path)
  if (!isObject(patch)) return patch
  const before = isObject(live) ? live : {}
  if (node.type === 'object') return mergeObject(node.of(), before, patch, path)
  if (node.type === 'map') {
    const merged = { ...before }
    for (const [key, value] of Object.entries(patch))
      merged[key] = mergeNode(node.value, undefined, before[key], value, `${path}.${key}`)
    return merged
  }
  return node.type === 'any' ? mergeUntyped(before, patch) : patch
}

function mergeUntyped(live: Json, patch: Json): Json {
  const merged = { ...live }
  for (const [key, value] of Object.entries(patch)) {
    const before = live[key]
    merged[key] = isObject(value) && isObject(before) ? mergeUntyped(before, value) : value
  }
  return merged
}

function mergeList(
  item: TypeNode,
  field: FieldSchema | undefined,
  live: unknown,
  patch: readonly unknown[],
  path: string,
): unknown {
  const before: readonly unknown[] = Array.isArray(live) ? live : []
  if (field?.listType === 'set')
    return [...before, ...patch.filter(value => !before.some(known => deepEqual(known, value)))]
  if (field?.listType !== 'map' || item.type !== 'object') return patch
  const schema = item.of()
  const keys = field.listMapKeys ?? []
  const keyOf = (value: unknown): string =>
    JSON.stringify(keys.map(key => (value as Json | null)?.[key] ?? schema.fields.get(key)?.default ?? null))
  const merged = [...before]
  const at = new Map(before.map((value, index) => [keyOf(value), index]))
  for (const [index, value] of patch.entries()) {
    const known = at.get(keyOf(value))
    const result = mergeNode(
      item,
      undefined,
      known === undefined ? undefined : merged[known],
      value,
      `${path}[${index}]`,
    )
    if (known === undefined) merged.push(result)
    else merged[known] = result
  }
  return merged
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
