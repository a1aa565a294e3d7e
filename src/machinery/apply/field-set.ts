// A set of paths into an object, in the form that metadata.managedFields has it (FieldsV1): nested objects whose keys are
// path elements. A node that holds nothing is in the set; one that holds others is in it when it says `.`:
//
//     { "f:spec": { "f:replicas": {}, "f:ports": { ".": {}, "k:{\"port\":80}": { ".": {}, "f:port": {} } } } }
//
// Sets are values: nothing here changes one. Keys stand in upstream's order, so `JSON.stringify` gives upstream's bytes.

import { compareElements, normalElement, type PathElement, PathElementError, self } from './path-element.ts'

export interface FieldSet {
  readonly [element: PathElement]: FieldSet
}

type Draft = Record<PathElement, FieldSet>

/** The empty set; inside of another, a path that is in it and holds nothing. */
export const leaf: FieldSet = Object.freeze({})
export const emptySet = leaf

export function isEmpty(set: FieldSet): boolean {
  for (const _ in set) return false
  return true
}

/** Whether a node inside a set is itself in it. */
function isMember(node: FieldSet): boolean {
  return self in node || isEmpty(node)
}

export function fieldSet(...paths: readonly (readonly PathElement[])[]): FieldSet {
  return paths.reduce((set, path) => union(set, pathSet(path)), emptySet)
}

function pathSet(path: readonly PathElement[]): FieldSet {
  return path.reduceRight((inner, element) => ({ [element]: inner }), leaf)
}

/** Whether the path is in the set (not merely something below it). */
export function hasPath(set: FieldSet, path: readonly PathElement[]): boolean {
  if (path.length === 0) return false
  let node: FieldSet | undefined = set
  for (const element of path) {
    node = node[element]
    if (node === undefined) return false
  }
  return isMember(node)
}

/** Whether the element itself is in the set. */
export function hasElement(set: FieldSet, element: PathElement): boolean {
  const node = set[element]
  return node !== undefined && isMember(node)
}

/** What the set holds below the element. */
export function below(set: FieldSet, element: PathElement): FieldSet {
  const node = set[element]
  if (node === undefined || isEmpty(node)) return emptySet
  if (!(self in node)) return node
  const { [self]: _, ...rest } = node
  return rest
}

/** A node out of what it holds; undefined when there is nothing to say. */
export function nodeOf(member: boolean, inner: FieldSet): FieldSet | undefined {
  if (isEmpty(inner)) return member ? leaf : undefined
  return member ? { [self]: leaf, ...inner } : inner
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a
  if (isEmpty(a)) return b
  return sorted(merged(a, b))
}

function merged(a: FieldSet, b: FieldSet): Draft {
  const out: Draft = { ...a }
  for (const element in b) {
    const [left, right] = [out[element], b[element]!]
    out[element] = left === undefined ? right : unionOfNodes(left, right)
  }
  return out
}

function unionOfNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a
  if (isEmpty(a)) return withSelf(b)
  if (isEmpty(b)) return withSelf(a)
  return sorted(merged(a, b))
}

function withSelf(node: FieldSet): FieldSet {
  return isMember(node) ? node : { [self]: leaf, ...node }
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const out: Draft = {}
  for (const element in a) {
    const [left, right] = [a[element]!, b[element]]
    if (right === undefined || element === self) continue
    const node = nodeOf(isMember(left) && isMember(right), intersection(left, right))
    if (node) out[element] = node
  }
  return out
}

/** The paths of `a` that are not in `b`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(b)) return a
  const out: Draft = {}
  for (const element in a) {
    if (element === self) continue
    const [left, right] = [a[element]!, b[element]]
    const node = right === undefined ? left : nodeOf(isMember(left) && !isMember(right), difference(bare(left), right))
    if (node) out[element] = node
  }
  return out
}

/** The paths of `a` that are neither in `b` nor below a path in `b`. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(b)) return a
  const out: Draft = {}
  for (const element in a) {
    if (element === self) continue
    const [left, right] = [a[element]!, b[element]]
    if (right === undefined) out[element] = left
    else if (!isMember(right)) {
      const node = nodeOf(isMember(left), recursiveDifference(bare(left), right))
      if (node) out[element] = node
    }
  }
  return out
}

/** Whether the sets have a path in common. */
export function overlaps(a: FieldSet, b: FieldSet): boolean {
  for (const element in b) {
    const [left, right] = [a[element], b[element]!]
    if (left === undefined || element === self) continue
    if ((isMember(left) && isMember(right)) || overlaps(left, right)) return true
  }
  return false
}

