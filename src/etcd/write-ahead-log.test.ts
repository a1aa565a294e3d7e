// The log keeps what was finished, in order, and nothing else: whatever is cut off, whatever a disk changed.

import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { SeededRandom } from '../machinery/env/virtual-env.ts'
import type { Batch, Change } from './engine.ts'
import { type Logged, RecordWriter, readBatch, recordAt } from './log-records.ts'
import { WriteAheadLog } from './write-ahead-log.ts'

const root = mkdtempSync(join(tmpdir(), 'k8ts-log-'))
afterAll(() => rmSync(root, { recursive: true }))
const newDirectory = () => mkdtempSync(join(root, 'd-'))

const put = (revision: number, key: string, value: Uint8Array): Change => ({
  revision,
  key,
  current: { key, value, createRevision: revision, modRevision: revision, version: 1, lease: 0 },
})
const batchOf = (...changes: Change[]): Batch => ({ changes, leases: [], forgotten: [], compactedRevision: undefined })

/** As many as asked for, each with one key. */
async function fill(log: WriteAheadLog, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const revision = log.sequence + 1
    await log.append(batchOf(put(revision, `/k/${revision}`, Buffer.alloc(revision % 40, revision))))
  }
}

function replayed(directory: string, after = 0): number[] {
  const log = WriteAheadLog.open(directory)
  try {
    return log.replay(after).map(({ sequence, batch }) => {
      expect(batch).toEqual(batchOf(put(sequence, `/k/${sequence}`, Buffer.alloc(sequence % 40, sequence))))
      return sequence
    })
  } finally {
    log.close()
  }
}

const upTo = (newest: number, from = 1) => Array.from({ length: newest - from + 1 }, (_, n) => from + n)

describe('a record', () => {
  it('gives back any batch', () => {
    const random = new SeededRandom(7)
    const below = (limit: number) => Math.floor(random.next() * limit)
    const many = <Item>(make: () => Item) => Array.from({ length: below(4) }, make)
    const key = () => `/registry/${[...'é☃𝄞/a'].slice(0, below(6)).join('')}${'x'.repeat(below(300))}`
    const writer = new RecordWriter()
    for (let sequence = 1; sequence <= 300; sequence++) {
      const batch: Batch = {
        changes: many(() => {
          const [revision, name] = [below(2 ** 50), key()]
          if (below(3) === 0) return { revision, key: name, current: undefined }
          const value = Buffer.from(random.bytes(below(2) * below(600)))
          const [lease, createRevision, version] = [below(2 ** 50), below(2 ** 50), below(2 ** 50)]
          return {
            revision,
            key: name,
            current: { key: name, value, createRevision, modRevision: revision, version, lease },
          }
        }),
        leases: many(() => ({ id: below(2 ** 50), ttlSeconds: below(2) ? below(1e6) : undefined })),
        forgotten: many(() => ({ revision: below(2 ** 50), key: key(), deletion: below(2) === 0 })),
        compactedRevision: below(2) ? 1 + below(1e6) : undefined,
      }
      const record = Buffer.from(writer.write({ sequence, batch } satisfies Logged))
      expect(recordAt(record, 0)).toEqual({ end: record.length, sequence })
      expect(readBatch(record)).toEqual(batch)
    }
  })

  it('may be larger than those before', () => {
    const writer = new RecordWriter()
    for (const size of [10, 100_000, 3_000_000, 10]) {
      const value = Buffer.alloc(size, 'value')
      const record = writer.write({ sequence: 1, batch: batchOf(put(2, '/a', value), put(3, '/b', value)) })
      const values = readBatch(record).changes.map(({ current }) => current!.value)
      expect(values.map(read => value.equals(read))).toEqual([true, true])
    }
  })
})

