// Strategic merge patch: a merge patch that knows the kind. Lists whose declaration says so are merged, by the key it
// names or as sets; directives in the patch delete, replace, order and retain.
//
// Semantics as upstream's (apimachinery util/strategicpatch), with one difference: directives never end up in the result.

import { goTypeName } from '../codec/scalars.ts'
import { goString, goTypeOf, goValue, quote } from '../go-text.ts'
import { setKey } from '../own-value.ts'
import type { FieldSchema, ObjectSchema, TypeNode } from '../schema/schema.ts'
import { badRequest, failure, genericServerResponse, StatusError } from '../status-error.ts'
import { inOrderOf, type Json, type List, mergeOrdered } from './element-order.ts'

const directive = '$patch'
const retainKeys = '$retainKeys'
const deletePrefix = '$deleteFromPrimitiveList'
const orderPrefix = '$setElementOrder'

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
  readonly node: TypeNode
  readonly strategy: 'merge' | 'replace' | undefined
  readonly mergeKey: string
}

/** How objects and lists in a field are merged. Upstream asks only where both the original and the patch have some. */
function fieldMerge(within: TypeNode, key: string): FieldMerge {
  const field = fieldOf(within, key)
  const strategy = field.patchStrategy?.find(each => each !== 'retainKeys') as 'merge' | 'replace' | undefined
  return { node: field.node, strategy, mergeKey: field.mergeKey ?? '' }
}

function fieldOf(within: TypeNode, key: string): FieldSchema {
  if (within.type === 'map') throw otherError('merging an object in json but data type is not struct, instead is: map')
  const field = within.type === 'object' ? within.of().fields.get(key) : undefined
  if (field) return field
  const struct = goTypeName(within).split('.').at(-1)
  throw otherError(`unable to find api field in struct ${struct} for the json field ${quote(key)}`)
}

/** Where an order is given, the field has to be a list; of a pointer upstream takes what is behind it for one. */
function listMerge(within: TypeNode, key: string): FieldMerge {
  const { node, presence } = fieldOf(within, key)
  if (node.type !== 'list' && presence !== 'pointer') throw otherError('expected slice or array type, but got: struct')
  return fieldMerge(within, key)
}

const itemOf = (node: TypeNode): TypeNode => (node.type === 'list' ? node.item : node)

/** The field that a directive is for. */
function fieldName(key: string, prefix: string, refused: () => StatusError): string {
  if (key.charAt(prefix.length) !== '/') throw refused()
  return key.slice(prefix.length + 1)
}

const badArgument = (expected: string, received: unknown): StatusError =>
  otherError(
    `expected a ${expected}, but received a ${received === null || received === undefined ? '%!s(<nil>)' : goTypeOf(received)}`,
  )
const badPatchType = (type: unknown, within: Json): StatusError =>
  otherError(`unknown patch type: ${goString(type)} in map: ${goValue(within)}`)

// ---- objects -------------------------------------------------------------------------------------------------------

function mergeObject(original: Json, patch: Json, node: TypeNode): Json {
  if (Object.hasOwn(patch, directive)) {
    const value = patch[directive]
    if (value === 'replace') return withoutDirectives(patch)
    if (value === 'delete') return {}
    throw badPatchType(value, patch)
  }
  const out: Json = Object.hasOwn(patch, retainKeys) ? retained(original, patch) : { ...original }
  const ordered = new Set<string>()
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(orderPrefix)) continue
    ordered.add(mergeWithOrder(out, patch, key, node))
  }
  for (const key of Object.keys(patch)) {
    if (key === retainKeys || key.startsWith(orderPrefix) || ordered.has(key)) continue
    const isDeleteList = key.startsWith(deletePrefix)
    const name = isDeleteList ? fieldName(key, deletePrefix, badPrimitiveList) : key
    if (patch[key] === null) delete out[name]
    else mergeField(out, name, patch[key], node, isDeleteList)
  }
  return out
}

