// Which object owns which: metadata.ownerReferences.

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

interface Owned {
  readonly metadata?: { readonly ownerReferences?: readonly OwnerReference[] }
}

interface Owner {
  readonly metadata: { readonly name?: string; readonly uid?: string }
}

/** The one owner that manages the object. */
export function getControllerOf(object: Owned): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find(reference => reference.controller === true)
}

export function isControlledBy(object: Owned, owner: Owner): boolean {
  const uid = getControllerOf(object)?.uid
  return uid !== undefined && uid === owner.metadata.uid
}

/** For a child made by a controller: it goes when its owner goes, and holds up the owner's foreground deletion. */
export function newControllerRef(
  owner: Owner,
  kind: { readonly group: string; readonly version: string; readonly kind: string },
): OwnerReference {
  return {
    apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`,
    kind: kind.kind,
    name: owner.metadata.name ?? '',
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}
