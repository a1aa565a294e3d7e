// The set of fields that creating an object makes its creator's: what `compare` with an empty object says was added or
// modified. Every create needs it. Objects of one shape share the set, so a walk only finds out which shape an object has.

import { wasSentEmpty } from '../codec/sent-empty.ts'
import { type Atom, isMap, itemElement, type JsonMap, type ListAtom, type MapAtom, own, shapeOf } from './atom.ts'
import { type FieldSet, hasElement, sharedSet } from './field-set.ts'
import { compareElements, fieldElement, type PathElement, self } from './path-element.ts'

/** Throws an `ItemError` for an item that cannot be told apart from others. `empty` is what a new object of the kind is before anything is said; `unowned` is left out, with all below it. */
export function createdFields(atom: Atom, empty: JsonMap, object: JsonMap, unowned: FieldSet): FieldSet {
  if (shapes > mostShapes) forgetShapes()
  return changedFields(atom.map!, empty, object, unowned).set
}

function changedFields(map: MapAtom, empty: JsonMap, value: JsonMap, unowned: FieldSet | undefined): Shape {
  let shape = noFields
  for (const name in value) {
    const item = value[name]
    const atom = map.atomOf(name)
    if (item === undefined || atom === undefined) continue
    const excluded = unowned?.[fieldElement(name)]
    if (excluded !== undefined && hasElement(unowned!, fieldElement(name))) {
      // Nobody owns it, but its items have to be told apart, too.
      if (typeof item === 'object' && item !== null) addedNode(atom, item)
      continue
    }
    const before = own(empty, name)
    const node =
      item === null && wasSentEmpty(value, name)
        ? '{}'
        : changedNode(atom, before === undefined ? excluded && {} : before, item, excluded)
    if (node !== '') shape = shape.and(name, node)
  }
  return shape
}

/** Of what was there, though empty, only what is in it now counts. */
function changedNode(atom: Atom, empty: unknown, value: unknown, unowned: FieldSet | undefined): string {
  if (empty === undefined) return addedNode(atom, value)
  if (isMap(value) && atom.map && !atom.map.atomic)
    return changedFields(atom.map, isMap(empty) ? empty : {}, value, unowned).way
  if (Array.isArray(value) && atom.list && atom.list.relation !== 'atomic') return items(atom.list, value).way
  if (value === empty || (isHollow(value) && isHollow(empty))) return ''
  return '{}'
}

function isHollow(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  for (const key in value) if ((value as JsonMap)[key] !== undefined) return false
  return true
}

function addedNode(atom: Atom, value: unknown): string {
  switch (shapeOf(atom, value)) {
    case 'map':
      if (isMap(value) && !atom.map!.atomic) return addedFields(atom.map!, value).member
      break
    case 'list':
      if (Array.isArray(value) && atom.list!.relation !== 'atomic') return items(atom.list!, value).member
  }
  return '{}'
}

function addedFields(map: MapAtom, value: JsonMap): Shape {
  let shape = noFields
  for (const name in value) {
    const item = value[name]
    const atom = map.atomOf(name)
    if (item !== undefined && atom !== undefined) shape = shape.and(name, addedNode(atom, item))
  }
  return shape
}

function items(list: ListAtom, value: readonly unknown[]): Shape {
  let shape = noItems
  const seen = value.length > 1 ? new Set<PathElement>() : undefined
  for (const item of value) {
    const element = itemElement(list, item)
    // An item that stands there twice is one thing.
    shape = shape.and(element, seen?.has(element) ? '{}' : addedNode(list.item, item))
    seen?.add(element)
  }
  return shape
}

// ---- shapes --------------------------------------------------------------------------------------------------------

/** The fields (or items) that a value has, in its order, each with the node that a set has for it. Each shape is one object, which knows those with one field more. */
class Shape {
  /** What the names of elements begin with. */
  readonly #prefix: string
  readonly #before: Shape | undefined
  readonly #name: string
  readonly #node: string
  /** By name and node. */
  #next: Map<string, Map<string, Shape>> | undefined
  /** The one asked for last: most objects are like the one before. */
  #last: Shape | undefined
  #way: string | undefined
  #member: string | undefined
  #set: FieldSet | undefined

  constructor(prefix: string, before?: Shape, name = '', node = '') {
    this.#prefix = prefix
    this.#before = before
    this.#name = name
    this.#node = node
  }

  and(name: string, node: string): Shape {
    const last = this.#last
    if (last !== undefined && last.#name === name && last.#node === node) return last
    this.#next ??= new Map()
    let byNode = this.#next.get(name)
    if (byNode === undefined) {
      byNode = new Map()
      this.#next.set(name, byNode)
    }
    let next = byNode.get(node)
    if (next === undefined) {
      next = new Shape(this.#prefix, this, name, node)
      byNode.set(node, next)
      shapes++
    }
    this.#last = next
    return next
  }

  /** The node of what has this shape, when it is not in the set itself; '' when there is nothing to say. */
  get way(): string {
    this.#way ??= this.#before ? `{${this.#text()}}` : ''
    return this.#way
  }

  /** The node of what has this shape, when it is itself in the set. */
  get member(): string {
    this.#member ??= this.#before ? `{"${self}":{},${this.#text()}}` : '{}'
    return this.#member
  }

  get set(): FieldSet {
    this.#set ??= sharedSet(this.way || '{}')
    return this.#set
  }

  #text(): string {
    const nodes = new Map<PathElement, string>()
    for (let at: Shape = this; at.#before; at = at.#before) {
      const element = at.#prefix + at.#name
      // What stands there twice has said everything the first time.
      nodes.set(element, nodes.has(element) ? '{}' : at.#node)
    }
    return [...nodes.keys()]
      .sort(compareElements)
      .map(element => `${JSON.stringify(element)}:${nodes.get(element)}`)
      .join(',')
  }
}

const mostShapes = 20_000
let shapes = 0
let noFields = new Shape(fieldElement(''))
let noItems = new Shape('')

function forgetShapes(): void {
  shapes = 0
  noFields = new Shape(fieldElement(''))
  noItems = new Shape('')
}
