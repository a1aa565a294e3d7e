import { afterEach, beforeEach, expect, test } from 'vitest'
import { services } from '../../../api/core/v1/service.ts'
import { ipAddresses } from '../../../api/networking/v1/ipaddress.ts'
import { Cluster } from '../../../cluster/cluster.ts'

// Who holds which of the Services' addresses.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true })
})
afterEach(() => cluster.stop())

const settle = () => cluster.clock.advance('1s')
const create = (clusterIP?: string) =>
  cluster.client
    .resource(services)
    .namespace('default')
    .create({ metadata: { name: 'web' }, spec: { clusterIP, ports: [{ port: 80 }] } })
const held = async () => (await cluster.client.resource(ipAddresses).list()).items.map(({ metadata }) => metadata.name)

test('the first address is that of the Service kubernetes', async () => {
  expect(await held()).toEqual(['10.96.0.1'])
})

test('a Service has an object for its address as long as it is there', async () => {
  const { spec } = await create()
  await settle()
  const { metadata, spec: says } = await cluster.client.resource(ipAddresses).get(spec.clusterIP!)
  expect(metadata.labels).toEqual({
    'ipaddress.kubernetes.io/ip-family': 'IPv4',
    'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
  })
  expect(says.parentRef).toEqual({ resource: 'services', namespace: 'default', name: 'web' })
  await cluster.client.resource(services).namespace('default').delete('web')
  await settle()
  expect(await held()).toEqual(['10.96.0.1'])
})

test('a headless one has none', async () => {
  await create('None')
  await settle()
  expect(await held()).toEqual(['10.96.0.1'])
})

test('an address that somebody else has taken is not given to a Service', async () => {
  const parentRef = { group: 'example.com', resource: 'things', name: 'one' }
  await cluster.client.resource(ipAddresses).create({ metadata: { name: '10.96.0.9' }, spec: { parentRef } })
  await expect(create('10.96.0.9')).rejects.toThrow('failed to allocate IP 10.96.0.9: provided IP is already allocated')
})
