// The write-ahead log: what makes a batch durable with a single sync, before the tree has it.
//
// Two files take turns. One is written; what the other holds is on its way into the tree, or there already. Once it is
// there (`loggedUpTo` of the tree says so), the turn may change, and the file is written again from its start: over bytes
// that are there, which costs a disk less than new ones. Records carry their sequence, so that what a file held before is
// never taken for what it holds.

import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  write,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Batch } from './engine.ts'
import { endOf, type Logged, RecordWriter, readBatch, recordAt } from './log-records.ts'

/** In bytes: as much as is written between two turns by one writer who waits for each answer. */
const firstSize = 256 * 1024
/** In bytes: a file that large objects made longer is cut when its turn comes. */
const longestKept = 16 * 1024 * 1024
/** A write returns when it is synced; where there is no such thing (Windows), a sync follows. */
const writesAreSynced = constants.O_DSYNC !== undefined

export class WriteAheadLog {
  readonly #files: readonly [number, number]
  readonly #writer = new RecordWriter()
  /** Which file is written, and up to where. */
  #turn: 0 | 1 = 0
  #end = 0
  /** Of the newest record. */
  #sequence = 0
  #broken: Error | undefined

  private constructor(files: readonly [number, number]) {
    this.#files = files
  }

  /** Throws what the file system throws. */
  static open(directory: string): WriteAheadLog {
    const first = openLog(join(directory, 'log-0'))
    try {
      const second = openLog(join(directory, 'log-1'))
      return new WriteAheadLog([first, second])
    } catch (error) {
      closeSync(first)
      throw error
    }
  }

  get sequence(): number {
    return this.#sequence
  }

  /** Bytes written since the turn last changed. */
  get size(): number {
    return this.#end
  }

  /**
   * The batches after the sequence, in order. A record that was never finished ends the log. Throws when one is missing that was
   * finished. Once they are in the tree, the log can be written.
   */
  replay(after: number): Logged[] {
    this.#sequence = after
    const found = this.#files
      .map(file => recordsOf(file, after))
      .sort((a, b) => (a[0]?.sequence ?? 0) - (b[0]?.sequence ?? 0))
    const records = found.flat()
    for (const { sequence } of records) {
      if (sequence !== this.#sequence + 1)
        throw new Error(`the log is damaged (record ${this.#sequence + 1} is missing)`)
      this.#sequence = sequence
    }
    return records
  }

  /** Resolves when the batch is durable; rejects when nothing of it was written. */
  async append(batch: Batch): Promise<void> {
    if (this.#broken) throw this.#broken
    const record = this.#writer.write({ sequence: this.#sequence + 1, batch })
    try {
      await writeAll(this.#files[this.#turn], record, this.#end)
    } catch (error) {
      this.#cutOff(error as Error)
      throw error
    }
    this.#sequence++
    this.#end += record.length
  }

  /** The other file is written from now on: all that it held is in the tree. */
  takeTurn(): void {
    this.#turn = this.#turn === 0 ? 1 : 0
    this.#end = 0
    const file = this.#files[this.#turn]
    if (fstatSync(file).size > longestKept) ftruncateSync(file, firstSize)
  }

  close(): void {
    for (const file of this.#files) closeSync(file)
  }

  /** What was written of a record that failed must not be found by the next start; where that fails too, all writing ends. */
  #cutOff(cause: Error): void {
    const file = this.#files[this.#turn]
    try {
      if (fstatSync(file).size <= this.#end) return
      ftruncateSync(file, this.#end)
      fdatasyncSync(file)
    } catch {
      this.#broken = cause
    }
  }
}

function openLog(path: string): number {
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT | (constants.O_DSYNC ?? 0), 0o600)
  if (fstatSync(file).size > 0) return file
  try {
    writeSync(file, Buffer.alloc(firstSize), 0, firstSize, 0)
    return file
  } catch (error) {
    closeSync(file)
    throw error
  }
}

/** Everything a file holds belongs to one turn: it is in the tree as a whole, or not. */
function recordsOf(file: number, after: number): Logged[] {
  const bytes = contentOf(file)
  const records: Logged[] = []
  const first = recordAt(bytes, 0)?.sequence ?? after + 1
  if (first <= after) return records
  let at = 0
  for (let sequence = first; ; sequence++) {
    const found = recordAt(bytes, at)
    if (found?.sequence !== sequence) {
      // It was whole once if a later one stands behind it.
      if ((recordAt(bytes, endOf(bytes, at))?.sequence ?? 0) <= sequence) return records
      throw new Error(`the log is damaged (record ${sequence} is not whole)`)
    }
    records.push({ sequence, batch: readBatch(bytes.subarray(at, found.end)) })
    at = found.end
  }
}

function contentOf(file: number): Buffer {
  const bytes = Buffer.allocUnsafe(fstatSync(file).size)
  let length = 0
  for (let read = -1; length < bytes.length && read !== 0; length += read) {
    read = readSync(file, bytes, length, bytes.length - length, length)
  }
  return bytes.subarray(0, length)
}

function writeAll(file: number, bytes: Buffer, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const go = (from: number) =>
      write(file, bytes, from, bytes.length - from, position + from, (error, written) => {
        if (error) reject(error)
        else if (from + written < bytes.length) go(from + written)
        else if (writesAreSynced) resolve()
        else fdatasync(file, failure => (failure ? reject(failure) : resolve()))
      })
    go(0)
  })
}
