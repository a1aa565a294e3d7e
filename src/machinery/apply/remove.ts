// An object without some of its fields and items; and which declared fields count as named when sets are compared for that.

import { setKey } from '../own-value.ts'
import { type Atom, isMap, itemElementIfAny, type JsonMap, type ListAtom, type MapAtom, shapeOf } from './atom.ts'
import { below, type FieldSet, hasElement, isEmpty, nodeOf } from './field-set.ts'
import { fieldElement, type PathElement, self } from './path-element.ts'

/** Containers that become empty go too. */
export function removeFields(atom: Atom, value: unknown, fields: FieldSet): unknown {
  switch (shapeOf(atom, value)) {
    case 'map':
      return isMap(value) ? removeFromMap(atom.map!, value, fields) : undefined
    case 'list':
      return Array.isArray(value) ? removeFromList(atom.list!, value, fields) : undefined
    default:
      return value
  }
}

function removeFromMap(map: MapAtom, value: JsonMap, fields: FieldSet): JsonMap | undefined {
  if (map.atomic) return undefined
  const out: JsonMap = {}
  let kept = false
  for (const key in value) {
    let item = value[key]
    if (item === undefined) continue
    const field = map.fields.get(key)
    const element = field?.element ?? fieldElement(key)
    if (hasElement(fields, element)) continue
    const inner = below(fields, element)
    const atom = field?.atom ?? map.value
    // Upstream keeps a field of which nothing is left, as null.
    if (!isEmpty(inner) && atom) item = removeFields(atom, item, inner) ?? null
    setKey(out, key, item)
    kept = true
  }
  return kept ? out : undefined
}

function removeFromList(list: ListAtom, items: readonly unknown[], fields: FieldSet): unknown[] | undefined {
  if (list.relation === 'atomic') return undefined
  const out: unknown[] = []
  for (const item of items) {
    const element = itemElementIfAny(list, item)
    if (element === undefined) {
      out.push(item)
      continue
    }
    if (hasElement(fields, element)) continue
    const inner = below(fields, element)
    out.push(isEmpty(inner) ? item : (removeFields(list.item, item, inner) ?? null))
  }
  return out.length > 0 ? out : undefined
}

/** The set, with every declared field on the way to a member a member itself. */
export function withNamedFields(atom: Atom | undefined, set: FieldSet): FieldSet {
  const out: Record<PathElement, FieldSet> = {}
  for (const element in set) {
    if (element === self) continue
    const node = set[element]!
    const inner = below(set, element)
    if (isEmpty(inner)) {
      out[element] = node
      continue
    }
    const field = element[0] === 'f' ? atom?.map?.fields.get(element.slice(2)) : undefined
    const innerAtom =
      element[0] === 'f' ? (field?.atom ?? atom?.map?.value) : element[0] === 'k' ? atom?.list?.item : undefined
    out[element] = nodeOf(field !== undefined || self in node, withNamedFields(innerAtom, inner))!
  }
  return out
}
