// What the embedded store needs of the ground it stands on: something that keeps batches of changes, whole or not at
// all, and gives single changes back. Two grounds: `memory-engine.ts`, and on disk `logged-engine.ts`, which is a log
// before a tree (`write-ahead-log.ts`, `lmdb-engine.ts`). All that makes it an etcd (revisions, conflicts, watches, leases)
// is above this line and the same for both.

import type { KeyValue } from './store.ts'

/** What one revision did to one key. A revision touches a key at most once. */
export interface Change {
  readonly revision: number
  readonly key: string
  /** What the key holds since then; undefined: the change deleted it. */
  readonly current: KeyValue | undefined
}

export interface LeaseChange {
  readonly id: number
  /** Undefined: the lease is gone. */
  readonly ttlSeconds: number | undefined
}

/** Becomes durable as a whole. */
export interface Batch {
  /** In revision order, newer than everything before. */
  readonly changes: readonly Change[]
  readonly leases: readonly LeaseChange[]
  readonly compactedRevision: number | undefined
  /** Compacted changes to forget. */
  readonly forgotten: readonly ChangeId[]
}

export interface ChangeId {
  readonly revision: number
  readonly key: string
  readonly deletion: boolean
}

export interface Engine {
  /** The revision of the newest change; 0 when there was none. */
  newestRevision(): number
  compactedRevision(): number
  leases(): Iterable<{ readonly id: number; readonly ttlSeconds: number }>
  /** Resolves when the batch is durable; rejects when nothing of it was written. */
  commit(batch: Batch): Promise<void>
  /** What the revision put there; undefined when it put nothing there or was forgotten. */
  read(revision: number, key: string): KeyValue | undefined
  /** Changes after the revision, oldest first, of keys that start with the prefix. */
  changesAfter(revision: number, prefix: string): Iterable<Change>
  /** Every change, newest first. */
  history(): Iterable<ChangeId>
  close(): Promise<void>
}

/** What a log stands before: it knows how much of the log it has. */
export interface Tree extends Omit<Engine, 'commit'> {
  /** The sequence of the newest record whose batch is here. */
  loggedUpTo(): number
  commit(batch: Batch, logged: number): Promise<void>
}
