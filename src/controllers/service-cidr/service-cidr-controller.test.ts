import { afterEach, beforeEach, expect, test } from 'vitest'
import { services } from '../../api/core/v1/service.ts'
import { serviceCIDRs } from '../../api/networking/v1/servicecidr.ts'
import { Cluster } from '../../cluster/cluster.ts'

// The ranges of Services' addresses.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
  await create('more', '10.200.0.0/24')
})
afterEach(() => cluster.stop())

const ranges = () => cluster.client.resource(serviceCIDRs)
const serviceClient = () => cluster.client.resource(services).namespace('default')
const settle = () => cluster.clock.advance('1s')
const create = async (name: string, ...cidrs: string[]) => {
  await ranges().create({ metadata: { name }, spec: { cidrs } })
  await settle()
}
/** A Service with this address. */
const use = (clusterIP: string) =>
  serviceClient().create({ metadata: { name: 'web' }, spec: { clusterIP, ports: [{ port: 80 }] } })
const names = async () => (await ranges().list()).items.map(({ metadata }) => metadata.name)

test('a new one is protected, and ready', async () => {
  const { metadata, status } = await ranges().get('more')
  expect(metadata.finalizers).toEqual(['networking.k8s.io/service-cidr-finalizer'])
  expect(status.conditions).toMatchObject([
    { type: 'Ready', status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' },
  ])
})

test('one that nobody uses goes after ten seconds', async () => {
  await ranges().delete('more')
  await cluster.clock.advance('8s')
  expect(await names()).toContain('more')
  await cluster.clock.advance('4s')
  expect(await names()).not.toContain('more')
})

test('one with addresses stays until they are gone', async () => {
  await use('10.200.0.7')
  await settle()
  await ranges().delete('more')
  await cluster.clock.advance('1m')
  expect((await ranges().get('more')).status.conditions).toMatchObject([
    {
      type: 'Ready',
      status: 'False',
      reason: 'Terminating',
      message:
        'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
    },
  ])
  await serviceClient().delete('web')
  await cluster.clock.advance('12s')
  expect(await names()).not.toContain('more')
})

test('or until another has them', async () => {
  await use('10.200.0.7')
  await ranges().delete('more')
  await settle()
  await create('larger', '10.200.0.0/16')
  await cluster.clock.advance('12s')
  expect(await names()).not.toContain('more')
})
