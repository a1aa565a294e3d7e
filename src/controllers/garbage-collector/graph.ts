// Who owns whom, over all objects of all resources.
//
// Comes in: every object as informers see it. Goes out: nodes that should be looked at, because one of their owners is
// gone or going (`attemptToDelete`), or because their dependents are to be set free (`attemptToOrphan`).
//
// An owner that is referred to but has not been seen gets a *virtual* node, of the name its dependent gives it. Looking at
// the node asks the server whether there is such an object; if not, `virtualDeletion` treats it as one that was deleted.

import type { ObjectMeta, OwnerReference } from '../../api/meta/v1/objectmeta.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { Lru } from './lru.ts'

export const orphanFinalizer = 'orphan'
export const foregroundFinalizer = 'foregroundDeletion'

export interface Identity {
  readonly apiVersion: string
  readonly kind: string
  /** '' for what has none. */
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** What is kept of an object. */
export interface Metadata {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Pick<
    ObjectMeta,
    'name' | 'namespace' | 'uid' | 'resourceVersion' | 'ownerReferences' | 'finalizers' | 'deletionTimestamp'
  >
}

export interface Node {
  identity: Identity
  /** Most own nothing: those share one empty set. */
  dependents: ReadonlySet<Node>
  owners: readonly OwnerReference[]
  /** Goes, but only after those of its dependents that say so (foreground). */
  deletingDependents: boolean
  beingDeleted: boolean
  /** An informer has shown it. */
  observed: boolean
}

export interface GraphOutput {
  attemptToDelete(node: Node): void
  attemptToOrphan(node: Node): void
  /** The node names an owner that is in another namespace. */
  invalidNamespace(node: Node, owner: OwnerReference): void
}

const noOwners: readonly OwnerReference[] = []
const nobody: ReadonlySet<Node> = new Set()

export class OwnershipGraph {
  readonly #nodes = new Map<string, Node>()
  readonly #out: GraphOutput
  /** Owners known to be gone, so that each of a thousand dependents need not ask. */
  readonly #absent = new Lru<string>(500)

  constructor(out: GraphOutput) {
    this.#out = out
  }

  get(uid: string): Node | undefined {
    return this.#nodes.get(uid)
  }

  isAbsent(owner: Identity): boolean {
    return this.#absent.has(identityKey(owner))
  }

  addAbsent(owner: Identity): void {
    this.#absent.add(identityKey(owner))
  }

  /** An object is there, or has changed. */
  observed(object: Metadata, before: Metadata | undefined): void {
    const { metadata } = object
    const identity = identityOf(object)
    const owners = metadata.ownerReferences ?? noOwners
    let node = this.#nodes.get(identity.uid)
    if (!node) {
      node = {
        identity,
        dependents: nobody,
        owners,
        deletingDependents: isHeldBy(object, foregroundFinalizer),
        beingDeleted: !!metadata.deletionTimestamp,
        observed: true,
      }
      this.#nodes.set(identity.uid, node)
      this.#addToOwners(node, owners)
    } else {
      if (!node.observed) this.#becomesReal(node, identity)
      if (!deepEqual(node.owners, owners)) this.#changeOwners(node, owners)
      if (metadata.deletionTimestamp) node.beingDeleted = true
    }
    if (startsWaiting(before, object, orphanFinalizer)) this.#out.attemptToOrphan(node)
    else if (startsWaiting(before, object, foregroundFinalizer)) {
      node.deletingDependents = true
      for (const dependent of node.dependents) this.#out.attemptToDelete(dependent)
      this.#out.attemptToDelete(node)
    }
  }

  /** The object is gone. */
  deleted(object: Metadata): void {
    const node = this.#nodes.get(object.metadata.uid ?? '')
    if (node) this.#remove(node)
  }

  /** The server says that there is no such object; whether the node stands for it or for another of its uid is to be seen. */
  virtualDeletion(identity: Identity): void {
    const node = this.#nodes.get(identity.uid)
    if (!node) return
    const [matching, others] = partition(node.dependents, identity)
    const same = identityKey(node.identity) === identityKey(identity)
    if (node.observed ? same : others.length === 0) {
      this.#remove(node)
      return
    }
    // Some dependents name the owner otherwise: their word still stands.
    if (matching.length > 0) this.addAbsent(identity)
    for (const dependent of matching) this.#out.attemptToDelete(dependent)
    if (node.observed || !same) return
    const alternative = alternativeIdentity(others, identity)
    if (!alternative) return
    node.identity = alternative
    this.#out.attemptToDelete(node)
  }

  #remove(node: Node): void {
    this.#nodes.delete(node.identity.uid)
    this.#removeFromOwners(node, node.owners)
    if (node.dependents.size > 0) this.addAbsent(node.identity)
    for (const dependent of node.dependents) this.#out.attemptToDelete(dependent)
    for (const { uid } of node.owners) {
      const owner = this.#nodes.get(uid)
      if (owner?.deletingDependents) this.#out.attemptToDelete(owner)
    }
  }

