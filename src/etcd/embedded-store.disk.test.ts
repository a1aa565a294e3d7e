// What a directory adds: restarts, one owner, damage, and writes that fail.

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'lmdb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { virtualEnv } from '../machinery/env/virtual-env.ts'
import { EmbeddedStore, openEmbeddedStore } from './embedded-store.ts'
import type { Batch } from './engine.ts'
import { metaTag, treeKeyEncoder } from './lmdb-keys.ts'
import { MemoryEngine } from './memory-engine.ts'
import { CompactedError, type Store, StoreOpenError, StoreUnavailableError } from './store.ts'

const root = mkdtempSync(join(tmpdir(), 'k8ts-store-disk-'))
afterAll(() => rmSync(root, { recursive: true }))
let directories = 0
const newDirectory = () => join(root, `${++directories}`)
const macrotask = () => new Promise<void>(resolve => setImmediate(resolve))

const put = (store: Store, key: string, value: Uint8Array | string, modRevision = 0, lease?: number) =>
  store.txn({ type: 'put', key, value: Buffer.from(value), lease }, { modRevision })

describe('restart', () => {
  it('finds revisions, history, compaction and values as they were', async () => {
    const directory = newDirectory()
    const env = virtualEnv()
    const before = await openEmbeddedStore({ env, directory })
    await put(before, '/a', 'one')
    await put(before, '/a', 'two', 2)
    await put(before, '/b', 'three')
    await before.txn({ type: 'delete', key: '/b' }, { modRevision: 4 })
    await put(before, '/a', 'four', 3)
    await before.compact(3)
    await before.close()

    const store = await openEmbeddedStore({ env, directory })
    expect([store.revision, store.compactedRevision]).toEqual([6, 3])
    expect((await store.get('/a')).item).toEqual({
      key: '/a',
      value: Buffer.from('four'),
      createRevision: 2,
      modRevision: 6,
      version: 3,
      lease: 0,
    })
    const then = await store.range('/', { revision: 4 })
    expect(then.items.map(({ key, value }) => `${key}=${value}`)).toEqual(['/a=two', '/b=three'])
    await expect(store.range('/', { revision: 2 })).rejects.toThrow(CompactedError)
    const told: string[] = []
    store.watch('/', 4, {
      events: events =>
        told.push(...events.map(e => `${e.type} ${e.key}@${e.revision} was ${e.previous?.modRevision}`)),
      closed() {},
    })
    await put(store, '/c', 'five')
    await macrotask()
    expect(told).toEqual(['delete /b@5 was 4', 'put /a@6 was 3', 'put /c@7 was undefined'])
    await store.close()
  })

  it('gives leases their whole time again', async () => {
    const directory = newDirectory()
    const env = virtualEnv({ settle: macrotask })
    const before = await openEmbeddedStore({ env, directory })
    const [kept, revoked] = [await before.grantLease(10), await before.grantLease(10)]
    await put(before, '/kept', 'one', 0, kept.id)
    await put(before, '/revoked', 'one', 0, revoked.id)
    await before.revokeLease(revoked.id)
    await env.clock.advance(9_000)
    await before.close()

    const store = await openEmbeddedStore({ env, directory })
    await env.clock.advance(9_000)
    expect((await store.range('/')).items.map(item => item.key)).toEqual(['/kept'])
    await expect(store.keepAlive(revoked.id)).rejects.toThrow('requested lease not found')
    await env.clock.advance(1_000)
    while ((await store.range('/')).count > 0) await macrotask()
    expect(store.revision).toBe(5)
    await store.close()
  })

  it('deletes compacted revisions from the disk, also when a restart comes in between', async () => {
    const directory = newDirectory()
    const env = virtualEnv()
    let store = await openEmbeddedStore({ env, directory })
    const value = new Uint8Array(20_000)
    const rewrite = async (times: number) => {
      for (let n = 0; n < times; n++) await put(store, '/a', value, (await store.get('/a')).item?.modRevision ?? 0)
    }
    await rewrite(100)
    await store.close()
    store = await openEmbeddedStore({ env, directory })
    const size = statSync(join(directory, 'data.mdb')).size
    for (let round = 0; round < 10; round++) {
      await store.compact(store.revision)
      await store.close()
      store = await openEmbeddedStore({ env, directory })
      await rewrite(80)
    }
    // 18 MB more were written; what compaction freed was used again.
    expect(statSync(join(directory, 'data.mdb')).size).toBeLessThan(2 * size)
    await store.close()
  })

  it('with 10,000 keys is quick', async () => {
    const directory = newDirectory()
    const env = virtualEnv()
    const before = await openEmbeddedStore({ env, directory })
    await Promise.all(Array.from({ length: 10_000 }, (_, n) => put(before, `/pods/${n}`, Buffer.alloc(1000, n))))
    await before.close()
    const start = process.hrtime.bigint()
    const store = await openEmbeddedStore({ env, directory })
    const milliseconds = Number(process.hrtime.bigint() - start) / 1e6
    expect((await store.range('/pods/', { limit: 10 })).count).toBe(10_000)
    // Measured: 60. The limit only catches what grows with the square.
    expect(milliseconds).toBeLessThan(1500)
    await store.close()
  })
})

