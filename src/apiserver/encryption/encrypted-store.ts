// A store whose values are encrypted, in front of one that keeps them: what is put is encrypted on its way in, what is
// read or watched is decrypted on its way out. One for each resource, since each has its own transformer.
//
// The bytes of a write that comes back in an event are known: nothing is decrypted that was encrypted here. A value that
// cannot be read is told as such (`unreadable`); what to make of it is the reader's.

import type {
  Expectation,
  KeyValue,
  Operation,
  RangeOptions,
  RangeResult,
  Store,
  StoreEvent,
  TransactionResult,
  Watch,
  WatchSink,
} from '../../etcd/store.ts'
import { internalError } from '../../machinery/status-error.ts'
import type { Transformer } from './transformer.ts'

const nothing = new Uint8Array(0)

export class EncryptedStore implements Store {
  readonly #store: Store
  /** The transformer of the moment: the configuration may be read anew. */
  readonly #transformer: () => Transformer
  /** What was just written, in the clear. */
  readonly #written = new WeakMap<Uint8Array, Uint8Array>()

  constructor(store: Store, transformer: () => Transformer) {
    this.#store = store
    this.#transformer = transformer
  }

  get revision(): number {
    return this.#store.revision
  }

  get compactedRevision(): number {
    return this.#store.compactedRevision
  }

  async get(key: string, options?: { revision?: number }): Promise<{ item: KeyValue | undefined; revision: number }> {
    const { item, revision } = await this.#store.get(key, options)
    return { item: item && (await this.#read(item)), revision }
  }

  async range(prefix: string, options?: RangeOptions): Promise<RangeResult> {
    const result = await this.#store.range(prefix, options)
    if (options?.keysOnly) return result
    return { ...result, items: await Promise.all(result.items.map(item => this.#read(item))) }
  }

  async txn(operation: Operation, expect: Expectation): Promise<TransactionResult> {
    const result = await this.#store.txn(this.#encrypted(operation), expect)
    if (result.committed || !result.current) return result
    return { ...result, current: await this.#read(result.current) }
  }

  /** Whether what stands there should be written anew, though nothing changes: as it is kept, not as it is cached. */
  async stale(key: string): Promise<boolean> {
    const { item } = await this.#store.get(key)
    if (!item) return false
    try {
      return (await this.#transformer().fromStorage(item.value, key)).stale
    } catch {
      return false
    }
  }

  watch(prefix: string, afterRevision: number, sink: WatchSink): Watch {
    /** Batches follow each other, also when one has to wait for a key. */
    let waiting: Promise<void> | undefined
    let cancelled = false
    const inOrder = (tell: () => void) => {
      if (!waiting) return tell()
      const mine: Promise<void> = waiting.then(() => {
        if (!cancelled) tell()
        if (waiting === mine) waiting = undefined
      })
      waiting = mine
    }
    const watch = this.#store.watch(prefix, afterRevision, {
      withoutPrevious: sink.withoutPrevious,
      events: (events, revision) => {
        const read = events.map(event => this.#event(event, sink.withoutPrevious ?? false))
        if (!waiting && !read.some(event => event instanceof Promise))
          return sink.events(read as StoreEvent[], revision)
        const all = Promise.all(read)
        const mine: Promise<void> = (waiting ?? Promise.resolve()).then(async () => {
          const ready = await all
          if (!cancelled) sink.events(ready, revision)
          if (waiting === mine) waiting = undefined
        })
        waiting = mine
      },
      progress: sink.progress && (revision => inOrder(() => sink.progress!(revision))),
      closed: reason => inOrder(() => sink.closed(reason)),
    })
    return {
      cancel() {
        cancelled = true
        watch.cancel()
      },
    }
  }

  compact(revision: number) {
    return this.#store.compact(revision)
  }

  grantLease(ttlSeconds: number, id?: number) {
    return this.#store.grantLease(ttlSeconds, id)
  }

  keepAlive(id: number) {
    return this.#store.keepAlive(id)
  }

  revokeLease(id: number) {
    return this.#store.revokeLease(id)
  }

  close() {
    return this.#store.close()
  }

  #encrypted(operation: Operation): Operation {
    if (operation.type === 'delete') return operation
    let value: Uint8Array
    try {
      value = this.#transformer().toStorage(operation.value, operation.key)
    } catch (error) {
      throw internalError(error as Error)
    }
    if (value !== operation.value) this.#written.set(value, operation.value)
    return { ...operation, value }
  }

  #event(event: StoreEvent, withoutPrevious: boolean): StoreEvent | Promise<StoreEvent> {
    const current = event.current && this.#read(event.current)
    const previous = withoutPrevious || !event.previous ? undefined : this.#read(event.previous)
    if (current instanceof Promise || previous instanceof Promise)
      return Promise.all([current, previous]).then(([now, before]) => ({ ...event, current: now, previous: before }))
    return { ...event, current, previous }
  }

  #read(item: KeyValue): KeyValue | Promise<KeyValue> {
    const known = this.#written.get(item.value)
    if (known) return { ...item, value: known }
    const unreadable = (error: Error): KeyValue => ({ ...item, value: nothing, unreadable: error })
    try {
      const read = this.#transformer().fromStorage(item.value, item.key)
      return read instanceof Promise
        ? read.then(({ value }) => ({ ...item, value }), unreadable)
        : { ...item, value: read.value }
    } catch (error) {
      return unreadable(error as Error)
    }
  }
}
