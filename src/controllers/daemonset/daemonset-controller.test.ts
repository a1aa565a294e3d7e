import { afterEach, beforeEach, expect, test } from 'vitest'
import { controllerRevisions } from '../../api/apps/v1/controllerrevision.ts'
import { type DaemonSet, daemonSets } from '../../api/apps/v1/daemonset.ts'
import { nodes } from '../../api/core/v1/node.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { Cluster } from '../../cluster/cluster.ts'
import { targetNode } from './node-fit.ts'

// A pod on every node that a DaemonSet belongs on. Nothing binds or runs pods here; the tests say which are ready.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
  for (const name of ['one', 'two', 'three']) await addNode(name)
})
afterEach(() => cluster.stop())

const addNode = (name: string, labels?: Record<string, string>, taints?: any[]) =>
  cluster.client.resource(nodes).create({ metadata: { name, labels }, spec: { taints } })
const client = () => cluster.client.resource(daemonSets).namespace('default')
const podClient = () => cluster.client.resource(pods).namespace('default')
const settle = () => cluster.clock.advance('1s')
const template = (image: string, spec: object = {}) => ({
  metadata: { labels: { app: 'agent' } },
  spec: { containers: [{ name: 'c', image }], ...spec },
})
const create = (spec: object = {}, rest: Partial<DaemonSet['spec']> = {}) =>
  client().create({
    metadata: { name: 'agent' },
    spec: { selector: { matchLabels: { app: 'agent' } }, template: template('one', spec), ...rest },
  })
const all = async () => (await podClient().list()).items
const where = async () => (await all()).map(({ spec }) => targetNode(spec)).sort()
const images = async () =>
  Object.fromEntries((await all()).map(({ spec }) => [targetNode(spec), spec.containers[0]!.image]))
async function makeReady() {
  for (const { metadata, status } of await all())
    if (status.phase === 'Pending')
      await podClient().patch(
        metadata.name!,
        'application/strategic-merge-patch+json',
        {
          status: {
            phase: 'Running',
            conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
          },
        },
        { subresource: 'status' },
      )
  await settle()
}

test('every node has one, also those that come later, and none twice', async () => {
  await create()
  await settle()
  expect(await where()).toEqual(['one', 'three', 'two'])
  await addNode('four')
  await settle()
  expect(await where()).toEqual(['four', 'one', 'three', 'two'])
  expect((await client().get('agent')).status).toMatchObject({
    desiredNumberScheduled: 4,
    currentNumberScheduled: 4,
    updatedNumberScheduled: 4,
    numberMisscheduled: 0,
    numberReady: 0,
    numberUnavailable: 4,
  })
  await makeReady()
  expect((await client().get('agent')).status).toMatchObject({ numberReady: 4, numberAvailable: 4 })
})

test('only the nodes that it selects and whose taints it tolerates have one', async () => {
  await addNode('chosen', { disk: 'fast' })
  await addNode('cordoned', { disk: 'fast' }, [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }])
  await addNode('reserved', { disk: 'fast' }, [{ key: 'team', value: 'blue', effect: 'NoSchedule' }])
  await create({ nodeSelector: { disk: 'fast' } })
  await settle()
  expect(await where()).toEqual(['chosen', 'cordoned'])
  await cluster.client
    .resource(nodes)
    .patch('one', 'application/merge-patch+json', { metadata: { labels: { disk: 'fast' } } })
  await settle()
  expect(await where()).toEqual(['chosen', 'cordoned', 'one'])
})

test('one that fails is replaced', async () => {
  await create()
  await settle()
  const [pod] = await all()
  await podClient().patch(
    pod!.metadata.name!,
    'application/merge-patch+json',
    { status: { phase: 'Failed' } },
    { subresource: 'status' },
  )
  await settle()
  const now = await all()
  expect(now).toHaveLength(3)
  expect(now.map(({ metadata }) => metadata.uid)).not.toContain(pod!.metadata.uid)
})

test('a new template replaces them one by one, each when the last is available, and is kept as a revision', async () => {
  await create()
  await settle()
  await makeReady()
  await client().patch('agent', 'application/merge-patch+json', { spec: { template: template('two') } })
  for (const done of [1, 2, 3]) {
    await settle()
    expect(Object.values(await images()).filter(image => image === 'two')).toHaveLength(done)
    await makeReady()
  }
  const revisions = (await cluster.client.resource(controllerRevisions).namespace('default').list()).items
  expect(revisions.map(({ revision }) => revision).sort()).toEqual([1, 2])
  await client().patch('agent', 'application/merge-patch+json', { spec: { template: template('one') } })
  await settle()
  const again = (await cluster.client.resource(controllerRevisions).namespace('default').list()).items
  expect(again.map(({ revision }) => revision).sort()).toEqual([2, 3])
})

test('OnDelete leaves the old ones until somebody deletes them', async () => {
  await create({}, { updateStrategy: { type: 'OnDelete' } })
  await settle()
  await makeReady()
  await client().patch('agent', 'application/merge-patch+json', { spec: { template: template('two') } })
  await settle()
  expect(new Set(Object.values(await images()))).toEqual(new Set(['one']))
  await podClient().delete((await all())[0]!.metadata.name!)
  await settle()
  expect(Object.values(await images()).sort()).toEqual(['one', 'one', 'two'])
})
