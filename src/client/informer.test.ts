import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ConfigMap } from '../api/core/v1/configmap.ts'
import { configMaps } from '../api/core/v1/configmap.ts'
import { SeededRandom } from '../machinery/env/virtual-env.ts'
import { internalError, type StatusError, tooManyRequests } from '../machinery/status-error.ts'
import { InformerFactory, type InformerOptions } from './informer.ts'
import { createClient } from './rest-client.ts'
import { MemoryTransport } from './testing/memory-transport.ts'
import { settledEnv } from './testing/settled-env.ts'

const collection = '/api/v1/configmaps'
const path = (name: string, namespace = 'default') => `/api/v1/namespaces/${namespace}/configmaps/${name}`
const configMap = (name: string, value: string, namespace = 'default'): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: { value },
})

interface Setup extends InformerOptions<ConfigMap> {
  readonly seed?: number
  readonly watchList?: boolean | StatusError
  readonly names?: readonly string[]
}

async function setUp({ seed, watchList = true, names = [], ...options }: Setup = {}) {
  const env = settledEnv({ seed })
  const server = new MemoryTransport()
  server.watchList = watchList
  for (const name of names) server.put(path(name), configMap(name, '1'))
  const factory = new InformerFactory(createClient(server), env)
  const informer = factory.informer(configMaps, options)
  const seen: string[] = []
  const told = (object: ConfigMap) => `${object.metadata.name}=${object.data?.['value']}`
  informer.addHandler({
    added: (object, initial) => seen.push(`${initial ? 'initial' : 'added'} ${told(object)}`),
    updated: (before, after) => seen.push(`updated ${told(before)} ${told(after)}`),
    deleted: (object, stale) => seen.push(`${stale ? 'missed' : 'deleted'} ${told(object)}`),
  })
  factory.start()
  await env.clock.advance(0)
  const take = () => seen.splice(0)
  const watches = () => server.requests.filter(request => request.query?.['watch']).length
  const lists = () => server.requests.length - watches()
  return { env, server, factory, informer, take, watches, lists }
}

const bothWays = [
  { how: 'streaming the list', watchList: true },
  { how: 'on a server that cannot stream lists', watchList: false },
  {
    how: 'on a server whose store cannot say how far it is',
    watchList: internalError('RequestWatchProgress is disabled'),
  },
  { how: 'asked to list plainly', watchList: true, plainList: true },
]

describe.each(bothWays)('an informer, $how', ({ how: _how, ...way }) => {
  test('tells what is there, then what changes', async () => {
    const { server, informer, take, factory } = await setUp({ ...way, names: ['a', 'b'] })
    expect(informer.hasSynced).toBe(true)
    expect(take()).toEqual(['initial a=1', 'initial b=1'])
    server.put(path('c'), configMap('c', '1'))
    server.put(path('a'), configMap('a', '2'))
    server.remove(path('b'))
    expect(take()).toEqual(['added c=1', 'updated a=1 a=2', 'deleted b=1'])
    expect(informer.lister.keys()).toEqual(['default/a', 'default/c'])
    await factory.stop()
    expect(server.openWatches).toBe(0)
  })

  test('goes on where a watch ended, without listing again', async () => {
    const { env, server, take, lists } = await setUp({ ...way, names: ['a'] })
    take()
    const before = lists()
    server.put(path('a'), configMap('a', '2'))
    server.endWatches()
    server.put(path('b'), configMap('b', '1'))
    await env.clock.advance(60_000)
    server.endWatches(new Error('connection reset'))
    server.remove(path('a'))
    await env.clock.advance(60_000)
    expect(take()).toEqual(['updated a=1 a=2', 'added b=1', 'deleted a=2'])
    expect(lists()).toBe(before)
  })

  test('learns from a new list what it missed when its history is gone', async () => {
    const { env, server, take, informer } = await setUp({ ...way, names: ['same', 'changes', 'goes'] })
    take()
    server.faults = () => ({ fault: 'unreachable' })
    server.endWatches(new Error('connection reset'))
    await env.clock.advance(0)
    server.put(path('changes'), configMap('changes', '2'))
    server.remove(path('goes'))
    server.put(path('comes'), configMap('comes', '1'))
    server.compact()
    await env.clock.advance(10_000)
    expect(take()).toEqual([])
    expect(informer.lister.size).toBe(3)
    server.faults = () => undefined
    await env.clock.advance(120_000)
    expect(take().sort()).toEqual(['added comes=1', 'missed goes=1', 'updated changes=1 changes=2'])
  })
})

