// Lists: Kubernetes' own functions, cel-go's list extension (version 3), sets, and what the map macros use.

import { CelRuntimeError } from '../errors.ts'
import { type Overload, overload } from '../overload.ts'
import { duration } from '../times.ts'
import {
  ArrayList,
  type BuiltMap,
  Duration,
  equal,
  ListValue,
  type MapValue,
  maxInt,
  maxUint,
  minInt,
  typeNameOf,
  Uint,
  type Value,
} from '../values.ts'
import { compareValues } from './standard.ts'

const fail = (message: string): never => {
  throw new CelRuntimeError(message)
}
const comparable = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'] as const

function isSorted(list: ListValue): boolean {
  for (let index = 1; index < list.size; index++)
    if (compareValues(list.at(index - 1), list.at(index)) > 0) return false
  return true
}

const best =
  (name: string, better: (order: number) => boolean) =>
  (list: ListValue): Value => {
    if (list.size === 0) return fail(`${name} called on empty list`)
    let found = list.at(0)
    for (const item of list) if (better(compareValues(found, item))) found = item
    return found
  }

const summed: readonly (readonly [type: string, add: (list: ListValue) => Value])[] = [
  [
    'int',
    list => {
      let total = 0n
      for (const item of list) {
        total += item as bigint
        if (total > maxInt || total < minInt) fail('integer overflow')
      }
      return total
    },
  ],
  [
    'uint',
    list => {
      let total = 0n
      for (const item of list) {
        total += (item as Uint).value
        if (total > maxUint) fail('unsigned integer overflow')
      }
      return new Uint(total)
    },
  ],
  [
    'double',
    list => {
      let total = 0
      for (const item of list) total += item as number
      return total
    },
  ],
  [
    'duration',
    list => {
      let total = 0n
      for (const item of list) total = duration(total + (item as Duration).nanos).nanos
      return new Duration(total)
    },
  ],
]

const kubernetesLists: readonly Overload[] = [
  ...comparable.flatMap(type => [
    overload(`list_${type}_is_sorted_bool`, `(list(${type})).isSorted(): bool`, isSorted),
    overload(
      `list_${type}_max_${type}`,
      `(list(${type})).max(): ${type}`,
      best('max', order => order < 0),
    ),
    overload(
      `list_${type}_min_${type}`,
      `(list(${type})).min(): ${type}`,
      best('min', order => order > 0),
    ),
  ]),
  ...summed.map(([type, add]) => overload(`list_${type}_sum_${type}`, `(list(${type})).sum(): ${type}`, add)),
  overload('list_a_index_of_int', '(list(T)).indexOf(T): int', (list: ListValue, item: Value) => {
    for (let index = 0; index < list.size; index++) if (equal(list.at(index), item)) return BigInt(index)
    return -1n
  }),
  overload('list_a_last_index_of_int', '(list(T)).lastIndexOf(T): int', (list: ListValue, item: Value) => {
    for (let index = list.size - 1; index >= 0; index--) if (equal(list.at(index), item)) return BigInt(index)
    return -1n
  }),
]

function slice(list: ListValue, start: bigint, end: bigint): ListValue {
  const cannot = `cannot slice(${start}, ${end}), `
  if (start < 0n || end < 0n) return fail(`${cannot}negative indexes not supported`)
  if (start > end) return fail(`${cannot}start index must be less than or equal to end index`)
  if (end > list.size) return fail(`${cannot}list is length ${list.size}`)
  return new ArrayList([...list].slice(Number(start), Number(end)))
}

function flatten(list: ListValue, depth = 1n): ArrayList {
  if (depth < 0n) return fail('level must be non-negative')
  const items: Value[] = []
  for (const item of list) {
    if (item instanceof ListValue && depth > 0n) items.push(...flatten(item, depth - 1n))
    else items.push(item)
  }
  return new ArrayList(items)
}

function sortByKeys(list: ListValue, keys: ListValue): ListValue {
  if (list.size !== keys.size) {
    const sizes = `${list.size} and ${keys.size} elements respectively`
    return fail(
      `@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got ${sizes}`,
    )
  }
  const pairs = [...list].map((item, index) => ({ item, key: keys.at(index) }))
  const first = pairs[0]
  if (first && pairs.some(pair => typeNameOf(pair.key) !== typeNameOf(first.key)))
    return fail('list elements must have the same type')
  pairs.sort((a, b) => compareValues(a.key, b.key))
  return new ArrayList(pairs.map(pair => pair.item))
}

function range(count: bigint): ArrayList {
  // As many as any budget allows to be made.
  if (count > 10_000_000n) return fail('list is too long')
  return new ArrayList(Array.from({ length: Math.max(0, Number(count)) }, (_, index) => BigInt(index)))
}

function distinct(list: ListValue): ArrayList {
  const items: Value[] = []
  for (const item of list) if (!items.some(other => equal(item, other))) items.push(item)
  return new ArrayList(items)
}

const extension: readonly Overload[] = [
  overload('list_slice', '(list(T)).slice(int, int): list(T)', slice),
  overload('list_flatten', '(list(list(T))).flatten(): list(T)', flatten),
  overload('list_flatten_int', '(list(dyn)).flatten(int): list(dyn)', flatten),
  ...comparable.flatMap(type => [
    overload(`list_${type}_sort`, `(list(${type})).sort(): list(${type})`, (list: ListValue) => sortByKeys(list, list)),
    overload(
      `list_${type}_sortByAssociatedKeys`,
      `(list(T)).@sortByAssociatedKeys(list(${type})): list(T)`,
      sortByKeys,
    ),
  ]),
  overload('lists_range', 'lists.range(int): list(int)', range),
  overload('list_reverse', '(list(T)).reverse(): list(T)', (list: ListValue) => new ArrayList([...list].reverse())),
  overload('list_distinct', '(list(T)).distinct(): list(T)', distinct),
]

const holds = (list: ListValue, item: Value): boolean => {
  for (const other of list) if (equal(other, item)) return true
  return false
}
const containsAll = (list: ListValue, items: ListValue): boolean => [...items].every(item => holds(list, item))

const sets: readonly Overload[] = [
  overload('list_sets_contains_list', 'sets.contains(list(T), list(T)): bool', containsAll),
  overload(
    'list_sets_equivalent_list',
    'sets.equivalent(list(T), list(T)): bool',
    (a: ListValue, b: ListValue) => containsAll(a, b) && containsAll(b, a),
  ),
  overload('list_sets_intersects_list', 'sets.intersects(list(T), list(T)): bool', (a: ListValue, b: ListValue) =>
    [...a].some(item => holds(b, item)),
  ),
]

function insert(map: BuiltMap, key: Value, value: Value): BuiltMap {
  if (!map.add(key, value))
    return fail(`insert failed: key ${typeof key === 'string' ? key : String(key)} already exists`)
  return map
}

const mapMacros: readonly Overload[] = [
  overload('@mapInsert_map_key_value', 'cel.@mapInsert(map(K, V), K, V): map(K, V)', insert),
  overload('@mapInsert_map_map', 'cel.@mapInsert(map(K, V), map(K, V)): map(K, V)', (map: BuiltMap, from: MapValue) => {
    for (const key of from.keys()) insert(map, key, from.find(key)!)
    return map
  }),
]

export const listFunctions: readonly Overload[] = [...kubernetesLists, ...extension, ...sets, ...mapMacros]
