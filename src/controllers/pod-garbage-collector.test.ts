import { afterEach, beforeEach, expect, test } from 'vitest'
import { nodes } from '../api/core/v1/node.ts'
import { pods } from '../api/core/v1/pod.ts'
import { Cluster } from '../cluster/cluster.ts'

// Pods that nobody else would remove.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
  await cluster.client.resource(nodes).create({ metadata: { name: 'node' } })
})
afterEach(() => cluster.stop())

const client = () => cluster.client.resource(pods).namespace('default')
const run = (name: string, nodeName?: string) =>
  client().create({
    metadata: { name },
    spec: { nodeName, tolerations: [{ operator: 'Exists' }], containers: [{ name: 'c', image: 'app' }] },
  })
const left = async () => (await client().list()).items.map(({ metadata }) => metadata.name)

test('a pod of a node that is gone goes after 40 seconds, and not of one that is there', async () => {
  await run('lost', 'node')
  await cluster.client.resource(nodes).create({ metadata: { name: 'other' } })
  await run('kept', 'other')
  await run('waiting')
  await cluster.client.resource(nodes).delete('node')
  await cluster.clock.advance('39s')
  expect(await left()).toEqual(['kept', 'lost', 'waiting'])
  await cluster.clock.advance('2s')
  expect(await left()).toEqual(['kept', 'waiting'])
})

test('a node that comes back in time keeps its pods', async () => {
  await run('lucky', 'node')
  await cluster.client.resource(nodes).delete('node')
  await cluster.clock.advance('30s')
  await cluster.client.resource(nodes).create({ metadata: { name: 'node' } })
  await cluster.clock.advance('5m')
  expect(await left()).toEqual(['lucky'])
})

test.each([
  ['Running', 'Failed', true],
  ['Succeeded', 'Succeeded', false],
])('one that was %s before its node was gone ends %s', async (before, after, disrupted) => {
  await client().create({
    metadata: { name: 'held', finalizers: ['example.com/held'] },
    spec: { nodeName: 'node', tolerations: [{ operator: 'Exists' }], containers: [{ name: 'c', image: 'app' }] },
  })
  const status = { phase: before }
  await client().patch('held', 'application/merge-patch+json', { status }, { subresource: 'status' })
  await cluster.client.resource(nodes).delete('node')
  await cluster.clock.advance('41s')
  const held = await client().get('held')
  expect(held.metadata.deletionTimestamp).toBeDefined()
  expect(held.status.phase).toBe(after)
  const target = held.status.conditions?.find(({ type }) => type === 'DisruptionTarget')
  if (!disrupted) expect(target).toBeUndefined()
  else
    expect(target).toMatchObject({
      status: 'True',
      reason: 'DeletionByPodGC',
      message: 'PodGC: node no longer exists',
      observedGeneration: 1,
    })
})

test('a pod that goes before it has a node goes at once, and does not say that it was disrupted', async () => {
  await client().create({
    metadata: { name: 'held', finalizers: ['example.com/held'] },
    spec: { containers: [{ name: 'c', image: 'app' }] },
  })
  await client().delete('held')
  await cluster.clock.advance('1s')
  const { phase, conditions } = (await client().get('held')).status
  expect(phase).toBe('Failed')
  expect((conditions ?? []).map(({ type }) => type)).not.toContain('DisruptionTarget')
})

test('a pod that is being deleted on a node out of service goes at once', async () => {
  await run('stuck', 'node')
  await client().delete('stuck')
  await cluster.clock.advance('2m')
  expect(await left()).toEqual(['stuck'])
  const taints = [{ key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }]
  await cluster.client.resource(nodes).patch('node', 'application/strategic-merge-patch+json', { spec: { taints } })
  await cluster.clock.advance('1s')
  expect(await left()).toEqual([])
})
