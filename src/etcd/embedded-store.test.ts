import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { virtualEnv } from '../machinery/env/virtual-env.ts'
import { openEmbeddedStore } from './embedded-store.ts'
import {
  CompactedError,
  FutureRevisionError,
  LeaseExistsError,
  LeaseNotFoundError,
  type Store,
  type StoreEvent,
  StoreUnavailableError,
} from './store.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (value: Uint8Array | undefined) => value && new TextDecoder().decode(value)
const put = (store: Store, key: string, value: string, modRevision = 0, lease?: number) =>
  store.txn({ type: 'put', key, value: bytes(value), lease }, { modRevision })
const remove = (store: Store, key: string, modRevision: number) => store.txn({ type: 'delete', key }, { modRevision })
const macrotask = () => new Promise<void>(resolve => setImmediate(resolve))

/** Everything a watch is told, as short lines: "put /a@2", "delete /a@3 (was 2)", "progress 4", "closed …". */
function watched(store: Store, prefix: string, afterRevision: number) {
  const told: string[] = []
  const batches: (readonly StoreEvent[])[] = []
  const watch = store.watch(prefix, afterRevision, {
    events(events) {
      batches.push(events)
      for (const { type, key, revision, previous } of events) {
        told.push(`${type} ${key}@${revision}${previous ? ` (was ${previous.modRevision})` : ''}`)
      }
    },
    progress: revision => told.push(`progress ${revision}`),
    closed: reason => told.push(`closed ${reason.message}`),
  })
  const until = async (enough: number) => {
    for (let turn = 0; told.length < enough && turn < 100_000; turn++) await macrotask()
    return told
  }
  return { told, batches, watch, until }
}

