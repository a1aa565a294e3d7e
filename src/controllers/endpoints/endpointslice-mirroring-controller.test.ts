import { afterEach, beforeEach, expect, test } from 'vitest'
import { endpoints } from '../../api/core/v1/endpoints.ts'
import { services } from '../../api/core/v1/service.ts'
import { endpointSlices } from '../../api/discovery/v1/endpointslice.ts'
import { Cluster } from '../../cluster/cluster.ts'

// Endpoints that people write themselves are seen by everybody who reads EndpointSlices.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
})
afterEach(() => cluster.stop())

const settle = () => cluster.clock.advance('1s')
const service = (selector?: Record<string, string>) =>
  cluster.client
    .resource(services)
    .namespace('default')
    .create({ metadata: { name: 'db' }, spec: { selector, ports: [{ port: 80 }] } })
const source = () => cluster.client.resource(endpoints).namespace('default')
const write = (labels?: Record<string, string>) =>
  source().create({
    metadata: { name: 'db', labels, annotations: { note: 'kept' } },
    subsets: [
      {
        addresses: [{ ip: '10.1.0.1', nodeName: 'one' }, { ip: '2001:db8::1' }],
        notReadyAddresses: [{ ip: '10.1.0.2' }],
        ports: [{ name: 'sql', port: 5432 }],
      },
    ],
  })
const slices = async () =>
  (await cluster.client.resource(endpointSlices).namespace('default').list()).items
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'db')
    .sort((a, b) => (a.addressType < b.addressType ? -1 : 1))

test('one slice for each family, owned by the Endpoints', async () => {
  await service()
  const { metadata } = await write({ team: 'blue' })
  await settle()
  const [four, six, ...others] = await slices()
  expect(others).toEqual([])
  expect(four!.metadata.name).toMatch(/^db-[a-z0-9]{5}$/)
  expect(four!.metadata.labels).toEqual({
    team: 'blue',
    'kubernetes.io/service-name': 'db',
    'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
  })
  expect(four!.metadata.annotations).toEqual({ note: 'kept' })
  expect(four!.metadata.ownerReferences).toMatchObject([{ kind: 'Endpoints', name: 'db', uid: metadata.uid }])
  expect(four!.ports).toEqual([{ name: 'sql', port: 5432, protocol: 'TCP' }])
  expect(four!.endpoints).toEqual([
    { addresses: ['10.1.0.1'], conditions: { ready: true }, nodeName: 'one' },
    { addresses: ['10.1.0.2'], conditions: { ready: false } },
  ])
  expect(six!.endpoints).toEqual([{ addresses: ['2001:db8::1'], conditions: { ready: true } }])
})

test('follows changes, and is left alone otherwise', async () => {
  await service()
  const written = await write()
  await settle()
  const before = await slices()
  await source().update({
    ...written,
    subsets: [{ addresses: [{ ip: '10.1.0.9' }], ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] }],
  })
  await settle()
  const after = await slices()
  expect(after).toHaveLength(1)
  expect(after[0]!.metadata.uid).toBe(before[0]!.metadata.uid)
  expect(after[0]!.endpoints).toMatchObject([{ addresses: ['10.1.0.9'] }])
  await cluster.clock.advance('10m')
  expect((await slices())[0]!.metadata.resourceVersion).toBe(after[0]!.metadata.resourceVersion)
  await source().delete('db')
  await settle()
  expect(await slices()).toEqual([])
})

test.each<[string, () => Promise<unknown>]>([
  ['that say so', async () => [await service(), await write({ 'endpointslice.kubernetes.io/skip-mirror': 'true' })]],
  ['without a Service', () => write()],
])('not those %s', async (_, make) => {
  await make()
  await settle()
  expect(await slices()).toEqual([])
})

test('a slice whose ports are wanted no more is used for others of its family', async () => {
  await service()
  const written = await write()
  await settle()
  const before = await slices()
  await source().update({
    ...written,
    subsets: [{ addresses: [{ ip: '10.1.0.1' }], ports: [{ name: 'http', port: 80 }] }],
  })
  await settle()
  const [four, ...others] = await slices()
  expect(others).toEqual([])
  expect(four!.metadata.uid).toBe(before[0]!.metadata.uid)
  expect(four!.ports).toEqual([{ name: 'http', port: 80, protocol: 'TCP' }])
})

test('subsets with the same addresses are one slice, and addresses are written in their canonical form', async () => {
  await service()
  const addresses = [{ ip: '2001:0DB8::0001' }]
  await source().create({
    metadata: { name: 'db' },
    subsets: [
      { addresses, ports: [{ name: 'a', port: 1 }] },
      { addresses, ports: [{ name: 'b', port: 2 }] },
    ],
  })
  await settle()
  expect(await slices()).toMatchObject([
    {
      addressType: 'IPv6',
      endpoints: [{ addresses: ['2001:db8::1'] }],
      ports: [
        { name: 'a', port: 1 },
        { name: 'b', port: 2 },
      ],
    },
  ])
})
