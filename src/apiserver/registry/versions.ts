// Objects between the version they are stored in and the one they are served in: built-in kinds by registered conversions,
// custom ones as their definition says, which may be a webhook far away.

import { conversionBetween } from '../../api/conversion.ts'
import { apiVersionOf, type KubeObject, type ResourceDeclaration } from '../../api/resource.ts'
import type { StoredObject } from '../watchcache/stored-object.ts'

/** Names the version a resource is served in; of custom resources, the state of their definition too. */
export function servedAs(declaration: ResourceDeclaration): string {
  return declaration.custom?.id ?? apiVersionOf(declaration)
}

/** The object in the version it is served in. Where a webhook converts, `convertAhead` must have been awaited. */
export function servedObject(declaration: ResourceDeclaration, stored: StoredObject): KubeObject {
  const { custom } = declaration
  if (custom) return stored.form(custom.id, () => now(custom.fromStorage([stored.object]))[0]!)
  const convert = conversionBetween(declaration.kind, declaration.storage, declaration)
  if (!convert) return stored.object
  return stored.form(`object:${apiVersionOf(declaration)}`, () => convert(stored.object))
}

/** The object at another revision; what a webhook has converted stays converted. */
export function servedAtRevision(
  declaration: ResourceDeclaration,
  stored: StoredObject,
  revision: number,
): StoredObject {
  const moved = stored.atRevision(revision)
  const { custom } = declaration
  if (custom && stored.hasForm(custom.id)) {
    const served = servedObject(declaration, stored)
    const metadata = { ...served.metadata, resourceVersion: moved.object.metadata.resourceVersion }
    moved.keepForm(custom.id, { ...served, metadata })
  }
  return moved
}

function now<Value>(value: Value | Promise<Value>): Value {
  if (value instanceof Promise) {
    value.catch(() => {})
    throw new Error('an object was asked for before the webhook had converted it')
  }
  return value
}

/** Converts what has not been converted yet, all at once; undefined when there is nothing to wait for. */
export function convertAhead(
  declaration: ResourceDeclaration,
  stored: StoredObject | readonly StoredObject[],
): Promise<void> | undefined {
  const { custom } = declaration
  if (!custom) return undefined
  const all = Array.isArray(stored) ? (stored as readonly StoredObject[]) : [stored as StoredObject]
  const missing = all.filter(each => !each.hasForm(custom.id))
  if (missing.length === 0) return undefined
  const served = custom.fromStorage(missing.map(({ object }) => object))
  const keep = (objects: readonly KubeObject[]) => {
    for (const [index, each] of missing.entries()) each.keepForm(custom.id, objects[index]!)
  }
  if (served instanceof Promise) return served.then(keep)
  keep(served)
  return undefined
}

/** The object in the version it is stored in. */
export function storedForm(declaration: ResourceDeclaration, object: KubeObject): KubeObject | Promise<KubeObject> {
  if (declaration.custom) return declaration.custom.toStorage(object)
  return conversionBetween(declaration.kind, declaration, declaration.storage)?.(object) ?? object
}
