import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { endpoints } from '../../api/core/v1/endpoints.ts'
import { events } from '../../api/core/v1/event.ts'
import { nodes } from '../../api/core/v1/node.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { type ServiceSpec, services } from '../../api/core/v1/service.ts'
import { endpointSlices } from '../../api/discovery/v1/endpointslice.ts'
import { Cluster } from '../../cluster/cluster.ts'

// What is told of the pods behind a Service, in EndpointSlices and in the older Endpoints.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
  await cluster.client
    .resource(nodes)
    .create({ metadata: { name: 'node', labels: { 'topology.kubernetes.io/zone': 'zone-a' } } })
})
afterEach(() => cluster.stop())

const client = () => cluster.client.resource(services).namespace('default')
const podClient = () => cluster.client.resource(pods).namespace('default')
const settle = () => cluster.clock.advance('1s')
const web = { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] }
const create = (spec: Partial<ServiceSpec> = web as Partial<ServiceSpec>, labels?: Record<string, string>) =>
  client().create({ metadata: { name: 'web', labels }, spec })

interface PodState {
  ip?: string
  ready?: boolean
  port?: number
  labels?: Record<string, string>
  spec?: object
}
async function run(name: string, { ip, ready = true, port = 8080, labels = { app: 'web' }, spec }: PodState) {
  const containers = [{ name: 'c', image: 'app', ports: [{ name: 'named', containerPort: port }] }]
  await podClient().create({ metadata: { name, labels }, spec: { nodeName: 'node', containers, ...spec } })
  if (ip) await report(name, ip, ready)
}
const report = (name: string, ip: string, ready: boolean) =>
  podClient().patch(
    name,
    'application/strategic-merge-patch+json',
    {
      status: {
        phase: 'Running',
        podIP: ip,
        podIPs: [{ ip }],
        conditions: [
          {
            type: 'Ready',
            status: ready ? 'True' : 'False',
            lastTransitionTime: new Date(cluster.clock.now()).toISOString(),
          },
        ],
      },
    },
    { subresource: 'status' },
  )
