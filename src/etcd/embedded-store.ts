// The embedded store: etcd's model in this process, on disk (a log before an LMDB tree) or without.
//
// A transaction is decided the moment it is asked for, against everything asked before it, durable or not, and gets its
// revision then. Transactions queue; the queue goes to the engine as one batch (those that arrive while a batch is on
// its way form the next). Only when a batch is durable does `revision` move, then watches are told, then the writers.
// If it fails, it and everything queued behind it is taken back as if never asked.

import type { Env } from '../machinery/env/env.ts'
import { errorText } from '../machinery/error-text.ts'
import type { Batch, Change, ChangeId, Engine, LeaseChange } from './engine.ts'
import { EventRing } from './event-ring.ts'
import { type Entry, KeyIndex, standingRevision, type Version } from './key-index.ts'
import { Leases } from './leases.ts'
import { openError } from './lmdb-engine.ts'
import { LoggedEngine } from './logged-engine.ts'
import { MemoryEngine } from './memory-engine.ts'
import {
  CompactedError,
  FutureRevisionError,
  type KeyValue,
  type Lease,
  LeaseExistsError,
  type Operation,
  type RangeOptions,
  type RangeResult,
  type Store,
  type StoreEvent,
  StoreUnavailableError,
  type TransactionResult,
  type Watch,
  type WatchSink,
} from './store.ts'
import { type Past, WatchHub } from './watch-hub.ts'

/**
 * Without a directory nothing outlives the store. Throws `StoreOpenError` when the directory cannot be used: not
 * writable, damaged, or open in another process.
 */
export async function openEmbeddedStore(options: { env: Env; directory?: string }): Promise<Store> {
  const { env, directory } = options
  if (directory === undefined) return new EmbeddedStore(env, new MemoryEngine())
  const engine = await LoggedEngine.open(directory, env.clock)
  try {
    return new EmbeddedStore(env, engine)
  } catch (error) {
    await engine.close()
    throw openError(directory, error)
  }
}

/** One thing to make durable. */
interface Write {
  readonly changes: readonly PendingChange[]
  readonly lease: LeaseChange | undefined
  readonly compactedRevision: number | undefined
  readonly forgotten: readonly ChangeId[] | undefined
  done(): void
  failed(reason: Error): void
}

interface PendingChange extends Change {
  readonly version: Version
}

const noBytes = new Uint8Array(0)
const none: readonly PendingChange[] = []
/** In bytes; the most that LMDB takes beside a revision. Names in Kubernetes come nowhere near. */
const longestKey = 1900
/** Compacted changes deleted from the disk per batch: few enough not to hold up writers. */
const forgetStep = 1000

export class EmbeddedStore implements Store, Past {
  readonly #env: Env
  readonly #engine: Engine
  readonly #index = new KeyIndex()
  readonly #ring: EventRing
  readonly #hub: WatchHub
  readonly #leases: Leases
  #revision: number
  #compactedRevision: number
  /** The newest compaction asked for, durable or not. */
  #compacting: number
  /** The newest revision given out, durable or not. */
  #assigned: number
  #queue: Write[] = []
  #flushing = false
  #unavailable: StoreUnavailableError | undefined
  #closed: Promise<void> | undefined
  readonly #idle: (() => void)[] = []

  constructor(env: Env, engine: Engine) {
    this.#env = env
    this.#engine = engine
    // A new etcd stands at revision 1: the first write makes 2.
    this.#revision = this.#assigned = Math.max(1, engine.newestRevision())
    this.#compactedRevision = this.#compacting = engine.compactedRevision()
    this.#ring = new EventRing(this.#revision)
    this.#hub = new WatchHub(env, this)
    this.#leases = new Leases(env, id => this.revokeLease(id))
    this.#load()
  }

  get revision(): number {
    return this.#revision
  }

  get compactedRevision(): number {
    return this.#compactedRevision
  }

