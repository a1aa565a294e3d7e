import { afterEach, beforeEach, expect, test } from 'vitest'
import { controllerRevisions } from '../../api/apps/v1/controllerrevision.ts'
import { type DaemonSet, daemonSets } from '../../api/apps/v1/daemonset.ts'
import { nodes } from '../../api/core/v1/node.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { Cluster } from '../../cluster/cluster.ts'
import { targetNode, templateFor } from './node-fit.ts'

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
  // As `kubectl rollout undo` writes the template when it looks for the same one.
  for (const { data } of revisions)
    expect(JSON.stringify(data)).toMatch(/^{"spec":{"template":{"\$patch":"replace","metadata":/)
  await client().patch('agent', 'application/merge-patch+json', { spec: { template: template('one') } })
  await settle()
  const again = (await cluster.client.resource(controllerRevisions).namespace('default').list()).items
  expect(again.map(({ revision }) => revision).sort()).toEqual([2, 3])
})

test('revisions that say the same become the newest of them, and the pods are of that', async () => {
  const history = cluster.client.resource(controllerRevisions).namespace('default')
  await create()
  await settle()
  const [first] = (await history.list()).items
  const { namespace, labels, ownerReferences } = first!.metadata
  await history.create({
    metadata: {
      name: 'agent-copy',
      namespace,
      labels: { ...labels, 'controller-revision-hash': 'copy' },
      ownerReferences,
    },
    data: first!.data,
    revision: 7,
  })
  await settle()
  expect((await history.list()).items.map(({ metadata, revision }) => [metadata.name, revision])).toEqual([
    ['agent-copy', 7],
  ])
  expect((await all()).map(({ metadata }) => metadata.labels!['controller-revision-hash'])).toEqual(
    Array(3).fill('copy'),
  )
})

test('a revision that nobody controls is adopted', async () => {
  const history = cluster.client.resource(controllerRevisions).namespace('default')
  const labels = { app: 'agent', 'controller-revision-hash': 'old' }
  const data = { spec: { template: { ...template('zero'), $patch: 'replace' } } }
  await history.create({ metadata: { name: 'agent-old', labels }, data, revision: 4 })
  const { metadata } = await create()
  await settle()
  expect((await history.get('agent-old')).metadata.ownerReferences).toMatchObject([
    { kind: 'DaemonSet', name: 'agent', uid: metadata.uid, controller: true },
  ])
  expect((await history.list()).items.map(({ revision }) => revision).sort()).toEqual([4, 5])
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

test.each([
  { maxUnavailable: 2, news: 2, olds: 1 },
  { maxUnavailable: '50%', news: 2, olds: 1 },
  { maxUnavailable: '100%', news: 3, olds: 0 },
  { maxUnavailable: 0, maxSurge: 1, news: 1, olds: 3 },
  { maxUnavailable: 0, maxSurge: '50%', news: 2, olds: 3 },
])('a rolling update with $maxUnavailable unavailable and a surge of $maxSurge', async ({ news, olds, ...limits }) => {
  await create({}, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: limits } })
  await settle()
  await makeReady()
  await client().patch('agent', 'application/merge-patch+json', { spec: { template: template('two') } })
  await settle()
  const count = async (image: string) =>
    (await all()).filter(({ spec, metadata }) => !metadata.deletionTimestamp && spec.containers[0]!.image === image)
      .length
  expect([await count('two'), await count('one')]).toEqual([news, olds])
  for (let round = 0; round < 5; round++) await makeReady()
  expect([await count('two'), await count('one')]).toEqual([3, 0])
  expect((await client().get('agent')).status).toMatchObject({ updatedNumberScheduled: 3, numberAvailable: 3 })
})

test('with a surge an old pod that is not available gets a new one beside it at once', async () => {
  await create({}, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } })
  await settle()
  await client().patch('agent', 'application/merge-patch+json', { spec: { template: template('two') } })
  await settle()
  expect(new Set(Object.values(await images()))).toEqual(new Set(['two']))
})

test('where pods fail again and again the next one waits, longer each time', async () => {
  await create({ nodeSelector: { name: 'four' } })
  await addNode('four', { name: 'four' })
  await settle()
  const uid = async () => (await all()).map(({ metadata }) => metadata.uid).join()
  const fail = async () => {
    const [pod] = await all()
    await podClient().patch(
      pod!.metadata.name!,
      'application/merge-patch+json',
      { status: { phase: 'Failed' } },
      { subresource: 'status' },
    )
  }
  await fail()
  await cluster.clock.advance('100ms')
  for (const seconds of [1, 2, 4]) {
    const before = await uid()
    await fail()
    await cluster.clock.advance(`${seconds * 1000 - 400}ms`)
    expect(await uid()).toBe(before)
    await cluster.clock.advance('500ms')
    expect(await uid()).not.toBe(before)
  }
})