describe.each(['without a disk', 'on disk'])('the embedded store %s', ground => {
  const directories: string[] = []
  const stores: Store[] = []
  const newDirectory = () => {
    const directory = mkdtempSync(join(tmpdir(), 'k8ts-store-'))
    directories.push(directory)
    return directory
  }
  const open = async (env = virtualEnv({ settle: macrotask })) => {
    const store = await openEmbeddedStore({ env, directory: ground === 'on disk' ? newDirectory() : undefined })
    stores.push(store)
    return store
  }
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
  })

  it('starts at revision 1, and every write moves it by one', async () => {
    const store = await open()
    expect(store.revision).toBe(1)
    expect(await put(store, '/a', 'one')).toEqual({ committed: true, revision: 2 })
    expect(await put(store, '/b', 'two')).toEqual({ committed: true, revision: 3 })
    expect(store.revision).toBe(3)
    expect(await store.range('/none')).toEqual({ items: [], revision: 3, more: false, count: 0 })
  })

  it('keeps create revision, mod revision and version of a key, and starts them anew after its deletion', async () => {
    const store = await open()
    const seen = async () => {
      const { item } = await store.get('/a')
      return item && [text(item.value), item.createRevision, item.modRevision, item.version]
    }
    await put(store, '/a', 'one')
    expect(await seen()).toEqual(['one', 2, 2, 1])
    await put(store, '/a', 'two', 2)
    expect(await seen()).toEqual(['two', 2, 3, 2])
    await remove(store, '/a', 3)
    expect(await seen()).toBeUndefined()
    await put(store, '/a', 'three')
    expect(await seen()).toEqual(['three', 5, 5, 1])
  })

  it.each([
    ['create what exists', 0, 'put', 3],
    ['put on an old revision', 2, 'put', 3],
    ['put on a revision that never was', 99, 'put', 3],
    ['delete on an old revision', 2, 'delete', 3],
    ['delete what is not there', 4, 'delete', undefined],
  ] as const)('refuses to %s, and says what stands there', async (_, modRevision, type, standing) => {
    const store = await open()
    await put(store, '/a', 'one')
    await put(store, '/a', 'two', 2)
    const key = standing ? '/a' : '/gone'
    const result = await (type === 'put' ? put(store, key, 'x', modRevision) : remove(store, key, modRevision))
    expect(result).toMatchObject({ committed: false, revision: 3 })
    expect(!result.committed && result.current?.modRevision).toBe(standing)
    expect(store.revision).toBe(3)
  })

  it('takes the deletion of nothing, expected to be nothing, as done without a revision', async () => {
    const store = await open()
    expect(await remove(store, '/a', 0)).toEqual({ committed: true, revision: 1 })
  })

  it('decides transactions in the order they are asked, before the first is durable', async () => {
    const store = await open()
    const results = await Promise.all([put(store, '/a', 'one'), put(store, '/a', 'two'), put(store, '/a', 'three', 2)])
    expect(results).toMatchObject([
      { committed: true, revision: 2 },
      { committed: false },
      { committed: true, revision: 3 },
    ])
    expect(!results[1].committed && text(results[1].current?.value)).toBe('one')
  })

  it('shows a write to no reader before it is durable', async () => {
    const store = await open()
    await put(store, '/a', 'one')
    const write = put(store, '/a', 'two', 2)
    const [early, list] = [await store.get('/a'), await store.range('/')]
    expect([text(early.item?.value), early.revision, list.items[0]!.modRevision, list.revision]).toEqual([
      'one',
      2,
      2,
      2,
    ])
    await write
    expect(text((await store.get('/a')).item?.value)).toBe('two')
  })

  it('ranges over a prefix in key order, with start, limit, count and keys only', async () => {
    const store = await open()
    for (const key of ['/p/c', '/p/a', '/pa', '/p/b', '/o', '/p/d']) await put(store, key, key)
    const keys = async (...options: Parameters<Store['range']>) => {
      const { items, more, count } = await store.range(...options)
      return [items.map(item => item.key).join(' '), more, count]
    }
    expect(await keys('/p/')).toEqual(['/p/a /p/b /p/c /p/d', false, 4])
    expect(await keys('/p/', { limit: 2 })).toEqual(['/p/a /p/b', true, 4])
    expect(await keys('/p/', { from: '/p/b\0', limit: 2 })).toEqual(['/p/c /p/d', false, 2])
    expect(await keys('/p/', { from: '/q' })).toEqual(['', false, 0])
    expect(await keys('')).toEqual(['/o /p/a /p/b /p/c /p/d /pa', false, 6])
    const { items } = await store.range('/p/', { keysOnly: true })
    expect(items.map(item => item.value.length)).toEqual([0, 0, 0, 0])
    expect(items[0]).toMatchObject({ modRevision: 3, version: 1 })
  })

  it('reads as of an older revision', async () => {
    const store = await open()
    await put(store, '/a', 'one')
    await put(store, '/b', 'two')
    await put(store, '/a', 'three', 2)
    await remove(store, '/b', 3)
    const at = async (revision: number) => {
      const range = await store.range('/', { revision })
      expect(range).toMatchObject({ revision, count: range.items.length, more: false })
      return range.items.map(
        ({ key, value, modRevision, version }) => `${key}=${text(value)}@${modRevision}v${version}`,
      )
    }
    expect(await at(2)).toEqual(['/a=one@2v1'])
    expect(await at(3)).toEqual(['/a=one@2v1', '/b=two@3v1'])
    expect(await at(4)).toEqual(['/a=three@4v2', '/b=two@3v1'])
    expect(await at(5)).toEqual(['/a=three@4v2'])
    expect(text((await store.get('/b', { revision: 4 })).item?.value)).toBe('two')
    expect((await store.get('/b', { revision: 2 })).item).toBeUndefined()
    await expect(store.range('/', { revision: 6 })).rejects.toThrow(FutureRevisionError)
  })

  it('tells watches of each batch once, in order, with what stood before, before the writer hears', async () => {
    const store = await open()
    const all = watched(store, '/', 0)
    const some = watched(store, '/a', 0)
    const order: string[] = []
    store.watch('/b', 0, { events: () => order.push('watch'), closed() {} })
    await Promise.all([put(store, '/a', 'one'), put(store, '/b', 'x').then(() => order.push('writer'))])
    await put(store, '/a', 'two', 2)
    await remove(store, '/b', 3)
    expect(all.told).toEqual(['put /a@2', 'put /b@3', 'put /a@4 (was 2)', 'delete /b@5 (was 3)'])
    expect(some.told).toEqual(['put /a@2', 'put /a@4 (was 2)', 'progress 5'])
    expect(all.batches.map(batch => batch.length)).toEqual([2, 1, 1])
    expect(all.batches.every(batch => Object.isFrozen(batch))).toBe(true)
    expect(order).toEqual(['watch', 'writer', 'watch'])
  })

  it('gives watches with the same prefix the same array', async () => {
    const store = await open()
    const [one, other] = [watched(store, '/a', 0), watched(store, '/a', 0)]
    await Promise.all([put(store, '/a', 'one'), put(store, '/b', 'two')])
    expect(one.batches[0]).toBe(other.batches[0])
  })

  it('replays from a past revision and goes on live, without gap or repetition', async () => {
    const store = await open()
    await put(store, '/a', 'one')
    await put(store, '/b', 'two')
    await put(store, '/a', 'three', 2)
    const watch = watched(store, '/a', 1)
    const late = watched(store, '/a', 2)
    const write = put(store, '/a', 'four', 4)
    await remove(store, '/b', 3)
    await write
    expect(await watch.until(3)).toEqual(['put /a@2', 'put /a@4 (was 2)', 'put /a@5 (was 4)'])
    expect(await late.until(2)).toEqual(['put /a@4 (was 2)', 'put /a@5 (was 4)'])
  })

  it('replays what memory no longer holds', async () => {
    const store = await open()
    const value = new Uint8Array(100_000)
    for (let step = 0; step < 120; step++) {
      await store.txn({ type: 'put', key: `/k${step % 7}`, value }, { modRevision: step < 7 ? 0 : step + 2 - 7 })
    }
    const watch = watched(store, '/k3', 1)
    const expected = Array.from({ length: 17 }, (_, n) => `put /k3@${5 + 7 * n}${n ? ` (was ${5 + 7 * (n - 1)})` : ''}`)
    expect(await watch.until(17)).toEqual(expected)
  })

  it('waits for a revision that has not happened', async () => {
    const store = await open()
    const watch = watched(store, '/', 3)
    await put(store, '/a', 'one')
    await put(store, '/b', 'two')
    await Promise.all([put(store, '/c', 'three'), put(store, '/d', 'four')])
    expect(watch.told).toEqual(['put /c@4', 'put /d@5'])
  })

  it('says no more to a cancelled watch, even one cancelled by what it hears', async () => {
    const store = await open()
    await put(store, '/a', 'one')
    const replaying = watched(store, '/', 1)
    replaying.watch.cancel()
    let heard = 0
    const watch = store.watch('/', 0, { events: () => ++heard && watch.cancel(), closed: () => heard++ })
    await put(store, '/b', 'two')
    await put(store, '/c', 'three')
    expect([heard, replaying.told]).toEqual([1, []])
  })

  it('is not disturbed by a sink that throws', async () => {
    const store = await open()
    store.watch('/', 0, {
      events() {
        throw new Error('broken sink')
      },
      closed() {},
    })
    const watch = watched(store, '/', 0)
    await put(store, '/a', 'one')
    expect(watch.told).toEqual(['put /a@2'])
  })

  it('compacts: older revisions are refused, later ones read as before', async () => {
    const store = await open()
    await put(store, '/a', 'one')
    await put(store, '/a', 'two', 2)
    await put(store, '/b', 'three')
    await remove(store, '/b', 4)
    await put(store, '/a', 'four', 3)
    await store.compact(5)
    expect(store.compactedRevision).toBe(5)
    await expect(store.range('/', { revision: 4 })).rejects.toThrow(CompactedError)
    await expect(store.get('/a', { revision: 3 })).rejects.toThrow(CompactedError)
    expect((await store.range('/', { revision: 5 })).items.map(item => text(item.value))).toEqual(['two'])
    expect((await store.range('/')).items.map(item => text(item.value))).toEqual(['four'])
    await expect(store.compact(5)).rejects.toThrow(CompactedError)
    await expect(store.compact(7)).rejects.toThrow(FutureRevisionError)
  })

  it('lets a watch begin at the compacted revision, as etcd does, but not before it', async () => {
    const store = await open()
    await put(store, '/a', 'one')
    await remove(store, '/a', 2)
    await put(store, '/b', 'two')
    await store.compact(3)
    const [early, edge] = [watched(store, '/', 1), watched(store, '/', 2)]
    expect(await early.until(1)).toEqual(['closed etcdserver: mvcc: required revision has been compacted'])
    expect(await edge.until(2)).toEqual(['delete /a@3 (was 2)', 'put /b@4'])
  })

  it('deletes the keys of a lease that runs out, in one revision', async () => {
    const env = virtualEnv({ settle: macrotask })
    const store = await open(env)
    const lease = await store.grantLease(10)
    await put(store, '/b', 'one', 0, lease.id)
    await put(store, '/a', 'two', 0, lease.id)
    await put(store, '/moved', 'three', 0, lease.id)
    await put(store, '/moved', 'four', 4)
    const watch = watched(store, '/', 0)
    await env.clock.advance(9_999)
    expect(watch.told).toEqual([])
    await env.clock.advance(1)
    expect(await watch.until(2)).toEqual(['delete /a@6 (was 3)', 'delete /b@6 (was 2)'])
    expect((await store.range('/')).items.map(item => item.key)).toEqual(['/moved'])
    await expect(store.keepAlive(lease.id)).rejects.toThrow(LeaseNotFoundError)
  })

  it('keeps a lease that is renewed, and ends one that is revoked', async () => {
    const env = virtualEnv({ settle: macrotask })
    const store = await open(env)
    expect(await store.grantLease(10, 7)).toEqual({ id: 7, ttlSeconds: 10 })
    await put(store, '/a', 'one', 0, 7)
    await put(store, '/a', 'two', 2, 7)
    expect((await store.get('/a')).item?.lease).toBe(7)
    for (let turn = 0; turn < 5; turn++) {
      await env.clock.advance(8_000)
      expect(await store.keepAlive(7)).toEqual({ id: 7, ttlSeconds: 10 })
    }
    expect((await store.range('/')).count).toBe(1)
    await expect(store.grantLease(5, 7)).rejects.toThrow(LeaseExistsError)
    await store.revokeLease(7)
    expect((await store.range('/')).count).toBe(0)
    await expect(store.revokeLease(7)).rejects.toThrow(LeaseNotFoundError)
    await expect(put(store, '/a', 'two', 0, 7)).rejects.toThrow(LeaseNotFoundError)
    expect(store.revision).toBe(4)
  })

  it.each([
    ['an empty key', ''],
    ['a key longer than the disk takes', 'é'.repeat(951)],
  ])('refuses %s', async (_, key) => {
    const store = await open()
    await expect(put(store, key, 'one')).rejects.toThrow(RangeError)
    expect(await put(store, 'é'.repeat(950), 'one')).toMatchObject({ committed: true })
  })

  it('keeps any bytes, and the very array it was given while that is the newest', async () => {
    const store = await open()
    const value = Uint8Array.from({ length: 5000 }, (_, n) => n & 255)
    await store.txn({ type: 'put', key: '/ключ/🔑', value }, { modRevision: 0 })
    await store.txn({ type: 'put', key: '/ключ/🔑', value: new Uint8Array(0) }, { modRevision: 2 })
    expect((await store.get('/ключ/🔑')).item?.value.length).toBe(0)
    expect(Buffer.compare((await store.get('/ключ/🔑', { revision: 2 })).item!.value, value)).toBe(0)
    await store.txn({ type: 'put', key: '/ключ/🔑', value }, { modRevision: 3 })
    expect((await store.get('/ключ/🔑')).item?.value).toBe(value)
  })

  it('closing finishes the writes under way, ends the watches and refuses the rest', async () => {
    const store = await open()
    const watch = watched(store, '/', 0)
    const write = put(store, '/a', 'one')
    const closing = store.close()
    await expect(put(store, '/b', 'two')).rejects.toThrow(StoreUnavailableError)
    await closing
    expect(await write).toMatchObject({ committed: true })
    expect(watch.told).toEqual(['put /a@2', 'closed the store is closed'])
    await expect(store.get('/a')).rejects.toThrow(StoreUnavailableError)
  })
})
