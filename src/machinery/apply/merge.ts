// An applied object laid over the live one: what the applied object says wins, the rest stays. Lists with keys and sets
// keep the live order, unless the applied object orders their common items otherwise.

import { setKey } from '../own-value.ts'
import { type Atom, isMap, itemElement, type JsonMap, type ListAtom, type MapAtom, own, shapeOf } from './atom.ts'
import { type PathElement, printElement } from './path-element.ts'

export class MergeError extends Error {}

/** Shares the unchanged parts with both. Undefined when nothing is left. */
export function merge(atom: Atom, live: unknown, applied: unknown): unknown {
  if (applied === undefined) return live
  if (live === undefined || live === applied) return applied
  const shape = shapeOf(atom, applied)
  if (shape === 'scalar' || shapeOf(atom, live) !== shape) return applied
  if (shape === 'map') {
    const [left, right] = [isMap(live) ? live : {}, isMap(applied) ? applied : {}]
    if (atom.map!.atomic || (isEmpty(left) && isEmpty(right))) return applied
    return mergeMaps(atom.map!, left, right)
  }
  const [left, right] = [Array.isArray(live) ? live : [], Array.isArray(applied) ? applied : []]
  if (atom.list!.relation === 'atomic' || (left.length === 0 && right.length === 0)) return applied
  return mergeLists(atom.list!, left, right)
}

function isEmpty(map: JsonMap): boolean {
  for (const key in map) if (map[key] !== undefined) return false
  return true
}

function mergeMaps(map: MapAtom, live: JsonMap, applied: JsonMap): JsonMap | undefined {
  const out: JsonMap = { ...live }
  for (const key in applied) {
    const atom = map.atomOf(key)
    const value = atom ? merge(atom, own(live, key), applied[key]) : applied[key]
    if (value === undefined) delete out[key]
    else setKey(out, key, value)
  }
  return isEmpty(out) ? undefined : out
}

function elementsOf(list: ListAtom, items: readonly unknown[], duplicates: boolean) {
  const elements = items.map(item => itemElement(list, item))
  const first = new Map<PathElement, unknown>()
  elements.forEach((element, index) => {
    // Of an item that is there more than once nothing can be merged.
    if (first.has(element)) {
      if (!duplicates) throw new MergeError(`duplicate entries for key ${printElement(element)}`)
      first.set(element, null)
    } else first.set(element, items[index])
  })
  return { elements, first }
}

function mergeLists(list: ListAtom, live: readonly unknown[], applied: readonly unknown[]): unknown[] | undefined {
  const right = elementsOf(list, applied, false)
  const left = elementsOf(list, live, true)
  const out: unknown[] = []
  const put = (value: unknown): void => {
    if (value !== undefined) out.push(value)
  }
  const mergeItem = (element: PathElement): void =>
    put(
      left.first.has(element)
        ? merge(list.item, left.first.get(element), right.first.get(element))
        : right.first.get(element),
    )
  // The items both have, in the applied order: they decide when an applied item's turn is.
  const common = right.elements.filter(element => left.first.has(element))
  let nextCommon = 0
  const merged = new Set<PathElement>()
  let [l, r] = [0, 0]
  while (l < left.elements.length || r < right.elements.length) {
    const [ours, theirs] = [left.elements[l], right.elements[r]]
    if (ours !== undefined && theirs !== undefined) {
      if (ours === theirs) {
        merged.add(ours)
        mergeItem(ours)
        l++
        r++
        nextCommon++
        continue
      }
      const awaited = common[nextCommon]
      if (right.first.has(ours) && awaited !== undefined && awaited !== ours) {
        l++
        continue
      }
    }
    if (ours !== undefined) {
      if (!right.first.has(ours)) {
        put(live[l])
        l++
        continue
      }
      if (merged.has(ours)) l++
    }
    if (theirs !== undefined) {
      merged.add(theirs)
      mergeItem(theirs)
      r++
      if (common[nextCommon] === theirs) nextCommon++
    }
  }
  return out.length > 0 ? out : undefined
}