describe('a log before the tree', () => {
  /** What a start would find if the process, or the machine, stopped now. */
  const crashed = async (directory: string): Promise<string[]> => {
    const copy = newDirectory()
    cpSync(directory, copy, { recursive: true, filter: source => !source.endsWith('owner') })
    const store = await openEmbeddedStore({ env: virtualEnv(), directory: copy })
    const { items } = await store.range('')
    await store.close()
    return items.map(({ key, value, modRevision }) => `${key}=${value}@${modRevision}`)
  }

  it('loses nothing that was acknowledged, whether the tree has it or not', async () => {
    const directory = newDirectory()
    const env = virtualEnv({ settle: macrotask })
    const store = await openEmbeddedStore({ env, directory })
    await put(store, '/a', 'one')
    await put(store, '/b', 'two')
    expect(await crashed(directory)).toEqual(['/a=one@2', '/b=two@3'])
    // Into the tree.
    await env.clock.advance(100)
    await put(store, '/a', 'three', 2)
    expect(await crashed(directory)).toEqual(['/a=three@4', '/b=two@3'])
    await env.clock.advance(100)
    await store.txn({ type: 'delete', key: '/b' }, { modRevision: 3 })
    await put(store, '/c', 'four')
    expect(await crashed(directory)).toEqual(['/a=three@4', '/c=four@6'])
    await store.close()
    expect(await crashed(directory)).toEqual(['/a=three@4', '/c=four@6'])
  })

  it('answers about the past from both', async () => {
    const env = virtualEnv({ settle: macrotask })
    const store = await openEmbeddedStore({ env, directory: newDirectory() })
    await put(store, '/a', 'one')
    await put(store, '/a', 'two', 2)
    await env.clock.advance(100)
    await put(store, '/a', 'three', 3)
    await put(store, '/a', 'four', 4)
    for (const [revision, value] of [
      [2, 'one'],
      [3, 'two'],
      [4, 'three'],
      [5, 'four'],
    ] as const)
      expect(String((await store.get('/a', { revision })).item?.value)).toBe(value)
    await store.close()
  })

  it('takes a store that was written without one', async () => {
    const directory = newDirectory()
    const before = await openEmbeddedStore({ env: virtualEnv(), directory })
    await put(before, '/a', 'one')
    await before.close()
    for (const log of ['log-0', 'log-1']) rmSync(join(directory, log))
    const tree = open<Buffer, any>({ path: directory, encoding: 'binary', keyEncoder: treeKeyEncoder })
    const one = Buffer.alloc(8)
    one.writeDoubleBE(1)
    tree.putSync({ tag: metaTag, number: 0, kind: 0, text: 'format' }, one)
    tree.removeSync({ tag: metaTag, number: 0, kind: 0, text: 'logged' })
    await tree.close()
    expect(await crashed(directory)).toEqual(['/a=one@2'])
  })

  it('that is damaged is refused, and nothing is left open', async () => {
    const directory = newDirectory()
    const store = await openEmbeddedStore({ env: virtualEnv(), directory })
    for (const key of ['/a', '/b', '/c']) await put(store, key, 'value of it')
    const log = join(directory, 'log-0')
    const bytes = readFileSync(log)
    bytes[30]! ^= 1
    writeFileSync(log, bytes)
    await expect(crashed(directory)).rejects.toThrow(
      /^cannot open the store in .*: the log is damaged \(record 1 is not whole\); restore it from a backup, or move it away to start empty$/,
    )
    await store.close()
  })
})

