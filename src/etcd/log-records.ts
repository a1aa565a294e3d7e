// Batches as the bytes of the write-ahead log.
//
//   record  length of the body (4 bytes) | CRC-32 of all that follows (4) | sequence (8) | body
//   body    changes | leases | forgotten (each a count of 4 bytes and so many) | compacted revision (8; 0: none)
//   change  revision (8) | put or deletion (1) | key; a put goes on: lease, create revision, version (8 each) | value
//   lease   id (8) | time to live in seconds (8; NaN: it is gone)
//   forgotten  revision (8) | put or deletion (1) | key
//
// Keys and values begin with their length (4). Numbers of 8 bytes are doubles.

import { crc32 } from 'node:zlib'
import type { Batch, Change, ChangeId, LeaseChange } from './engine.ts'

/** A batch and its place among all that were ever logged: 1, 2, 3… */
export interface Logged {
  readonly sequence: number
  readonly batch: Batch
}

const head = 16
/** In bytes: what a writer begins with, and the most it keeps after a large record. */
const firstLength = 64 * 1024
const longestKept = 1024 * 1024

/** Writes records into memory that is used again for the next. */
export class RecordWriter {
  #bytes = Buffer.allocUnsafeSlow(firstLength)
  #at = 0

  /** Valid until the next call. */
  write({ sequence, batch }: Logged): Buffer {
    if (this.#bytes.length > longestKept) this.#bytes = Buffer.allocUnsafeSlow(firstLength)
    this.#at = head
    this.#number(batch.changes.length)
    for (const { revision, key, current } of batch.changes) {
      this.#change(revision, current === undefined, key)
      if (!current) continue
      this.#double(current.lease)
      this.#double(current.createRevision)
      this.#double(current.version)
      this.#value(current.value)
    }
    this.#number(batch.leases.length)
    for (const { id, ttlSeconds = Number.NaN } of batch.leases) {
      this.#double(id)
      this.#double(ttlSeconds)
    }
    this.#number(batch.forgotten.length)
    for (const { revision, key, deletion } of batch.forgotten) this.#change(revision, deletion, key)
    this.#double(batch.compactedRevision ?? 0)
    const record = this.#bytes.subarray(0, this.#at)
    record.writeUInt32LE(record.length - head, 0)
    record.writeDoubleLE(sequence, 8)
    record.writeUInt32LE(crc32(record.subarray(8)), 4)
    return record
  }

  #change(revision: number, deletion: boolean, key: string): void {
    this.#double(revision)
    this.#reserve(5 + key.length * 3)
    this.#bytes[this.#at] = deletion ? 0 : 1
    const length = this.#bytes.write(key, this.#at + 5)
    this.#bytes.writeUInt32LE(length, this.#at + 1)
    this.#at += 5 + length
  }

  #value(value: Uint8Array): void {
    this.#number(value.length)
    this.#reserve(value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
  }

  #number(value: number): void {
    this.#reserve(4)
    this.#at = this.#bytes.writeUInt32LE(value, this.#at)
  }

  #double(value: number): void {
    this.#reserve(8)
    this.#at = this.#bytes.writeDoubleLE(value, this.#at)
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#at + length))
    grown.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = grown
  }
}

/** Where the record at `start` ends, by what it says itself. */
export function endOf(file: Buffer, start: number): number {
  return start + head + (start + 4 <= file.length ? file.readUInt32LE(start) : 0)
}

/** Where the record at `start` ends, and its sequence; undefined when none, or no whole one, is there. */
export function recordAt(file: Buffer, start: number): { end: number; sequence: number } | undefined {
  const end = endOf(file, start)
  if (end > file.length || crc32(file.subarray(start + 8, end)) !== file.readUInt32LE(start + 4)) return undefined
  return { end, sequence: file.readDoubleLE(start + 8) }
}

/** What a whole record (see `recordAt`) holds. Its values are views of the record. */
export function readBatch(record: Buffer): Batch {
  const reader = new BodyReader(record)
  const changes = reader.many(() => reader.change())
  const leases = reader.many(() => reader.lease())
  const forgotten = reader.many(() => reader.changeId())
  return { changes, leases, forgotten, compactedRevision: reader.double() || undefined }
}

class BodyReader {
  readonly #record: Buffer
  #at = head

  constructor(record: Buffer) {
    this.#record = record
  }

  many<Item>(read: () => Item): Item[] {
    return Array.from({ length: this.#number() }, read)
  }

  change(): Change {
    const { revision, key, deletion } = this.changeId()
    if (deletion) return { revision, key, current: undefined }
    const [lease, createRevision, version] = [this.double(), this.double(), this.double()]
    const value = this.#bytes()
    return { revision, key, current: { key, value, createRevision, modRevision: revision, version, lease } }
  }

  changeId(): ChangeId {
    const revision = this.double()
    const deletion = this.#record[this.#at++] === 0
    return { revision, deletion, key: this.#bytes().toString() }
  }

  lease(): LeaseChange {
    const [id, ttlSeconds] = [this.double(), this.double()]
    return { id, ttlSeconds: Number.isNaN(ttlSeconds) ? undefined : ttlSeconds }
  }

  double(): number {
    this.#at += 8
    return this.#record.readDoubleLE(this.#at - 8)
  }

  #number(): number {
    this.#at += 4
    return this.#record.readUInt32LE(this.#at - 4)
  }

  #bytes(): Buffer {
    const length = this.#number()
    this.#at += length
    return this.#record.subarray(this.#at - length, this.#at)
  }
}
