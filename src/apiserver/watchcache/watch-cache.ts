// The newest state of one resource, and its recent events: what every GET, LIST and WATCH is answered from.
//
// Comes in: the store's events below one prefix, in revision order, after they are durable. Goes out: objects by key, in
// key order; and to every watcher, each batch of events once. The cache never lags behind an acknowledged write: the
// store tells it before the write's promise resolves.

import type { KubeObject } from '../../api/resource.ts'
import { CompactedError, type KeyValue, type Store, type StoreEvent, type Watch } from '../../etcd/store.ts'
import { quote } from '../../machinery/go-text.ts'
import { internalError } from '../../machinery/status-error.ts'
import { StoredObject } from './stored-object.ts'
import { type WatchedField, Watchers } from './watchers.ts'

export interface CacheEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly revision: number
  /** What stands after the event; for DELETED, the last state at the deletion's revision. */
  readonly object: StoredObject
  readonly previous: StoredObject | undefined
}

export interface CacheWatcher {
  /** Events of whole revisions, in order. */
  events(events: readonly CacheEvent[], revision: number): void
  closed(reason: Error): void
}

/** An object that is being written. */
export interface FreshObject {
  readonly object: KubeObject
  /** Set when the store has told of it. */
  stored: StoredObject | undefined
}

/** How many events are kept for watchers that resume; older ones come from the store's history. */
const recentEvents = 1024

/** How a value begins that an encryption provider wrote (without one configured, nobody else would notice). */
const encryptedPrefix = Buffer.from('k8s:enc:')

const byCodeUnit = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)

export class WatchCache {
  readonly prefix: string
  readonly #store: Store
  readonly #objects = new Map<string, StoredObject>()
  /** The keys, in order once `#order` has been asked for them: writes only add at the end. */
  #keys: string[] = []
  #unordered = false
  readonly #watchers = new Watchers()
  /** Writes under way, by their bytes, so that what was just encoded isn't parsed again. */
  readonly #fresh = new Map<Uint8Array, FreshObject>()
  #recent: CacheEvent[] = []
  /** Every event after this revision is in `#recent`. */
  #recentSince = 0
  #upstream: Watch | undefined
  #bytes = 0
  /** Keys whose value cannot be read, and why; undefined while there is none. */
  #unreadable: Map<string, Error> | undefined
  /** Events since the start. */
  received = 0
  readonly #onEvents: ((events: readonly CacheEvent[]) => void)[] = []

  constructor(store: Store, prefix: string) {
    this.#store = store
    this.prefix = prefix
  }

