import { describe, expect, test } from 'vitest'
import { deployments } from '../api/apps/v1/deployment.ts'
import { replicaSets } from '../api/apps/v1/replicaset.ts'
import { configMaps } from '../api/core/v1/configmap.ts'
import { namespaces } from '../api/core/v1/namespace.ts'
import { type Pod, pods } from '../api/core/v1/pod.ts'
import { type LogFields, type Logger, silentLogger } from '../machinery/env/env.ts'
import {
  type ControllerDeclaration,
  controller,
  controllerKey,
  controllerOf,
  controllerReference,
  watch,
} from './controller.ts'
import { ControllerExpectations } from './controller-expectations.ts'
import { InformerFactory } from './informer.ts'
import { createClient } from './rest-client.ts'
import { MemoryTransport } from './testing/memory-transport.ts'
import { settledEnv } from './testing/settled-env.ts'

const replicaSetPath = (name: string) => `/apis/apps/v1/namespaces/default/replicasets/${name}`
const podPath = (name: string) => `/api/v1/namespaces/default/pods/${name}`

async function run<T, State>(declaration: ControllerDeclaration<T, State>, before?: (server: MemoryTransport) => void) {
  const env = settledEnv()
  const server = new MemoryTransport()
  before?.(server)
  const informers = new InformerFactory(createClient(server), env)
  const events = { event() {}, annotatedEvent() {} }
  const running = controller(declaration).start({ client: informers.client, informers, events, env })
  informers.start()
  await env.clock.advance(0)
  return { env, server, running, informers }
}

const replicaSet = (name: string, replicas = 0) => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name, namespace: 'default', uid: `uid-of-${name}` },
  spec: { replicas, selector: {} },
})

const podOf = (name: string, owner: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'default',
    ownerReferences: [controllerReference({ metadata: { name: owner, uid: `uid-of-${owner}` } }, replicaSets)],
  },
})