const slices = async () =>
  (await cluster.client.resource(endpointSlices).namespace('default').list()).items.filter(
    ({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'web',
  )
const addresses = async () =>
  (await slices()).flatMap(slice => (slice.endpoints ?? []).flatMap(({ addresses }) => addresses)).sort()
const legacy = () => cluster.client.resource(endpoints).namespace('default').get('web')

describe('a Service with pods', () => {
  test('has a slice of its own that says where they are', async () => {
    const { metadata } = await create(undefined, { team: 'blue' })
    await run('one', { ip: '10.0.0.1' })
    await settle()
    const [slice, ...others] = await slices()
    expect(others).toEqual([])
    expect(slice!.metadata.name).toMatch(/^web-[a-z0-9]{5}$/)
    expect(slice!.metadata.labels).toEqual({
      team: 'blue',
      'kubernetes.io/service-name': 'web',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    })
    expect(slice!.metadata.ownerReferences).toEqual([
      { apiVersion: 'v1', kind: 'Service', name: 'web', uid: metadata.uid, controller: true, blockOwnerDeletion: true },
    ])
    expect(slice!.addressType).toBe('IPv4')
    expect(slice!.ports).toEqual([{ name: 'http', protocol: 'TCP', port: 8080 }])
    expect(slice!.endpoints).toEqual([
      {
        addresses: ['10.0.0.1'],
        conditions: { ready: true, serving: true, terminating: false },
        targetRef: expect.objectContaining({ kind: 'Pod', namespace: 'default', name: 'one' }),
        nodeName: 'node',
        zone: 'zone-a',
      },
    ])
  })

  test('has Endpoints too, ready ones and others apart', async () => {
    await create()
    await run('one', { ip: '10.0.0.1' })
    await run('two', { ip: '10.0.0.2', ready: false })
    await settle()
    const { metadata, subsets } = await legacy()
    expect(metadata.labels).toEqual({ 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' })
    expect(subsets).toMatchObject([
      {
        addresses: [{ ip: '10.0.0.1', nodeName: 'node', targetRef: { kind: 'Pod', name: 'one' } }],
        notReadyAddresses: [{ ip: '10.0.0.2' }],
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      },
    ])
  })

  test('says when the change happened that it tells of', async () => {
    await create()
    await cluster.clock.advance('30s')
    await run('one', { ip: '10.0.0.1' })
    await settle()
    const trigger = 'endpoints.kubernetes.io/last-change-trigger-time'
    expect((await slices())[0]!.metadata.annotations![trigger]).toBe('2026-01-01T00:00:30Z')
    expect((await legacy()).metadata.annotations![trigger]).toBe('2026-01-01T00:00:30Z')
  })

  test('keeps its slice when the first pod comes, when ports change and when the last pod goes', async () => {
    await create()
    await settle()
    const [first] = await slices()
    const same = async () => {
      await settle()
      const [slice, ...others] = await slices()
      expect([slice!.metadata.uid, others]).toEqual([first!.metadata.uid, []])
      return slice
    }
    expect(first).toMatchObject({ endpoints: null, ports: null })
    await run('one', { ip: '10.0.0.1' })
    expect(await same()).toMatchObject({ endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 8080 }] })
    await client().patch('web', 'application/merge-patch+json', { spec: { ports: [{ port: 80, targetPort: 9090 }] } })
    expect(await same()).toMatchObject({ endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 9090 }] })
    await podClient().delete('one', { gracePeriodSeconds: 0 })
    expect(await same()).toMatchObject({ endpoints: null, ports: null })
  })

  test('leaves the slices of an earlier Service of its name to go with that one', async () => {
    await cluster.client
      .resource(endpointSlices)
      .namespace('default')
      .create({
        metadata: {
          name: 'web-earlier',
          labels: {
            'kubernetes.io/service-name': 'web',
            'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
          },
          ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 'web', uid: 'earlier' }],
        },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['10.0.0.9'] }],
        ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
      })
    await run('one', { ip: '10.0.0.1' })
    const { metadata } = await create()
    await settle()
    expect(await slices()).toMatchObject([
      { metadata: { ownerReferences: [{ uid: metadata.uid }] }, endpoints: [{ addresses: ['10.0.0.1'] }] },
    ])
  })

  test('leaves out pods whose node is not known, and says so', async () => {
    await create()
    await run('one', { ip: '10.0.0.1' })
    await run('two', { ip: '10.0.0.2', spec: { nodeName: 'gone' } })
    await settle()
    expect(await addresses()).toEqual(['10.0.0.1'])
    const told = (await cluster.client.resource(events).list()).items.map(({ message }) => message)
    expect(told).toContain(
      'Error updating Endpoint Slices for Service default/web: skipping Pod two for Service default/web: Node gone Not Found',
    )
  })

  test('follows them as they come, change and go', async () => {
    await create()
    await run('one', { ip: '10.0.0.1', ready: false })
    await run('two', { ip: '10.0.0.2' })
    await run('unborn', {})
    await run('other', { ip: '10.0.0.9', labels: { app: 'other' } })
    await settle()
    expect(await addresses()).toEqual(['10.0.0.1', '10.0.0.2'])
    await report('one', '10.0.0.1', true)
    await podClient().patch('two', 'application/merge-patch+json', { metadata: { labels: { app: 'none' } } })
    await settle()
    expect((await slices())[0]!.endpoints).toMatchObject([{ addresses: ['10.0.0.1'], conditions: { ready: true } }])
    await podClient().delete('one', { gracePeriodSeconds: 0 })
    await settle()
    expect(await addresses()).toEqual([])
    expect(await slices()).toMatchObject([{ endpoints: null, ports: null }])
    expect((await legacy()).subsets ?? []).toEqual([])
  })

  test('still serves from one that is terminating, but does not call it ready', async () => {
    await create()
    await run('one', { ip: '10.0.0.1' })
    await podClient().delete('one')
    await settle()
    expect((await slices())[0]!.endpoints[0]!.conditions).toEqual({ ready: false, serving: true, terminating: true })
    expect((await legacy()).subsets ?? []).toEqual([])
  })

  test('groups them by what number a named port has', async () => {
    await create({ ...web, ports: [{ name: 'http', port: 80, targetPort: 'named' }] })
    await run('one', { ip: '10.0.0.1', port: 1111 })
    await run('two', { ip: '10.0.0.2', port: 2222 })
    await settle()
    const found = (await slices()).map(({ ports, endpoints }) => [ports[0]!.port, endpoints[0]!.addresses[0]])
    expect(found.sort()).toEqual([
      [1111, '10.0.0.1'],
      [2222, '10.0.0.2'],
    ])
    expect((await legacy()).subsets).toHaveLength(2)
  })

  test('has subsets by port, where not every pod has each', async () => {
    const ports = [
      { name: 'http', port: 80, targetPort: 8080 },
      { name: 'other', port: 81, targetPort: 'named' },
    ]
    await create({ ...web, ports } as Partial<ServiceSpec>)
    await run('one', { ip: '10.0.0.1', port: 1111 })
    await run('two', { ip: '10.0.0.2', spec: { containers: [{ name: 'c', image: 'app' }] } })
    await settle()
    expect((await legacy()).subsets).toEqual([
      {
        addresses: [expect.objectContaining({ ip: '10.0.0.1' }), expect.objectContaining({ ip: '10.0.0.2' })],
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      },
      {
        addresses: [expect.objectContaining({ ip: '10.0.0.1' })],
        ports: [{ name: 'other', port: 1111, protocol: 'TCP' }],
      },
    ])
  })

  test('takes its endpoints with it when it goes', async () => {
    await create()
    await run('one', { ip: '10.0.0.1' })
    await settle()
    await client().delete('web')
    await settle()
    expect(await slices()).toEqual([])
    await expect(legacy()).rejects.toThrow('endpoints "web" not found')
  })
})

