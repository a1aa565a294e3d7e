// What an APIService's Available condition says, and when: its Service and endpoints are looked at as they change, the
// server behind them every half minute.

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { apiServices } from '../../src/api/apiregistration/v1/apiservice.ts'
import { services } from '../../src/api/core/v1/service.ts'
import { endpointSlices } from '../../src/api/discovery/v1/endpointslice.ts'
import { Cluster } from '../../src/cluster/cluster.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true })
})
afterAll(() => cluster.stop())

const name = 'v1.metrics.example.com'
const all = () => cluster.client.resource(apiServices)
const inDefault = {
  services: () => cluster.client.resource(services).namespace('default'),
  slices: () => cluster.client.resource(endpointSlices).namespace('default'),
}
const condition = async () => (await all().get(name)).status.conditions?.[0]
const becomes = (status: string, reason: string, message: string | RegExp) =>
  vi.waitFor(
    async () => {
      const found = await condition()
      expect(found).toMatchObject({ type: 'Available', status, reason })
      expect(found!.message).toMatch(message)
    },
    { timeout: 5_000, interval: 5 },
  )
const slice = (of: object): never =>
  ({
    metadata: { name: 'metrics-1', labels: { 'kubernetes.io/service-name': 'metrics' } },
    addressType: 'IPv4',
    ...of,
  }) as never

/** Nobody listens on port 1, and nothing but the machine itself is asked. */
const ready = {
  endpoints: [{ addresses: ['192.0.2.77'], conditions: { ready: false } }],
  ports: [{ name: 'https', port: 1 }],
}

describe('an APIService whose server is somewhere else', () => {
  test('needs its Service', async () => {
    await all().create({
      metadata: { name },
      spec: {
        group: 'metrics.example.com',
        version: 'v1',
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { namespace: 'default', name: 'metrics' },
      },
    } as never)
    expect((await all().get(name)).spec.service!.port).toBe(443)
    await becomes('False', 'ServiceNotFound', 'service/metrics in "default" is not present')
  })

  test('needs the port', async () => {
    await inDefault
      .services()
      .create({ metadata: { name: 'metrics' }, spec: { ports: [{ name: 'https', port: 8443 }] } } as never)
    await becomes('False', 'ServicePortError', 'service/metrics in "default" is not listening on port 443')
  })

  test('needs endpoints', async () => {
    await inDefault.services().patch('metrics', 'application/merge-patch+json', {
      spec: { ports: [{ name: 'https', port: 443 }] },
    } as never)
    await becomes('False', 'EndpointsNotFound', 'cannot find endpointslices for service/metrics in "default"')
  })

  test.each([
    ['that are ready', ready],
    ['of that port', { endpoints: [{ addresses: ['192.0.2.77'] }], ports: [{ name: 'other', port: 1 }] }],
  ])('needs endpoints %s', async (_what, of) => {
    await inDefault.slices().create(slice(of))
    await becomes(
      'False',
      'MissingEndpoints',
      'endpointslices for service/metrics in "default" have no addresses with port name "https"',
    )
    await inDefault.slices().delete('metrics-1')
    await becomes('False', 'EndpointsNotFound', '')
  })

  test('keeps the time since when it cannot be used', async () => {
    const since = (await condition())!.lastTransitionTime
    await cluster.clock.advance('5m')
    await inDefault.services().delete('metrics')
    await becomes('False', 'ServiceNotFound', '')
    expect((await condition())!.lastTransitionTime).toBe(since)
  })

  test('is refused in words until then', async () => {
    const { status, text } = await cluster.client.transport.request({
      method: 'GET',
      path: '/apis/metrics.example.com/v1/nodes',
    })
    expect([status, text]).toEqual([503, 'service unavailable\n'])
  })

  test('needs a server that answers', async () => {
    await inDefault.services().create({
      metadata: { name: 'metrics' },
      spec: { type: 'ExternalName', externalName: '127.0.0.1' },
    } as never)
    await all().patch(name, 'application/merge-patch+json', { spec: { service: { port: 1 } } } as never)
    const url = 'https://127.0.0.1:1/apis/metrics.example.com/v1'
    await becomes(
      'False',
      'FailedDiscoveryCheck',
      `failing or missing response from ${url}: Get "${url}": dial tcp 127.0.0.1:1: connect: connection refused`,
    )
  })

  test('that becomes local is available', async () => {
    await all().patch(name, 'application/merge-patch+json', {
      spec: { service: null, insecureSkipTLSVerify: null },
    } as never)
    await becomes('True', 'Local', 'Local APIServices are always available')
  })
})
