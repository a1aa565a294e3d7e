// Where Services' addresses come from, and what is made right when their objects and they disagree.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ServiceSpec, services } from '../../../api/core/v1/service.ts'
import { events } from '../../../api/events/v1/event.ts'
import { ipAddresses } from '../../../api/networking/v1/ipaddress.ts'
import { serviceCIDRs } from '../../../api/networking/v1/servicecidr.ts'
import { Cluster } from '../../../cluster/cluster.ts'

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
})
afterEach(() => cluster.stop())

const serviceClient = () => cluster.client.resource(services).namespace('default')
const addressClient = () => cluster.client.resource(ipAddresses)
const rangeClient = () => cluster.client.resource(serviceCIDRs)
const settle = () => cluster.clock.advance('1s')
const create = async (name: string, spec: Partial<ServiceSpec> = {}) => {
  const service = await serviceClient().create({ metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } })
  await settle()
  return service.spec.clusterIP!
}
const range = async (name: string, ...cidrs: string[]) => {
  await rangeClient().create({ metadata: { name }, spec: { cidrs } })
  await settle()
}
const managed = (family = 'IPv4') => ({
  'ipaddress.kubernetes.io/ip-family': family,
  'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
})
const told = async () =>
  (await cluster.client.resource(events).list()).items
    .filter(({ reportingController }) => reportingController?.endsWith('-repair-controller'))
    .map(({ type, reason, action, note, regarding }) => `${regarding?.name} ${type} ${reason} ${action}: ${note}`)

describe('ranges', () => {
  test('an address may be asked for in any range that is ready', async () => {
    await expect(create('early', { clusterIP: '10.200.0.7' })).rejects.toThrow(
      'failed to allocate IP 10.200.0.7: the provided network does not match the current range',
    )
    await range('more', '10.200.0.0/24')
    expect(await create('late', { clusterIP: '10.200.0.7' })).toBe('10.200.0.7')
    expect((await addressClient().get('10.200.0.7')).spec.parentRef).toMatchObject({ name: 'late' })
  })
  test.each(['10.200.0.0', '10.200.0.255'])('the address %s of the network itself is nobody’s', async clusterIP => {
    await range('more', '10.200.0.0/24')
    await expect(create('web', { clusterIP })).rejects.toThrow(
      `the provided IP (${clusterIP}) is not in the valid range. The range of valid IPs is 10.200.0.0/24`,
    )
  })
  test('one that is going away gives no more', async () => {
    await range('more', '10.200.0.0/24')
    await create('first', { clusterIP: '10.200.0.7' })
    await rangeClient().delete('more')
    await settle()
    await expect(create('second', { clusterIP: '10.200.0.8' })).rejects.toThrow(
      'the provided network does not match the current range',
    )
    await serviceClient().delete('first')
    await cluster.clock.advance('15s')
    expect((await rangeClient().list()).items.map(({ metadata }) => metadata.name)).toEqual(['kubernetes'])
  })
  test('an address in two ranges is given once', async () => {
    await range('inner', '10.96.7.0/24')
    await create('one', { clusterIP: '10.96.7.7' })
    await expect(create('two', { clusterIP: '10.96.7.7' })).rejects.toThrow('provided IP is already allocated')
  })
})

describe('repairing', () => {
  test('an IPAddress that somebody deletes comes back', async () => {
    const address = await create('web')
    await addressClient().delete(address)
    await settle()
    expect((await addressClient().get(address)).spec.parentRef).toMatchObject({ name: 'web' })
    expect(await told()).toEqual([
      `web Warning ClusterIPNotAllocated ClusterIPAllocation: Cluster IP [IPv4]: ${address} is not allocated; repairing`,
    ])
  })
  test('one that has lost its labels gets them back', async () => {
    const address = await create('web')
    await addressClient().patch(address, 'application/merge-patch+json', { metadata: { labels: null } })
    await settle()
    expect((await addressClient().get(address)).metadata.labels).toEqual(managed())
  })
  test('one that leads to no Service goes after a minute', async () => {
    await addressClient().create({
      metadata: { name: '10.96.0.77', labels: managed() },
      spec: { parentRef: { group: '', resource: 'services', namespace: 'default', name: 'ghost' } },
    })
    await cluster.clock.advance('58s')
    expect((await addressClient().get('10.96.0.77')).metadata.name).toBe('10.96.0.77')
    await cluster.clock.advance('5s')
    expect((await addressClient().list()).items.map(({ metadata }) => metadata.name)).not.toContain('10.96.0.77')
    expect(await told()).toEqual([
      '10.96.0.77 Warning IPAddressNotAllocated IPAddressAllocation: IPAddress: 10.96.0.77 for Service default/ghost appears to have leaked: cleaning up',
    ])
  })
  test('one that nobody made for a Service is left alone', async () => {
    await addressClient().create({
      metadata: { name: '10.96.0.77' },
      spec: { parentRef: { group: 'example.com', resource: 'things', name: 'one' } },
    })
    await cluster.clock.advance('4m')
    expect((await addressClient().get('10.96.0.77')).metadata.name).toBe('10.96.0.77')
    expect(await told()).toEqual([])
  })
  test('Services that come and go are no news', async () => {
    await create('web', { type: 'NodePort' })
    await serviceClient().delete('web')
    await create('web', { type: 'NodePort' })
    await cluster.clock.advance('4m')
    expect(await told()).toEqual([])
  })
})
