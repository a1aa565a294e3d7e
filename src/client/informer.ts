// Informers: a local, always current copy of a resource, with a call for every change.
//
// Comes in: a client and a resource's declaration. Goes out: a `Lister` to read from, and `added`/`updated`/`deleted`
// to every handler. `InformerFactory` shares one informer among all who ask for the same resource and selector, so a
// process holds each object once and keeps one watch for it. `reflector.ts` is what keeps the copy current.

import type { ResourceDeclaration } from '../api/resource.ts'
import { groupResource } from '../api/resource.ts'
import type { Env, Logger, Timer } from '../machinery/env/env.ts'
import type { Client } from './client.ts'
import { IndexedStore, type Indexer, type Lister } from './indexed-store.ts'
import { keyOf, metadataOf, type Named } from './object-key.ts'
import { Reflector } from './reflector.ts'

export type { Indexer, Lister } from './indexed-store.ts'

/** `before` and `after` as they are told of: it has come (no `before`), changed, or gone (no `after`). */
export interface Change<T> {
  readonly before: T | undefined
  readonly after: T | undefined
}

/** Called synchronously, after the store has changed. What a handler throws is logged and concerns no other handler. */
export interface InformerHandler<T> {
  /** `initial`: it was there when the informer (or this handler) started. */
  added?(object: T, initial: boolean): void
  /**
   * With the same object twice: a resync, nothing has changed. With two uids: the one was deleted and another of its name
   * created while nobody watched.
   */
  updated?(before: T, after: T): void
  /** `stale`: the deletion itself was missed; the object is as it was last seen. */
  deleted?(object: T, stale: boolean): void
  /** In place of the three. All handlers are told with the same value: there are a dozen for every pod. */
  changed?(change: Change<T>): void
}

export interface HandlerRegistration {
  /** No more calls. */
  remove(): void
}

export interface InformerOptions<T = any> {
  /** Only this namespace; all when absent. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly indexers?: Readonly<Record<string, Indexer<T>>>
  /** Call `updated(object, object)` for every object this often. Never when absent. */
  readonly resyncPeriodMs?: number
  /** Changes an object before it is stored (to drop what nobody reads). Gets it shared: must answer a new one. */
  transform?(object: T): T
  /** Start with a plain list instead of a watch that sends what there is first (WatchList). */
  readonly plainList?: boolean
}

export interface Informer<T> {
  readonly resource: ResourceDeclaration<T>
  readonly lister: Lister<T>
  /** What was there when it started is in the store, and every handler has been told. */
  readonly hasSynced: boolean
  /** Resolves once `hasSynced`; rejects with the signal's reason when that comes first. */
  synced(signal?: AbortSignal): Promise<void>
  /** The resourceVersion the store is true of; '' before the first sync. */
  readonly resourceVersion: string
  /** A handler that comes late is told of everything that is there first. */
  addHandler(handler: InformerHandler<T>): HandlerRegistration
  /** Adds an index; one of the same name stays as it is. */
  addIndex(name: string, indexer: Indexer<T>): void
}

/** An informer and the switch to run it; only the factory holds the switch. */
export class RunnableInformer<T> implements Informer<T> {
  readonly resource: ResourceDeclaration<T>
  readonly #store: IndexedStore<T>
  readonly #options: InformerOptions<T>
  readonly #client: Client
  readonly #env: Env
  readonly #log: Logger
  #handlers: InformerHandler<T>[] = []
  #reflector: Reflector<T> | undefined
  #resync: Timer | undefined
  #synced = false
  #waiters = new Set<() => void>()
  #resourceVersion = ''

  constructor(client: Client, env: Env, resource: ResourceDeclaration<T>, options: InformerOptions<T> = {}) {
    this.#client = client
    this.#env = env
    this.resource = resource
    this.#options = options
    this.#store = new IndexedStore<T>(options.indexers)
    this.#log = env.log.child({ informer: groupResource(resource) })
  }

  get lister(): Lister<T> {
    return this.#store
  }

  get hasSynced(): boolean {
    return this.#synced
  }

  get resourceVersion(): string {
    return this.#resourceVersion
  }

  synced(signal?: AbortSignal): Promise<void> {
    if (this.#synced) return Promise.resolve()
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onSync = () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const onAbort = () => {
        this.#waiters.delete(onSync)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiters.add(onSync)
    })
  }

