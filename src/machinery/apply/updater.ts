// Who owns which field after a write: the two ways to write, and what they do to everybody's sets.
//
// update: the writer owns what it added or changed; nobody owns what is gone; others lose what was changed.
// apply: the applied object is laid over the live one; the applier owns what its object mentions, and what it no longer
// mentions goes, unless someone else owns it too. To change what another owns is a conflict, unless forced.

import { deepEqual } from '../deep-equal.ts'
import type { Atom } from './atom.ts'
import { type Comparison, compare } from './compare.ts'
import {
  difference,
  emptySet,
  type FieldSet,
  intersection,
  isEmpty,
  isSubset,
  overlaps,
  paths,
  union,
} from './field-set.ts'
import { fieldSetOf } from './field-set-of.ts'
import { type Manager, type ManagerName, type Managers, managerKey } from './managed-fields.ts'
import { merge } from './merge.ts'
import { type PathElement, printPath } from './path-element.ts'
import { reconcileWithSchema } from './reconcile.ts'
import { removeFields, withNamedFields } from './remove.ts'

export interface TypedObject {
  readonly apiVersion: string
  readonly atom: Atom
  readonly value: object
}

export interface Rules {
  /** The object in another version; undefined when that version is no longer served. */
  convert(object: TypedObject, apiVersion: string): TypedObject | undefined
  /** Leaves out of a set what this way of writing cannot change. */
  filter(set: FieldSet): FieldSet
  /** What nobody owns: the object's identity and what the server keeps. */
  readonly unowned: FieldSet
}

export interface Conflict {
  readonly manager: Manager
  readonly path: readonly PathElement[]
}

export class Conflicts extends Error {
  readonly conflicts: readonly Conflict[]

  constructor(conflicts: readonly Conflict[]) {
    super(conflicts.map(({ manager, path }) => `conflict with "${manager.manager}": ${printPath(path)}`).join('\n'))
    this.conflicts = conflicts
  }
}

/** The managers after `next` has replaced `live`; the same map when nothing has changed for anyone. */
export function update(
  rules: Rules,
  live: TypedObject,
  next: TypedObject,
  managers: Managers,
  writer: ManagerName,
  time: string,
): Managers {
  const known = reconciled(rules, live, managers)
  const comparison = filtered(rules, compare(live.atom, live.value, next.value))
  const remaining = withoutChanged(rules, live, next, comparison, known, undefined)
  const own = difference(written(comparison), rules.unowned)
  if (isEmpty(own)) return remaining
  const key = managerKey(writer)
  const before = remaining.get(key)
  const fields = before ? (isSubset(own, before.fields) ? before.fields : union(own, before.fields)) : own
  return new Map(remaining).set(key, { ...writer, time, fields })
}

export interface Applied {
  /** Undefined when the live object already is what it should be. */
  readonly value: object | undefined
  readonly managers: Managers
}

/** Throws `Conflicts`. */
export function apply(
  rules: Rules,
  live: TypedObject,
  applied: TypedObject,
  managers: Managers,
  applier: ManagerName,
  options: { readonly force: boolean; readonly time: string },
): Applied {
  const known = new Map(reconciled(rules, live, managers))
  const key = managerKey(applier)
  const last = known.get(key)
  const own: Manager = { ...applier, time: last?.time, fields: rules.filter(fieldSetOf(applied.atom, applied.value)) }
  known.set(key, own)
  const merged = { ...live, value: (merge(live.atom, live.value, applied.value) ?? {}) as object }
  const next = last ? prune(rules, merged, known, last, applied.apiVersion) : merged
  const conflicts: Conflict[] = []
  let after = known
  // Nobody else owns anything of what is new.
  if (known.size > 1) {
    const comparison = filtered(rules, compare(live.atom, live.value, next.value))
    after = new Map(withoutChanged(rules, live, next, comparison, known, key, conflicts))
  }
  if (!options.force && conflicts.length > 0) throw new Conflicts(conflicts)
  const fields = difference(own.fields, rules.unowned)
  const unchanged = deepEqual(live.value, next.value)
  if (isEmpty(fields)) after.delete(key)
  else after.set(key, unchanged ? { ...own, fields } : { ...own, fields, time: options.time })
  return { value: unchanged ? undefined : next.value, managers: after }
}

function filtered(rules: Rules, { added, modified, removed }: Comparison): Comparison {
  return { added: rules.filter(added), modified: rules.filter(modified), removed: rules.filter(removed) }
}