test('a node that goes takes its pod along; one that is cordoned off by a taint keeps it, unless it must not stay', async () => {
  await create()
  await settle()
  const taint = (name: string, effect: string) =>
    cluster.client
      .resource(nodes)
      .patch(name, 'application/merge-patch+json', { spec: { taints: [{ key: 'team', value: 'blue', effect }] } })
  await taint('one', 'NoSchedule')
  await taint('two', 'NoExecute')
  await cluster.client.resource(nodes).delete('three')
  await settle()
  expect(await where()).toEqual(['one'])
  expect((await client().get('agent')).status).toMatchObject({ desiredNumberScheduled: 0, numberMisscheduled: 1 })
})

test('no more old revisions are kept than the limit says', async () => {
  await create(
    {},
    { revisionHistoryLimit: 1, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '100%' } } },
  )
  for (const image of ['two', 'three', 'four']) {
    await settle()
    await client().patch('agent', 'application/merge-patch+json', { spec: { template: template(image) } })
  }
  await settle()
  await makeReady()
  const revisions = (await cluster.client.resource(controllerRevisions).namespace('default').list()).items
  expect(revisions.map(({ revision }) => revision).sort()).toEqual([3, 4])
})

test('an earlier revision that pods are still of counts against the limit, and stays', async () => {
  await create({}, { revisionHistoryLimit: 1, updateStrategy: { type: 'OnDelete' } })
  for (const image of ['two', 'three']) {
    await settle()
    await client().patch('agent', 'application/merge-patch+json', { spec: { template: template(image) } })
  }
  await settle()
  const revisions = (await cluster.client.resource(controllerRevisions).namespace('default').list()).items
  expect(revisions.map(({ revision }) => revision).sort()).toEqual([1, 3])
})

test('with a surge a new one need not wait for the old one to be quite gone', async () => {
  await create({}, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } })
  await settle()
  await makeReady()
  const [{ metadata }] = (await all()) as [Pod]
  await podClient().patch(metadata.name!, 'application/merge-patch+json', {
    metadata: { finalizers: ['example.com/hold'] },
  })
  await podClient().delete(metadata.name!)
  await settle()
  expect(await all()).toHaveLength(4)
})

test('a pod of an unknown revision but of the present generation is up to date', async () => {
  await create()
  await settle()
  for (const { metadata } of await all())
    await podClient().patch(metadata.name!, 'application/merge-patch+json', {
      metadata: { labels: { 'controller-revision-hash': 'forgotten' } },
    })
  await settle()
  expect((await client().get('agent')).status.updatedNumberScheduled).toBe(3)
})

test('one of the same name does not wait for what the last one did', async () => {
  await create()
  await settle()
  for (let time = 0; time < 2; time++) {
    await client().delete('agent', { propagationPolicy: 'Background' })
    await create()
  }
  await cluster.clock.advance('10s')
  expect(await where()).toEqual(['one', 'three', 'two'])
  expect((await client().get('agent')).status).toMatchObject({ currentNumberScheduled: 3 })
})

const here = { key: 'metadata.name', operator: 'In', values: ['one'] }
const linux = { key: 'os', operator: 'In', values: ['linux'] }
const preferred = [{ weight: 1, preference: { matchExpressions: [linux] } }]
test.each<[why: string, before: object | undefined, after: object]>([
  ['nothing', undefined, {}],
  ['other affinities', { podAffinity: {} }, { podAffinity: {} }],
  [
    'what it prefers',
    { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } },
    { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } },
  ],
  [
    'nodes that it requires, by label or name',
    {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [linux] }, { matchFields: [{ ...here, values: ['two'] }] }],
        },
      },
    },
    {},
  ],
])('the pod of a node is only for that node, whatever its template says of affinity: %s', (_, affinity, kept) => {
  const { spec } = templateFor({ spec: { containers: [], affinity } } as never, 'one')
  const required = { nodeSelectorTerms: [{ matchFields: [here] }] }
  const { nodeAffinity, ...rest } = kept as { nodeAffinity?: object }
  expect(spec!.affinity).toEqual({
    ...rest,
    nodeAffinity: { ...nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required },
  })
})

test('a daemon puts up with what nodes go through, and for as long as it takes', () => {
  const own = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }
  const other = { key: 'team', operator: 'Equal', value: 'blue' }
  const { spec } = templateFor({ spec: { containers: [], tolerations: [own, other] } } as never, 'one')
  expect(spec!.tolerations!.map(({ key, effect, tolerationSeconds }) => [key, effect, tolerationSeconds])).toEqual([
    ['node.kubernetes.io/not-ready', 'NoExecute', undefined],
    ['team', undefined, undefined],
    ['node.kubernetes.io/unreachable', 'NoExecute', undefined],
    ['node.kubernetes.io/disk-pressure', 'NoSchedule', undefined],
    ['node.kubernetes.io/memory-pressure', 'NoSchedule', undefined],
    ['node.kubernetes.io/pid-pressure', 'NoSchedule', undefined],
    ['node.kubernetes.io/unschedulable', 'NoSchedule', undefined],
  ])
})