  /** Reads what is there and follows the store from then on. */
  async start(): Promise<void> {
    const { items, revision } = await this.#store.range(this.prefix)
    for (const item of items) {
      const stored = this.#readable(item)
      if (!stored) continue
      this.#objects.set(item.key, stored)
      this.#bytes += stored.size
      this.#keys.push(item.key)
    }
    this.#recentSince = revision
    this.#upstream = this.#store.watch(this.prefix, revision, {
      withoutPrevious: true,
      events: (events, at) => this.#apply(events, at),
      closed: reason => this.#watchers.close(reason),
    })
  }

  stop(): void {
    this.#upstream?.cancel()
    this.#watchers.close(new Error('the API server is shutting down'))
  }

  /** Ends every watch: what is served from here on is of another form. Clients come back. */
  endWatches(): void {
    this.#watchers.close(new Error('the resource has changed'))
  }

  get(key: string): StoredObject | undefined {
    const found = this.#objects.get(key)
    if (found === undefined && this.#unreadable) this.#refuse(key, false)
    return found
  }

  get size(): number {
    return this.#objects.size
  }

  /** How large all objects are together, encoded. */
  get bytes(): number {
    return this.#bytes
  }

  /** Objects whose key starts with the prefix, in key order. The array is the caller's. */
  range(prefix: string): StoredObject[] {
    if (this.#unreadable) this.#refuse(prefix, true)
    this.#order()
    const found: StoredObject[] = []
    for (let at = prefix === this.prefix ? 0 : this.#position(prefix); at < this.#keys.length; at++) {
      const key = this.#keys[at]!
      if (!key.startsWith(prefix)) break
      found.push(this.#objects.get(key)!)
    }
    return found
  }

  all(): Iterable<StoredObject> {
    return this.#objects.values()
  }

  /** Remembers the parsed form of bytes that are about to be written, until `forget`. */
  remember(value: Uint8Array, object: KubeObject): FreshObject {
    const fresh = { object, stored: undefined }
    this.#fresh.set(value, fresh)
    return fresh
  }

  forget(value: Uint8Array): void {
    this.#fresh.delete(value)
  }

  /** Called with each batch before any watcher: for indexes that must never be behind (RBAC, quota). */
  onEvents(listener: (events: readonly CacheEvent[]) => void): void {
    this.#onEvents.push(listener)
  }

  /** Whether every event after the revision is at hand. */
  has(revision: number): boolean {
    return revision >= this.#recentSince
  }

  /**
   * Follows the events after `revision`. Those that are no longer at hand are replayed from the store; when they have
   * been compacted away, `closed` is called with a `CompactedError`. Of `field`, whoever watches gets what concerns its
   * value, and may get more.
   */
  watch(revision: number, watcher: CacheWatcher, field?: WatchedField): Watch {
    if (this.has(revision)) {
      const missed = this.#recent.filter(event => event.revision > revision)
      if (missed.length > 0) watcher.events(missed, missed[missed.length - 1]!.revision)
      return { cancel: this.#watchers.add(watcher, field) }
    }
    if (revision < this.#store.compactedRevision) {
      queueMicrotask(() => watcher.closed(new CompactedError(this.#store.compactedRevision)))
      return { cancel() {} }
    }
    return this.#store.watch(this.prefix, revision, {
      events: (events, at) =>
        watcher.events(
          events.map(event => this.#replayed(event)),
          at,
        ),
      closed: reason => watcher.closed(reason),
    })
  }

  /** The object, unless its value is damaged or encrypted by a key that nobody has: that is told to those who ask for it. */
  #readable(item: KeyValue): StoredObject | undefined {
    let problem = item.unreadable
    try {
      if (!problem) {
        const fresh = this.#fresh.get(item.value)
        const stored = StoredObject.fromStore(item.key, item.modRevision, item.value, fresh?.object)
        if (fresh) fresh.stored = stored
        return stored
      }
    } catch (error) {
      problem = Buffer.from(item.value.subarray(0, 8)).equals(encryptedPrefix)
        ? new Error('identity transformer tried to read encrypted data')
        : (error as Error)
    }
    this.#unreadable ??= new Map()
    this.#unreadable.set(item.key, problem)
    return undefined
  }

  #forgive(key: string): void {
    this.#unreadable!.delete(key)
    if (this.#unreadable!.size === 0) this.#unreadable = undefined
  }

  #refuse(key: string, list: boolean): void {
    for (const [damaged, problem] of this.#unreadable!) {
      if (list && damaged.startsWith(key))
        throw internalError(`unable to transform key ${quote(damaged)}: ${problem.message}`)
      if (!list && damaged === key) throw internalError(problem)
    }
  }

  #replayed(event: StoreEvent): CacheEvent {
    const previous =
      event.previous && StoredObject.fromStore(event.key, event.previous.modRevision, event.previous.value)
    if (event.type === 'delete')
      return {
        type: 'DELETED',
        revision: event.revision,
        object: previous!.atRevision(event.revision),
        previous,
      }
    const object = StoredObject.fromStore(event.key, event.revision, event.current!.value)
    return { type: previous ? 'MODIFIED' : 'ADDED', revision: event.revision, object, previous }
  }

  #apply(events: readonly StoreEvent[], revision: number): void {
    const applied: CacheEvent[] = []
    for (const event of events) {
      const previous = this.#objects.get(event.key)
      if (this.#unreadable) this.#forgive(event.key)
      if (event.type === 'delete') {
        if (!previous) continue
        this.#objects.delete(event.key)
        this.#bytes -= previous.size
        this.#unordered = true
        applied.push({
          type: 'DELETED',
          revision: event.revision,
          object: previous.atRevision(event.revision),
          previous,
        })
        continue
      }
      const object = this.#readable(event.current!)
      if (!object) continue
      this.#objects.set(event.key, object)
      this.#bytes += object.size - (previous?.size ?? 0)
      if (!previous) {
        const last = this.#keys[this.#keys.length - 1]
        if (last !== undefined && last >= event.key) this.#unordered = true
        this.#keys.push(event.key)
      }
      applied.push({ type: previous ? 'MODIFIED' : 'ADDED', revision: event.revision, object, previous })
    }
    if (applied.length === 0) return
    this.received += applied.length
    this.#recent.push(...applied)
    if (this.#recent.length > 2 * recentEvents) {
      const dropped = this.#recent.length - recentEvents
      this.#recentSince = this.#recent[dropped - 1]!.revision
      this.#recent = this.#recent.slice(dropped)
    }
    for (const listener of this.#onEvents) listener(applied)
    this.#watchers.tell(applied, revision)
  }

  /** Brings the keys into order: those of objects that are gone leave, those at the end find their place. */
  #order(): void {
    if (!this.#unordered) return
    this.#unordered = false
    const present = this.#keys.filter(key => this.#objects.has(key)).sort(byCodeUnit)
    // A key that was deleted and made again in between stands there twice.
    this.#keys = present.filter((key, index) => key !== present[index - 1])
  }

  #position(key: string): number {
    let low = 0
    let high = this.#keys.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#keys[middle]! < key) low = middle + 1
      else high = middle
    }
    return low
  }
}