  async get(key: string, options?: { revision?: number }): Promise<{ item: KeyValue | undefined; revision: number }> {
    const revision = this.#readable(options?.revision)
    const entry = this.#index.get(key)
    return { item: entry && this.#at(entry, revision), revision }
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    const { from = prefix, limit = Number.POSITIVE_INFINITY, keysOnly = false } = options
    const revision = this.#readable(options.revision)
    const items: KeyValue[] = []
    let count = 0
    this.#index.visit(prefix, from, entry => {
      if (count >= limit) {
        if (standsAt(entry, revision)) count++
        return
      }
      const item = this.#at(entry, revision)
      if (!item) return
      count++
      items.push(keysOnly ? { ...item, value: noBytes } : item)
    })
    return { items, revision, more: count > items.length, count }
  }

  txn(operation: Operation, expect: { modRevision: number }): Promise<TransactionResult> {
    try {
      return this.#decide(operation, expect.modRevision)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #decide(operation: Operation, expected: number): Promise<TransactionResult> {
    this.#assertAvailable()
    const { key } = operation
    if (key === '' || key.length * 3 > longestKey) assertKey(key)
    const entry = this.#index.get(key)
    const latest = entry?.latest
    const current = latest?.current
    if ((current?.modRevision ?? 0) !== expected)
      return this.#durable(latest).then(() => ({ committed: false, revision: this.#revision, current }))
    if (operation.type === 'delete') {
      if (current) return this.#commit(this.#change(++this.#assigned, key, entry, undefined))
      return this.#durable(latest).then(() => ({ committed: true, revision: this.#revision }))
    }
    const lease = operation.lease ?? 0
    if (lease) this.#leases.bind(lease, key)
    const revision = ++this.#assigned
    const item: KeyValue = {
      key,
      value: operation.value,
      createRevision: current?.createRevision ?? revision,
      modRevision: revision,
      version: (current?.version ?? 0) + 1,
      lease,
    }
    return this.#commit(this.#change(revision, key, entry, item))
  }

  watch(prefix: string, afterRevision: number, sink: WatchSink): Watch {
    this.#assertAvailable()
    return this.#hub.watch(prefix, afterRevision, sink)
  }

  async compact(revision: number): Promise<void> {
    this.#assertAvailable()
    if (revision <= this.#compacting) throw new CompactedError(this.#compactedRevision)
    if (revision > this.#revision) throw new FutureRevisionError()
    this.#compacting = revision
    try {
      await this.#write({ compactedRevision: revision }, undefined)
    } catch (error) {
      this.#compacting = this.#compactedRevision
      throw error
    }
    this.#compactedRevision = revision
    void this.#forget(this.#index.compact(revision))
  }

  async grantLease(ttlSeconds: number, id = this.#leases.unusedId()): Promise<Lease> {
    this.#assertAvailable()
    if (this.#leases.has(id)) throw new LeaseExistsError()
    const lease = { id, ttlSeconds: Math.max(1, Math.ceil(ttlSeconds)) }
    // Usable at once: whoever binds a key to it queues behind it.
    this.#leases.add(lease)
    try {
      await this.#write({ lease }, undefined)
    } catch (error) {
      this.#leases.remove(id)
      throw error
    }
    return lease
  }

  async keepAlive(id: number): Promise<Lease> {
    return this.#leases.keepAlive(id)
  }

  /** The keys bound to the lease are deleted in one revision, as etcd does it. */
  async revokeLease(id: number): Promise<void> {
    this.#assertAvailable()
    const { keys, restore } = this.#leases.remove(id)
    const bound = keys.filter(key => this.#index.get(key)?.latest.current?.lease === id)
    const revision = bound.length > 0 ? ++this.#assigned : 0
    const changes = bound.map(key => this.#change(revision, key, this.#index.get(key), undefined))
    try {
      await this.#write({ changes, lease: { id, ttlSeconds: undefined } }, undefined)
    } catch (error) {
      restore()
      throw error
    }
  }

  async close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#unavailable = new StoreUnavailableError('the store is closed')
    this.#leases.stop()
    if (this.#flushing) await new Promise<void>(resolve => this.#idle.push(resolve))
    this.#hub.close(this.#unavailable)
    await this.#engine.close()
  }

  eventsAfter(revision: number, prefix: string, atLeast: number): { events: readonly StoreEvent[]; upTo: number } {
    const recent = this.#ring.after(revision, prefix)
    if (recent) return { events: recent, upTo: this.#revision }
    const events: StoreEvent[] = []
    for (const change of this.#engine.changesAfter(revision, prefix)) {
      if (change.revision > this.#revision) break
      if (events.length >= atLeast && change.revision > events.at(-1)!.revision) {
        return { events, upTo: events.at(-1)!.revision }
      }
      events.push(eventOf(change, this.#before(change)))
    }
    return { events, upTo: this.#revision }
  }

  #load(): void {
    const entries = new Map<string, Entry>()
    for (const { key, revision, deletion } of this.#engine.history()) {
      const signed = deletion ? -revision : revision
      const entry = entries.get(key)
      if (entry) entry.revisions.push(signed)
      else {
        const current = deletion ? undefined : this.#engine.read(revision, key)
        entries.set(key, { key, latest: { revision, current, previous: undefined }, revisions: [signed] })
      }
    }
    for (const entry of entries.values()) entry.revisions.reverse()
    this.#index.load([...entries.values()])
    for (const lease of this.#engine.leases()) this.#leases.add(lease)
    for (const { key, latest } of entries.values()) {
      const lease = latest.current?.lease
      if (lease && this.#leases.has(lease)) this.#leases.bind(lease, key)
    }
    // What a compaction that was cut short left behind.
    if (this.#compactedRevision > 0) void this.#forget(this.#index.compact(this.#compactedRevision))
  }

  /** The revision to read at. */
  #readable(revision: number | undefined): number {
    this.#assertAvailable()
    if (!revision) return this.#revision
    if (revision > this.#revision) throw new FutureRevisionError()
    if (revision < this.#compactedRevision) throw new CompactedError(this.#compactedRevision)
    return revision
  }

  #at(entry: Entry, revision: number): KeyValue | undefined {
    for (let version: Version | undefined = entry.latest; version; version = version.previous) {
      if (version.revision <= revision) return version.current
    }
    const standing = standingRevision(entry, revision)
    return standing && standing > 0 ? this.#engine.read(standing, entry.key) : undefined
  }

  #before(change: Change): KeyValue | undefined {
    const entry = this.#index.get(change.key)
    return entry && this.#at(entry, change.revision - 1)
  }

  #change(revision: number, key: string, entry: Entry | undefined, current: KeyValue | undefined): PendingChange {
    const version = { revision, current, previous: entry?.latest }
    this.#index.push(key, entry, version)
    return { revision, key, current, version }
  }

  #commit(change: PendingChange): Promise<TransactionResult> {
    return this.#write({ changes: [change] }, { committed: true, revision: change.revision })
  }

  /** Resolves when the version an answer speaks of is durable, so that no one hears of a write that may yet fail. */
  async #durable(version: Version | undefined): Promise<void> {
    if (version && version.revision > this.#revision) await this.#write({}, undefined)
  }

  /** Resolves with the result once this is durable. */
  #write<Result>(
    { changes = none, lease, compactedRevision, forgotten }: Partial<Omit<Write, 'done' | 'failed'>>,
    result: Result,
  ): Promise<Result> {
    this.#assertAvailable()
    return new Promise((resolve, failed) => {
      this.#queue.push({ changes, lease, compactedRevision, forgotten, done: () => resolve(result), failed })
      if (this.#flushing) return
      this.#flushing = true
      this.#env.clock.setImmediate(() => void this.#flush())
    })
  }

  async #flush(): Promise<void> {
    while (this.#queue.length > 0) {
      const writes = this.#queue
      this.#queue = []
      try {
        const batch = batchOf(writes)
        if (batch) await this.#engine.commit(batch)
      } catch (error) {
        this.#takeBack([...writes, ...this.#queue], error)
        continue
      }
      this.#publish(writes)
    }
    this.#flushing = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #publish(writes: readonly Write[]): void {
    const events: StoreEvent[] = []
    for (const { changes } of writes) {
      for (const change of changes) {
        const { version, key } = change
        const previous = version.previous?.current
        version.previous = undefined
        events.push(eventOf(change, previous))
        if (previous?.lease && this.#index.get(key)?.latest.current?.lease !== previous.lease) {
          this.#leases.unbind(previous.lease, key)
        }
        this.#revision = change.revision
      }
    }
    if (events.length > 0) {
      this.#ring.push(events)
      this.#hub.publish(Object.freeze(events), this.#revision)
    }
    for (const write of writes) write.done()
  }

  #takeBack(writes: readonly Write[], cause: unknown): void {
    this.#queue = []
    for (const { changes } of writes.toReversed()) {
      for (const { key } of changes.toReversed()) this.#index.pop(key)
    }
    this.#assigned = this.#revision
    const reason = new StoreUnavailableError(`the store cannot write: ${errorText(cause)}`, { cause })
    this.#env.log.error('store write failed', { error: errorText(cause), writes: writes.length })
    if (Math.max(1, this.#engine.newestRevision()) !== this.#revision) this.#unavailable = reason
    for (const write of writes) write.failed(reason)
  }

  /** In the background, a little at a time. What a failure leaves is found at the next start. */
  async #forget(ids: readonly ChangeId[]): Promise<void> {
    try {
      for (let start = 0; start < ids.length; start += forgetStep) {
        await this.#write({ forgotten: ids.slice(start, start + forgetStep) }, undefined)
      }
    } catch {
      this.#env.log.warn('compaction stopped before all old revisions were deleted')
    }
  }

  #assertAvailable(): void {
    if (this.#unavailable) throw this.#unavailable
  }
}

/** All of the writes as one batch; undefined when they hold nothing to write. */
function batchOf(writes: readonly Write[]): Batch | undefined {
  const changes: Change[] = []
  const leases: LeaseChange[] = []
  const forgotten: ChangeId[] = []
  let compactedRevision: number | undefined
  for (const write of writes) {
    for (const change of write.changes) changes.push(change)
    if (write.lease) leases.push(write.lease)
    if (write.forgotten) forgotten.push(...write.forgotten)
    compactedRevision = write.compactedRevision ?? compactedRevision
  }
  const empty = changes.length + leases.length + forgotten.length === 0 && !compactedRevision
  return empty ? undefined : { changes, leases, forgotten, compactedRevision }
}

function assertKey(key: string): void {
  if (key === '') throw new RangeError('etcdserver: key is not provided')
  const length = Buffer.byteLength(key)
  if (length > longestKey) throw new RangeError(`etcd: a key of ${length} bytes; the longest is ${longestKey}`)
}

function eventOf({ revision, key, current }: Change, previous: KeyValue | undefined): StoreEvent {
  return { type: current ? 'put' : 'delete', key, revision, current, previous }
}

function standsAt(entry: Entry, revision: number): boolean {
  if (entry.latest.revision <= revision) return entry.latest.current !== undefined
  return (standingRevision(entry, revision) ?? -1) > 0
}