function mergeField(out: Json, key: string, value: unknown, within: TypeNode, isDeleteList: boolean): void {
  const before = Object.hasOwn(out, key) ? out[key] : undefined
  // What is to be deleted can only be what there is; upstream looks no further than at the type.
  if (isDeleteList && (before === undefined || goTypeOf(before) !== goTypeOf(value))) return
  if (isObject(value) && isObject(before)) {
    const merge = fieldMerge(within, key)
    setKey(out, key, merge.strategy === 'replace' ? clean(value) : mergeObject(before, value, merge.node))
    return
  }
  if (Array.isArray(value) && Array.isArray(before)) {
    const { node, strategy, mergeKey } = fieldMerge(within, key)
    const isMerged = strategy === 'merge' || isDeleteList
    setKey(out, key, isMerged ? mergeList(before, value, itemOf(node), mergeKey, isDeleteList).items : clean(value))
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

/** Puts a list's elements in the order that the patch names, after merging it. Gives the list's name. */
function mergeWithOrder(out: Json, patch: Json, directiveKey: string, within: TypeNode): string {
  const order = patch[directiveKey]
  if (!Array.isArray(order)) throw badArgument('[]interface {}', order)
  const key = fieldName(directiveKey, orderPrefix, badElementOrder)
  const before = Object.hasOwn(out, key) ? out[key] : undefined
  const value = Object.hasOwn(patch, key) ? patch[key] : undefined
  for (const list of [before, value])
    if (list !== undefined && !Array.isArray(list)) throw badArgument('[]interface {}', list)
  const [beforeList, patchList] = [before as List | undefined, value as List | undefined]
  const merge = listMerge(within, key)
  if (patchList) checkOrder(patchList, order, merge.mergeKey)
  if (!beforeList && !patchList) return key
  const both = beforeList && patchList && merge.strategy === 'merge'
  const { items, serverOrder } = both
    ? mergeList(beforeList, patchList, itemOf(merge.node), merge.mergeKey)
    : { items: patchList && beforeList ? clean(patchList) : (beforeList ?? clean(patchList)), serverOrder: beforeList }
  setKey(out, key, arrange(items as List, order, serverOrder ?? [], merge.mergeKey))
  return key
}

/** Elements named in `order` first among themselves, the others where they stood. */
function arrange(merged: List, order: List, before: List, mergeKey: string): List {
  const keyOf = elementKey(mergeKey)
  if (mergeKey !== '' && merged.length > 0) {
    keyOf(merged[0])
    const stray = order.findIndex(item => !isObject(item))
    if (stray >= 0) throw otherError(`value for key ${stray} is not a map`)
  }
  const named = new Set(mergeKey === '' ? order : order.map(item => (item as Json | undefined)?.[mergeKey]))
  const inPatch = merged.filter(item => named.has(keyOf(item)))
  const serverOnly = merged.filter(item => !named.has(keyOf(item)))
  return mergeOrdered(inOrderOf(serverOnly, before, keyOf), inOrderOf(inPatch, order, keyOf), before, keyOf)
}

function elementKey(mergeKey: string): (item: unknown) => unknown {
  if (mergeKey === '') return item => item
  return item => {
    if (!isObject(item)) throw badArgument('map[string]interface {}', item)
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

function mergeList(original: List, patch: List, item: TypeNode, mergeKey: string, isDeleteList = false): MergedList {
  if (original.length === 0 && patch.length === 0) return { items: original, serverOrder: original }
  if (!checkTypes(original, patch)) {
    if (isDeleteList) return { items: original.filter(each => !patch.includes(each)), serverOrder: original }
    const merged = [...new Set([...original, ...patch])]
    return { items: arrange(merged, patch, original, ''), serverOrder: original }
  }
  if (mergeKey === '')
    throw otherError(`cannot merge lists without merge key for ${item.type === 'object' ? 'struct' : item.type}`)
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
        throw badPatchType(element[directive], element)
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
      const type = goTypeOf(item)
      if (first === undefined && Array.isArray(item)) {
        const { status } = genericServerResponse(422, { serverMessage: 'lists of lists are not supported' })
        throw new StatusError(status, { cause: new Error('lists of lists are not supported') })
      }
      first ??= type
      if (type !== first || item === null) throw otherError(`list element types are not identical: ${goValue(lists)}`)
    }
  return first === goTypeOf({})
}
