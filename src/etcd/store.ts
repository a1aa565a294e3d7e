// What the API server needs of a store: etcd's model (one revision counter, versions of keys, watches that replay),
// without etcd's wire types. Two backends stand behind it: the embedded engine (on LMDB, or without a disk) and a
// remote etcd v3 cluster.
//
// Every write moves the store's revision by one. A write is durable before its promise resolves, and watchers are told
// of it only then; they see events in revision order, each exactly once.

export interface KeyValue {
  readonly key: string
  readonly value: Uint8Array
  readonly createRevision: number
  readonly modRevision: number
  /** 1 at creation, one more with every put. */
  readonly version: number
  /** The lease the key is bound to; 0 for none. */
  readonly lease: number
  /** Why the value could not be decrypted; it is empty then. */
  readonly unreadable?: Error
}

export interface RangeOptions {
  /** Start at this key (inclusive) instead of the prefix's first. */
  readonly from?: string
  /** At most this many; all when absent. */
  readonly limit?: number
  /** As of this revision; the newest when absent. Throws `CompactedError` when it is gone, `FutureRevisionError` when it is not yet. */
  readonly revision?: number
  /** Leave the values out (empty arrays). */
  readonly keysOnly?: boolean
}

export interface RangeResult {
  readonly items: readonly KeyValue[]
  /** The revision the answer is true of. */
  readonly revision: number
  /** More keys lie behind the limit. */
  readonly more: boolean
  /** How many keys the prefix holds at that revision, from `from` on. */
  readonly count: number
}

/** The write happens only if the key's last modification is at this revision; 0: the key must not exist. */
export interface Expectation {
  readonly modRevision: number
}

export type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array; readonly lease?: number }
  | { readonly type: 'delete'; readonly key: string }

export type TransactionResult =
  | { readonly committed: true; readonly revision: number }
  /** Nothing was written; `current` is what stands there (undefined: nothing does). */
  | { readonly committed: false; readonly revision: number; readonly current: KeyValue | undefined }

export interface StoreEvent {
  readonly type: 'put' | 'delete'
  readonly key: string
  /** The revision that made the event. */
  readonly revision: number
  /** What stands now; undefined for a delete. */
  readonly current: KeyValue | undefined
  /** What stood before; undefined for a creation (or when compaction has taken it). */
  readonly previous: KeyValue | undefined
}

export interface WatchSink {
  /** What stood before an event is of no use here: a store that would have to decrypt it leaves it out. */
  readonly withoutPrevious?: boolean
  /** Events of one or more whole revisions, in order. The array may be shared: don't keep or change it. */
  events(events: readonly StoreEvent[], revision: number): void
  /** Everything up to this revision has been delivered; told when the news held nothing for this watch. */
  progress?(revision: number): void
  /** The watch is over: `CompactedError` when its start was compacted away, or the store closed. */
  closed(reason: Error): void
}

export interface Watch {
  cancel(): void
}

export interface Lease {
  readonly id: number
  readonly ttlSeconds: number
}

export interface Store {
  /** The newest durable revision. */
  readonly revision: number
  /** The oldest revision that can still be read or watched from. */
  readonly compactedRevision: number
  get(key: string, options?: { revision?: number }): Promise<{ item: KeyValue | undefined; revision: number }>
  range(prefix: string, options?: RangeOptions): Promise<RangeResult>
  txn(operation: Operation, expect: Expectation): Promise<TransactionResult>
  /** Whether what stands there should be written anew though nothing changes (by another key); never when absent. */
  stale?(key: string): Promise<boolean>
  /** Events after `afterRevision` (0: only new ones) whose key starts with the prefix. */
  watch(prefix: string, afterRevision: number, sink: WatchSink): Watch
  compact(revision: number): Promise<void>
  grantLease(ttlSeconds: number, id?: number): Promise<Lease>
  keepAlive(id: number): Promise<Lease>
  revokeLease(id: number): Promise<void>
  close(): Promise<void>
}

/** The revision asked for has been compacted away. */
export class CompactedError extends Error {
  override readonly name = 'CompactedError'
  readonly compactedRevision: number

  constructor(compactedRevision: number) {
    super('etcdserver: mvcc: required revision has been compacted')
    this.compactedRevision = compactedRevision
  }
}

/** The revision asked for has not happened yet. */
export class FutureRevisionError extends Error {
  override readonly name = 'FutureRevisionError'

  constructor() {
    super('etcdserver: mvcc: required revision is a future revision')
  }
}

/** The lease does not exist (or has expired). */
export class LeaseNotFoundError extends Error {
  override readonly name = 'LeaseNotFoundError'

  constructor() {
    super('etcdserver: requested lease not found')
  }
}

/** A lease with the id asked for exists. */
export class LeaseExistsError extends Error {
  override readonly name = 'LeaseExistsError'

  constructor() {
    super('etcdserver: lease already exists')
  }
}

/** The store cannot write any more (disk full, closed, damaged). Nothing of the failed write is visible. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError'
}

/** The store's directory cannot be used. The message names it and says what to do. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError'
}
