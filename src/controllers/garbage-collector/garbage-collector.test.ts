import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { configMaps } from '../../api/core/v1/configmap.ts'
import { events } from '../../api/core/v1/event.ts'
import { namespaces } from '../../api/core/v1/namespace.ts'
import { nodes } from '../../api/core/v1/node.ts'
import { secrets } from '../../api/core/v1/secret.ts'
import type { OwnerReference } from '../../api/meta/v1/objectmeta.ts'
import { Cluster } from '../../cluster/cluster.ts'

// What becomes of an object when its owners go. ConfigMaps stand for anything that owns or is owned.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
})
afterEach(() => cluster.stop())

const maps = (namespace = 'default') => cluster.client.resource(configMaps).namespace(namespace)
const settle = () => cluster.clock.advance('2s')

interface Referred {
  metadata: { name?: string; uid?: string }
}
const ref = (owner: Referred, rest: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: owner.metadata.name!,
  uid: owner.metadata.uid!,
  ...rest,
})
const make = (name: string, owners: OwnerReference[] = [], finalizers?: string[]) =>
  maps().create({ metadata: { name, ownerReferences: owners, finalizers } })
const left = async () =>
  (await maps().list()).items
    .map(({ metadata }) => metadata.name!)
    .filter(name => name !== 'kube-root-ca.crt')
    .sort()
const ownersOf = async (name: string) => (await maps().get(name)).metadata.ownerReferences?.map(({ name }) => name)

describe('in the background', () => {
  test('dependents go after their owner, and theirs after them', async () => {
    const owner = await make('owner')
    const child = await make('child', [ref(owner)])
    await make('grandchild', [ref(child)])
    await make('bystander')
    await settle()
    await maps().delete('owner', { propagationPolicy: 'Background' })
    await settle()
    expect(await left()).toEqual(['bystander'])
  })

  test('a dependent with another owner stays, and forgets the one that went', async () => {
    const [one, two] = [await make('one'), await make('two')]
    await make('child', [ref(one), ref(two)])
    await settle()
    await maps().delete('one')
    await settle()
    expect(await ownersOf('child')).toEqual(['two'])
    await maps().delete('two')
    await settle()
    expect(await left()).toEqual([])
  })

  test('dependents may be of any kind', async () => {
    const owner = await make('owner')
    const own = cluster.client.resource(secrets).namespace('default')
    await own.create({ metadata: { name: 'child', ownerReferences: [ref(owner)] } })
    await settle()
    await maps().delete('owner')
    await settle()
    await expect(own.get('child')).rejects.toThrow('secrets "child" not found')
  })
})

describe('in the foreground', () => {
  test('the owner waits for the dependents that block it', async () => {
    const owner = await make('owner')
    await make('held', [ref(owner, { blockOwnerDeletion: true })], ['example.com/hold'])
    await settle()
    await maps().delete('owner', { propagationPolicy: 'Foreground' })
    await settle()
    expect(await left()).toEqual(['held', 'owner'])
    expect((await maps().get('owner')).metadata.finalizers).toEqual(['foregroundDeletion'])
    await maps().patch('held', 'application/merge-patch+json', { metadata: { finalizers: null } })
    await settle()
    expect(await left()).toEqual([])
  })

  test('it does not wait for those that do not block it', async () => {
    const owner = await make('owner')
    await make('held', [ref(owner)], ['example.com/hold'])
    await settle()
    await maps().delete('owner', { propagationPolicy: 'Foreground' })
    await settle()
    expect(await left()).toEqual(['held'])
  })

  test('a dependent that stops blocking lets it go', async () => {
    const owner = await make('owner')
    const other = await make('other')
    await make('held', [ref(owner, { blockOwnerDeletion: true }), ref(other)], ['example.com/hold'])
    await settle()
    await maps().delete('owner', { propagationPolicy: 'Foreground' })
    await settle()
    expect(await left()).toEqual(['held', 'other'])
    expect(await ownersOf('held')).toEqual(['other'])
  })

  test('owners that block each other in a circle go all the same', async () => {
    const one = await make('one')
    const two = await make('two', [ref(one, { blockOwnerDeletion: true })])
    await maps().patch('one', 'application/merge-patch+json', {
      metadata: { ownerReferences: [ref(two, { blockOwnerDeletion: true })] },
    })
    await settle()
    await maps().delete('one', { propagationPolicy: 'Foreground' })
    await cluster.clock.advance('30s')
    expect(await left()).toEqual([])
  })
})

test('orphans stay, and lose their owner reference', async () => {
  const owner = await make('owner')
  await make('child', [ref(owner)])
  await settle()
  await maps().delete('owner', { propagationPolicy: 'Orphan' })
  await settle()
  expect(await left()).toEqual(['child'])
  expect(await ownersOf('child')).toBeUndefined()
})

describe('an owner that is not there', () => {
  test('never was: the dependent goes', async () => {
    await make('child', [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'never', uid: 'no-such-uid' }])
    await settle()
    expect(await left()).toEqual([])
  })

  test('is another object of the same name: the dependent goes', async () => {
    const owner = await make('owner')
    await make('child', [ref(owner, { uid: 'an-earlier-uid' })])
    await settle()
    expect(await left()).toEqual(['owner'])
  })

  test('is in another namespace: the dependent goes, and an event says why', async () => {
    await cluster.client.resource(namespaces).create({ metadata: { name: 'far' } })
    const far = await maps('far').create({ metadata: { name: 'owner' } })
    await settle()
    await make('child', [ref(far)])
    await settle()
    expect(await left()).toEqual([])
    const told = (await cluster.client.resource(events).list()).items.find(
      ({ reason }) => reason === 'OwnerRefInvalidNamespace',
    )
    expect(told).toMatchObject({
      type: 'Warning',
      involvedObject: { kind: 'ConfigMap', name: 'child', namespace: 'default' },
      message: `ownerRef [v1/ConfigMap, namespace: default, name: owner, uid: ${far.metadata.uid}] does not exist in namespace "default"`,
    })
    expect((await maps('far').get('owner')).metadata.uid).toBe(far.metadata.uid)
  })

  test('is of a kind that nobody serves: nothing is known, so nothing is deleted', async () => {
    await make('child', [{ apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'w' }])
    await cluster.clock.advance('1m')
    expect(await left()).toEqual(['child'])
  })

  test('cannot be: what has no namespace is not owned by what has one', async () => {
    const owner = await make('owner')
    const client = cluster.client.resource(nodes)
    await client.create({ metadata: { name: 'odd', ownerReferences: [ref(owner)] } })
    await settle()
    expect((await client.get('odd')).metadata.deletionTimestamp).toBeUndefined()
  })
})

test('an owner without a namespace owns in all of them', async () => {
  const client = cluster.client.resource(nodes)
  const owner = await client.create({ metadata: { name: 'owner' } })
  await make('child', [ref(owner, { kind: 'Node' })])
  await settle()
  expect(await left()).toEqual(['child'])
  await client.delete('owner')
  await settle()
  expect(await left()).toEqual([])
})
