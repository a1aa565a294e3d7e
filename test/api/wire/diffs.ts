// Patches that turn one object into another, of the three kinds: the inverse that the tests of patches need.

import { deepEqual } from '../../../src/machinery/deep-equal.ts'
import { setKey } from '../../../src/machinery/own-value.ts'
import type { FieldSchema, ObjectSchema, TypeNode } from '../../../src/machinery/schema/schema.ts'

type Json = Record<string, any>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** RFC 7386. */
export function mergeDiff(from: Json, to: Json): Json {
  const patch: Json = {}
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) setKey(patch, key, null)
  for (const [key, value] of Object.entries(to)) {
    const before = Object.hasOwn(from, key) ? from[key] : undefined
    if (isObject(before) && isObject(value)) {
      const inner = mergeDiff(before, value)
      if (Object.keys(inner).length > 0) setKey(patch, key, inner)
    } else if (!deepEqual(before, value)) setKey(patch, key, value)
  }
  return patch
}

export type Operation = { op: 'add' | 'remove' | 'replace'; path: string; value?: unknown }

/** RFC 6902. */
export function jsonDiff(from: unknown, to: unknown, path = ''): Operation[] {
  if (deepEqual(from, to)) return []
  const child = (key: string | number) => `${path}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`
  if (isObject(from) && isObject(to)) {
    const operations: Operation[] = []
    for (const key of Object.keys(from))
      if (!Object.hasOwn(to, key)) operations.push({ op: 'remove', path: child(key) })
    for (const [key, value] of Object.entries(to)) {
      if (!Object.hasOwn(from, key)) operations.push({ op: 'add', path: child(key), value })
      else operations.push(...jsonDiff(from[key], value, child(key)))
    }
    return operations
  }
  if (Array.isArray(from) && Array.isArray(to)) {
    const operations: Operation[] = []
    const shared = Math.min(from.length, to.length)
    for (let index = 0; index < shared; index++) operations.push(...jsonDiff(from[index], to[index], child(index)))
    for (let index = from.length - 1; index >= shared; index--) operations.push({ op: 'remove', path: child(index) })
    for (let index = shared; index < to.length; index++)
      operations.push({ op: 'add', path: child(index === to.length - 1 ? '-' : index), value: to[index] })
    return operations
  }
  return [{ op: 'replace', path, value: to }]
}

/** A strategic merge patch. Lists that are merged must have distinct keys. */
export function strategicDiff(schema: ObjectSchema, from: Json, to: Json): Json {
  return objectDiff({ type: 'object', of: () => schema }, from, to)
}

function fieldOf(node: TypeNode | undefined, key: string): FieldSchema | undefined {
  return node?.type === 'object' || node?.type === 'either' ? node.of().fields.get(key) : undefined
}

function objectDiff(node: TypeNode | undefined, from: Json, to: Json): Json {
  const patch: Json = {}
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) setKey(patch, key, null)
  for (const [key, value] of Object.entries(to)) {
    const before = Object.hasOwn(from, key) ? from[key] : undefined
    if (deepEqual(before, value)) continue
    const field = fieldOf(node, key)
    const inner = field?.node ?? (node?.type === 'map' ? node.value : undefined)
    const merges = field?.patchStrategy?.includes('merge') ?? false
    if (isObject(before) && isObject(value)) {
      if (field?.patchStrategy?.includes('replace')) setKey(patch, key, value)
      else setKey(patch, key, objectDiff(inner, before, value))
    } else if (Array.isArray(before) && Array.isArray(value) && merges) listDiff(patch, key, field!, before, value)
    else setKey(patch, key, value)
  }
  return patch
}

function listDiff(patch: Json, key: string, field: FieldSchema, from: any[], to: any[]): void {
  const item = field.node.type === 'list' ? field.node.item : undefined
  const { mergeKey } = field
  if (!mergeKey) {
    const gone = from.filter(each => !to.includes(each))
    if (gone.length > 0) patch[`$deleteFromPrimitiveList/${key}`] = gone
    const added = to.filter(each => !from.includes(each))
    if (added.length > 0) setKey(patch, key, added)
    patch[`$setElementOrder/${key}`] = to
    return
  }
  const elements: Json[] = []
  for (const each of to) {
    const before = from.find(one => one[mergeKey] === each[mergeKey])
    if (!before) elements.push(each)
    else if (!deepEqual(before, each)) elements.push({ ...objectDiff(item, before, each), [mergeKey]: each[mergeKey] })
  }
  for (const each of from)
    if (!to.some(one => one[mergeKey] === each[mergeKey]))
      elements.push({ $patch: 'delete', [mergeKey]: each[mergeKey] })
  if (elements.length > 0) setKey(patch, key, elements)
  patch[`$setElementOrder/${key}`] = to.map(each => ({ [mergeKey]: each[mergeKey] }))
}
