import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deployments } from '../../api/apps/v1/deployment.ts'
import { configMaps } from '../../api/core/v1/configmap.ts'
import { type Namespace, namespaces } from '../../api/core/v1/namespace.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { secrets } from '../../api/core/v1/secret.ts'
import { Cluster } from '../../cluster/cluster.ts'

// How a namespace is deleted: with all that is in it, and not before.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 1, withoutScheduler: true })
  await cluster.client.resource(namespaces).create({ metadata: { name: 'doomed' } })
  await cluster.clock.advance('1s')
})
afterEach(() => cluster.stop())

const remove = () => cluster.client.resource(namespaces).delete('doomed')
const find = async (): Promise<Namespace | undefined> =>
  (await cluster.client.resource(namespaces).list()).items.find(({ metadata }) => metadata.name === 'doomed')
const conditions = async () =>
  Object.fromEntries(
    ((await find())?.status.conditions ?? []).map(({ type, status, reason, message }) => [
      type,
      { status, reason, message },
    ]),
  )
const hold = (name: string, finalizer = 'example.com/hold') =>
  cluster.client
    .resource(configMaps)
    .namespace('doomed')
    .create({ metadata: { name, finalizers: [finalizer] } })

test('an empty namespace goes at once', async () => {
  await remove()
  await cluster.clock.advance('1s')
  expect(await find()).toBeUndefined()
})

test('everything in it goes, whatever controllers make of it meanwhile', async () => {
  await cluster.client
    .resource(secrets)
    .namespace('doomed')
    .create({ metadata: { name: 'secret' } })
  await cluster.client
    .resource(deployments)
    .namespace('doomed')
    .create({
      metadata: { name: 'web' },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { nodeName: 'simulated-1', containers: [{ name: 'c', image: 'app' }] },
        },
      },
    })
  const inside = () => cluster.client.resource(pods).namespace('doomed').list()
  await cluster.until(async () => (await inside()).items.length === 3)
  await remove()
  await cluster.until(async () => (await find()) === undefined, '1m')
  expect((await inside()).items).toEqual([])
  expect(
    (await cluster.client.resource(secrets).list()).items.filter(({ metadata }) => metadata.namespace === 'doomed'),
  ).toEqual([])
})

describe('a namespace with something in it that may not go yet', () => {
  test('waits, and says for what', async () => {
    await hold('one')
    await hold('two')
    await remove()
    await cluster.clock.advance('1s')
    const found = await find()
    expect(found!.status.phase).toBe('Terminating')
    expect(found!.spec.finalizers).toEqual(['kubernetes'])
    expect(await conditions()).toEqual({
      NamespaceDeletionDiscoveryFailure: {
        status: 'False',
        reason: 'ResourcesDiscovered',
        message: 'All resources successfully discovered',
      },
      NamespaceDeletionGroupVersionParsingFailure: {
        status: 'False',
        reason: 'ParsedGroupVersions',
        message: 'All legacy kube types successfully parsed',
      },
      NamespaceDeletionContentFailure: {
        status: 'False',
        reason: 'ContentDeleted',
        message: 'All content successfully deleted, may be waiting on finalization',
      },
      NamespaceContentRemaining: {
        status: 'True',
        reason: 'SomeResourcesRemain',
        message: 'Some resources are remaining: configmaps. has 2 resource instances',
      },
      NamespaceFinalizersRemaining: {
        status: 'True',
        reason: 'SomeFinalizersRemain',
        message: 'Some content in the namespace has finalizers remaining: example.com/hold in 2 resource instances',
      },
    })
  })

  test('goes soon after that is gone', async () => {
    await hold('one')
    await remove()
    await cluster.clock.advance('1m')
    expect(await find()).toBeDefined()
    await cluster.client
      .resource(configMaps)
      .namespace('doomed')
      .patch('one', 'application/merge-patch+json', { metadata: { finalizers: null } })
    await cluster.clock.advance('10s')
    expect(await find()).toBeUndefined()
  })

  test('keeps all but pods until the pods are gone', async () => {
    const inside = cluster.client.resource(pods).namespace('doomed')
    await inside.create({
      metadata: { name: 'held', finalizers: ['example.com/hold'] },
      spec: { containers: [{ name: 'c', image: 'app' }] },
    })
    const own = cluster.client.resource(secrets).namespace('doomed')
    await own.create({ metadata: { name: 'needed' } })
    await remove()
    await cluster.clock.advance('20s')
    expect((await own.get('needed')).metadata.deletionTimestamp).toBeUndefined()
    expect((await conditions())['NamespaceContentRemaining']!.message).toBe('All content successfully removed')
    await inside.patch('held', 'application/merge-patch+json', { metadata: { finalizers: null } })
    await cluster.clock.advance('2s')
    expect(await find()).toBeUndefined()
  })
})

test('a pod that is there when its time is over is told of', async () => {
  await cluster.client
    .resource(pods)
    .namespace('doomed')
    .create({
      metadata: { name: 'stuck' },
      spec: { nodeName: 'gone', terminationGracePeriodSeconds: 20, containers: [{ name: 'c', image: 'app' }] },
    })
  const failure = async () => (await conditions())['NamespaceDeletionContentFailure']
  await remove()
  await cluster.clock.advance('10s')
  expect(await failure()).toMatchObject({ status: 'False', reason: 'ContentDeleted' })
  await cluster.clock.advance('15s')
  expect(await failure()).toEqual({
    status: 'True',
    reason: 'ContentDeletionFailed',
    message:
      'Failed to delete all resource types, 1 remaining: unexpected items still remain in namespace: doomed for gvr: /v1, Resource=pods',
  })
})

test('a namespace with a finalizer of somebody else in its spec is emptied, and waits for that', async () => {
  const resource = cluster.client.resource(namespaces)
  const found = (await find())!
  await resource.updateSubresource('doomed', 'finalize', {
    ...found,
    spec: { finalizers: ['kubernetes', 'example.com/mine'] },
  })
  await hold('one', 'example.com/brief')
  await remove()
  await cluster.client
    .resource(configMaps)
    .namespace('doomed')
    .patch('one', 'application/merge-patch+json', { metadata: { finalizers: null } })
  await cluster.clock.advance('20s')
  expect((await find())!.spec.finalizers).toEqual(['example.com/mine'])
  await resource.updateSubresource('doomed', 'finalize', { ...(await find())!, spec: {} })
  await cluster.clock.advance('1s')
  expect(await find()).toBeUndefined()
})
