// How pods go: marked first, whether they have to wait or not, and then once.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Pod, pods } from '../../src/api/core/v1/pod.ts'
import { serviceAccounts } from '../../src/api/core/v1/serviceaccount.ts'
import { Cluster } from '../../src/cluster/cluster.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true })
  await cluster.client
    .resource(serviceAccounts)
    .namespace('default')
    .create({ metadata: { name: 'default' } })
})
afterAll(() => cluster.stop())

let name = ''
let count = 0
beforeEach(() => {
  name = `pod-${count++}`
})

const all = () => cluster.client.resource(pods).namespace('default')
const create = (spec: object = {}, metadata: object = {}) =>
  all().create({ metadata: { name, ...metadata }, spec: { containers: [{ name: 'a', image: 'b' }], ...spec } } as never)

/** What a DELETE is answered, with these parameters. */
async function remove(query: Record<string, string> = {}): Promise<Pod> {
  const path = `/api/v1/namespaces/default/pods/${name}`
  const { body } = await cluster.client.transport.request({ method: 'DELETE', path, query })
  return body as Pod
}

/** When it is to be gone, in seconds from now, and the grace it has. */
function waits({ metadata }: Pod): readonly [seconds: number, grace: number] | 'not at all' {
  if (!metadata.deletionTimestamp) return 'not at all'
  const seconds = (Date.parse(metadata.deletionTimestamp) - cluster.env.clock.now()) / 1000
  return [seconds, metadata.deletionGracePeriodSeconds!]
}

const gone = async () => (await all().list()).items.every(({ metadata }) => metadata.name !== name)

test.each<[string, object, Record<string, string>]>([
  ['that no node has', {}, {}],
  ['that must go now', { nodeName: 'n' }, { gracePeriodSeconds: '0' }],
])('a pod %s is told to be going, and then gone', async (_which, spec, query) => {
  const seen: unknown[] = []
  const { stop } = await all().watch(
    {},
    {
      event: ({ type, object }) => {
        if (object.metadata.name === name) seen.push([type, waits(object), object.metadata.generation])
      },
      end() {},
    },
  )
  await create(spec)
  expect(waits(await remove(query))).toEqual([0, 0])
  expect(await gone()).toBe(true)
  await cluster.clock.advance(0)
  stop()
  expect(seen).toEqual([
    ['ADDED', 'not at all', 1],
    ['MODIFIED', [0, 0], 2],
    ['DELETED', [0, 0], 2],
  ])
})

test('a dry run tells what would be told, and changes nothing', async () => {
  const before = await create({ nodeName: 'n' })
  expect(waits(await remove({ gracePeriodSeconds: '0', dryRun: 'All' }))).toEqual([0, 0])
  expect(waits(await remove({ dryRun: 'All' }))).toEqual([30, 30])
  expect(await all().get(name)).toEqual(before)
})

test('a pod on a node waits, and may only be made to wait shorter', async () => {
  await create({ nodeName: 'n', terminationGracePeriodSeconds: 10 })
  expect(waits(await remove({ gracePeriodSeconds: '60' }))).toEqual([60, 60])
  // Not even its own grace is shorter, unless somebody says so.
  expect(waits(await remove())).toEqual([60, 60])
  expect(waits(await remove({ gracePeriodSeconds: '100' }))).toEqual([60, 60])
  await cluster.clock.advance('20s')
  expect(waits(await remove({ gracePeriodSeconds: '45' }))).toEqual([25, 45])
  // What would have been over is over now, for whom it was to be told.
  expect(waits(await remove({ gracePeriodSeconds: '15' }))).toEqual([0, 1])
  expect((await all().get(name)).metadata.generation).toBe(2)
  expect(waits(await remove({ gracePeriodSeconds: '0' }))).toEqual([0, 0])
  expect(await gone()).toBe(true)
})

test('a finalizer holds a pod that need not wait', async () => {
  await create({}, { finalizers: ['example.com/held'] })
  expect(waits(await remove())).toEqual([0, 0])
  expect(waits(await remove())).toEqual([0, 0])
  expect(await gone()).toBe(false)
  await all().patch(name, 'application/merge-patch+json', { metadata: { finalizers: null } })
  expect(await gone()).toBe(true)
})
