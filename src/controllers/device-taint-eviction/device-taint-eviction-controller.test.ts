// Pods leave devices that their driver has given up on.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { events } from '../../api/core/v1/event.ts'
import { nodes } from '../../api/core/v1/node.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { resourceClaims } from '../../api/resource/v1/resourceclaim.ts'
import { resourceSlices } from '../../api/resource/v1/resourceslice.ts'
import { Cluster } from '../../cluster/cluster.ts'

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
  await cluster.client.resource(nodes).create({ metadata: { name: 'node' } })
  await slice('slice', 1)
})
afterEach(() => cluster.stop())

const podClient = () => cluster.client.resource(pods).namespace('default')
const claimClient = () => cluster.client.resource(resourceClaims).namespace('default')
const sliceClient = () => cluster.client.resource(resourceSlices)
const second = () => cluster.clock.advance('1s')

const slice = (name: string, generation: number, taints: object[] = []) =>
  sliceClient().create({
    metadata: { name },
    spec: {
      driver: 'gpus.example.com',
      nodeName: 'node',
      pool: { name: 'node', generation, resourceSliceCount: 1 },
      devices: [{ name: 'gpu-0', taints: taints as any }, { name: 'gpu-1' }],
    },
  })
const broken = { key: 'broken', value: 'fan', effect: 'NoExecute' }
const taint = (taints: object[], device = 'gpu-0') =>
  sliceClient().patch('slice', 'application/merge-patch+json', {
    spec: { devices: ['gpu-0', 'gpu-1'].map(name => ({ name, taints: name === device ? taints : [] })) },
  })

/** A pod on the node, with a device of its own. */
async function run(name: string, device: string, tolerations: object[] = []) {
  await claimClient().create({
    metadata: { name },
    spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpus' } }] } },
  })
  const { metadata } = await podClient().create({
    metadata: { name },
    spec: {
      nodeName: 'node',
      tolerations: [{ operator: 'Exists' }],
      resourceClaims: [{ name: 'device', resourceClaimName: name }],
      containers: [{ name: 'c', image: 'app' }],
    },
  })
  const result = { request: 'gpu', driver: 'gpus.example.com', pool: 'node', device, tolerations }
  const status = {
    allocation: { devices: { results: [result] } },
    reservedFor: [{ resource: 'pods', name, uid: metadata.uid }],
  }
  await claimClient().patch(name, 'application/merge-patch+json', { status }, { subresource: 'status' })
  await second()
}
const leaving = async (name: string) => !!(await podClient().get(name)).metadata.deletionTimestamp
const told = async (name: string) =>
  (await cluster.client.resource(events).list()).items
    .filter(({ involvedObject, reason }) => involvedObject.name === name && reason === 'DeviceTaintManagerEviction')
    .map(({ type, message, source }) => `${type} ${source?.component}: ${message}`)

test('a pod goes when its device is tainted, and says why; one with another device stays', async () => {
  await run('p', 'gpu-0')
  await run('q', 'gpu-1')
  await taint([broken])
  await second()
  expect([await leaving('p'), await leaving('q')]).toEqual([true, false])
  expect((await podClient().get('p')).status.conditions).toContainEqual(
    expect.objectContaining({
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByDeviceTaintManager',
      message: 'Device Taint manager: deleting due to NoExecute taint',
    }),
  )
  expect(await told('p')).toEqual(['Normal device-taint-eviction-controller: Marking for deletion'])
})

test('a taint that only keeps new pods off sends none away', async () => {
  await run('p', 'gpu-0')
  await taint([{ ...broken, effect: 'NoSchedule' }])
  await second()
  expect(await leaving('p')).toBe(false)
})

test('a pod that comes to a tainted device goes too', async () => {
  await taint([broken])
  await run('p', 'gpu-0')
  expect(await leaving('p')).toBe(true)
})

describe('what the claim tolerates', () => {
  const toleration = { key: 'broken', operator: 'Exists', effect: 'NoExecute' }
  test.each<[string, object[], string, string, boolean]>([
    ['for good', [toleration], '1h', '1s', false],
    ['for a while', [{ ...toleration, tolerationSeconds: 60 }], '58s', '4s', true],
    ['another value', [{ ...toleration, operator: 'Equal', value: 'memory' }], '0s', '1s', true],
    ['without saying what effect', [{ key: 'broken', operator: 'Exists' }], '0s', '1s', true],
  ])('%s', async (_, tolerations, before, then, goes) => {
    await run('p', 'gpu-0', tolerations)
    await taint([broken])
    if (before !== '0s') {
      await cluster.clock.advance(before)
      expect(await leaving('p')).toBe(false)
    }
    await cluster.clock.advance(then)
    expect(await leaving('p')).toBe(goes)
  })
  test('ends with the taint: the pod may stay, and is told', async () => {
    await run('p', 'gpu-0', [{ ...toleration, tolerationSeconds: 60 }])
    await taint([broken])
    await cluster.clock.advance('30s')
    await taint([])
    await cluster.clock.advance('5m')
    expect(await leaving('p')).toBe(false)
    expect(await told('p')).toEqual(['Normal device-taint-eviction-controller: Cancelling deletion'])
  })
})

test('a newer generation of the pool has the last word', async () => {
  await run('p', 'gpu-0')
  await slice('newer', 2)
  await second()
  await taint([broken])
  await cluster.clock.advance('1m')
  expect(await leaving('p')).toBe(false)
})