/** Whether every path of `a` is in `b`. */
export function isSubset(a: FieldSet, b: FieldSet): boolean {
  for (const element in a) {
    if (element === self) continue
    const [left, right] = [a[element]!, b[element]]
    if (right === undefined || (isMember(left) && !isMember(right)) || !isSubset(left, right)) return false
  }
  return true
}

/** A node without the word on itself. */
function bare(node: FieldSet): FieldSet {
  if (!(self in node)) return node
  const { [self]: _, ...rest } = node
  return rest
}

/** In a pattern, any one element. */
export const anyElement = '*'

/** A tree of path elements (or `anyElement`); its leaves stand for themselves and everything below. */
export interface PathPattern {
  readonly [element: string]: PathPattern
}

/** The paths that begin with one of the pattern's, and the way there. */
export function matching(set: FieldSet, pattern: PathPattern): FieldSet {
  if (isEmpty(pattern as FieldSet)) return set
  const out: Draft = {}
  for (const element in set) {
    const inner = pattern[element] ?? pattern[anyElement]
    if (inner === undefined || element === self) continue
    const node = set[element]!
    const kept = nodeOf(isMember(node), matching(bare(node), inner))
    if (kept) out[element] = kept
  }
  return out
}

/** In upstream's order: what is in the set at each level before what is below. */
export function paths(set: FieldSet): PathElement[][] {
  const out: PathElement[][] = []
  collect(set, [], out)
  return out
}

function collect(set: FieldSet, prefix: readonly PathElement[], out: PathElement[][]): void {
  for (const element in set) if (element !== self && isMember(set[element]!)) out.push([...prefix, element])
  for (const element in set) if (element !== self) collect(set[element]!, [...prefix, element], out)
}

/** The draft with its keys in order; itself when they already are. */
export function sorted(draft: FieldSet): FieldSet {
  let last: string | undefined
  for (const element in draft) {
    if (last !== undefined && compareElements(last, element) > 0) {
      const out: Draft = {}
      for (const key of Object.keys(draft).sort(compareElements)) out[key] = draft[key]!
      return out
    }
    last = element
  }
  return draft
}

// ---- sets that many objects share ----------------------------------------------------------------------------------

/** Objects of one shape have the same sets: each is kept once, frozen, with its text. */
const shared = new Map<string, FieldSet>()
const texts = new WeakMap<FieldSet, string>()
const mostShared = 5_000

/** The one set with this text, which must be in normal form. */
export function sharedSet(text: string): FieldSet {
  let set = shared.get(text)
  if (!set) {
    set = freeze(JSON.parse(text) as FieldSet)
    if (shared.size >= mostShared) shared.clear()
    shared.set(text, set)
    texts.set(set, text)
  }
  return set
}

function freeze(set: FieldSet): FieldSet {
  for (const element in set) freeze(set[element]!)
  return Object.freeze(set)
}

/** The JSON of a shared set; undefined for any other. */
export function sharedText(set: FieldSet): string | undefined {
  return texts.get(set)
}

/** The shared form of a set that is in normal form. */
export function share(set: FieldSet): FieldSet {
  return texts.has(set) ? set : sharedSet(JSON.stringify(set))
}

/** The shared, normal form of what a client sent as fieldsV1. Throws a `PathElementError`. */
export function readFieldSet(value: unknown): FieldSet {
  if (value === undefined || value === null) return sharedSet('{}')
  if (texts.has(value as FieldSet)) return value as FieldSet
  return share(normal(value))
}

function normal(value: unknown): FieldSet {
  if (value === null) return leaf
  if (typeof value !== 'object' || Array.isArray(value)) throw new PathElementError('expect { or n')
  const out: Draft = {}
  for (const [key, inner] of Object.entries(value)) {
    if (key === self) {
      out[self] = leaf
      continue
    }
    const element = normalElement(key)
    if (element !== undefined) out[element] = normal(inner)
  }
  const keys = Object.keys(out)
  return keys.length === 1 && keys[0] === self ? leaf : sorted(out)
}
