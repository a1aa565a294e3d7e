import { afterEach, expect, test } from 'vitest'
import { type Service, services } from '../api/core/v1/service.ts'
import { endpointSlices } from '../api/discovery/v1/endpointslice.ts'
import { createClient } from '../client/rest-client.ts'
import { MemoryTransport } from '../client/testing/memory-transport.ts'
import { virtualEnv } from '../machinery/env/virtual-env.ts'
import type { Nft } from './nft.ts'
import { ServiceProxy } from './proxy.ts'

/** Keeps what it is told; fails while `broken`. */
class RecordingNft implements Nft {
  readonly texts: string[] = []
  broken = false

  async apply(text: string): Promise<void> {
    if (this.broken) throw new Error('no netlink today')
    this.texts.push(text)
  }
}

const started: ServiceProxy[] = []
afterEach(async () => {
  for (const proxy of started.splice(0)) await proxy.stop()
})

async function setUp() {
  const turn = () => new Promise<void>(resolve => setImmediate(resolve))
  const settle = async () => {
    for (let turns = 0; turns < 10; turns++) await turn()
  }
  const env = virtualEnv({ settle })
  const client = createClient(new MemoryTransport())
  const nft = new RecordingNft()
  const proxy = new ServiceProxy({ client, env, nft, nodeName: 'here', clusterCIDR: '10.244.0.0/16' })
  started.push(proxy)
  const create = (address: string) =>
    client
      .resource(services)
      .namespace('default')
      .create({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: `at-${address.replaceAll('.', '-')}`, namespace: 'default' },
        spec: { clusterIP: address, ports: [{ port: 80, targetPort: 80 }] },
      } as Service)
  return { env, client, nft, proxy, create, advance: (ms: number) => env.clock.advance(ms) }
}

test('the first rules are written once Services and endpoints are known, changes at most once a second', async () => {
  const { nft, proxy, create, advance } = await setUp()
  await create('10.96.0.1')
  proxy.start()
  await advance(1)
  expect(nft.texts.length).toBe(1)
  expect(nft.texts[0]).toContain('10.96.0.1 . tcp . 80 : goto reject-chain')
  await create('10.96.0.2')
  await create('10.96.0.3')
  await advance(900)
  expect(nft.texts.length).toBe(1)
  await advance(200)
  expect(nft.texts.length).toBe(2)
  expect(nft.texts[1]).not.toContain('10.96.0.1')
  expect(nft.texts[1]).toMatch(/10\.96\.0\.2 .*10\.96\.0\.3 /)
})

test('a failure is tried again, from nothing, after a growing while', async () => {
  const { nft, proxy, create, advance } = await setUp()
  proxy.start()
  await advance(1)
  nft.broken = true
  await create('10.96.0.2')
  await advance(10_000)
  nft.broken = false
  expect(nft.texts.length).toBe(1)
  await advance(30_000)
  expect(nft.texts.length).toBe(2)
  expect(nft.texts[1]).toContain('delete table ip kube-proxy')
  expect(nft.texts[1]).toContain('10.96.0.2')
})

test('after stop nothing is changed; cleanup takes the table away', async () => {
  const { client, nft, proxy, create, advance } = await setUp()
  proxy.start()
  await advance(1)
  await proxy.stop()
  await create('10.96.0.2')
  await client
    .resource(endpointSlices)
    .namespace('default')
    .create({ metadata: { name: 'x', namespace: 'default' }, addressType: 'IPv4', endpoints: [], ports: [] })
  await advance(10_000)
  expect(nft.texts.length).toBe(1)
  await proxy.cleanup()
  expect(nft.texts[1]).toBe('add table ip kube-proxy\ndelete table ip kube-proxy\n')
})
