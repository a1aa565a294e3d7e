// The ground without a disk: a map. What it holds lives as long as it does.

import type { Batch, Change, ChangeId, Engine } from './engine.ts'
import type { KeyValue } from './store.ts'

export class MemoryEngine implements Engine {
  /** By revision. */
  readonly #changes = new Map<number, Change[]>()
  readonly #leases = new Map<number, { id: number; ttlSeconds: number }>()
  #newest = 0
  #compacted = 0

  newestRevision(): number {
    return this.#newest
  }

  compactedRevision(): number {
    return this.#compacted
  }

  leases(): Iterable<{ id: number; ttlSeconds: number }> {
    return this.#leases.values()
  }

  async commit(batch: Batch): Promise<void> {
    for (const change of batch.changes) {
      const sameRevision = this.#changes.get(change.revision)
      if (sameRevision) sameRevision.push(change)
      else this.#changes.set(change.revision, [change])
      this.#newest = change.revision
    }
    for (const { id, ttlSeconds } of batch.leases) {
      if (ttlSeconds === undefined) this.#leases.delete(id)
      else this.#leases.set(id, { id, ttlSeconds })
    }
    this.#compacted = batch.compactedRevision ?? this.#compacted
    for (const { revision, key } of batch.forgotten) {
      const left = this.#changes.get(revision)?.filter(change => change.key !== key)
      if (left?.length) this.#changes.set(revision, left)
      else this.#changes.delete(revision)
    }
  }

  read(revision: number, key: string): KeyValue | undefined {
    return this.#changes.get(revision)?.find(change => change.key === key)?.current
  }

  *changesAfter(revision: number, prefix: string): Iterable<Change> {
    for (let next = revision + 1; next <= this.#newest; next++) {
      for (const change of this.#changes.get(next) ?? []) if (change.key.startsWith(prefix)) yield change
    }
  }

  *history(): Iterable<ChangeId> {
    for (let revision = this.#newest; revision > 0; revision--) {
      const changes = this.#changes.get(revision) ?? []
      for (const { key, current } of changes) yield { revision, key, deletion: !current }
    }
  }

  async close(): Promise<void> {}
}
