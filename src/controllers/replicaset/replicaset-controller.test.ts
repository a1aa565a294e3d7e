import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ReplicaSet, replicaSets } from '../../api/apps/v1/replicaset.ts'
import { events } from '../../api/core/v1/event.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { replicationControllers } from '../../api/core/v1/replicationcontroller.ts'
import { Cluster, clusterEnv } from '../../cluster/cluster.ts'
import { ControlPlane } from '../../cluster/control-plane.ts'

// What a ReplicaSet does to have the pods it asks for, and what it says of them.

let cluster: Cluster
beforeEach(async () => {
  // Pods here have no node; the pod garbage collector would not let them wait for their end.
  const controllers = ['*', '-pod-garbage-collector-controller']
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true, controllers })
})
afterEach(() => cluster.stop())

const podClient = () => cluster.client.resource(pods).namespace('default')
const setClient = () => cluster.client.resource(replicaSets).namespace('default')
const settle = () => cluster.clock.advance('1s')
const live = async () => (await podClient().list()).items.filter(({ metadata }) => !metadata.deletionTimestamp)
const names = async () => (await live()).map(({ metadata }) => metadata.name)
const template = (labels: Record<string, string> = { app: 'web' }) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image: 'app' }] },
})
const web = (replicas: number, minReadySeconds = 0) => ({
  metadata: { name: 'web' },
  spec: { replicas, minReadySeconds, selector: { matchLabels: { app: 'web' } }, template: template() },
})
const create = (replicas: number, minReadySeconds = 0) => setClient().create(web(replicas, minReadySeconds))
const resize = (replicas: number) => setClient().patch('web', 'application/merge-patch+json', { spec: { replicas } })
const told = async () =>
  (await cluster.client.resource(events).list()).items.map(
    ({ type, reason, message }) => `${type} ${reason}: ${message}`,
  )
const setStatus = (name: string, status: object) =>
  podClient().patch(name, 'application/strategic-merge-patch+json', { status }, { subresource: 'status' })
const makeReady = (name: string) =>
  setStatus(name, {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: new Date(cluster.clock.now()).toISOString() }],
  })
const status = async () => (await setClient().get('web')).status

describe('the number of pods', () => {
  test('is what is asked for, each of the template and owned by the set', async () => {
    const set = await create(5)
    await settle()
    const created = await live()
    expect(created).toHaveLength(5)
    for (const { metadata, spec } of created) {
      expect(metadata.name).toMatch(/^web-[a-z0-9]{5}$/)
      expect(metadata.labels).toEqual({ app: 'web' })
      expect(metadata.ownerReferences).toEqual([
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'web',
          uid: set.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ])
      expect(spec.containers[0]!.image).toBe('app')
    }
    expect(await told()).toContain(`Normal SuccessfulCreate: Created pod: ${created[0]!.metadata.name}`)
  })

  test('is made good after five minutes though a pod came and went while nobody looked', async () => {
    const env = clusterEnv()
    let unseen: string | undefined
    const plane = await ControlPlane.start({
      env,
      withoutScheduler: true,
      wrapTransport: (_, connect) => ({
        request: request => connect().request(request),
        watch: (request, reader) =>
          connect().watch(request, {
            event(change) {
              const { kind, metadata } = change.object as Pod
              if (kind === 'Pod') unseen ??= metadata.name
              if (unseen === undefined || metadata.name !== unseen) reader.event(change)
            },
            end: error => reader.end(error),
          }),
        stream: (request, options) => connect().stream(request, options),
        upgrade: request => connect().upgrade(request),
        close() {},
      }),
    })
    try {
      const here = plane.client().resource(pods).namespace('default')
      const count = async () => (await here.list()).items.length
      await plane.client().resource(replicaSets).namespace('default').create(web(2))
      await env.clock.advance(1000)
      await here.delete(unseen!)
      expect(await count()).toBe(1)
      await env.clock.advance(4 * 60_000)
      expect(await count()).toBe(1)
      await env.clock.advance(61_000)
      expect(await count()).toBe(2)
    } finally {
      await plane.stop()
    }
  })

  test('follows the spec up and down, to nothing', async () => {
    await create(2)
    for (const replicas of [6, 1, 0, 3]) {
      await resize(replicas)
      await settle()
      expect(await live()).toHaveLength(replicas)
    }
  })

  test('is kept when pods are deleted, fail or end', async () => {
    await create(3)
    await settle()
    const [one, two, three] = await names()
    await podClient().delete(one!)
    await setStatus(two!, { phase: 'Failed' })
    await setStatus(three!, { phase: 'Succeeded' })
    await settle()
    const active = (await live()).filter(pod => pod.status.phase === 'Pending')
    expect(active).toHaveLength(3)
    expect((await status()).replicas).toBe(3)
  })

  test('is not held up by what an earlier set of the name was waiting for', async () => {
    await create(2)
    await settle()
    for (let time = 0; time < 2; time++) {
      await setClient().delete('web', { propagationPolicy: 'Background' })
      await create(2)
    }
    await cluster.clock.advance('10s')
    expect(await live()).toHaveLength(2)
  })

  test('comes in growing batches, and not one too many', async () => {
    await create(30)
    await settle()
    expect((await podClient().list()).items).toHaveLength(30)
    expect((await told()).filter(line => line.includes('SuccessfulDelete'))).toEqual([])
  })
})

