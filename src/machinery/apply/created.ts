// The set of fields that creating an object makes its creator's: what `compare` with an empty object says was added or
// modified. Every create needs it, so it is written as text in one walk; objects of one shape then share the set.

import { compareText } from '../go-text.ts'
import {
  type Atom,
  isMap,
  itemElement,
  type JsonMap,
  type ListAtom,
  type MapAtom,
  type MapField,
  own,
  shapeOf,
} from './atom.ts'
import { type FieldSet, hasElement, sharedSet } from './field-set.ts'
import { compareElements, type PathElement, self } from './path-element.ts'

/** Throws an `ItemError` for an item that cannot be told apart from others. `empty` is what a new object of the kind is before anything is said; `unowned` is left out, with all below it. */
export function createdFields(atom: Atom, empty: JsonMap, object: JsonMap, unowned: FieldSet): FieldSet {
  return sharedSet(`{${changedFields(atom.map!, empty, object, unowned)}}`)
}

function changedFields(map: MapAtom, empty: JsonMap, value: JsonMap, unowned: FieldSet | undefined): string {
  let text = ''
  for (const { name, element, text: elementText, atom } of fieldsOf(map, value)) {
    const item = own(value, name)
    if (item === undefined) continue
    const excluded = unowned?.[element]
    if (excluded !== undefined && hasElement(unowned!, element)) continue
    const before = own(empty, name)
    const node = changedNode(atom, before === undefined ? excluded && {} : before, item, excluded)
    if (node !== '') text += text === '' ? elementText + node : `,${elementText}${node}`
  }
  return text
}

/** Of what was there, though empty, only what is in it now counts. */
function changedNode(atom: Atom, empty: unknown, value: unknown, unowned: FieldSet | undefined): string {
  if (empty === undefined) return addedNode(atom, value)
  if (isMap(value) && atom.map && !atom.map.atomic) {
    const inner = changedFields(atom.map, isMap(empty) ? empty : {}, value, unowned)
    return inner === '' ? '' : `{${inner}}`
  }
  if (Array.isArray(value) && atom.list && atom.list.relation !== 'atomic') {
    const inner = items(atom.list, value)
    return inner === '' ? '' : `{${inner}}`
  }
  if (value === empty || (isHollow(value) && isHollow(empty))) return ''
  return '{}'
}

function isHollow(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  for (const key in value) if ((value as JsonMap)[key] !== undefined) return false
  return true
}

function addedNode(atom: Atom, value: unknown): string {
  let inner = ''
  switch (shapeOf(atom, value)) {
    case 'map':
      if (isMap(value) && !atom.map!.atomic) inner = addedFields(atom.map!, value)
      break
    case 'list':
      if (Array.isArray(value) && atom.list!.relation !== 'atomic') inner = items(atom.list!, value)
  }
  return inner === '' ? '{}' : `{"${self}":{},${inner}}`
}

function addedFields(map: MapAtom, value: JsonMap): string {
  let text = ''
  for (const { name, text: elementText, atom } of fieldsOf(map, value)) {
    const item = own(value, name)
    if (item !== undefined)
      text += text === '' ? elementText + addedNode(atom, item) : `,${elementText}${addedNode(atom, item)}`
  }
  return text
}

/** The fields a value may have, in the order of a field set. */
function fieldsOf(map: MapAtom, value: JsonMap): readonly MapField[] {
  if (map.value === undefined) return map.inOrder
  const keys = Object.keys(value)
  if (keys.length > 1) keys.sort(compareText)
  return keys.map(key => map.fieldOf(key, map.value!))
}

function items(list: ListAtom, value: readonly unknown[]): string {
  const nodes = new Map<PathElement, string>()
  for (const item of value) {
    const element = itemElement(list, item)
    // An item that stands there twice is one thing.
    nodes.set(element, nodes.has(element) ? '{}' : addedNode(list.item, item))
  }
  const elements = [...nodes.keys()]
  if (elements.length > 1) elements.sort(compareElements)
  let text = ''
  for (const element of elements) text += `${text === '' ? '' : ','}${JSON.stringify(element)}:${nodes.get(element)}`
  return text
}