describe('a directory that cannot be used', () => {
  const intact = join(root, 'intact')
  beforeAll(async () => {
    const store = await openEmbeddedStore({ env: virtualEnv(), directory: intact })
    await Promise.all(Array.from({ length: 200 }, (_, n) => put(store, `/k/${n}`, Buffer.alloc(3000, n + 1))))
    await store.close()
  })

  it('one that another store has open is refused, and free again when that is closed', async () => {
    const directory = newDirectory()
    const env = virtualEnv()
    const first = await openEmbeddedStore({ env, directory })
    const second = openEmbeddedStore({ env, directory })
    await expect(second).rejects.toThrow(StoreOpenError)
    await expect(second).rejects.toThrow(
      `cannot open the store in ${directory}: process ${process.pid} has it open; stop that one first, or choose another directory`,
    )
    await put(first, '/a', 'one')
    await first.close()
    const third = await openEmbeddedStore({ env, directory })
    expect(third.revision).toBe(2)
    await third.close()
  })

  it.each([
    ['a process that is gone', '2147483646 123'],
    ['a process whose number has a new owner', `${process.pid} 1`],
    ['no one', ''],
  ])('an owner file left by %s is taken over', async (_, content) => {
    const directory = newDirectory()
    mkdirSync(directory)
    writeFileSync(join(directory, 'owner'), content)
    const store = await openEmbeddedStore({ env: virtualEnv(), directory })
    await store.close()
    expect(existsSync(join(directory, 'owner'))).toBe(false)
  })

  const overwrite = (file: string, from: number, to: number) => {
    writeFileSync(file, readFileSync(file).fill(0xab, from, to))
  }
  const data = (directory: string) => join(directory, 'data.mdb')
  it.each<[string, (directory: string) => void, RegExp]>([
    ['cut within its first page', directory => truncateSync(data(directory), 3000), /damaged, or no LMDB file/],
    ['cut within its second page', directory => truncateSync(data(directory), 4100), /damaged, or no LMDB file/],
    ['cut in the middle', directory => truncateSync(data(directory), 300_000), /MDB_CORRUPTED|is damaged/],
    [
      'overwritten in the middle',
      directory => overwrite(data(directory), 100_000, 200_000),
      /MDB_CORRUPTED|is damaged/,
    ],
    ['something else', directory => writeFileSync(data(directory), 'hello'.repeat(5000)), /damaged, or no LMDB file/],
  ])('a file that is %s is refused, and nothing is left open', async (_, damage, reason) => {
    const directory = newDirectory()
    cpSync(intact, directory, { recursive: true })
    damage(directory)
    const opening = openEmbeddedStore({ env: virtualEnv(), directory })
    await expect(opening).rejects.toThrow(StoreOpenError)
    await expect(opening).rejects.toThrow(reason)
    await expect(opening).rejects.toThrow(
      new RegExp(
        `^cannot open the store in ${directory}: .*; restore it from a backup, or move it away to start empty$`,
      ),
    )
    expect(existsSync(join(directory, 'owner'))).toBe(false)
  })

  it('a path that is no directory is refused', async () => {
    const file = newDirectory()
    writeFileSync(file, '')
    const opening = openEmbeddedStore({ env: virtualEnv(), directory: join(file, 'store') })
    await expect(opening).rejects.toThrow(StoreOpenError)
    await expect(opening).rejects.toThrow(/; choose a directory that can be written to$/)
  })
})