describe('a controller reconciles', () => {
  test('what is there when it starts, and what changes', async () => {
    const keys: string[] = []
    const { env, server } = await run(
      {
        name: 'test',
        reconciles: replicaSets,
        reconcile(key) {
          keys.push(key)
        },
      },
      server => server.put(replicaSetPath('web'), replicaSet('web')),
    )
    expect(keys).toEqual(['default/web'])
    server.put(replicaSetPath('web'), replicaSet('web', 3))
    server.remove(replicaSetPath('web'))
    await env.clock.advance(0)
    expect(keys.length).toBeGreaterThan(1)
    expect(new Set(keys)).toEqual(new Set(['default/web']))
  })

  test('the owner of what changes, before and after', async () => {
    const keys: string[] = []
    const { env, server } = await run({
      name: 'test',
      reconciles: replicaSets,
      owns: [pods],
      reconcile(key) {
        keys.push(key)
      },
    })
    server.put(podPath('a'), podOf('a', 'web'))
    await env.clock.advance(0)
    expect(keys.splice(0)).toEqual(['default/web'])
    server.put(podPath('a'), podOf('a', 'db'))
    await env.clock.advance(0)
    expect(keys.splice(0).sort()).toEqual(['default/db', 'default/web'])
    server.put(podPath('stray'), { metadata: { name: 'stray', namespace: 'default' } })
    await env.clock.advance(0)
    expect(keys).toEqual([])
  })

  test('whatever its watches say', async () => {
    const keys: string[] = []
    const { env, server } = await run({
      name: 'test',
      reconciles: namespaces,
      watches: [watch(configMaps, { keys: ({ before, after }) => [(after ?? before)?.metadata.namespace ?? ''] })],
      reconcile(key) {
        keys.push(key)
      },
    })
    server.put('/api/v1/namespaces/blue/configmaps/a', { metadata: { name: 'a', namespace: 'blue' } })
    await env.clock.advance(0)
    expect(keys).toEqual(['blue'])
  })

  test('only what its filter lets through', async () => {
    const keys: string[] = []
    const { env, server } = await run({
      name: 'test',
      reconciles: replicaSets,
      filter: ({ after }) => after?.spec?.replicas === 3,
      reconcile(key) {
        keys.push(key)
      },
    })
    server.put(replicaSetPath('one'), replicaSet('one', 1))
    server.put(replicaSetPath('three'), replicaSet('three', 3))
    await env.clock.advance(0)
    expect(keys).toEqual(['default/three'])
  })

  test('nothing before every cache has synced, and after `started`', async () => {
    const order: string[] = []
    const { env, server } = await run(
      {
        name: 'test',
        reconciles: replicaSets,
        owns: [pods],
        started: () => void order.push('started'),
        reconcile: (key, { lister }) => void order.push(`${key} with ${lister(pods).size} pods`),
      },
      server => {
        server.put(replicaSetPath('web'), replicaSet('web'))
        server.put(podPath('a'), podOf('a', 'web'))
        server.faults = request => (request.path.endsWith('/pods') ? { fault: 'unreachable' } : undefined)
      },
    )
    await env.clock.advance(5000)
    expect(order).toEqual([])
    server.faults = () => undefined
    await env.clock.advance(60_000)
    expect(order).toEqual(['started', 'default/web with 1 pods'])
  })

  test('nothing before `started` has succeeded', async () => {
    const order: string[] = []
    const { env, server } = await run({
      name: 'test',
      reconciles: replicaSets,
      started() {
        order.push('starting')
        if (order.length < 3) throw new Error('not yet')
      },
      reconcile: key => void order.push(key),
    })
    server.put(replicaSetPath('web'), replicaSet('web'))
    await env.clock.advance(60_000)
    expect(order).toEqual(['starting', 'starting', 'starting', 'default/web'])
  })

  test('nothing more once stopped, and waits for what is under way', async () => {
    const order: string[] = []
    const { env, server, running } = await run({
      name: 'test',
      reconciles: replicaSets,
      async reconcile(key, { clock }) {
        order.push(`begin ${key}`)
        await clock.sleep(1000)
        order.push(`end ${key}`)
      },
    })
    server.put(replicaSetPath('a'), replicaSet('a'))
    server.put(replicaSetPath('b'), replicaSet('b'))
    await env.clock.advance(0)
    const stopped = running.stop().then(() => order.push('stopped'))
    server.put(replicaSetPath('c'), replicaSet('c'))
    await env.clock.advance(10_000)
    await stopped
    expect(order).toEqual(['begin default/a', 'end default/a', 'stopped'])
  })

  test('with listers of what it declared, and of nothing else', async () => {
    const failures: string[] = []
    const { env, server } = await run({
      name: 'test',
      reconciles: replicaSets,
      reconcile(_key, { lister }) {
        try {
          lister(configMaps)
        } catch (error) {
          failures.push((error as Error).message)
        }
      },
    })
    server.put(replicaSetPath('a'), replicaSet('a'))
    await env.clock.advance(0)
    expect(failures).toEqual(['test does not watch configmaps'])
  })
})