  /** What a dependent called it may not be what it is. */
  #becomesReal(node: Node, identity: Identity): void {
    if (identityKey(node.identity) !== identityKey(identity)) {
      const [, doubtful] = partition(node.dependents, identity)
      for (const dependent of doubtful) {
        if (identity.namespace !== '' && dependent.identity.namespace !== identity.namespace)
          this.#reportNamespace(dependent, identity.uid)
        this.#out.attemptToDelete(dependent)
      }
      node.identity = identity
    }
    node.observed = true
  }

  #changeOwners(node: Node, owners: readonly OwnerReference[]): void {
    const before = new Map(node.owners.map(owner => [owner.uid, owner]))
    const after = new Map(owners.map(owner => [owner.uid, owner]))
    const removed = node.owners.filter(({ uid }) => !after.has(uid))
    const added = owners.filter(({ uid }) => !before.has(uid))
    const unblocked = [...removed, ...owners.filter(owner => !owner.blockOwnerDeletion)].filter(
      ({ uid }) => before.get(uid)?.blockOwnerDeletion,
    )
    for (const { uid } of unblocked) {
      const owner = this.#nodes.get(uid)
      if (owner) this.#out.attemptToDelete(owner)
    }
    node.owners = owners
    this.#removeFromOwners(node, removed)
    this.#addToOwners(node, added)
  }

  #addToOwners(node: Node, owners: readonly OwnerReference[]): void {
    let doubtful = false
    for (const reference of owners) {
      const owner = this.#nodes.get(reference.uid)
      if (!owner) {
        const { apiVersion, kind, name, uid } = reference
        const made: Node = {
          identity: { apiVersion, kind, namespace: node.identity.namespace, name, uid },
          dependents: new Set([node]),
          owners: noOwners,
          deletingDependents: false,
          beingDeleted: false,
          observed: false,
        }
        this.#nodes.set(uid, made)
        this.#out.attemptToDelete(made)
        continue
      }
      addDependent(owner, node)
      if (doubtful) continue
      if (owner.identity.namespace !== '' && owner.identity.namespace !== node.identity.namespace) {
        if (owner.observed) this.#reportNamespace(node, reference.uid)
        doubtful = true
      } else if (!isReferenceTo(reference, owner.identity)) doubtful = true
      // Something without a namespace has named it; whether it has one is not known.
      else if (!owner.observed && owner.identity.namespace !== node.identity.namespace) doubtful = true
    }
    if (doubtful) this.#out.attemptToDelete(node)
  }

  #removeFromOwners(node: Node, owners: readonly OwnerReference[]): void {
    for (const { uid } of owners) {
      const owner = this.#nodes.get(uid)
      if (owner) removeDependent(owner, node)
    }
  }

  #reportNamespace(node: Node, uid: string): void {
    const reference = node.owners.find(owner => owner.uid === uid)
    if (reference) this.#out.invalidNamespace(node, reference)
  }
}

function addDependent(owner: Node, dependent: Node): void {
  if (owner.dependents === nobody) owner.dependents = new Set([dependent])
  else (owner.dependents as Set<Node>).add(dependent)
}

function removeDependent(owner: Node, dependent: Node): void {
  if (owner.dependents !== nobody) (owner.dependents as Set<Node>).delete(dependent)
}

export function identityOf({ apiVersion, kind, metadata }: Metadata): Identity {
  return { apiVersion, kind, namespace: metadata.namespace ?? '', name: metadata.name ?? '', uid: metadata.uid ?? '' }
}

function identityKey({ apiVersion, kind, namespace, name, uid }: Identity): string {
  return `${apiVersion}|${kind}|${namespace}|${name}|${uid}`
}

function isReferenceTo(reference: OwnerReference, { apiVersion, kind, name, uid }: Identity): boolean {
  return (
    reference.uid === uid && reference.name === name && reference.kind === kind && reference.apiVersion === apiVersion
  )
}

/** The dependents that mean this very owner, and those that give it another name, kind or namespace. */
function partition(dependents: Iterable<Node>, owner: Identity): [matching: Node[], others: Node[]] {
  const [matching, others]: [Node[], Node[]] = [[], []]
  for (const dependent of dependents) {
    const references = dependent.owners.filter(({ uid }) => uid === owner.uid)
    const inReach = owner.namespace === '' || owner.namespace === dependent.identity.namespace
    const matches = references.map(reference => inReach && isReferenceTo(reference, owner))
    if (matches.includes(true)) matching.push(dependent)
    if (matches.includes(false)) others.push(dependent)
  }
  return [matching, others]
}

/** Another name that dependents give to the owner: the next after the one that was tried, in a fixed order. */
function alternativeIdentity(dependents: readonly Node[], tried: Identity): Identity | undefined {
  const known = new Map<string, Identity>()
  for (const { owners, identity } of dependents)
    for (const reference of owners) {
      const { apiVersion, kind, name, uid } = reference
      if (uid !== tried.uid) continue
      if (isReferenceTo(reference, tried) && ['', identity.namespace].includes(tried.namespace)) continue
      // What has no namespace under one name has none under another.
      const isClusterScoped = tried.namespace === '' && kind === tried.kind && apiVersion === tried.apiVersion
      const candidate = { apiVersion, kind, namespace: isClusterScoped ? '' : identity.namespace, name, uid }
      known.set(orderOf(candidate), candidate)
    }
  known.delete(orderOf(tried))
  const keys = [...known.keys()].sort()
  const next = keys.find(key => key > orderOf(tried)) ?? keys[0]
  return next === undefined ? undefined : known.get(next)
}

const orderOf = ({ apiVersion, kind, namespace, name, uid }: Identity): string =>
  [kind, apiVersion, namespace, name, uid].join('\0')

/** It goes, and this finalizer holds it. */
export function isHeldBy({ metadata }: Metadata, finalizer: string): boolean {
  return !!metadata.deletionTimestamp && (metadata.finalizers?.includes(finalizer) ?? false)
}

function startsWaiting(before: Metadata | undefined, after: Metadata, finalizer: string): boolean {
  return isHeldBy(after, finalizer) && !(before && isHeldBy(before, finalizer))
}