  addHandler(handler: InformerHandler<T>): HandlerRegistration {
    this.#handlers = [...this.#handlers, handler]
    for (const object of this.#store.list()) this.#told([handler], undefined, object, true)
    return {
      remove: () => {
        this.#handlers = this.#handlers.filter(other => other !== handler)
      },
    }
  }

  addIndex(name: string, indexer: Indexer<T>): void {
    this.#store.addIndex(name, indexer)
  }

  start(): void {
    if (this.#reflector) return
    this.#reflector = new Reflector<T>(this.#client.resource(this.resource).namespace(this.#options.namespace), {
      env: { ...this.#env, log: this.#log },
      labelSelector: this.#options.labelSelector,
      fieldSelector: this.#options.fieldSelector,
      plainList: this.#options.plainList,
      sink: {
        replace: (objects, resourceVersion) => this.#replace(objects, resourceVersion),
        upsert: object => this.#upsert(this.#transformed(object), false),
        remove: object => this.#remove(object),
        resourceVersion: resourceVersion => {
          this.#resourceVersion = resourceVersion
        },
      },
    })
    this.#reflector.start()
    if (this.#options.resyncPeriodMs)
      this.#resync = this.#env.clock.setInterval(() => this.#resyncAll(), this.#options.resyncPeriodMs)
  }

  /** Ends the watch. The store stays readable, as it was last. Resolves when nothing more will be called. */
  async stop(): Promise<void> {
    this.#resync?.cancel()
    await this.#reflector?.stop()
  }

  #transformed(object: T): T {
    return this.#options.transform ? this.#options.transform(object) : object
  }

  #replace(objects: readonly T[], resourceVersion: string): void {
    const present = new Set<string>()
    for (const object of objects) {
      present.add(keyOf(object as Named))
      this.#upsert(this.#transformed(object), !this.#synced)
    }
    for (const key of this.#store.keys()) {
      if (present.has(key)) continue
      const gone = this.#store.delete(key)!
      this.#told(this.#handlers, gone, undefined, true)
    }
    this.#resourceVersion = resourceVersion
    if (this.#synced) return
    this.#synced = true
    for (const waiter of this.#waiters) waiter()
    this.#waiters.clear()
  }

  #upsert(object: T, initial: boolean): void {
    const key = keyOf(object as Named)
    const before = this.#store.get(key)
    // A relist brings everything again; what is the same is no news.
    if (before !== undefined && isSame(before, object)) return
    this.#store.set(object, key, before)
    this.#told(this.#handlers, before, object, initial)
  }

  #remove(object: T): void {
    if (this.#store.delete(keyOf(object as Named)) === undefined) return
    this.#told(this.#handlers, this.#transformed(object), undefined, false)
  }

  #resyncAll(): void {
    for (const object of this.#store.list()) this.#told(this.#handlers, object, object, false)
  }

  /** `special`: what has come was there before, what has gone went unseen. */
  #told(handlers: readonly InformerHandler<T>[], before: T | undefined, after: T | undefined, special: boolean): void {
    let change: Change<T> | undefined
    for (const handler of handlers) {
      try {
        if (handler.changed) {
          change ??= { before, after }
          handler.changed(change)
        } else if (before === undefined) handler.added?.(after!, special)
        else if (after === undefined) handler.deleted?.(before, special)
        else handler.updated?.(before, after)
      } catch (error) {
        this.#log.error('An informer handler failed', { error: error instanceof Error ? error.stack : String(error) })
      }
    }
  }
}

function isSame(before: unknown, after: unknown): boolean {
  const [old, now] = [metadataOf(before), metadataOf(after)]
  return old.resourceVersion !== undefined && old.resourceVersion === now.resourceVersion && old.uid === now.uid
}

export interface InformerFactoryOptions {
  /** For every informer that doesn't ask for another. */
  readonly resyncPeriodMs?: number
  /** Only this namespace, for every informer that doesn't ask for another. */
  readonly namespace?: string
}

function informerId(
  resource: ResourceDeclaration<any>,
  { namespace = '', labelSelector = '', fieldSelector = '' }: InformerOptions,
): string {
  return [groupResource(resource), resource.version, namespace, labelSelector, fieldSelector].join('|')
}

/** One informer per resource and selector, shared by all who ask. */
export class InformerFactory {
  readonly client: Client
  readonly #env: Env
  readonly #options: InformerFactoryOptions
  readonly #informers = new Map<string, RunnableInformer<any>>()
  #running = false

  constructor(client: Client, env: Env, options: InformerFactoryOptions = {}) {
    this.client = client
    this.#env = env
    this.#options = options
  }

  /**
   * The shared informer for the resource. Indexers that are not there yet are added to it; a different transform or
   * resync period than the first asker's is not taken up. Runs at once if the factory has been started.
   */
  informer<T>(resource: ResourceDeclaration<T>, options: InformerOptions<T> = {}): Informer<T> {
    const namespace = options.namespace ?? this.#options.namespace
    const id = informerId(resource, { ...options, namespace })
    const existing = this.#informers.get(id) as RunnableInformer<T> | undefined
    if (existing) {
      for (const [name, indexer] of Object.entries(options.indexers ?? {})) existing.addIndex(name, indexer)
      return existing
    }
    const informer = new RunnableInformer<T>(this.client, this.#env, resource, {
      ...options,
      namespace,
      resyncPeriodMs: options.resyncPeriodMs ?? this.#options.resyncPeriodMs,
    })
    this.#informers.set(id, informer)
    if (this.#running) informer.start()
    return informer
  }

  /** The shared informer for all of the resource, if somebody has asked for it. */
  find<T>(resource: ResourceDeclaration<T>): Informer<T> | undefined {
    return this.#informers.get(informerId(resource, { namespace: this.#options.namespace }))
  }

  /** Runs every informer, and those to come. */
  start(): void {
    this.#running = true
    for (const informer of this.#informers.values()) informer.start()
  }

  /** Resolves once every informer asked for so far has synced. */
  async synced(signal?: AbortSignal): Promise<void> {
    // One after another: a signal with many listeners looks like a leak.
    for (const informer of [...this.#informers.values()]) await informer.synced(signal)
  }

  async stop(): Promise<void> {
    this.#running = false
    await Promise.all([...this.#informers.values()].map(informer => informer.stop()))
  }
}