describe('with expectations, a stale cache', () => {
  /** The smallest thing that could create twice: it makes as many pods as are missing from its cache. */
  const replicas = (careful: boolean): ControllerDeclaration<any, ControllerExpectations> => ({
    name: 'replicas',
    reconciles: replicaSets,
    owns: [pods],
    state: env => new ControllerExpectations(env),
    watches: [
      watch<Pod, ControllerExpectations>(pods, {
        handler: ({ state }) => ({
          added: pod => state.creationObserved(controllerKey(pod, replicaSets) ?? ''),
        }),
      }),
    ],
    async reconcile(key, { client, lister, state, random }) {
      const set = lister(replicaSets).get(key)
      if (!set || (careful && !state.satisfied(key))) return
      const mine = lister(pods)
        .list()
        .filter(pod => controllerKey(pod, replicaSets) === key)
      const missing = (set.spec?.replicas ?? 0) - mine.length
      if (missing <= 0) return
      state.expectCreations(key, missing)
      for (let made = 0; made < missing; made++)
        await client
          .resource(pods)
          .namespace('default')
          .create({
            metadata: { name: `pod-${random.uuid()}`, ownerReferences: [controllerReference(set, replicaSets)] },
          })
    },
  })

  test.each([
    { careful: true, created: 3 },
    { careful: false, created: 9 },
  ])('makes $created pods of 3 (expectations: $careful)', async ({ careful, created }) => {
    const { env, server, running } = await run(replicas(careful))
    server.put(replicaSetPath('web'), replicaSet('web', 3))
    server.hold = true
    await env.clock.advance(0)
    for (let again = 0; again < 2; again++) {
      running.queue.add('default/web')
      await env.clock.advance(1000)
    }
    expect(server.contents('/api/v1/pods')).toHaveLength(created)
  })

  test('is believed again when it has caught up', async () => {
    const { env, server } = await run(replicas(true))
    server.put(replicaSetPath('web'), replicaSet('web', 3))
    server.hold = true
    await env.clock.advance(0)
    server.release()
    await env.clock.advance(0)
    const [one] = server.contents('/api/v1/pods')
    server.remove(podPath(one!.metadata.name!))
    await env.clock.advance(0)
    expect(server.contents('/api/v1/pods')).toHaveLength(3)
  })
})

describe('a reconcile that throws', () => {
  async function faulty() {
    const warnings: LogFields[] = []
    const log: Logger = { ...silentLogger, warn: (_, fields = {}) => void warnings.push(fields), child: () => log }
    const env = settledEnv({ log })
    const server = new MemoryTransport()
    for (const name of ['bad', 'good']) server.put(replicaSetPath(name), replicaSet(name))
    const informers = new InformerFactory(createClient(server), env)
    const events = { event() {}, annotatedEvent() {} }
    const seen: [key: string, at: number][] = []
    const times = (key: string) => seen.filter(([each]) => each === key).map(([, at]) => at)
    let broken = true
    const start = (reconcile: (key: string) => void) =>
      controller({ name: 'test', reconciles: replicaSets, concurrency: 2, reconcile }).start({
        client: informers.client,
        informers,
        events,
        env,
      })
    const one = start(key => {
      seen.push([key, env.clock.monotonic()])
      if (broken && key === 'default/bad') throw new Error('no idea')
    })
    const others: string[] = []
    start(key => others.push(key))
    informers.start()
    await env.clock.advance(1000)
    const touch = (name: string) => server.put(replicaSetPath(name), replicaSet(name))
    return { env, warnings, one, times, others, touch, repair: () => (broken = false) }
  }

  test('is logged each time, with how often it has failed', async () => {
    const { warnings, one } = await faulty()
    expect(warnings.length).toBeGreaterThan(5)
    expect(warnings.map(({ item, requeues }) => [item, requeues])).toEqual(
      warnings.map((_, index) => ['default/bad', index]),
    )
    expect(warnings[0]!['error']).toMatch(/^Error: no idea\n\s+at /)
    expect(one.queue.numRequeues('default/bad')).toBe(warnings.length)
  })

  test('is tried again after twice as long each time', async () => {
    const { times } = await faulty()
    const waits = times('default/bad').flatMap((at, index, all) => (index === 0 ? [] : [at - all[index - 1]!]))
    expect(waits.slice(0, 6)).toEqual([5, 10, 20, 40, 80, 160])
  })

  test('holds up no other key, and no other controller', async () => {
    const { env, one, times, others, touch } = await faulty()
    expect(others.sort()).toEqual(['default/bad', 'default/good'])
    touch('good')
    await env.clock.advance(0)
    expect(times('default/good')).toEqual([0, 1000])
    expect(one.queue.numRequeues('default/good')).toBe(0)
    expect(others).toHaveLength(3)
  })

  test('is forgotten when it succeeds', async () => {
    const { env, one, times, repair } = await faulty()
    repair()
    await env.clock.advance(60_000)
    expect(one.queue.numRequeues('default/bad')).toBe(0)
    const tries = times('default/bad').length
    await env.clock.advance(3_600_000)
    expect(times('default/bad')).toHaveLength(tries)
  })
})

