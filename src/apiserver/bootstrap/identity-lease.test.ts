import { afterEach, expect, test } from 'vitest'
import { leases } from '../../api/coordination/v1/lease.ts'
import { Cluster } from '../../cluster/cluster.ts'
import { virtualEnv } from '../../machinery/env/virtual-env.ts'
import { apiServerIdentity, IdentityLease } from './identity-lease.ts'

let cluster: Cluster
afterEach(() => cluster?.stop())

test('the name comes from the host, as upstream makes it', () => {
  expect(apiServerIdentity('host')).toMatch(/^apiserver-[a-z2-7]{26}$/)
  expect(apiServerIdentity('host')).toBe(apiServerIdentity('host'))
  expect(apiServerIdentity('host')).not.toBe(apiServerIdentity('other'))
})

test('the Lease is renewed while the server runs, taken away when it stops, and those of others when they are over', async () => {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true })
  const env = virtualEnv()
  const { client } = cluster
  const inSystem = client.resource(leases).namespace('kube-system')
  await inSystem.create({
    metadata: {
      name: 'apiserver-gone',
      namespace: 'kube-system',
      labels: { 'apiserver.kubernetes.io/identity': 'kube-apiserver' },
    },
    spec: { holderIdentity: 'x', leaseDurationSeconds: 1, renewTime: '2000-01-01T00:00:00.000000Z' },
  })
  const lease = new IdentityLease(env, client, 'host', '10.0.0.1:6443')
  await lease.start()
  const name = apiServerIdentity('host')
  const first = await inSystem.get(name)
  expect(first.metadata.labels).toEqual({
    'apiserver.kubernetes.io/identity': 'kube-apiserver',
    'kubernetes.io/hostname': 'host',
  })
  expect(first.metadata.annotations).toEqual({ 'kubernetes.io/peer-advertise-address': '10.0.0.1:6443' })
  expect(first.spec.leaseDurationSeconds).toBe(3600)
  expect(first.spec.holderIdentity).toMatch(new RegExp(`^${name}_[0-9a-f-]{36}$`))

  await env.clock.advance(10_000)
  let renewed = first
  for (let tries = 0; tries < 1000 && renewed.metadata.resourceVersion === first.metadata.resourceVersion; tries++) {
    await new Promise(resolve => setImmediate(resolve))
    renewed = await inSystem.get(name)
  }
  expect(renewed.spec.renewTime! > first.spec.renewTime!).toBe(true)
  expect(renewed.metadata.uid).toBe(first.metadata.uid)

  await env.clock.advance(3_600_000)
  const isThere = () =>
    inSystem.get('apiserver-gone').then(
      () => true,
      () => false,
    )
  for (let tries = 0; tries < 1000 && (await isThere()); tries++) await new Promise(resolve => setImmediate(resolve))
  expect(await isThere()).toBe(false)
  await lease.stop()
  await expect(inSystem.get(name)).rejects.toMatchObject({ reason: 'NotFound' })
})
