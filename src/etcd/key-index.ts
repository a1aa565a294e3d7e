// Which keys there are, and at which revisions each changed: sorted, in memory, for both engines. It knows writes that
// are not durable yet, so that the next write of the same key can be decided at once; readers ask with a revision and
// so never see them.

import type { ChangeId } from './engine.ts'
import type { KeyValue } from './store.ts'

/** A state of a key: since `revision` it holds `current`, or nothing. */
export interface Version {
  readonly revision: number
  readonly current: KeyValue | undefined
  /** The version before; kept only until this one is durable. */
  previous: Version | undefined
}

export interface Entry {
  readonly key: string
  latest: Version
  /** Every revision not compacted away, oldest first, the latest's included; negative where it deleted the key. */
  readonly revisions: number[]
}

/** How many entries a chunk holds before it is split: inserting moves at most this many. */
const chunkSize = 512

export class KeyIndex {
  readonly #entries = new Map<string, Entry>()
  /** Every entry, sorted by key, in chunks that are never empty. */
  #chunks: Entry[][] = []

  /** Takes entries, of any order, into an empty index. */
  load(entries: readonly Entry[]): void {
    const sorted = entries.toSorted((a, b) => (a.key < b.key ? -1 : 1))
    for (const entry of sorted) this.#entries.set(entry.key, entry)
    const fill = chunkSize / 2
    for (let start = 0; start < sorted.length; start += fill) this.#chunks.push(sorted.slice(start, start + fill))
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  /** Makes the version its key's latest; `entry` is what `get` says of the key. */
  push(key: string, entry: Entry | undefined, version: Version): void {
    const revision = version.current ? version.revision : -version.revision
    if (entry) {
      entry.latest = version
      entry.revisions.push(revision)
    } else this.#insert({ key, latest: version, revisions: [revision] })
  }

  /** Takes the key's latest version back, which was not durable. */
  pop(key: string): void {
    const entry = this.#entries.get(key)!
    entry.revisions.pop()
    if (entry.latest.previous) entry.latest = entry.latest.previous
    if (entry.revisions.length === 0) this.#remove(entry)
  }

  /** Visits the entries whose key starts with the prefix, from `from` on. */
  visit(prefix: string, from: string, visitor: (entry: Entry) => void): void {
    const start = from > prefix ? from : prefix
    let chunkIndex = this.#chunkOf(start)
    let chunk = this.#chunks[chunkIndex]
    if (!chunk) return
    for (let index = lowerBound(chunk, start); chunk; chunk = this.#chunks[++chunkIndex], index = 0) {
      // Sorted: when the last of a chunk has the prefix, so have those before it.
      const whole = chunk.at(-1)!.key.startsWith(prefix)
      for (; index < chunk.length; index++) {
        const entry = chunk[index]!
        if (!whole && !entry.key.startsWith(prefix)) return
        visitor(entry)
      }
    }
  }

  /**
   * Forgets what no reader at the revision or later can see, and says which changes those were. A deletion by that
   * very revision stays, as in etcd: a watch may still start there.
   */
  compact(revision: number): ChangeId[] {
    const forgotten: ChangeId[] = []
    const gone: Entry[] = []
    for (const entry of this.#entries.values()) {
      const { key, revisions } = entry
      let keep = countUpTo(revisions, revision) - 1
      if (keep < 0) continue
      const standing = revisions[keep]!
      if (standing < 0 && -standing < revision) keep++
      if (keep === 0) continue
      for (const old of revisions.splice(0, keep)) {
        forgotten.push({ revision: Math.abs(old), key, deletion: old < 0 })
      }
      if (revisions.length === 0) gone.push(entry)
    }
    for (const entry of gone) this.#remove(entry)
    return forgotten.sort((a, b) => a.revision - b.revision)
  }

  #insert(entry: Entry): void {
    this.#entries.set(entry.key, entry)
    const chunkIndex = this.#chunkOf(entry.key)
    const chunk = this.#chunks[chunkIndex]
    if (!chunk) {
      this.#chunks.push([entry])
      return
    }
    chunk.splice(lowerBound(chunk, entry.key), 0, entry)
    if (chunk.length > chunkSize) this.#chunks.splice(chunkIndex + 1, 0, chunk.splice(chunkSize / 2))
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.key)
    const chunkIndex = this.#chunkOf(entry.key)
    const chunk = this.#chunks[chunkIndex]!
    chunk.splice(lowerBound(chunk, entry.key), 1)
    if (chunk.length === 0) this.#chunks.splice(chunkIndex, 1)
  }

  /** The last chunk that begins at or before the key; the first when none does. */
  #chunkOf(key: string): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#chunks[middle]![0]!.key <= key) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }
}

/** The revision at which the entry stood as of `revision`: negative for a deletion, undefined for not yet. */
export function standingRevision(entry: Entry, revision: number): number | undefined {
  return entry.revisions[countUpTo(entry.revisions, revision) - 1]
}

/** How many of the revisions are at or before the given one. */
function countUpTo(revisions: readonly number[], revision: number): number {
  let low = 0
  let high = revisions.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (Math.abs(revisions[middle]!) <= revision) low = middle + 1
    else high = middle
  }
  return low
}

function lowerBound(entries: readonly Entry[], key: string): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (entries[middle]!.key < key) low = middle + 1
    else high = middle
  }
  return low
}