describe('what a controller has written and its cache does not show', () => {
  /** Makes the one pod that the cache lacks. */
  const single = (awaitsOwnWrites: boolean, seen: number[]): ControllerDeclaration => ({
    name: 'test',
    reconciles: replicaSets,
    awaitsOwnWrites,
    owns: [pods],
    async reconcile(key, { client, lister, random }) {
      seen.push(lister(pods).list().length)
      if (seen.at(-1) === 0)
        await client
          .resource(pods)
          .namespace('default')
          .create({ metadata: { name: `${key.split('/')[1]}-${random.uuid()}` } })
    },
  })

  test.each([
    { awaits: true, created: 1 },
    { awaits: false, created: 4 },
  ])('is waited for: $awaits; then $created of 1 are made', async ({ awaits, created }) => {
    const { env, server, running } = await run(single(awaits, []))
    server.put(replicaSetPath('web'), replicaSet('web'))
    await env.clock.advance(0)
    server.remove(`/api/v1/namespaces/default/pods/${server.contents('/api/v1/pods')[0]!.metadata.name}`)
    await env.clock.advance(0)
    server.hold = true
    for (let again = 0; again < 4; again++) {
      running.queue.add('default/web')
      await env.clock.advance(1000)
    }
    expect(server.contents('/api/v1/pods')).toHaveLength(created)
  })

  test('is reconciled once it does', async () => {
    const seen: number[] = []
    const { env, server, running } = await run(single(true, seen))
    server.hold = true
    running.queue.add('default/web')
    await env.clock.advance(0)
    running.queue.add('default/web')
    await env.clock.advance(60_000)
    expect(seen).toEqual([0])
    server.release()
    await env.clock.advance(60_000)
    expect(seen).toEqual([0, 1])
  })

  test('keeps nothing else waiting', async () => {
    const seen: number[] = []
    const { env, server, running } = await run(single(true, seen))
    server.hold = true
    running.queue.add('default/web')
    await env.clock.advance(0)
    running.queue.add('default/other')
    await env.clock.advance(0)
    expect(server.contents('/api/v1/pods')).toHaveLength(2)
  })
})

describe('who owns an object', () => {
  const owned = (reference: object) => ({ metadata: { name: 'a', namespace: 'default', ownerReferences: [reference] } })
  const reference = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: '1', controller: true }

  test.each([
    { object: owned(reference), kind: replicaSets, key: 'default/web' },
    { object: owned({ ...reference, apiVersion: 'apps/v1beta2' }), kind: replicaSets, key: 'default/web' },
    { object: owned({ ...reference, apiVersion: 'example.com/v1' }), kind: replicaSets, key: undefined },
    { object: owned({ ...reference, controller: false }), kind: replicaSets, key: undefined },
    { object: owned(reference), kind: deployments, key: undefined },
    { object: owned({ ...reference, apiVersion: 'v1', kind: 'Namespace' }), kind: namespaces, key: 'web' },
    { object: { metadata: { name: 'a' } }, kind: replicaSets, key: undefined },
  ])('$key', ({ object, kind, key }) => {
    expect(controllerKey(object, kind)).toBe(key)
  })

  test('the reference it writes is the one it finds', () => {
    const owner = { metadata: { name: 'web', namespace: 'default', uid: '1' } }
    const written = controllerReference(owner, replicaSets)
    expect(written).toEqual({ ...reference, blockOwnerDeletion: true })
    expect(controllerOf(owned(written))).toBe(written)
  })
})
