import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { events } from '../../api/core/v1/event.ts'
import { type ServiceSpec, services } from '../../api/core/v1/service.ts'
import { Cluster } from '../../cluster/cluster.ts'

// Services of type LoadBalancer where there is no cloud.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 2, withoutScheduler: true, controllers: ['*', 'service-lb-controller'] })
  await cluster.clock.advance('2s')
})
afterEach(() => cluster.stop())

const resource = () => cluster.client.resource(services).namespace('default')
const create = async (name: string, spec: Partial<ServiceSpec> = {}) => {
  await resource().create({ metadata: { name }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec } })
  await cluster.clock.advance('1s')
}
const addresses = async (name: string) =>
  ((await resource().get(name)).status.loadBalancer?.ingress ?? []).map(({ ip }) => ip)
const reasons = async (name: string) =>
  (await cluster.client.resource(events).namespace('default').list()).items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason }) => reason)
    .sort()

test('have the addresses of the nodes', async () => {
  await create('web')
  expect(await addresses('web')).toEqual(['192.168.0.1', '192.168.0.2'])
  expect((await resource().get('web')).status.loadBalancer?.ingress?.[0]?.ipMode).toBe('VIP')
  expect(await reasons('web')).toEqual(['EnsuredLoadBalancer', 'EnsuringLoadBalancer'])
})

test.each<[string, Partial<ServiceSpec>]>([
  ['of another type', { type: 'ClusterIP' }],
  ['with a class of their own', { loadBalancerClass: 'example.com/lb' }],
])('have none when they are %s', async (_, spec) => {
  await create('web', spec)
  expect(await addresses('web')).toEqual([])
  expect(await reasons('web')).toEqual([])
})

describe('of the same port', () => {
  test('wait until the first is gone', async () => {
    await create('first')
    await create('second')
    expect(await addresses('second')).toEqual([])
    expect(await reasons('second')).toEqual(['SyncLoadBalancerFailed'])
    await resource().delete('first')
    await cluster.clock.advance('1s')
    expect(await addresses('second')).toEqual(['192.168.0.1', '192.168.0.2'])
  })

  test('do not disturb each other with different protocols', async () => {
    await create('first')
    await create('second', { ports: [{ port: 80, protocol: 'UDP' }] as ServiceSpec['ports'] })
    expect(await addresses('second')).toEqual(['192.168.0.1', '192.168.0.2'])
  })
})

test('lose a node that is lost', async () => {
  await create('web')
  await cluster.nodes[1]!.stop()
  await cluster.clock.advance('2m')
  expect(await addresses('web')).toEqual(['192.168.0.1'])
})
