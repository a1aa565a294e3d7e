// Quotas, from the outside: never exceeded, however many create at once; and in which words a request is refused.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { configMaps } from '../../src/api/core/v1/configmap.ts'
import { namespaces } from '../../src/api/core/v1/namespace.ts'
import { persistentVolumeClaims } from '../../src/api/core/v1/persistentvolumeclaim.ts'
import { pods } from '../../src/api/core/v1/pod.ts'
import { resourceQuotas } from '../../src/api/core/v1/resourcequota.ts'
import { services } from '../../src/api/core/v1/service.ts'
import { serviceAccounts } from '../../src/api/core/v1/serviceaccount.ts'
import { Cluster } from '../../src/cluster/cluster.ts'

let cluster: Cluster
let namespace: string
let count = 0
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true })
})
afterAll(() => cluster.stop())

beforeEach(async () => {
  namespace = `quota-${++count}`
  await cluster.client.resource(namespaces).create({ metadata: { name: namespace } })
  await cluster.client
    .resource(serviceAccounts)
    .namespace(namespace)
    .create({ metadata: { name: 'default' } })
})

const quotas = () => cluster.client.resource(resourceQuotas).namespace(namespace)

/** A quota as the controller leaves it. */
async function limit(hard: Record<string, string>, spec: object = {}, name = 'q'): Promise<void> {
  const created = await quotas().create({ metadata: { name }, spec: { hard, ...spec } } as never)
  const used = Object.fromEntries(Object.keys(hard).map(each => [each, '0']))
  await quotas().updateStatus({ ...created, status: { hard, used } } as never)
}

const used = async (name = 'q') => (await quotas().get(name)).status!.used

const refused = (doing: Promise<unknown>) =>
  doing.then(
    () => undefined,
    error => [error.code, error.message],
  )

const create = (name: string, spec: object = {}, options = {}) =>
  cluster.client
    .resource(pods)
    .namespace(namespace)
    .create(
      { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } } as never,
      options as never,
    )

describe('64 creators at once', () => {
  test('never exceed a quota, and use all of it', async () => {
    await limit({ 'count/configmaps': '40' })
    const of = cluster.client.resource(configMaps).namespace(namespace)
    const results = await Promise.all(
      Array.from({ length: 64 }, (_, index) => refused(of.create({ metadata: { name: `c-${index}` } } as never))),
    )
    expect(results.filter(result => result === undefined)).toHaveLength(40)
    expect(results.filter(result => result?.[0] === 403)).toHaveLength(24)
    expect((await of.list()).items).toHaveLength(40)
    expect(await used()).toEqual({ 'count/configmaps': '40' })
  })

  test('nor does somebody else’s change of its status let them', async () => {
    await limit({ 'count/configmaps': '40' })
    await limit({ 'count/configmaps': '50' }, {}, 'other')
    const of = cluster.client.resource(configMaps).namespace(namespace)
    const label = async (index: number) =>
      quotas()
        .get('q')
        .then(quota =>
          quotas().update({ ...quota, metadata: { ...quota.metadata, labels: { i: `${index}` } } } as never),
        )
        .catch(() => {})
    const results = await Promise.all(
      Array.from({ length: 64 }, async (_, index) => {
        const [result] = await Promise.all([
          refused(of.create({ metadata: { name: `c-${index}` } } as never)),
          label(index),
        ])
        return result
      }),
    )
    const made = results.filter(result => result === undefined).length
    expect(made).toBeLessThanOrEqual(40)
    expect((await of.list()).items).toHaveLength(made)
    expect(Number((await used())!['count/configmaps'])).toBeGreaterThanOrEqual(made)
    expect(Number((await used())!['count/configmaps'])).toBeLessThanOrEqual(40)
  })
})