describe.each(bothWays)('an informer of a server that lost its data, $how', ({ how: _how, watchList, ...options }) => {
  test('starts over with what the server has now', async () => {
    const env = settledEnv()
    const before = new MemoryTransport()
    const after = new MemoryTransport()
    before.watchList = after.watchList = watchList
    for (let value = 0; value < 10; value++) before.put(path('old'), configMap('old', String(value)))
    after.put(path('new'), configMap('new', '1'))
    let server = before
    const factory = new InformerFactory(
      createClient({
        request: request => server.request(request),
        watch: (request, stream) => server.watch(request, stream),
        stream: () => server.stream(),
        upgrade: () => server.upgrade(),
        close() {},
      }),
      env,
    )
    const informer = factory.informer(configMaps, options)
    factory.start()
    await env.clock.advance(0)
    expect(informer.lister.keys()).toEqual(['default/old'])
    server = after
    before.endWatches(new Error('connection reset'))
    await env.clock.advance(60_000)
    expect(informer.lister.keys()).toEqual(['default/new'])
    after.put(path('new'), configMap('new', '2'))
    expect(informer.lister.get('default/new')?.data).toEqual({ value: '2' })
  })
})

describe('an informer', () => {
  test('has a copy that is true of the bookmark, so that a quiet resource survives compaction', async () => {
    const { env, server, informer, watches } = await setUp({ names: ['a'] })
    server.put('/api/v1/namespaces/default/secrets/s', { metadata: { name: 's' } })
    server.bookmark()
    expect(informer.resourceVersion).toBe(String(server.revision))
    server.compact()
    const before = watches()
    server.endWatches()
    await env.clock.advance(60_000)
    expect(watches() - before).toBe(1)
    expect(server.requests.at(-1)?.query).toMatchObject({ resourceVersion: String(server.revision) })
    expect(server.requests.at(-1)?.query).not.toHaveProperty('sendInitialEvents', 'true')
  })

  test('waits longer each time it fails, up to half a minute (and as much again at random)', async () => {
    const { env, server } = await setUp({ names: ['a'] })
    const tries: number[] = []
    server.faults = () => {
      tries.push(env.clock.monotonic())
      return { fault: 'unreachable' }
    }
    server.endWatches(new Error('connection reset'))
    await env.clock.advance(300_000)
    const waits = tries.map((at, index) => at - (tries[index - 1] ?? 0))
    const expected = [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]
    for (const [index, least] of expected.slice(0, waits.length).entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(least)
      expect(waits[index]).toBeLessThanOrEqual(2 * least)
    }
    expect(tries.length).toBeGreaterThan(7)
  })

  test.each([
    ['too many requests', tooManyRequests('slow down', 1)],
    ['a fault inside the server', internalError('etcd')],
  ])('watches on from where it was after %s', async (_what, error) => {
    const { env, server, take, lists } = await setUp({ names: ['a'] })
    take()
    const before = lists()
    server.failWatches(error)
    server.put(path('b'), configMap('b', '1'))
    await env.clock.advance(5000)
    expect(take()).toEqual(['added b=1'])
    expect(lists()).toBe(before)
  })

  test('asks for a watch of five to ten minutes, with bookmarks', async () => {
    const { server } = await setUp()
    const { timeoutSeconds, allowWatchBookmarks } = server.requests.at(-1)!.query!
    expect(Number(timeoutSeconds)).toBeGreaterThanOrEqual(300)
    expect(Number(timeoutSeconds)).toBeLessThan(600)
    expect(allowWatchBookmarks).toBe('true')
  })

  test('does not hammer a server that ends its watches at once', async () => {
    const { env, server, watches } = await setUp({ names: ['a'] })
    const before = watches()
    for (let tenth = 0; tenth < 600; tenth++) {
      server.endWatches()
      await env.clock.advance(100)
    }
    expect(watches() - before).toBeLessThan(10)
    expect(watches() - before).toBeGreaterThan(3)
  })

  test('files objects under its indexes, also one added later', async () => {
    const { server, informer } = await setUp({
      names: ['a', 'b'],
      indexers: { value: object => [object.data?.['value'] ?? ''] },
    })
    server.put(path('b'), configMap('b', '2'))
    server.put(path('c', 'other'), configMap('c', '2', 'other'))
    const names = (objects: readonly ConfigMap[]) => objects.map(object => object.metadata.name)
    expect(names(informer.lister.byIndex('value', '1'))).toEqual(['a'])
    expect(names(informer.lister.byIndex('value', '2'))).toEqual(['b', 'c'])
    expect(names(informer.lister.listNamespace('other'))).toEqual(['c'])
    informer.addIndex('name', object => [object.metadata.name ?? ''])
    expect(names(informer.lister.byIndex('name', 'c'))).toEqual(['c'])
    server.remove(path('c', 'other'))
    expect(informer.lister.indexValues('name')).toEqual(['a', 'b'])
    expect(() => informer.lister.byIndex('color', 'red')).toThrow('Index with name color does not exist')
  })

  test('tells a handler that comes late what is there, and one that is removed nothing more', async () => {
    const { server, informer } = await setUp({ names: ['a'] })
    const late: string[] = []
    const registration = informer.addHandler({
      added: (object, initial) => late.push(`${object.metadata.name} ${initial}`),
    })
    server.put(path('b'), configMap('b', '1'))
    registration.remove()
    server.put(path('c'), configMap('c', '1'))
    expect(late).toEqual(['a true', 'b false'])
  })

  test('lets no handler disturb another', async () => {
    const { server, informer, take } = await setUp()
    informer.addHandler({
      added: () => {
        throw new Error('a bug')
      },
    })
    const after: string[] = []
    informer.addHandler({ added: object => after.push(object.metadata.name ?? '') })
    server.put(path('a'), configMap('a', '1'))
    expect(take()).toEqual(['added a=1'])
    expect(after).toEqual(['a'])
  })

  test('repeats everything at each resync', async () => {
    const { env, take } = await setUp({ names: ['a', 'b'], resyncPeriodMs: 30_000 })
    take()
    await env.clock.advance(30_000)
    expect(take()).toEqual(['updated a=1 a=1', 'updated b=1 b=1'])
  })

  test('is shared by all who ask for the same, and by nobody else', async () => {
    const { factory, informer } = await setUp()
    expect(factory.informer(configMaps)).toBe(informer)
    expect(factory.informer(configMaps, { namespace: 'default' })).not.toBe(informer)
    expect(factory.informer(configMaps, { labelSelector: 'a=b' })).not.toBe(informer)
  })

  test.each(bothWays)('stops although the server never answers, $how', async ({ plainList }) => {
    const env = settledEnv()
    const never = () => new Promise<never>(() => {})
    const transport = { request: never, watch: never, stream: never, upgrade: never, close() {} }
    const factory = new InformerFactory(createClient(transport), env)
    factory.informer(configMaps, { plainList })
    factory.start()
    await env.clock.advance(1000)
    await factory.stop()
  })

  test('rejects who waits for it when the signal is aborted, and nobody else', async () => {
    const env = settledEnv()
    const server = new MemoryTransport()
    server.faults = () => ({ fault: 'unreachable' })
    const informer = new InformerFactory(createClient(server), env).informer(configMaps)
    const abort = new AbortController()
    const waiting = informer.synced(abort.signal)
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })
})