/** Types change between releases. */
function reconciled(rules: Rules, live: TypedObject, managers: Managers): Managers {
  let changed: Managers | undefined
  for (const [key, manager] of managers) {
    const typed = rules.convert(live, manager.apiVersion)
    const fields = typed && reconcileWithSchema(typed.atom, manager.fields)
    if (fields === manager.fields) continue
    changed ??= new Map(managers)
    // What a version that is gone says means nothing any more.
    if (!fields) changed.delete(key)
    else changed.set(key, { ...manager, fields })
  }
  return changed ?? managers
}

const written = ({ modified, added }: Comparison): FieldSet => union(modified, added)

/** Takes from all managers but one what the write changes, and tells `conflicts`, if asked for, what that was. */
function withoutChanged(
  rules: Rules,
  live: TypedObject,
  next: TypedObject,
  comparison: Comparison,
  managers: Managers,
  except: string | undefined,
  conflicts?: Conflict[],
): Managers {
  const versions = new Map<string, Comparison | undefined>([[next.apiVersion, comparison]])
  let changed: Managers | undefined
  for (const [key, manager] of managers) {
    if (key === except) continue
    if (!versions.has(manager.apiVersion)) versions.set(manager.apiVersion, compareAt(rules, live, next, manager))
    const inVersion = versions.get(manager.apiVersion)
    let fields = inVersion ? manager.fields : emptySet
    if (inVersion) {
      const taken = written(inVersion)
      if (overlaps(fields, taken)) {
        if (conflicts) for (const path of paths(intersection(fields, taken))) conflicts.push({ manager, path })
        fields = difference(fields, taken)
      }
      if (overlaps(fields, inVersion.removed)) fields = difference(fields, inVersion.removed)
    }
    if (fields === manager.fields && !isEmpty(fields)) continue
    changed ??= new Map(managers)
    if (isEmpty(fields)) changed.delete(key)
    else changed.set(key, { ...manager, fields })
  }
  return changed ?? managers
}

function compareAt(
  rules: Rules,
  live: TypedObject,
  next: TypedObject,
  { apiVersion }: Manager,
): Comparison | undefined {
  const before = rules.convert(live, apiVersion)
  const after = rules.convert(next, apiVersion)
  return before && after && filtered(rules, compare(before.atom, before.value, after.value))
}

/** Takes away what the applier mentioned last time and no longer does, unless another owns it. */
function prune(rules: Rules, merged: TypedObject, managers: Managers, last: Manager, apiVersion: string): TypedObject {
  if (isEmpty(last.fields)) return merged
  const inLast = rules.convert(merged, last.apiVersion)
  if (!inLast) return merged
  const lastFields = withNamedFields(inLast.atom, last.fields)
  let pruned = without(inLast, lastFields)
  pruned = addBackOwned(rules, inLast, pruned, managers, last.apiVersion)
  pruned = addBackDangling(rules, inLast, pruned, lastFields)
  return rules.convert(pruned, apiVersion) ?? merged
}

function without(object: TypedObject, fields: FieldSet): TypedObject {
  if (isEmpty(fields)) return object
  return { ...object, value: (removeFields(object.atom, object.value, fields) ?? {}) as object }
}

function addBackOwned(
  rules: Rules,
  merged: TypedObject,
  pruned: TypedObject,
  managers: Managers,
  prunedVersion: string,
): TypedObject {
  const owned = new Map<string, FieldSet>()
  for (const { apiVersion, fields } of managers.values())
    owned.set(apiVersion, union(owned.get(apiVersion) ?? emptySet, fields))
  let result = pruned
  // The version it is pruned in comes first.
  for (const version of new Set([prunedVersion, ...owned.keys()])) {
    const fields = owned.get(version)
    if (!fields) continue
    const [whole, rest] = [rules.convert(merged, version), rules.convert(result, version)]
    if (!whole || !rest) continue
    const gone = difference(namedFieldsOf(whole), union(namedFieldsOf(rest), withNamedFields(whole.atom, fields)))
    result = without(whole, gone)
  }
  return result
}

/** Keeps what nobody owns but is there (an item that a default or another object filled in). */
function addBackDangling(rules: Rules, merged: TypedObject, pruned: TypedObject, lastFields: FieldSet): TypedObject {
  const rest = rules.convert(pruned, merged.apiVersion)
  if (!rest) return merged
  return without(merged, intersection(difference(namedFieldsOf(merged), namedFieldsOf(rest)), lastFields))
}

function namedFieldsOf({ atom, value }: TypedObject): FieldSet {
  return withNamedFields(atom, fieldSetOf(atom, value))
}
