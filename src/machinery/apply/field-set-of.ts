// The set of fields that an applied object mentions: its leaves, its list items, its map keys.

import { type Atom, isMap, itemElementIfAny, type JsonMap, type ListAtom, type MapAtom, shapeOf } from './atom.ts'
import { emptySet, type FieldSet, leaf, nodeOf, sorted } from './field-set.ts'
import { fieldElement, type PathElement } from './path-element.ts'

/** Throws an `ItemError` for an item that cannot be told apart from others; validated objects have none. */
export function fieldSetOf(atom: Atom, value: unknown): FieldSet {
  return nodeFor(atom, value, false) ?? emptySet
}

/** `member`: the path to the value is in the set whatever the value is. */
function nodeFor(atom: Atom, value: unknown, member: boolean): FieldSet | undefined {
  switch (shapeOf(atom, value)) {
    case 'map':
      if (atom.map!.atomic) return leaf
      return nodeOf(member, isMap(value) ? mapSet(atom.map!, value) : emptySet)
    case 'list':
      if (atom.list!.relation === 'atomic') return leaf
      return nodeOf(member, Array.isArray(value) ? listSet(atom.list!, value) : emptySet)
    default:
      return leaf
  }
}

function mapSet(map: MapAtom, value: JsonMap): FieldSet {
  const out: Record<PathElement, FieldSet> = {}
  for (const key in value) {
    const item = value[key]
    if (item === undefined) continue
    const field = map.fields.get(key)
    const member = !field || item === null || (isMap(item) && isEmptyMap(item))
    const atom = field?.atom ?? map.value
    const node = atom ? nodeFor(atom, item, member) : leaf
    if (node) out[field?.element ?? fieldElement(key)] = node
  }
  return sorted(out)
}

function isEmptyMap(value: JsonMap): boolean {
  for (const key in value) if (value[key] !== undefined) return false
  return true
}

/** An item that stands in the list twice is one thing. */
function listSet(list: ListAtom, items: readonly unknown[]): FieldSet {
  const out: Record<PathElement, FieldSet> = {}
  for (const item of items) {
    const element = itemElementIfAny(list, item)
    if (element === undefined) continue
    out[element] = element in out ? leaf : nodeFor(list.item, item, true)!
  }
  return sorted(out)
}
