// Strategic merge patch: a merge patch that knows the kind. Lists whose declaration says so are merged, by the key it
// names or as sets; directives in the patch delete, replace, order and retain.
//
// Semantics as upstream's (apimachinery util/strategicpatch), with two differences: directives never end up in the
// result, and inside values without a declaration (raw JSON) objects are merged and lists replaced.

import { goValue } from '../go-text.ts'
import { setKey } from '../own-value.ts'
import type { FieldSchema, ObjectSchema, TypeNode } from '../schema/schema.ts'
import { badRequest, failure, genericServerResponse, StatusError } from '../status-error.ts'
import { inOrderOf, type Json, type List, mergeOrdered } from './element-order.ts'

const directive = '$patch'
const retainKeys = '$retainKeys'
const deletePrefix = '$deleteFromPrimitiveList/'
const orderPrefix = '$setElementOrder/'

const badPrimitiveList = () => badRequest('invalid patch format of primitive list')
const badRetainKeys = () => badRequest('invalid patch format of retainKeys')
const badElementOrder = () => badRequest('invalid patch format of setElementOrder list')
/** What upstream has no better code for. */
const otherError = (message: string) => failure(500, '', message)

/**
 * The patched object; the inputs stay as they are and may share parts with it. Throws a StatusError for a malformed patch.
 * The result is not decoded: unknown fields of the patch are still in it.
 */
export function applyStrategicMergePatch<T>(schema: ObjectSchema, original: T, patch: unknown): T {
  if (!isObject(patch)) throw badRequest('invalid JSON document')
  return mergeObject(original as Json, patch, { type: 'object', of: () => schema }) as T
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isDirectiveKey(key: string): boolean {
  return key === directive || key === retainKeys || key.startsWith(deletePrefix) || key.startsWith(orderPrefix)
}

// ---- what the kind says --------------------------------------------------------------------------------------------

interface FieldMerge {
  readonly node: TypeNode | undefined
  readonly strategy: 'merge' | 'replace' | undefined
  readonly mergeKey: string
}

function fieldMerge(within: TypeNode | undefined, key: string): FieldMerge {
  const field = fieldOf(within, key)
  if (!field) return { node: within?.type === 'map' ? within.value : undefined, strategy: undefined, mergeKey: '' }
  const strategy = field.patchStrategy?.find(each => each !== 'retainKeys') as 'merge' | 'replace' | undefined
  return { node: field.node, strategy, mergeKey: field.mergeKey ?? '' }
}

function fieldOf(node: TypeNode | undefined, key: string): FieldSchema | undefined {
  return node?.type === 'object' || node?.type === 'either' ? node.of().fields.get(key) : undefined
}

function itemOf(node: TypeNode | undefined): TypeNode | undefined {
  return node?.type === 'list' ? node.item : undefined
}

// ---- objects -------------------------------------------------------------------------------------------------------

function mergeObject(original: Json, patch: Json, node: TypeNode | undefined): Json {
  if (Object.hasOwn(patch, directive)) {
    const value = patch[directive]
    if (value === 'replace') return withoutDirectives(patch)
    if (value === 'delete') return {}
    throw otherError(`unknown patch type: ${goValue(value)} in map: ${goValue(patch)}`)
  }
  const out: Json = Object.hasOwn(patch, retainKeys) ? retained(original, patch) : { ...original }
  const ordered = new Set<string>()
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(orderPrefix)) continue
    const field = key.slice(orderPrefix.length)
    mergeWithOrder(out, patch, field, patch[key], fieldMerge(node, field))
    ordered.add(field)
  }
  for (const key of Object.keys(patch)) {
    if (key === retainKeys || key.startsWith(orderPrefix) || ordered.has(key)) continue
    const value = patch[key]
    if (key.startsWith(deletePrefix)) deleteFromPrimitives(out, key.slice(deletePrefix.length), value)
    else if (value === null) delete out[key]
    else mergeField(out, key, value, fieldMerge(node, key))
  }
  return out
}

