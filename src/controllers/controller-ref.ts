// Whose an object is. A controller manages the objects that name it as their controller: matching ones that have none it
// adopts, those of its own that match no more it releases.

import type { ObjectMeta, OwnerReference } from '../api/meta/v1/objectmeta.ts'
import type { ResourceDeclaration } from '../api/resource.ts'
import type { Client } from '../client/client.ts'
import { controllerKey, controllerOf, controllerReference } from '../client/controller.ts'
import type { Lister } from '../client/indexed-store.ts'
import { deepEqual } from '../machinery/deep-equal.ts'
import type { Labels, Selector } from '../machinery/labels.ts'
import { isInvalid, isNotFound } from '../machinery/status-error.ts'

export interface Owned {
  readonly metadata: ObjectMeta
}

const strategicMerge = 'application/strategic-merge-patch+json'

export interface Claim<T extends Owned, Owner extends Owned> {
  readonly client: Client
  readonly owner: Owner
  readonly kind: ResourceDeclaration<Owner>
  readonly selector: Selector
  /** What else it takes for one of the owner's. */
  readonly admits?: (object: T) => boolean
  /** The candidates: what the owner has, and what has no controller. */
  readonly objects: readonly T[]
  readonly resource: ResourceDeclaration<T>
  /** What is put on with the owner, and taken off with it. */
  readonly finalizers?: readonly string[]
}

/** The objects that are the owner's, after adoption and release. */
export async function claimObjects<T extends Owned, Owner extends Owned>(claim: Claim<T, Owner>): Promise<T[]> {
  const { owner, selector, objects, admits = () => true } = claim
  const claimed: T[] = []
  const failures: unknown[] = []
  const mayAdopt = adoptionCheck(claim)
  for (const object of objects) {
    const reference = controllerOf(object)
    const matches = selector.matches(object.metadata.labels as Labels | undefined) && admits(object)
    if (reference && reference.uid !== owner.metadata.uid) continue
    try {
      if (reference) {
        if (matches) claimed.push(object)
        else if (!owner.metadata.deletionTimestamp) await release(claim, object)
      } else if (matches && !owner.metadata.deletionTimestamp && !object.metadata.deletionTimestamp) {
        await mayAdopt()
        const adopted = await adopt(claim, object)
        if (adopted) claimed.push(adopted)
      }
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return claimed
}

/** Asks the server itself, once, before the first adoption: a cache may not know yet that the owner is going. */
function adoptionCheck<T extends Owned, Owner extends Owned>({ client, kind, owner }: Claim<T, Owner>) {
  let checked: Promise<void> | undefined
  const check = async () => {
    const { namespace, name = '', uid } = owner.metadata
    const fresh = await client.resource(kind).namespace(namespace).get(name)
    if (fresh.metadata.uid !== uid)
      throw new Error(
        `original ${kind.kind} ${namespace}/${name} is gone: got uid ${fresh.metadata.uid}, wanted ${uid}`,
      )
    if (fresh.metadata.deletionTimestamp)
      throw new Error(`${namespace}/${name} has just been deleted at ${fresh.metadata.deletionTimestamp}`)
  }
  return () => (checked ??= check())
}

/** Undefined when the object is gone. */
async function adopt<T extends Owned, Owner extends Owned>(claim: Claim<T, Owner>, object: T): Promise<T | undefined> {
  const { client, resource, owner, kind, finalizers } = claim
  const { namespace, name = '', uid } = object.metadata
  try {
    return await client
      .resource(resource)
      .namespace(namespace)
      .patch(name, strategicMerge, {
        metadata: { uid, ownerReferences: [controllerReference(owner, kind)], ...(finalizers && { finalizers }) },
      })
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

async function release<T extends Owned, Owner extends Owned>(claim: Claim<T, Owner>, object: T): Promise<void> {
  const { client, resource, owner, finalizers } = claim
  const { namespace, name = '', uid } = object.metadata
  try {
    await client
      .resource(resource)
      .namespace(namespace)
      .patch(name, strategicMerge, {
        metadata: {
          uid,
          ownerReferences: [{ $patch: 'delete', uid: owner.metadata.uid }],
          ...(finalizers && { '$deleteFromPrimitiveList/finalizers': finalizers }),
        },
      })
  } catch (error) {
    // Invalid: it has been replaced by another of its name, or somebody took the reference away already.
    if (!isNotFound(error) && !isInvalid(error)) throw error
  }
}

/** The key of the object's controller, if the cache has that very object: one of the same name will not do. */
export function controllerKeyIn<Owner extends Owned>(
  object: Owned,
  kind: ResourceDeclaration<Owner>,
  owners: Lister<Owner>,
): string | undefined {
  const key = controllerKey(object, kind)
  if (key === undefined) return undefined
  return owners.get(key)?.metadata.uid === controllerOf(object)!.uid ? key : undefined
}

/** Which owners care that a dependent changed: its controllers then and now, or those who may want to adopt it. */
export function ownersToTell<T extends Owned, Owner extends Owned>(
  { before, after }: { readonly before: T | undefined; readonly after: T | undefined },
  kind: ResourceDeclaration<Owner>,
  owners: Lister<Owner>,
  mayAdopt: (object: T) => Iterable<string>,
): Iterable<string> {
  if (before === after || owners.size === 0) return none
  const old = before && controllerOf(before)
  const now = after && controllerOf(after)
  const keys: string[] = []
  if (before && old && !sameReference(old, now)) {
    const key = controllerKeyIn(before, kind, owners)
    if (key !== undefined) keys.push(key)
  }
  if (!after) return keys
  if (now) {
    const key = controllerKeyIn(after, kind, owners)
    if (key !== undefined) keys.push(key)
  } else if (!after.metadata.deletionTimestamp) {
    const news = !before || old || !deepEqual(before.metadata.labels, after.metadata.labels)
    if (news) keys.push(...mayAdopt(after))
  }
  return keys
}

const none: readonly string[] = []

function sameReference(one: OwnerReference, other: OwnerReference | undefined): boolean {
  return one.uid === other?.uid
}

export const controllerOrOrphanIndex = 'controllerOrOrphan'

/** By the uid of the controller, or, without one, by namespace. */
export function byControllerOrOrphan(object: Owned): readonly string[] {
  return [controllerOf(object)?.uid ?? orphansOf(object.metadata.namespace)]
}

/** The index value of a namespace's objects without a controller. */
export function orphansOf(namespace: string | undefined): string {
  return `orphans/${namespace ?? ''}`
}

/** What `claimObjects` wants to choose from. Needs `controllerOrOrphanIndex`. */
export function candidates<T extends Owned>(objects: Lister<T>, owner: Owned): readonly T[] {
  return [
    ...objects.byIndex(controllerOrOrphanIndex, owner.metadata.uid ?? ''),
    ...objects.byIndex(controllerOrOrphanIndex, orphansOf(owner.metadata.namespace)),
  ]
}
