// The ground on disk: one LMDB tree, in which changes are a log sorted by revision.
//
//   'c' <revision: 8 bytes> <1: put, 0: delete> <key>  →  lease, createRevision, version (doubles), value, a mark
//   'l' <lease: 8 bytes> 0                             →  time to live in seconds (double)
//   'm' 0 0 format | compacted | logged                →  a double
//
// A batch is one LMDB transaction: its pages are synced before the page that makes them count is written (and synced),
// and only then does the commit resolve. So a crash at any moment leaves the batch whole or absent.

import { closeSync, existsSync, mkdirSync, openSync, readSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { open, type RootDatabase } from 'lmdb'
import { DirectoryLock } from './directory-lock.ts'
import type { Batch, Change, ChangeId, Tree } from './engine.ts'
import { changeTag, firstKey, leaseTag, metaTag, type TreeKey, treeKeyEncoder } from './lmdb-keys.ts'
import { type KeyValue, StoreOpenError } from './store.ts'

/** `TreeKey`s are its keys, which lmdb's own types don't foresee. */
type Lmdb = Omit<RootDatabase<Buffer, any>, 'getKeys' | 'getRange'> & {
  getKeys(options: TreeRange): Iterable<TreeKey>
  getRange(options: TreeRange): Iterable<{ key: TreeKey; value: Buffer }>
}

interface TreeRange {
  readonly start: TreeKey
  readonly end: TreeKey
  readonly reverse?: boolean
}

const treeOptions = {
  encoding: 'binary',
  keyEncoder: treeKeyEncoder,
  // A commit is resolved after the sync, not before.
  overlappingSync: false,
  // The store does the batching. (lmdb's own would also leave a rejection that no one can handle when a commit fails.)
  eventTurnBatching: false,
} as const

/** 2: a log stands before the tree. What was written without one can be read. */
const format = 2
const recordHead = 24
/** Ends every record: one that was cut off ends with a zero. */
const endMark = 0x2e
const compactedKey: TreeKey = { tag: metaTag, number: 0, kind: 0, text: 'compacted' }
const loggedKey: TreeKey = { tag: metaTag, number: 0, kind: 0, text: 'logged' }
const formatKey: TreeKey = { tag: metaTag, number: 0, kind: 0, text: 'format' }
const noBytes = Buffer.alloc(0)
const lmdbMagic = Buffer.from([0xde, 0xc0, 0xef, 0xbe])

export class LmdbEngine implements Tree {
  readonly #db: Lmdb
  readonly #lock: DirectoryLock
  readonly #records = new Records()

  private constructor(db: Lmdb, lock: DirectoryLock) {
    this.#db = db
    this.#lock = lock
  }

  /** Throws `StoreOpenError` when the directory cannot be used; then nothing is left open. */
  static open(directory: string): LmdbEngine {
    let lock: DirectoryLock | undefined
    let db: Lmdb | undefined
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      lock = DirectoryLock.acquire(directory)
      const file = join(directory, 'data.mdb')
      assertLmdb(file)
      db = open<Buffer, any>({ path: directory, ...treeOptions }) as unknown as Lmdb
      fillUp(db, file)
      const found = db.getBinary(formatKey)?.readDoubleBE(0)
      if (found === 1 || (found === undefined && statsOf(db).entryCount === 0)) db.putSync(formatKey, double(format))
      else if (found !== format) throw new Error('data.mdb was written by something else, or another version of k8ts')
      return new LmdbEngine(db, lock)
    } catch (error) {
      void db?.close()
      lock?.release()
      throw openError(directory, error)
    }
  }

  newestRevision(): number {
    for (const { revision } of this.history()) return revision
    return 0
  }

  compactedRevision(): number {
    return this.#db.getBinary(compactedKey)?.readDoubleBE(0) ?? 0
  }

  loggedUpTo(): number {
    return this.#db.getBinary(loggedKey)?.readDoubleBE(0) ?? 0
  }

  *leases(): Iterable<{ id: number; ttlSeconds: number }> {
    for (const { key, value } of this.#db.getRange({ start: firstKey(leaseTag), end: firstKey(leaseTag + 1) })) {
      yield { id: key.number, ttlSeconds: value.readDoubleBE(0) }
    }
  }

  async commit(batch: Batch, logged: number): Promise<void> {
    const db = this.#db
    this.#records.clear()
    try {
      await db.batch(() => {
        for (const { revision, key, current } of batch.changes) {
          db.put(changeKey({ revision, key, deletion: !current }), current ? this.#records.write(current) : noBytes)
        }
        for (const { id, ttlSeconds } of batch.leases) {
          if (ttlSeconds === undefined) db.remove(firstKey(leaseTag, id))
          else db.put(firstKey(leaseTag, id), double(ttlSeconds))
        }
        if (batch.compactedRevision) db.put(compactedKey, double(batch.compactedRevision))
        for (const id of batch.forgotten) db.remove(changeKey(id))
        db.put(loggedKey, double(logged))
      })
    } catch (error) {
      throw await causeOf(error)
    }
  }

  read(revision: number, key: string): KeyValue | undefined {
    // The record lies in a buffer that the next read overwrites.
    const record = this.#db.getBinaryFast(changeKey({ revision, key, deletion: false }))
    return record && keyValueOf(revision, key, record)
  }

  *changesAfter(revision: number, prefix: string): Iterable<Change> {
    const [start, end] = [firstKey(changeTag, revision + 1), firstKey(changeTag + 1)]
    for (const treeKey of this.#db.getKeys({ start, end })) {
      const { revision, key, deletion } = idOf(treeKey)
      if (key.startsWith(prefix)) yield { revision, key, current: deletion ? undefined : this.read(revision, key) }
    }
  }

  *history(): Iterable<ChangeId> {
    const [start, end] = [firstKey(changeTag + 1), firstKey(changeTag)]
    let entries = 0
    for (const treeKey of this.#db.getKeys({ start, end, reverse: true })) {
      entries++
      yield idOf(treeKey)
    }
    for (const _ of this.#db.getKeys({ start: firstKey(leaseTag), end: firstKey(metaTag + 1) })) entries++
    const { entryCount } = statsOf(this.#db)
    if (entries !== entryCount) throw new Error(`data.mdb is damaged (${entries} entries of ${entryCount})`)
  }

  async close(): Promise<void> {
    await this.#db.close()
    this.#lock.release()
  }
}

function changeKey({ revision, key, deletion }: ChangeId): TreeKey {
  return { tag: changeTag, number: revision, kind: deletion ? 0 : 1, text: key }
}

function idOf({ number, kind, text }: TreeKey): ChangeId {
  return { revision: number, key: text, deletion: kind === 0 }
}

/**
 * The records of one batch, which LMDB's thread reads until the commit is over: they lie in memory that is used for each batch
 * again. A buffer for each would cost more than what is done with it.
 */
class Records {
  readonly #slab = Buffer.allocUnsafeSlow(1024 * 1024)
  #used = 0

  clear(): void {
    this.#used = 0
  }

  write({ lease, createRevision, version, value }: KeyValue): Buffer {
    const bytes = this.#place(recordHead + value.length + 1)
    bytes.writeDoubleBE(lease, 0)
    bytes.writeDoubleBE(createRevision, 8)
    bytes.writeDoubleBE(version, 16)
    bytes.set(value, recordHead)
    bytes[recordHead + value.length] = endMark
    return bytes
  }

  #place(length: number): Buffer {
    const start = this.#used
    if (start + length > this.#slab.length) return Buffer.allocUnsafe(length)
    this.#used += length
    return this.#slab.subarray(start, start + length)
  }
}

/** Copies what it takes. Small values share a slab, which costs far less memory than a buffer for each. */
function keyValueOf(modRevision: number, key: string, record: Buffer): KeyValue {
  const end = record.length - 1
  if (end < recordHead || record[end] !== endMark) throw new Error(`the record of ${key} at ${modRevision} is damaged`)
  const value = Buffer.allocUnsafe(end - recordHead)
  record.copy(value, 0, recordHead, end)
  return {
    key,
    value,
    createRevision: record.readDoubleBE(8),
    modRevision,
    version: record.readDoubleBE(16),
    lease: record.readDoubleBE(0),
  }
}

function double(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeDoubleBE(value)
  return bytes
}

/** lmdb crashes the process when the file is not one of its own; a new or empty one is fine. */
function assertLmdb(file: string): void {
  if (!existsSync(file)) return
  const start = Buffer.alloc(1 << 16)
  const descriptor = openSync(file, 'r')
  const size = readSync(descriptor, start)
  closeSync(descriptor)
  // Each of the first two pages describes the tree, and says so.
  const first = start.subarray(0, size).indexOf(lmdbMagic)
  if (size > 0 && (first < 0 || start.subarray(0, size).indexOf(lmdbMagic, first + 1) < 0)) {
    throw new Error('data.mdb is damaged, or no LMDB file')
  }
}

/**
 * LMDB maps the file, and a read behind its end would kill the process. The end may be missing rightly (pages that were
 * taken and given back in one transaction are not written), so it is filled up with zeros, which damage shows itself in.
 */
function fillUp(db: Lmdb, file: string): void {
  const { lastPageNumber, pageSize } = statsOf(db)
  const expected = (lastPageNumber + 1) * pageSize
  if (statSync(file).size < expected) truncateSync(file, expected)
}

function statsOf(db: Lmdb): { entryCount: number; lastPageNumber: number; pageSize: number } {
  return db.getStats() as ReturnType<typeof statsOf>
}

/** What to tell, and what to do about it. */
export function openError(directory: string, cause: unknown): StoreOpenError {
  if (cause instanceof StoreOpenError) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  const advice =
    code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR' || code === 'EEXIST'
      ? 'choose a directory that can be written to'
      : code === 'ENOSPC' || code === 'EDQUOT'
        ? 'free some space on its disk'
        : 'restore it from a backup, or move it away to start empty'
  return new StoreOpenError(`cannot open the store in ${directory}: ${message}; ${advice}`, { cause })
}

/** The write thread's error, which hides behind a general one. */
async function causeOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: Promise<never> }
  return commitError ? commitError.then(() => error).catch(cause => cause) : error
}
