// The ground on disk: a write-ahead log before a tree, as etcd has it.
//
// A batch is durable once it is in the log: one write and one sync, less than half of what the tree takes. The tree gets
// what the log holds in the background, many batches as one. What it does not have yet is read from memory; after a crash
// it gets it from the log, before anyone reads.

import { statfsSync } from 'node:fs'
import type { Clock, Timer } from '../machinery/env/env.ts'
import { syncDirectory } from './directory-sync.ts'
import type { Batch, Change, ChangeId, Engine, LeaseChange, Tree } from './engine.ts'
import { LmdbEngine, openError } from './lmdb-engine.ts'
import type { KeyValue } from './store.ts'
import { WriteAheadLog } from './write-ahead-log.ts'

/** Milliseconds that the log may be ahead of the tree. */
const longestLead = 100
/** Bytes that the log may be ahead before the tree gets them at once, and before writers wait for that. */
const enough = 1024 * 1024
const tooMuch = 16 * enough

export class LoggedEngine implements Engine {
  readonly #tree: Tree
  readonly #log: WriteAheadLog
  readonly #clock: Clock
  readonly #directory: string
  /** In the log only. */
  #ahead = new Lead()
  /** On its way into the tree. Kept when that fails, until it is there. */
  #leaving: Lead | undefined
  #transfer: Promise<void> | undefined
  #appending = false
  #timer: Timer | undefined
  #isDue = false

  /** Throws `StoreOpenError` when the directory cannot be used; then nothing is left open. */
  static async open(directory: string, clock: Clock): Promise<LoggedEngine> {
    const tree = LmdbEngine.open(directory)
    let log: WriteAheadLog | undefined
    try {
      log = WriteAheadLog.open(directory)
      syncDirectory(directory)
      const missing = new Lead()
      for (const { batch } of log.replay(tree.loggedUpTo())) missing.add(batch)
      // Before any turn is taken: until it is there, the log has the only copy.
      if (!missing.isEmpty) await tree.commit(missing, log.sequence)
      return new LoggedEngine(tree, log, clock, directory)
    } catch (error) {
      log?.close()
      await tree.close()
      throw openError(directory, error)
    }
  }

  private constructor(tree: Tree, log: WriteAheadLog, clock: Clock, directory: string) {
    this.#tree = tree
    this.#log = log
    this.#clock = clock
    this.#directory = directory
  }

  newestRevision(): number {
    const newest = this.#ahead.changes.at(-1) ?? this.#leaving?.changes.at(-1)
    return newest?.revision ?? this.#tree.newestRevision()
  }

  compactedRevision(): number {
    return this.#ahead.compactedRevision ?? this.#leaving?.compactedRevision ?? this.#tree.compactedRevision()
  }

  *leases(): Iterable<{ id: number; ttlSeconds: number }> {
    const leases = new Map<number, LeaseChange>()
    for (const lease of this.#tree.leases()) leases.set(lease.id, lease)
    for (const lead of this.#leads()) for (const lease of lead.leases) leases.set(lease.id, lease)
    for (const { id, ttlSeconds } of leases.values()) if (ttlSeconds !== undefined) yield { id, ttlSeconds }
  }

  async commit(batch: Batch): Promise<void> {
    this.#appending = true
    try {
      // The log is no place to stay: a tree that did not take what it should have has to take it first.
      if (this.#leaving && !this.#transfer) await this.#transferNow()
      else if (this.#log.size > tooMuch) await this.#transfer
      await this.#log.append(batch)
    } catch (error) {
      throw this.#isFull() ? new Error('no space left on its disk', { cause: error }) : error
    } finally {
      this.#appending = false
    }
    this.#ahead.add(batch)
    this.#transferInTime()
  }

  read(revision: number, key: string): KeyValue | undefined {
    for (const lead of this.#leads()) {
      const change = lead.find(revision, key)
      if (change) return change.current
    }
    return this.#tree.read(revision, key)
  }

  *changesAfter(revision: number, prefix: string): Iterable<Change> {
    const [oldest, leads] = [this.#oldestAhead(), this.#leads()]
    for (const change of this.#tree.changesAfter(revision, prefix)) {
      if (change.revision >= oldest) break
      yield change
    }
    for (const { changes } of leads) {
      for (const change of changes) if (change.revision > revision && change.key.startsWith(prefix)) yield change
    }
  }

  *history(): Iterable<ChangeId> {
    const oldest = this.#oldestAhead()
    for (const { changes } of this.#leads().toReversed()) {
      for (const { revision, key, current } of changes.toReversed()) yield { revision, key, deletion: !current }
    }
    for (const id of this.#tree.history()) if (id.revision < oldest) yield id
  }

  /** What the tree still does not take stays in the log. */
  async close(): Promise<void> {
    this.#timer?.cancel()
    try {
      await this.#transfer
      if (this.#leaving) await this.#transferNow()
      if (!this.#ahead.isEmpty) await this.#transferNow()
    } catch {
      // The next start finds it there, and says so if it cannot take it either.
    }
    this.#log.close()
    await this.#tree.close()
  }

  /** Oldest first. */
  #leads(): readonly Lead[] {
    return this.#leaving ? [this.#leaving, this.#ahead] : [this.#ahead]
  }

  #oldestAhead(): number {
    const oldest = this.#leaving?.changes[0] ?? this.#ahead.changes[0]
    return oldest?.revision ?? Number.POSITIVE_INFINITY
  }

  #transferInTime(): void {
    // A record that is being written belongs to the turn in which it began.
    if (this.#ahead.isEmpty || this.#leaving || this.#appending) return
    if (this.#isDue || this.#log.size >= enough) {
      this.#transferNow().then(
        () => this.#transferInTime(),
        // The next writer tries again, and hears of it.
        () => {},
      )
      return
    }
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#timer = undefined
      this.#isDue = true
      this.#transferInTime()
    }, longestLead)
  }

  async #transferNow(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#isDue = false
    if (!this.#leaving) {
      this.#leaving = this.#ahead
      this.#leaving.upTo = this.#log.sequence
      this.#ahead = new Lead()
      this.#log.takeTurn()
    }
    this.#transfer = this.#tree.commit(this.#leaving, this.#leaving.upTo)
    try {
      await this.#transfer
      this.#leaving = undefined
    } finally {
      this.#transfer = undefined
    }
  }

  /** LMDB says "Input/output error" when the disk is full. */
  #isFull(): boolean {
    const { bavail, bsize } = statfsSync(this.#directory)
    return bavail * bsize < 1 << 20
  }
}

/** Batches that the tree does not have, as one. */
class Lead implements Batch {
  readonly changes: Change[] = []
  readonly leases: LeaseChange[] = []
  readonly forgotten: ChangeId[] = []
  compactedRevision: number | undefined
  /** The sequence of the newest. */
  upTo = 0

  get isEmpty(): boolean {
    const { changes, leases, forgotten, compactedRevision } = this
    return changes.length + leases.length + forgotten.length === 0 && compactedRevision === undefined
  }

  add({ changes, leases, forgotten, compactedRevision }: Batch): void {
    for (const change of changes) this.changes.push(change)
    for (const lease of leases) this.leases.push(lease)
    for (const id of forgotten) this.forgotten.push(id)
    this.compactedRevision = compactedRevision ?? this.compactedRevision
  }

  find(revision: number, key: string): Change | undefined {
    const { changes } = this
    let [low, high] = [0, changes.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (changes[middle]!.revision < revision) low = middle + 1
      else high = middle
    }
    for (; changes[low]?.revision === revision; low++) if (changes[low]!.key === key) return changes[low]
    return undefined
  }
}
