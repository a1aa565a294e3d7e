// The registry: every resource the server serves, and where it is kept.
//
// Comes in: declarations (built-in ones at start, custom ones as CRDs appear) and strategies. Goes out: for a request's
// group, version and resource, a `ServedResource` that the generic verbs work on.

import { groupResource, type ResourceDeclaration } from '../../api/resource.ts'
import type { Store } from '../../etcd/store.ts'
import type { Answer, RequestContext } from '../request.ts'
import type { ServerContext } from '../server-context.ts'
import { ResourceStorage } from './resource-storage.ts'
import type { Strategy } from './strategy.ts'

type GroupResource = Pick<ResourceDeclaration, 'group' | 'resource'>

/** Answers one verb of a subresource. */
export type SubresourceHandler = (server: ServerContext, resource: ServedResource, request: RequestContext) => Answer

export interface ServedResource {
  readonly declaration: ResourceDeclaration
  readonly strategy: Strategy
  /** undefined for resources that are not stored (reviews, bindings). */
  readonly storage: ResourceStorage | undefined
  /** What is served below the object; `''` overrides the resource's own verbs (reviews). */
  readonly subresources: ReadonlyMap<string, Readonly<Record<string, SubresourceHandler>>>
}

/** A resource that comes at run time. */
export interface Addition {
  readonly declaration: ResourceDeclaration
  readonly strategy: Strategy
  readonly subresources: Readonly<Record<string, Readonly<Record<string, SubresourceHandler>>>>
}

const idOf = ({ group, version, resource }: ResourceDeclaration): string => `${group}/${version}/${resource}`

export class Registry {
  readonly #store: Store
  readonly #storeFor: ((store: Store, of: GroupResource) => Store) | undefined
  readonly #storages = new Map<string, ResourceStorage>()
  readonly #served = new Map<string, ServedResource>()
  /** What came at run time, by who brought it (a CustomResourceDefinition's name). */
  readonly #brought = new Map<string, readonly ServedResource[]>()
  readonly #starting = new WeakMap<ResourceStorage, Promise<void>>()
  readonly #listeners = new Set<() => void>()

  /** `storeFor` puts something between the store and a resource: encryption. */
  constructor(store: Store, storeFor?: (store: Store, of: GroupResource) => Store) {
    this.#store = store
    this.#storeFor = storeFor
  }

  /** Adds a resource; its storage is shared with other versions of it. */
  add(
    declaration: ResourceDeclaration,
    strategy: Strategy,
    subresources: Readonly<Record<string, Readonly<Record<string, SubresourceHandler>>>>,
  ): ServedResource {
    const stored = declaration.verbs.includes('get') && declaration.verbs.includes('create')
    const resource: ServedResource = {
      declaration,
      strategy,
      storage: stored ? this.#storageFor(declaration) : undefined,
      subresources: new Map(Object.entries(subresources)),
    }
    this.#served.set(idOf(declaration), resource)
    this.changed()
    return resource
  }

  /**
   * Serves these in place of what the same owner brought before; nothing of it when there are none. Resolves when they
   * can be read. What the server is built with is never replaced.
   */
  async bring(owner: string, additions: readonly Addition[]): Promise<void> {
    const resources: ServedResource[] = []
    for (const { declaration, strategy, subresources } of additions) {
      const present = this.#served.get(idOf(declaration))
      if (present && !present.declaration.custom) continue
      const storage = await this.openStorage(declaration)
      resources.push({ declaration, strategy, storage, subresources: new Map(Object.entries(subresources)) })
    }
    for (const { declaration } of this.#brought.get(owner) ?? []) this.#served.delete(idOf(declaration))
    if (resources.length > 0) this.#brought.set(owner, resources)
    else this.#brought.delete(owner)
    for (const resource of resources) this.#served.set(idOf(resource.declaration), resource)
    this.changed()
  }

  /** Where a resource's objects are kept, when it comes at run time; resolves when they have been read. */
  async openStorage(declaration: ResourceDeclaration): Promise<ResourceStorage> {
    const storage = this.#storageFor(declaration)
    await this.#started(storage)
    return storage
  }

  /** Reads what is stored, once. */
  #started(storage: ResourceStorage): Promise<void> {
    let started = this.#starting.get(storage)
    if (!started) {
      started = storage.cache.start()
      this.#starting.set(storage, started)
    }
    return started
  }

  /** Forgets the objects of a resource that is no more. */
  closeStorage(name: string): void {
    this.#storages.get(name)?.cache.stop()
    this.#storages.delete(name)
  }

  /** Calls the listener after each change of what is served. Returns how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Reads every resource's objects into its cache. */
  async start(): Promise<void> {
    await Promise.all([...new Set(this.#storages.values())].map(storage => this.#started(storage)))
  }

  stop(): void {
    for (const storage of this.#storages.values()) storage.cache.stop()
  }

  find(group: string, version: string, resource: string): ServedResource | undefined {
    return this.#served.get(`${group}/${version}/${resource}`)
  }

  servesVersion(group: string, version: string): boolean {
    return this.#servesOf(group, version, () => true)
  }

  /** Not only custom resources. */
  servesBuiltIn(group: string, version: string): boolean {
    return this.#servesOf(group, version, ({ custom }) => !custom)
  }

  #servesOf(group: string, version: string, which: (declaration: ResourceDeclaration) => boolean): boolean {
    for (const { declaration } of this.#served.values())
      if (declaration.group === group && declaration.version === version && which(declaration)) return true
    return false
  }

  /** By `pods`, `deployments.apps`. Throws for what was never added: that is a mistake in the program. */
  storage(name: string): ResourceStorage {
    const storage = this.#storages.get(name)
    if (!storage) throw new Error(`no resource is stored under ${name}`)
    return storage
  }

  findStorage(name: string): ResourceStorage | undefined {
    return this.#storages.get(name)
  }

  resources(): Iterable<ServedResource> {
    return this.#served.values()
  }

  /** Tells the listeners. */
  changed(): void {
    for (const listener of this.#listeners) listener()
  }

  #storageFor(declaration: ResourceDeclaration): ResourceStorage {
    const name = groupResource({ group: declaration.storage.group, resource: declaration.resource })
    let storage = this.#storages.get(name)
    if (!storage) {
      const of = { group: declaration.storage.group, resource: declaration.resource }
      storage = new ResourceStorage(this.#storeFor?.(this.#store, of) ?? this.#store, {
        ...declaration,
        group: declaration.storage.group,
        version: declaration.storage.version,
      })
      this.#storages.set(name, storage)
      // The other group's name for the same objects (events).
      this.#storages.set(groupResource(declaration), storage)
    }
    return storage
  }
}