describe('the log', () => {
  it('is replayed from where the tree stands', async () => {
    const directory = newDirectory()
    const log = WriteAheadLog.open(directory)
    expect(log.replay(0)).toEqual([])
    await fill(log, 5)
    log.close()
    expect(replayed(directory)).toEqual(upTo(5))
    // A turn is in the tree as a whole.
    expect(replayed(directory, 5)).toEqual([])
  })

  it('never takes what a file held before for what it holds', async () => {
    const directory = newDirectory()
    const log = WriteAheadLog.open(directory)
    log.replay(0)
    await fill(log, 20)
    log.takeTurn()
    await fill(log, 10)
    expect(replayed(directory)).toEqual(upTo(30))
    log.takeTurn()
    await fill(log, 3)
    expect(replayed(directory, 20)).toEqual(upTo(33, 21))
    expect(replayed(directory, 30)).toEqual(upTo(33, 31))
    expect(replayed(directory, 33)).toEqual([])
    log.close()
  })

  it('gives back the room that large objects took', async () => {
    const directory = newDirectory()
    const log = WriteAheadLog.open(directory)
    log.replay(0)
    for (let n = 1; n <= 6; n++) await log.append(batchOf(put(n, '/large', Buffer.alloc(3_000_000))))
    expect(statSync(join(directory, 'log-0')).size).toBeGreaterThan(18_000_000)
    log.takeTurn()
    await fill(log, 1)
    log.takeTurn()
    expect(statSync(join(directory, 'log-0')).size).toBeLessThan(1_000_000)
    await fill(log, 1)
    expect(replayed(directory, 6)).toEqual([7, 8])
    log.close()
  })

  it('ends at the record that was never finished, wherever it is cut', async () => {
    const directory = newDirectory()
    const file = join(directory, 'log-0')
    const log = WriteAheadLog.open(directory)
    log.replay(0)
    const ends: number[] = []
    for (let n = 0; n < 6; n++) {
      await fill(log, 1)
      ends.push(log.size)
    }
    log.close()
    const whole = readFileSync(file)
    for (let cut = ends.at(-1)!; cut > 0; cut--) {
      truncateSync(file, cut)
      expect(replayed(directory), `cut at ${cut}`).toEqual(upTo(ends.filter(end => end <= cut).length))
      // What was not written may read as zeros, too.
      writeFileSync(file, Buffer.concat([whole.subarray(0, cut), Buffer.alloc(500)]))
      expect(replayed(directory).length).toBeLessThanOrEqual(ends.filter(end => end <= cut).length + 1)
      writeFileSync(file, whole.subarray(0, cut))
    }
  })

  it('with a changed byte in a finished record is refused, the last one excepted', async () => {
    const directory = newDirectory()
    const file = join(directory, 'log-0')
    const log = WriteAheadLog.open(directory)
    log.replay(0)
    await fill(log, 3)
    const last = log.size
    await fill(log, 1)
    log.close()
    const whole = readFileSync(file)
    for (let at = 0; at < last; at++) {
      const changed = Buffer.from(whole)
      changed[at]! ^= 0x10
      writeFileSync(file, changed)
      // The length says where the next one begins: without it, no one can tell an unfinished record from a damaged one.
      const isLength = [0, 1, 2, 3].some(byte => at === byte || isAt(whole, at - byte))
      if (!isLength) expect(() => replayed(directory), `byte ${at}`).toThrow('the log is damaged')
    }
  })

  it('that lacks a record between its files is refused', async () => {
    const directory = newDirectory()
    const log = WriteAheadLog.open(directory)
    log.replay(0)
    await fill(log, 2)
    const end = log.size
    log.takeTurn()
    await fill(log, 2)
    log.close()
    truncateSync(join(directory, 'log-0'), end - 1)
    expect(() => replayed(directory)).toThrow('the log is damaged (record 2 is missing)')
  })
})

/** Whether a record begins there. */
function isAt(file: Buffer, at: number): boolean {
  return at >= 0 && recordAt(file, at) !== undefined
}
