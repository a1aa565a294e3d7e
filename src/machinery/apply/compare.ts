// What differs between two versions of an object, as sets of fields: added, modified, removed.

import { deepEqual } from '../deep-equal.ts'
import {
  type Atom,
  isMap,
  itemElement,
  type JsonMap,
  type ListAtom,
  type MapAtom,
  own,
  type Shape,
  shapeOf,
} from './atom.ts'
import { emptySet, type FieldSet, leaf, nodeOf, sorted, union } from './field-set.ts'
import { fieldElement, type PathElement } from './path-element.ts'

export interface Comparison {
  readonly added: FieldSet
  readonly modified: FieldSet
  readonly removed: FieldSet
}

export const noDifference: Comparison = { added: emptySet, modified: emptySet, removed: emptySet }

/** A field that is undefined counts as absent. */
export function compare(atom: Atom, before: unknown, after: unknown): Comparison {
  const difference = compareNodes(atom, before, after)
  if (!difference) return noDifference
  const { added = emptySet, modified = emptySet, removed = emptySet } = difference
  return { added, modified, removed }
}

/** Nodes of the three sets for one place. */
interface Difference {
  readonly added?: FieldSet
  readonly modified?: FieldSet
  readonly removed?: FieldSet
}

const addedLeaf: Difference = { added: leaf }
const modifiedLeaf: Difference = { modified: leaf }
const removedLeaf: Difference = { removed: leaf }

function compareNodes(atom: Atom, before: unknown, after: unknown): Difference | undefined {
  // Most of an object is as it was: that is found out without asking what it is.
  if (before === after || (typeof before === 'object' && deepEqual(before, after))) return undefined
  if (after === undefined) return withSelf(compareAs(shapeOf(atom, before), atom, before, after), 'removed')
  const shape = shapeOf(atom, after)
  if (before === undefined) return withSelf(compareAs(shape, atom, before, after), 'added')
  const shapeBefore = shapeOf(atom, before)
  const difference = compareAs(shape, atom, before, after)
  // Only where any JSON is allowed: it was of another shape before.
  return shapeBefore === shape ? difference : both(compareAs(shapeBefore, atom, before, after), difference)
}

function withSelf(difference: Difference | undefined, part: 'added' | 'removed'): Difference {
  const inner = difference?.[part]
  return { [part]: inner === undefined ? leaf : nodeOf(true, inner)! }
}

function both(a: Difference | undefined, b: Difference | undefined): Difference | undefined {
  if (!a || !b) return a ?? b
  const join = (x?: FieldSet, y?: FieldSet) => (x && y ? union({ x }, { x: y })['x'] : (x ?? y))
  return {
    added: join(a.added, b.added),
    modified: join(a.modified, b.modified),
    removed: join(a.removed, b.removed),
  }
}

function compareAs(shape: Shape, atom: Atom, before: unknown, after: unknown): Difference | undefined {
  switch (shape) {
    case 'map': {
      const left = isMap(before) ? before : undefined
      const right = isMap(after) ? after : undefined
      if (atom.map!.atomic || (isEmptyMap(left) && isEmptyMap(right))) return compareLeaf(before, after)
      return compareMaps(atom.map!, left ?? {}, right ?? {})
    }
    case 'list': {
      const left = Array.isArray(before) ? before : []
      const right = Array.isArray(after) ? after : []
      if (atom.list!.relation === 'atomic' || (left.length === 0 && right.length === 0))
        return compareLeaf(before, after)
      return compareLists(atom.list!, left, right)
    }
    default:
      return compareLeaf(before, after)
  }
}

function compareLeaf(before: unknown, after: unknown): Difference | undefined {
  if (before === undefined) return addedLeaf
  if (after === undefined) return removedLeaf
  return deepEqual(before, after) ? undefined : modifiedLeaf
}

function isEmptyMap(map: JsonMap | undefined): boolean {
  if (map) for (const key in map) if (map[key] !== undefined) return false
  return true
}

/** Collects what is found below one place. */
class Collector {
  #added: Record<PathElement, FieldSet> | undefined
  #modified: Record<PathElement, FieldSet> | undefined
  #removed: Record<PathElement, FieldSet> | undefined

  take(element: PathElement, difference: Difference | undefined): void {
    if (difference === undefined) return
    const { added, modified, removed } = difference
    if (added) {
      this.#added ??= {}
      this.#added[element] = added
    }
    if (modified) {
      this.#modified ??= {}
      this.#modified[element] = modified
    }
    if (removed) {
      this.#removed ??= {}
      this.#removed[element] = removed
    }
  }

  difference(): Difference | undefined {
    if (!this.#added && !this.#modified && !this.#removed) return undefined
    return {
      added: this.#added && sorted(this.#added),
      modified: this.#modified && sorted(this.#modified),
      removed: this.#removed && sorted(this.#removed),
    }
  }
}

function compareMaps(map: MapAtom, before: JsonMap, after: JsonMap): Difference | undefined {
  const found = new Collector()
  const visit = (key: string, left: unknown, right: unknown): void => {
    const field = map.fields.get(key)
    const atom = field?.atom ?? map.value
    if (atom) found.take(field?.element ?? fieldElement(key), compareNodes(atom, left, right))
  }
  for (const key in after) {
    const left = own(before, key)
    const right = after[key]
    if (left !== right) visit(key, left, right)
  }
  for (const key in before)
    if (before[key] !== undefined && !Object.hasOwn(after, key)) visit(key, before[key], undefined)
  return found.difference()
}

function compareLists(list: ListAtom, before: readonly unknown[], after: readonly unknown[]): Difference | undefined {
  const left = itemsOf(list, before)
  const right = itemsOf(list, after)
  const found = new Collector()
  for (const [element, items] of left) found.take(element, compareItems(list.item, items, right.get(element) ?? []))
  for (const [element, items] of right) if (!left.has(element)) found.take(element, compareItems(list.item, [], items))
  return found.difference()
}

function itemsOf(list: ListAtom, items: readonly unknown[]): Map<PathElement, unknown[]> {
  const found = new Map<PathElement, unknown[]>()
  for (const item of items) {
    const element = itemElement(list, item)
    const known = found.get(element)
    if (known) known.push(item)
    else found.set(element, [item])
  }
  return found
}

/** Items that stand in a list several times under one element are compared as one. */
function compareItems(atom: Atom, left: readonly unknown[], right: readonly unknown[]): Difference | undefined {
  if (left.length <= 1 && right.length <= 1) return compareNodes(atom, left[0], right[0])
  if (left.length >= 2 && right.length >= 2) return deepEqual(left, right) ? undefined : modifiedLeaf
  if (left.length >= 2) return both(right.length > 0 ? compareNodes(atom, undefined, right[0]) : undefined, removedLeaf)
  return both(left.length > 0 ? compareNodes(atom, left[0], undefined) : undefined, addedLeaf)
}