function mergeField(out: Json, key: string, value: unknown, merge: FieldMerge): void {
  const before = Object.hasOwn(out, key) ? out[key] : undefined
  if (isObject(value) && isObject(before)) {
    setKey(out, key, merge.strategy === 'replace' ? clean(value) : mergeObject(before, value, merge.node))
    return
  }
  if (Array.isArray(value) && Array.isArray(before)) {
    const merged =
      merge.strategy === 'merge' ? mergeList(before, value, itemOf(merge.node), merge.mergeKey).items : clean(value)
    setKey(out, key, merged)
    return
  }
  const cleaned = clean(value)
  if (cleaned === undefined) delete out[key]
  else setKey(out, key, cleaned)
}

/** The original without what `$retainKeys` does not name. */
function retained(original: Json, patch: Json): Json {
  const keys = patch[retainKeys]
  if (!Array.isArray(keys)) throw badRetainKeys()
  for (const [key, value] of Object.entries(patch))
    if (value !== null && !isDirectiveKey(key) && !keys.includes(key)) throw badRetainKeys()
  const out: Json = {}
  for (const [key, value] of Object.entries(original)) if (keys.includes(key)) setKey(out, key, value)
  return out
}

function withoutDirectives(patch: Json): Json {
  const out: Json = {}
  for (const [key, value] of Object.entries(patch)) {
    const cleaned = value === null || isDirectiveKey(key) ? undefined : clean(value)
    if (cleaned !== undefined) setKey(out, key, cleaned)
  }
  return out
}

/** A part of the patch that is taken as it is: without directives and nulls; undefined when it is itself a directive. */
function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(clean).filter(item => item !== undefined)
  if (!isObject(value)) return value
  return Object.hasOwn(value, directive) ? undefined : withoutDirectives(value)
}

// ---- lists ---------------------------------------------------------------------------------------------------------

function deleteFromPrimitives(out: Json, key: string, values: unknown): void {
  if (key === '') throw badPrimitiveList()
  const before = Object.hasOwn(out, key) ? out[key] : undefined
  if (!Array.isArray(before) || !Array.isArray(values)) return
  out[key] = before.filter(item => !values.includes(item))
}

/** Puts a list's elements in the order that the patch names, after merging it. */
function mergeWithOrder(out: Json, patch: Json, key: string, order: unknown, merge: FieldMerge): void {
  if (!Array.isArray(order)) throw badElementOrder()
  const before = Object.hasOwn(out, key) ? out[key] : undefined
  const value = Object.hasOwn(patch, key) ? patch[key] : undefined
  for (const list of [before, value])
    if (list !== undefined && !Array.isArray(list))
      throw otherError(
        `expected a []interface {}, but received a ${isObject(list) ? 'map[string]interface {}' : typeof list}`,
      )
  const [beforeList, patchList] = [before as List | undefined, value as List | undefined]
  if (patchList) checkOrder(patchList, order, merge.mergeKey)
  if (!beforeList && !patchList) return
  const both = beforeList && patchList && merge.strategy === 'merge'
  const { items, serverOrder } = both
    ? mergeList(beforeList, patchList, itemOf(merge.node), merge.mergeKey)
    : { items: patchList && beforeList ? clean(patchList) : (beforeList ?? clean(patchList)), serverOrder: beforeList }
  setKey(out, key, arrange(items as List, order, serverOrder ?? [], merge.mergeKey))
}

/** Elements named in `order` first among themselves, the others where they stood. */
function arrange(merged: List, order: List, before: List, mergeKey: string): List {
  const keyOf = elementKey(mergeKey)
  const named = new Set(order.map(keyOf))
  const inPatch = merged.filter(item => named.has(keyOf(item)))
  const serverOnly = merged.filter(item => !named.has(keyOf(item)))
  return mergeOrdered(inOrderOf(serverOnly, before, keyOf), inOrderOf(inPatch, order, keyOf), before, keyOf)
}