describe('a request is refused', () => {
  test('that asks for more than there is', async () => {
    await limit({ pods: '1', 'requests.cpu': '1', 'limits.cpu': '2' })
    const resources = { requests: { cpu: '600m' }, limits: { cpu: '1' } }
    const containers = [{ name: 'c', image: 'i', resources }]
    await create('a', { containers })
    expect(await refused(create('b', { containers }))).toEqual([
      403,
      'pods "b" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=600m, used: pods=1,requests.cpu=600m, limited: pods=1,requests.cpu=1',
    ])
  })

  test('that does not say what it needs', async () => {
    await limit({ 'limits.cpu': '1', 'requests.memory': '1Gi' })
    expect(await refused(create('a'))).toEqual([
      403,
      'pods "a" is forbidden: failed quota: q: must specify limits.cpu for: c; requests.memory for: c',
    ])
  })

  test('while nobody has counted', async () => {
    await quotas().create({ metadata: { name: 'q' }, spec: { hard: { pods: '1' } } } as never)
    // Nothing is limited before the controller says so.
    expect(await refused(create('a'))).toBeUndefined()
    const quota = await quotas().get('q')
    await quotas().updateStatus({ ...quota, status: { hard: { pods: '1', cpu: '1' } } } as never)
    const resources = { requests: { cpu: '1' } }
    expect(await refused(create('b', { containers: [{ name: 'c', image: 'i', resources }] }))).toEqual([
      403,
      'pods "b" is forbidden: status unknown for quota: q, resources: cpu,pods',
    ])
  })
})

test('a dry run is checked and not charged', async () => {
  await limit({ pods: '1' })
  await create('a', {}, { dryRun: true })
  expect(await used()).toEqual({ pods: '0' })
  await create('a')
  expect((await refused(create('b', {}, { dryRun: true })))?.[0]).toBe(403)
})

test('only what is in its scope counts', async () => {
  await limit({ pods: '1' }, { scopes: ['Terminating'] })
  await create('a')
  await create('b', { activeDeadlineSeconds: 5 })
  expect(await used()).toEqual({ pods: '1' })
  expect((await refused(create('c', { activeDeadlineSeconds: 5 })))?.[1]).toContain('exceeded quota')
  expect(await refused(create('d'))).toBeUndefined()
})

test('a pod that comes into the scope of a quota is charged there', async () => {
  await limit({ pods: '1' }, { scopes: ['Terminating'] })
  const of = cluster.client.resource(pods).namespace(namespace)
  const [a, b] = [await create('a'), await create('b')]
  const ending = (pod: typeof a) => of.update({ ...pod, spec: { ...pod.spec, activeDeadlineSeconds: 60 } } as never)
  await ending(a)
  expect(await used()).toEqual({ pods: '1' })
  expect(await refused(ending(b))).toEqual([
    403,
    'pods "b" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
  ])
})

test('a change is charged what it adds', async () => {
  await limit({ 'services.nodeports': '2', services: '5' })
  const of = cluster.client.resource(services).namespace(namespace)
  const ports = [
    { name: 'a', port: 1 },
    { name: 'b', port: 2 },
  ]
  const service = await of.create({ metadata: { name: 's' }, spec: { ports } } as never)
  expect(await used()).toEqual({ services: '1', 'services.nodeports': '0' })
  await of.update({ ...service, spec: { ...service.spec, type: 'NodePort' } } as never)
  expect(await used()).toEqual({ services: '1', 'services.nodeports': '2' })
  expect(
    await refused(of.create({ metadata: { name: 't' }, spec: { type: 'NodePort', ports: [{ port: 1 }] } } as never)),
  ).toEqual([
    403,
    'services "t" is forbidden: exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=2, limited: services.nodeports=2',
  ])
})

test('claims are counted by their class', async () => {
  const gold = 'gold.storageclass.storage.k8s.io/requests.storage'
  await limit({ [gold]: '1Gi' })
  const of = cluster.client.resource(persistentVolumeClaims).namespace(namespace)
  const claim = (name: string, storageClassName: string) =>
    of.create({
      metadata: { name },
      spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    } as never)
  await claim('a', 'gold')
  await claim('b', 'silver')
  expect((await refused(claim('c', 'gold')))?.[1]).toContain(
    `requested: ${gold}=1Gi, used: ${gold}=1Gi, limited: ${gold}=1Gi`,
  )
})
