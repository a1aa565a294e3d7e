// A manager's set after its type has changed: what has become atomic is owned whole.

import type { Atom } from './atom.ts'
import {
  below,
  emptySet,
  type FieldSet,
  fieldSet,
  hasElement,
  isEmpty,
  recursiveDifference,
  union,
} from './field-set.ts'
import { type PathElement, self } from './path-element.ts'

/** Sets that have been found to fit their type: they are shared and never change. */
const fitting = new WeakMap<Atom, WeakSet<FieldSet>>()

/** The same set when nothing has changed. */
export function reconcileWithSchema(atom: Atom, set: FieldSet): FieldSet {
  let known = fitting.get(atom)
  if (known?.has(set)) return set
  const atomic: PathElement[][] = []
  visit(atom, set, false, [], atomic)
  if (atomic.length === 0) {
    known ??= new WeakSet()
    fitting.set(atom, known.add(set))
    return set
  }
  const whole = fieldSet(...atomic)
  return union(recursiveDifference(set, whole), whole)
}

/** Finds the places that are one thing now, but of which the set owns parts. */
function visit(atom: Atom, set: FieldSet, owned: boolean, path: readonly PathElement[], found: PathElement[][]): void {
  const { map, list } = atom
  if (map) {
    // Where anything may stand, nothing can have changed.
    if (map.fields.size === 0 && map.value?.scalar === 'untyped') return
    if (!map.atomic) descend(set, path, found, element => map.atomOf(element.slice(2)))
    else if (!owned && path.length > 0 && !isEmpty(set)) found.push([...path])
  } else if (list) {
    if (list.relation !== 'atomic') descend(set, path, found, () => list.item)
    else if (!owned && path.length > 0) found.push([...path])
  }
}

function descend(
  set: FieldSet,
  path: readonly PathElement[],
  found: PathElement[][],
  atomOf: (element: PathElement) => Atom | undefined,
): void {
  for (const element in set) {
    if (element === self) continue
    const atom = atomOf(element)
    if (!atom || (!atom.map && !atom.list)) continue
    const inner = isEmpty(set[element]!) ? emptySet : below(set, element)
    visit(atom, inner, hasElement(set, element) && isEmpty(inner), [...path, element], found)
  }
}
