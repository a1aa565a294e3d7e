// Claims of pods: made from templates, reserved, and given back.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { events } from '../../api/core/v1/event.ts'
import { nodes } from '../../api/core/v1/node.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { type ResourceClaim, resourceClaims } from '../../api/resource/v1/resourceclaim.ts'
import { resourceClaimTemplates } from '../../api/resource/v1/resourceclaimtemplate.ts'
import { Cluster } from '../../cluster/cluster.ts'
import { generateName } from './pods.ts'

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
  await cluster.client.resource(nodes).create({ metadata: { name: 'node' } })
})
afterEach(() => cluster.stop())

const claimClient = () => cluster.client.resource(resourceClaims).namespace('default')
const podClient = () => cluster.client.resource(pods).namespace('default')
const second = () => cluster.clock.advance('1s')
const spec = { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpus' } }] } }

const template = (name: string, metadata: object = {}) =>
  cluster.client
    .resource(resourceClaimTemplates)
    .namespace('default')
    .create({ metadata: { name }, spec: { metadata, spec } })
const run = (name: string, claims: object[], rest: object = {}) =>
  podClient().create({
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 0,
      tolerations: [{ operator: 'Exists' }],
      resourceClaims: claims,
      containers: [{ name: 'c', image: 'app' }],
      ...rest,
    } as any,
  })
const fromTemplate = { name: 'device', resourceClaimTemplateName: 'gpus' }
const claims = async () => (await claimClient().list()).items
const told = async (name: string) =>
  (await cluster.client.resource(events).list()).items
    .filter(({ involvedObject, source }) => involvedObject.name === name && source?.component === 'resource_claim')
    .map(({ type, reason, message }) => `${type} ${reason}: ${message}`)
const end = (name: string) =>
  podClient().patch(name, 'application/merge-patch+json', { status: { phase: 'Succeeded' } }, { subresource: 'status' })

const allocation = {
  devices: { results: [{ request: 'gpu', driver: 'gpus.example.com', pool: 'node', device: 'gpu-0' }] },
}
const reference = async (name: string) => {
  const { metadata } = await podClient().get(name)
  return { resource: 'pods', name, uid: metadata.uid! }
}
/** What the scheduler does: protect, allocate, reserve. */
async function allocate(name: string, ...users: string[]): Promise<ResourceClaim> {
  const finalizers = ['resource.kubernetes.io/delete-protection']
  await claimClient().patch(name, 'application/merge-patch+json', { metadata: { finalizers } })
  const reservedFor = await Promise.all(users.map(reference))
  return claimClient().patch(
    name,
    'application/merge-patch+json',
    { status: { allocation, ...(users.length > 0 && { reservedFor }) } },
    { subresource: 'status' },
  )
}
const state = async (name: string) => {
  const { status, metadata } = await claimClient().get(name)
  return {
    allocated: !!status.allocation,
    for: (status.reservedFor ?? []).map(({ name }) => name),
    protected: !!metadata.finalizers?.length,
  }
}

describe('a claim from a template', () => {
  test('is made for the pod, which owns it and names it in its status', async () => {
    await template('gpus', { labels: { kind: 'gpu' }, annotations: { note: 'mine' } })
    const { metadata } = await run('p', [fromTemplate])
    await second()
    const [claim] = await claims()
    expect(claim).toMatchObject({
      metadata: {
        generateName: 'p-device-',
        labels: { kind: 'gpu' },
        annotations: { note: 'mine', 'resource.kubernetes.io/pod-claim-name': 'device' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: metadata.uid, controller: true }],
      },
      spec: { devices: { requests: [{ name: 'gpu' }] } },
    })
    const { status, metadata: pod } = await podClient().get('p')
    expect(status.resourceClaimStatuses).toEqual([{ name: 'device', resourceClaimName: claim!.metadata.name }])
    expect(pod.managedFields?.find(({ manager }) => manager === 'ResourceClaimController')).toMatchObject({
      operation: 'Apply',
      subresource: 'status',
    })
  })
  test('that is not there yet is waited for, and the pod says so', async () => {
    await run('p', [fromTemplate])
    await second()
    expect((await told('p'))[0]).toBe(
      'Warning FailedResourceClaimCreation: PodResourceClaim device: resource claim template "gpus": resourceclaimtemplate.resource.k8s.io "gpus" not found',
    )
    await template('gpus')
    await second()
    expect(await claims()).toHaveLength(1)
  })
  test('is one for each of the pod’s claims, and made once', async () => {
    await template('gpus')
    await run('p', [fromTemplate, { ...fromTemplate, name: 'other' }])
    await cluster.clock.advance('1m')
    const names = (await podClient().get('p')).status.resourceClaimStatuses!.map(({ name }) => name).sort()
    expect([(await claims()).length, names]).toEqual([2, ['device', 'other']])
  })
  test('that is deleted is made again', async () => {
    await template('gpus')
    await run('p', [fromTemplate])
    await second()
    const [{ metadata }] = (await claims()) as [ResourceClaim]
    await claimClient().delete(metadata.name!)
    await second()
    const [again] = (await claims()) as [ResourceClaim]
    expect(again.metadata.uid).not.toBe(metadata.uid)
    expect((await podClient().get('p')).status.resourceClaimStatuses).toEqual([
      { name: 'device', resourceClaimName: again.metadata.name },
    ])
  })
  test('goes when its pod has ended, though that stays', async () => {
    await template('gpus')
    await run('p', [fromTemplate], { nodeName: 'node' })
    await second()
    const [{ metadata }] = (await claims()) as [ResourceClaim]
    await allocate(metadata.name!, 'p')
    await second()
    await end('p')
    await second()
    expect(await claims()).toEqual([])
  })
})