describe.each<[string, Partial<ServiceSpec>, object]>([
  ['headless', { clusterIP: 'None' }, { headless: '' }],
  ['publishNotReadyAddresses', { publishNotReadyAddresses: true }, { headless: undefined }],
])('a Service that is %s', (name, spec, { headless }: any) => {
  test('is told of accordingly', async () => {
    await create({ ...(web as Partial<ServiceSpec>), ...spec })
    await run('one', { ip: '10.0.0.1', ready: false, spec: { hostname: 'db', subdomain: 'web' } })
    await settle()
    const [slice] = await slices()
    expect(slice!.metadata.labels!['service.kubernetes.io/headless']).toBe(headless)
    expect(slice!.endpoints[0]).toMatchObject({
      hostname: 'db',
      conditions: { ready: name !== 'headless', serving: false },
    })
  })
})

test.each<[string, Partial<ServiceSpec>]>([
  ['without a selector', { ports: web.ports as any }],
  ['that is only a name for something else', { type: 'ExternalName', externalName: 'example.com' }],
])('a Service %s is left alone', async (_, spec) => {
  await create(spec)
  await settle()
  expect(await slices()).toEqual([])
  await expect(legacy()).rejects.toThrow('not found')
})

test('a slice that somebody deletes or changes is put right', async () => {
  await create()
  await run('one', { ip: '10.0.0.1' })
  await settle()
  const own = cluster.client.resource(endpointSlices).namespace('default')
  const [slice] = await slices()
  await own.patch(slice!.metadata.name!, 'application/merge-patch+json', { endpoints: [] })
  await settle()
  expect(await addresses()).toEqual(['10.0.0.1'])
  await own.delete((await slices())[0]!.metadata.name!)
  await settle()
  expect(await addresses()).toEqual(['10.0.0.1'])
})

test('a slice that somebody deletes comes back, but not at once', async () => {
  await create()
  await run('a', { ip: '10.0.0.1' })
  await settle()
  const [slice] = await slices()
  await cluster.client.resource(endpointSlices).namespace('default').delete(slice!.metadata.name!)
  await cluster.clock.advance(900)
  expect(await slices()).toHaveLength(0)
  await cluster.clock.advance(200)
  expect(await slices()).toHaveLength(1)
})