describe('whatever happens to its watches', () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('put' as const), name: fc.integer({ min: 0, max: 5 }) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('remove' as const), name: fc.integer({ min: 0, max: 5 }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('end' as const, 'break' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('compact' as const, 'bookmark' as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40_000 }) }) },
  )

  test('an informer ends with what the server has, and its events add up to it: none lost, none doubled', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer(),
        fc.constantFrom(...bothWays),
        async (steps, seed, { how: _how, ...way }) => {
          const { env, server, informer, factory } = await setUp({ ...way, seed, names: ['n0', 'n1'] })
          const chance = new SeededRandom(seed)
          server.faults = () => (chance.next() < 0.3 ? { fault: 'unreachable' } : undefined)
          // What somebody has who only listens. (What a handler throws would only be logged.)
          const mirror = new Map<string, ConfigMap>()
          const wrong: string[] = []
          informer.addHandler({
            added(object) {
              if (mirror.has(object.metadata.name!)) wrong.push(`${object.metadata.name} added twice`)
              mirror.set(object.metadata.name!, object)
            },
            updated(before, after) {
              if (mirror.get(after.metadata.name!) !== before) wrong.push(`${after.metadata.name} updated from another`)
              if (Number(after.metadata.resourceVersion) <= Number(before.metadata.resourceVersion))
                wrong.push(`${after.metadata.name} went back`)
              mirror.set(after.metadata.name!, after)
            },
            deleted(object) {
              if (!mirror.delete(object.metadata.name!)) wrong.push(`${object.metadata.name} deleted twice`)
            },
          })
          let value = 0
          for (const each of steps) {
            if (each.do === 'put') server.put(path(`n${each.name}`), configMap(`n${each.name}`, String(++value)))
            else if (each.do === 'remove') server.remove(path(`n${each.name}`))
            else if (each.do === 'end') server.endWatches()
            else if (each.do === 'break') server.endWatches(new Error('connection reset'))
            else if (each.do === 'compact') server.compact()
            else if (each.do === 'bookmark') server.bookmark()
            else if (each.do === 'wait') await env.clock.advance(each.ms)
          }
          server.faults = () => undefined
          await env.clock.advance(200_000)
          const names = (objects: Iterable<{ metadata: { name?: string; resourceVersion?: string } }>) =>
            [...objects].map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort()
          expect(names(informer.lister.list())).toEqual(names(server.contents(collection)))
          expect(wrong).toEqual([])
          expect(names(mirror.values())).toEqual(names(server.contents(collection)))
          await factory.stop()
        },
      ),
      { numRuns: 150 },
    )
  })
})