test.each([
  ['p', 'c', 'p-c-'],
  ['a'.repeat(30), 'b'.repeat(25), `${'a'.repeat(30)}-${'b'.repeat(25)}-`],
  ['a'.repeat(60), 'b'.repeat(20), `${'a'.repeat(41)}-${'b'.repeat(13)}`],
])('the names of pod and claim are shortened alike: %s, %s', (pod, claim, name) => {
  expect(generateName(pod, claim)).toBe(name)
})

describe('reservations', () => {
  const shared = { name: 'device', resourceClaimName: 'shared' }
  beforeEach(async () => {
    await claimClient().create({ metadata: { name: 'shared' }, spec })
  })

  test('end with the pods; the last one frees the devices', async () => {
    for (const name of ['p', 'q']) await run(name, [shared], { nodeName: 'node' })
    await allocate('shared', 'p', 'q')
    await second()
    expect(await state('shared')).toEqual({ allocated: true, for: ['p', 'q'], protected: true })
    await podClient().delete('p', { gracePeriodSeconds: 0 })
    await second()
    expect(await state('shared')).toEqual({ allocated: true, for: ['q'], protected: true })
    await end('q')
    await second()
    expect(await state('shared')).toEqual({ allocated: false, for: [], protected: false })
  })
  test('of a pod that never was are taken back', async () => {
    await allocate('shared')
    const reservedFor = [{ resource: 'pods', name: 'ghost', uid: 'no-such-uid' }]
    await claimClient().patch(
      'shared',
      'application/merge-patch+json',
      { status: { reservedFor } },
      { subresource: 'status' },
    )
    await second()
    expect(await state('shared')).toEqual({ allocated: false, for: [], protected: false })
  })
  test('of what is not a pod stay', async () => {
    await allocate('shared')
    const reservedFor = [{ apiGroup: 'example.com', resource: 'robots', name: 'r', uid: 'u' }]
    await claimClient().patch(
      'shared',
      'application/merge-patch+json',
      { status: { reservedFor } },
      { subresource: 'status' },
    )
    await second()
    expect(await state('shared')).toEqual({ allocated: true, for: ['r'], protected: true })
  })
  test('are made for a pod that was bound without the scheduler', async () => {
    await allocate('shared')
    await run('p', [shared], { nodeName: 'node' })
    await second()
    expect(await state('shared')).toEqual({ allocated: true, for: ['p'], protected: true })
  })
  test('are left to the scheduler for others', async () => {
    await allocate('shared')
    await run('p', [shared])
    await second()
    expect(await state('shared')).toEqual({ allocated: true, for: [], protected: true })
  })
  test('keep a claim that is to go, until they end', async () => {
    await run('p', [shared], { nodeName: 'node' })
    await allocate('shared', 'p')
    await claimClient().delete('shared')
    await second()
    expect((await state('shared')).protected).toBe(true)
    await podClient().delete('p', { gracePeriodSeconds: 0 })
    await second()
    expect(await claims()).toEqual([])
  })
  test('a claim that is allocated and was never used may go', async () => {
    await allocate('shared')
    await claimClient().delete('shared')
    await second()
    expect(await claims()).toEqual([])
  })
})
