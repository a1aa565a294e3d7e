// What has to change in an object that others change too: between what was applied last, what is to be applied now, and
// what there is. Fields that were applied and no longer are go; fields that never were stay as they are.
//
// For kinds that are known, the patch is a strategic merge patch, which merges lists by their keys as the server does;
// for all others it is a JSON merge patch, which replaces lists.

import { deepEqual } from '../machinery/deep-equal.ts'
import type { FieldSchema, ObjectSchema, TypeNode } from '../machinery/schema/schema.ts'

export type Json = Record<string, unknown>

/** The patch; without a field when nothing has to change. */
export function threeWayPatch(original: Json, modified: Json, current: Json, schema: ObjectSchema | undefined): Json {
  return objectPatch(original, modified, current, schema && { type: 'object', of: () => schema })
}

function objectPatch(original: Json, modified: Json, current: Json, node: TypeNode | undefined): Json {
  const patch: Json = {}
  for (const [key, value] of Object.entries(modified)) {
    const there = current[key]
    if (value === null) {
      if (there !== undefined && key !== 'creationTimestamp') patch[key] = null
    } else if (there === undefined || there === null) patch[key] = value
    else if (isObject(value) && isObject(there)) {
      const field = fieldOf(node, key)
      const part = objectPatch(asObject(original[key]), value, there, childOf(node, key, field))
      if (Object.keys(part).length > 0) patch[key] = { ...retained(field, value), ...part }
    } else if (Array.isArray(value) && Array.isArray(there)) {
      const field = fieldOf(node, key)
      if (!field?.patchStrategy?.includes('merge')) {
        if (!deepEqual(value, there)) patch[key] = value
      } else if (field.mergeKey) mergeByKey(patch, key, field, asList(original[key]), value, there)
      else mergeAsSet(patch, key, asList(original[key]), value, there)
    } else if (!deepEqual(value, there)) patch[key] = value
  }
  for (const key of Object.keys(original)) if (!(key in modified) && key in current) patch[key] = null
  return patch
}

function mergeByKey(
  patch: Json,
  key: string,
  field: FieldSchema,
  original: readonly unknown[],
  modified: readonly unknown[],
  current: readonly unknown[],
): void {
  const mergeKey = field.mergeKey!
  const node = field.node.type === 'list' ? field.node.item : undefined
  const [before, wanted, there] = [original, modified, current].map(list => keyed(list, mergeKey))
  const changes: Json[] = []
  for (const [id, item] of wanted!) {
    const now = there!.get(id)
    if (!now) changes.push(item)
    else {
      const part = objectPatch(before!.get(id) ?? {}, item, now, node)
      if (Object.keys(part).length > 0) changes.push({ [mergeKey]: id, ...retained(field, item), ...part })
    }
  }
  for (const id of before!.keys())
    if (!wanted!.has(id) && there!.has(id)) changes.push({ $patch: 'delete', [mergeKey]: id })
  if (changes.length === 0) return
  patch[key] = changes
  patch[`$setElementOrder/${key}`] = [...wanted!.keys()].map(id => ({ [mergeKey]: id }))
}

function mergeAsSet(
  patch: Json,
  key: string,
  original: readonly unknown[],
  modified: readonly unknown[],
  current: readonly unknown[],
): void {
  const added = modified.filter(item => !current.includes(item))
  const removed = original.filter(item => !modified.includes(item) && current.includes(item))
  if (added.length > 0) patch[key] = added
  if (removed.length > 0) patch[`$deleteFromPrimitiveList/${key}`] = removed
  if (added.length + removed.length > 0) patch[`$setElementOrder/${key}`] = modified
}

/** Unions: what the new choice does not name has to go, whoever set it. */
function retained(field: FieldSchema | undefined, value: Json): Json {
  return field?.patchStrategy?.includes('retainKeys') ? { $retainKeys: Object.keys(value).sort() } : {}
}

function fieldOf(node: TypeNode | undefined, key: string): FieldSchema | undefined {
  return node?.type === 'object' || node?.type === 'either' ? node.of().fields.get(key) : undefined
}

function childOf(node: TypeNode | undefined, _key: string, field: FieldSchema | undefined): TypeNode | undefined {
  return field?.node ?? (node?.type === 'map' ? node.value : undefined)
}

function keyed(list: readonly unknown[], mergeKey: string): Map<unknown, Json> {
  return new Map(list.filter(isObject).map(item => [item[mergeKey], item]))
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const asObject = (value: unknown): Json => (isObject(value) ? value : {})
const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