describe('ownership', () => {
  test('a matching pod without a controller is adopted, not doubled', async () => {
    await podClient().create({ metadata: { name: 'stray', labels: { app: 'web' } }, spec: template().spec })
    await create(2)
    await settle()
    expect(await live()).toHaveLength(2)
    expect((await podClient().get('stray')).metadata.ownerReferences).toMatchObject([
      { kind: 'ReplicaSet', name: 'web' },
    ])
  })

  test('a pod that no longer matches is released and replaced', async () => {
    await create(2)
    await settle()
    const [name] = await names()
    await podClient().patch(name!, 'application/merge-patch+json', { metadata: { labels: { app: 'debugged' } } })
    await settle()
    expect((await podClient().get(name!)).metadata.ownerReferences).toBeUndefined()
    expect(await live()).toHaveLength(3)
  })

  test('a pod of another controller is left alone', async () => {
    const reference = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'other', uid: 'other', controller: true }
    const other = await setClient().create({
      metadata: { name: 'other' },
      spec: { replicas: 0, selector: { matchLabels: { app: 'other' } }, template: template({ app: 'other' }) },
    })
    await podClient().create({
      metadata: {
        name: 'theirs',
        labels: { app: 'web' },
        ownerReferences: [{ ...reference, uid: other.metadata.uid! }],
      },
      spec: template().spec,
    })
    await create(1)
    await cluster.clock.advance('100ms')
    expect((await live()).filter(({ metadata }) => metadata.ownerReferences?.[0]?.name === 'web')).toHaveLength(1)
  })
})

describe('who goes first when there are too many', () => {
  test.each<[string, (name: string) => Promise<unknown>, 'goes' | 'stays']>([
    ['a pod that is ready', makeReady, 'stays'],
    ['a pod that runs', name => setStatus(name, { phase: 'Running' }), 'stays'],
    [
      'a pod that is cheap to delete',
      name =>
        podClient().patch(name, 'application/merge-patch+json', {
          metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-1' } },
        }),
      'goes',
    ],
  ])('%s %3$s', async (_, change, fate) => {
    await create(2)
    await settle()
    const [chosen] = await names()
    await change(chosen!)
    await settle()
    await resize(1)
    await settle()
    expect((await names()).includes(chosen)).toBe(fate === 'stays')
  })
})

describe('status', () => {
  test('counts pods by how far they are', async () => {
    await create(3, 10)
    await settle()
    const [one, two] = await names()
    await podClient().patch(two!, 'application/merge-patch+json', { metadata: { labels: { extra: 'label' } } })
    await makeReady(one!)
    await cluster.clock.advance('5s')
    const expected = { replicas: 3, fullyLabeledReplicas: 3, readyReplicas: 1, terminatingReplicas: 0 }
    expect(await status()).toMatchObject(expected)
    expect((await status()).availableReplicas).toBeUndefined()
    await cluster.clock.advance('6s')
    expect(await status()).toMatchObject({ ...expected, availableReplicas: 1 })
  })

  test('counts pods on their way out apart', async () => {
    await create(1)
    await settle()
    const [name] = await names()
    await podClient().patch(name!, 'application/merge-patch+json', { metadata: { finalizers: ['example.com/hold'] } })
    await podClient().delete(name!)
    await settle()
    expect(await status()).toMatchObject({ replicas: 1, terminatingReplicas: 1 })
    // One that matches no more is not the set's to count.
    await podClient().patch(name!, 'application/merge-patch+json', { metadata: { labels: { app: 'other' } } })
    await settle()
    expect(await status()).toMatchObject({ replicas: 1, terminatingReplicas: 0 })
  })

  test('says when pods cannot be created, and takes it back', async () => {
    const sets = setClient()
    await sets.create({
      metadata: { name: 'web' },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'web' } },
        template: { ...template(), spec: { ...template().spec, serviceAccountName: 'nobody' } },
      },
    })
    await settle()
    const [condition] = (await status()).conditions!
    expect(condition).toMatchObject({ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' })
    expect(condition!.message).toContain('serviceaccount "nobody" not found')
    expect((await told()).some(line => line.startsWith('Warning FailedCreate: Error creating: pods "web-'))).toBe(true)
    const set: ReplicaSet = await sets.get('web')
    const { serviceAccountName: _, serviceAccount: __, ...spec } = set.spec.template.spec!
    await sets.update({ ...set, spec: { ...set.spec, template: { ...set.spec.template, spec } } })
    await cluster.clock.advance('1m')
    expect(await live()).toHaveLength(2)
    expect((await status()).conditions).toBeUndefined()
  })
})

test('a ReplicationController does the same', async () => {
  const controllers = cluster.client.resource(replicationControllers).namespace('default')
  await controllers.create({
    metadata: { name: 'old' },
    spec: { replicas: 2, selector: { app: 'web' }, template: template() },
  })
  await settle()
  const created = await live()
  expect(created).toHaveLength(2)
  expect(created[0]!.metadata.ownerReferences).toMatchObject([{ apiVersion: 'v1', kind: 'ReplicationController' }])
  expect((await controllers.get('old')).status).toMatchObject({ replicas: 2, fullyLabeledReplicas: 2 })
})