function elementKey(mergeKey: string): (item: unknown) => unknown {
  if (mergeKey === '') return item => item
  return item => {
    if (!isObject(item)) throw otherError(`expected a map[string]interface {}, but received a ${typeof item}`)
    if (!Object.hasOwn(item, mergeKey)) throw noMergeKey(item, mergeKey)
    return item[mergeKey]
  }
}

function noMergeKey(item: Json, mergeKey: string): StatusError {
  return otherError(`map: ${goValue(item)} does not contain declared merge key: ${mergeKey}`)
}

/** The elements of the patch (deletions aside) must stand in the named order, and be named. */
function checkOrder(patch: List, order: List, mergeKey: string): void {
  if (patch.length === 0 || order.length === 0) return
  const keyOf = elementKey(mergeKey)
  const elements = patch.filter(item => !isObject(item) || !Object.hasOwn(item, directive))
  let at = 0
  for (const item of order) if (at < elements.length && keyOf(elements[at]) === keyOf(item)) at++
  if (at < elements.length)
    throw otherError(
      `The order in patch list:\n${goValue(patch)}\n doesn't match $setElementOrder list:\n${goValue(order)}\n`,
    )
}

interface MergedList {
  readonly items: List
  /** How the server has them, for a `$setElementOrder` that comes with the patch. */
  readonly serverOrder: List
}

function mergeList(original: List, patch: List, item: TypeNode | undefined, mergeKey: string): MergedList {
  if (original.length === 0 && patch.length === 0) return { items: original, serverOrder: original }
  if (!checkTypes(original, patch)) {
    const merged = [...new Set([...original, ...patch])]
    return { items: arrange(merged, patch, original, ''), serverOrder: original }
  }
  if (mergeKey === '')
    throw otherError(
      `cannot merge lists without merge key for ${item?.type === 'object' ? item.of().name.split('.').at(-1) : ''}`,
    )
  let base: List = original
  const elements: Json[] = []
  let replace = false
  for (const element of patch as Json[]) {
    if (!Object.hasOwn(element, directive)) {
      elements.push(element)
      continue
    }
    switch (element[directive]) {
      case 'delete':
        if (!Object.hasOwn(element, mergeKey)) throw noMergeKey(element, mergeKey)
        base = base.filter(each => (each as Json)[mergeKey] !== element[mergeKey])
        break
      case 'replace':
        replace = true
        break
      case 'merge':
        throw otherError('merging lists cannot yet be specified in the patch')
      default:
        throw otherError(`unknown patch type: ${goValue(element[directive])} in map: ${goValue(element)}`)
    }
  }
  if (replace) {
    const items = elements.map(withoutDirectives)
    return { items, serverOrder: original }
  }
  const merged = [...base]
  const keyOf = elementKey(mergeKey)
  for (const element of elements) {
    const key = keyOf(element)
    const at = merged.findIndex(each => isObject(each) && each[mergeKey] === key)
    if (at >= 0) merged[at] = mergeObject(merged[at] as Json, element, item)
    else merged.push(withoutDirectives(element))
  }
  // Upstream works in place: elements that are added take the room that deleted ones left, and so count as the server's.
  return { items: arrange(merged, elements, base, mergeKey), serverOrder: merged.slice(0, original.length) }
}

/** Whether the lists hold objects. Mixed lists and lists of lists cannot be merged. */
function checkTypes(...lists: List[]): boolean {
  let first: string | undefined
  for (const list of lists)
    for (const item of list) {
      if (Array.isArray(item)) {
        const { status } = genericServerResponse(422, { serverMessage: 'lists of lists are not supported' })
        throw new StatusError(status, { cause: new Error('lists of lists are not supported') })
      }
      if (item === null) throw otherError(`list element types are not identical: ${goValue(lists)}`)
      const type = isObject(item) ? 'object' : typeof item
      first ??= type
      if (type !== first) throw otherError(`list element types are not identical: ${goValue(lists)}`)
    }
  return first === 'object'
}