describe('a write that fails', () => {
  /** Fails the commits it is told to; `torn` ones reach the ground all the same, so that no one knows what is true. */
  class FaultyEngine extends MemoryEngine {
    fault: 'none' | 'clean' | 'torn' = 'none'

    override async commit(batch: Batch): Promise<void> {
      if (this.fault === 'clean') throw new Error('no space left on its disk')
      await super.commit(batch)
      if (this.fault === 'torn') throw new Error('Input/output error')
    }
  }

  it('takes everything queued behind it along, and leaves the state before', async () => {
    const engine = new FaultyEngine()
    const store = new EmbeddedStore(virtualEnv(), engine)
    await put(store, '/a', 'one')
    await put(store, '/b', 'two')
    const told: string[] = []
    store.watch('', 0, {
      events: events => told.push(...events.map(e => `${e.type} ${e.key}@${e.revision}`)),
      closed() {},
    })
    engine.fault = 'clean'
    const writes = await Promise.allSettled([
      put(store, '/a', 'three', 2),
      put(store, '/a', 'four', 4),
      put(store, '/new', 'five'),
      store.txn({ type: 'delete', key: '/b' }, { modRevision: 3 }),
      put(store, '/b', 'six'),
      // Conflicts only with what is about to fail: no answer would be true.
      put(store, '/new', 'seven'),
    ])
    for (const write of writes) {
      expect(write.status === 'rejected' && write.reason).toBeInstanceOf(StoreUnavailableError)
      expect(write).toMatchObject({ reason: { message: 'the store cannot write: no space left on its disk' } })
    }
    expect(told).toEqual([])
    const { items, revision } = await store.range('')
    expect(items.map(item => `${item.key}=${item.value}@${item.modRevision}`)).toEqual(['/a=one@2', '/b=two@3'])
    expect(revision).toBe(3)

    engine.fault = 'none'
    expect(await put(store, '/new', 'eight')).toEqual({ committed: true, revision: 4 })
    expect(told).toEqual(['put /new@4'])
  })

  it('that may have happened all the same ends all writing: only a restart knows', async () => {
    const engine = new FaultyEngine()
    const store = new EmbeddedStore(virtualEnv(), engine)
    engine.fault = 'torn'
    await expect(put(store, '/a', 'one')).rejects.toThrow(StoreUnavailableError)
    engine.fault = 'none'
    await expect(put(store, '/b', 'two')).rejects.toThrow('the store cannot write: Input/output error')
    await store.close()
    const restarted = new EmbeddedStore(virtualEnv(), engine)
    expect((await restarted.range('')).items.map(item => item.key)).toEqual(['/a'])
  })

  it('keeps a lease whose end could not be written, and ends it later', async () => {
    const engine = new FaultyEngine()
    const env = virtualEnv({ settle: macrotask })
    const store = new EmbeddedStore(env, engine)
    const lease = await store.grantLease(10)
    await put(store, '/a', 'one', 0, lease.id)
    engine.fault = 'clean'
    await env.clock.advance(12_000)
    expect((await store.range('')).count).toBe(1)
    await expect(store.grantLease(10, 99)).rejects.toThrow(StoreUnavailableError)
    engine.fault = 'none'
    expect(await store.grantLease(10, 99)).toEqual({ id: 99, ttlSeconds: 10 })
    await env.clock.advance(5_000)
    expect((await store.range('')).count).toBe(0)
  })

  it('leaves a failed compaction to be asked for again', async () => {
    const engine = new FaultyEngine()
    const store = new EmbeddedStore(virtualEnv(), engine)
    await put(store, '/a', 'one')
    await put(store, '/a', 'two', 2)
    engine.fault = 'clean'
    await expect(store.compact(3)).rejects.toThrow(StoreUnavailableError)
    expect((await store.get('/a', { revision: 2 })).item?.modRevision).toBe(2)
    engine.fault = 'none'
    await store.compact(3)
    expect(store.compactedRevision).toBe(3)
  })
})
