// Several OpenAPI v2 documents as one. Paths that are there already stay; definitions of the same name that say something
// else get another name (`_v2`, `_v3`, …), and whatever refers to them follows.

import { deepEqual } from '../../machinery/deep-equal.ts'
import { jsonText } from '../../machinery/json/write.ts'
import type { OpenAPIv2 } from '../endpoints/openapi.ts'

const prefix = '#/definitions/'

/** Only the operations below the path, and the definitions that they use. */
export function belowPath(document: OpenAPIv2, path: string): OpenAPIv2 {
  const paths = Object.fromEntries(Object.entries(document.paths ?? {}).filter(([name]) => name.startsWith(path)))
  const all = document.definitions ?? {}
  const used = new Set<string>()
  const visit = (value: unknown): void => {
    for (const name of referencesIn(value)) {
      if (used.has(name)) continue
      used.add(name)
      visit(all[name])
    }
  }
  // Shared parameters are referred to by operations, and may refer to definitions.
  visit([paths, (document as { parameters?: object }).parameters])
  const definitions = Object.fromEntries(Object.entries(all).filter(([name]) => used.has(name)))
  return { ...document, paths, definitions }
}

export function mergeV2(base: OpenAPIv2, others: readonly OpenAPIv2[]): OpenAPIv2 {
  if (others.length === 0) return base
  const paths: Record<string, object> = { ...base.paths }
  const definitions: Record<string, object> = { ...base.definitions }
  let parameters = (base as { parameters?: Record<string, object> }).parameters
  for (const other of others) {
    const added = Object.fromEntries(Object.entries(other.paths).filter(([path]) => !(path in paths)))
    const names = newNames(definitions, other.definitions)
    const renamed = names.size === 0 ? other.definitions : withNames(other.definitions, names)
    for (const [name, definition] of Object.entries(renamed)) definitions[names.get(name) ?? name] ??= definition
    Object.assign(paths, names.size === 0 ? added : withNames(added, names))
    const { parameters: more } = other as { parameters?: Record<string, object> }
    if (more) parameters = { ...withNames(more, names), ...parameters }
  }
  return { ...base, paths, definitions, ...(parameters && { parameters }) }
}

/** For the definitions that mean something else under their own name. */
function newNames(
  known: Readonly<Record<string, object>>,
  added: Readonly<Record<string, object>>,
): Map<string, string> {
  const names = new Map<string, string>()
  for (const [name, definition] of Object.entries(added)) {
    const there = known[name]
    if (there === undefined || there === definition || sameMeaning(there, definition)) continue
    let number = 2
    let other = `${name}_v${number}`
    while ((other in known && !sameMeaning(known[other]!, definition)) || other in added) {
      number++
      other = `${name}_v${number}`
    }
    names.set(name, other)
  }
  return names
}

/** Which kinds a definition is (each server knows others) makes it no other definition. */
function sameMeaning(one: object, other: object): boolean {
  const bare = ({ 'x-kubernetes-group-version-kind': _kinds, ...rest }: Record<string, unknown>) => rest
  return deepEqual(bare(one as Record<string, unknown>), bare(other as Record<string, unknown>))
}

function withNames<Of extends Readonly<Record<string, object>>>(value: Of, names: ReadonlyMap<string, string>): Of {
  return JSON.parse(jsonText(value), (key, of) => {
    if (key !== '$ref' || typeof of !== 'string' || !of.startsWith(prefix)) return of
    const name = of.slice(prefix.length)
    return prefix + (names.get(name) ?? name)
  }) as Of
}

function* referencesIn(value: unknown): Iterable<string> {
  if (typeof value !== 'object' || value === null) return
  for (const [key, of] of Object.entries(value)) {
    if (key === '$ref' && typeof of === 'string') {
      if (of.startsWith(prefix)) yield of.slice(prefix.length)
    } else yield* referencesIn(of)
  }
}
