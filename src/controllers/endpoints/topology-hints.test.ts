// Whom each endpoint should serve, by where the CPUs of the cluster are.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { events } from '../../api/core/v1/event.ts'
import { nodes } from '../../api/core/v1/node.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { services } from '../../api/core/v1/service.ts'
import { endpointSlices } from '../../api/discovery/v1/endpointslice.ts'
import { Cluster } from '../../cluster/cluster.ts'
import { allocationsOf, givingAndReceiving } from './zone-allocations.ts'

describe('how many endpoints each zone should have', () => {
  const shares = (...each: number[]) => new Map(each.map((share, index) => [`zone-${index}`, share]))
  test.each<[number, number[], [number, number][]]>([
    [9, [1 / 3, 1 / 3, 1 / 3], Array(3).fill([3, 3])],
    [4, [1 / 3, 1 / 3, 1 / 3], []],
    [5, [1 / 3, 1 / 3, 1 / 3], []],
    [6, [1 / 3, 1 / 3, 1 / 3], Array(3).fill([2, 2])],
    [10, [0.5, 0.5], Array(2).fill([5, 5])],
    [
      20,
      [0.75, 0.25],
      [
        [13, 15],
        [5, 7],
      ],
    ],
  ])('%i over %j', (endpoints, each, expected) => {
    const found = allocationsOf(endpoints, shares(...each))
    if (expected.length === 0) expect(found).toMatch(/^Unable to allocate minimum required endpoints/)
    else
      expect([...(found as Exclude<typeof found, string>).values()]).toMatchObject(
        expected.map(([minimum, maximum]) => ({ minimum, maximum })),
      )
  })
  test('there must be one for each, and the CPUs must be known', () => {
    expect(allocationsOf(1, shares(0.5, 0.5))).toBe('Insufficient number of endpoints (1 endpoints, 2 zones)')
    expect(allocationsOf(9, undefined)).toBe(
      'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes',
    )
  })
  test('a zone with too many gives to the one with the fewest', () => {
    const allocations = allocationsOf(6, shares(1 / 3, 1 / 3, 1 / 3)) as Exclude<
      ReturnType<typeof allocationsOf>,
      string
    >
    const hinted = new Map([
      ['zone-0', 4],
      ['zone-1', 2],
    ])
    const { giving, receiving } = givingAndReceiving(allocations, hinted)
    expect([[...giving], [...receiving]]).toEqual([[['zone-0', 2]], [['zone-2', 2]]])
  })
})

describe('a Service with the annotation', () => {
  let cluster: Cluster
  let last: number
  beforeEach(async () => {
    last = 0
    cluster = await Cluster.start({
      nodes: 0,
      withoutScheduler: true,
      controllers: ['*', '-node-lifecycle-controller', '-pod-garbage-collector-controller'],
    })
  })
  afterEach(() => cluster.stop())

  const second = () => cluster.clock.advance('1s')
  const node = async (name: string, zone: string | undefined, cpu = '4', ready = 'True') => {
    const labels = zone === undefined ? undefined : { 'topology.kubernetes.io/zone': zone }
    await cluster.client.resource(nodes).create({ metadata: { name, labels } })
    await nodeStatus(name, { allocatable: { cpu }, conditions: [{ type: 'Ready', status: ready }] })
  }
  const nodeStatus = (name: string, status: object) =>
    cluster.client
      .resource(nodes)
      .patch(name, 'application/strategic-merge-patch+json', { status }, { subresource: 'status' })
  const service = (mode: string | undefined, spec: object = {}) =>
    cluster.client
      .resource(services)
      .namespace('default')
      .create({
        metadata: { name: 'web', annotations: mode ? { 'service.kubernetes.io/topology-mode': mode } : undefined },
        spec: { selector: { app: 'web' }, ports: [{ port: 80 }], ...spec },
      })
  const annotate = (mode: string | null) =>
    cluster.client
      .resource(services)
      .namespace('default')
      .patch('web', 'application/merge-patch+json', {
        metadata: { annotations: { 'service.kubernetes.io/topology-mode': mode } },
      })
  const run = async (nodeName: string, howMany: number) => {
    const client = cluster.client.resource(pods).namespace('default')
    for (let index = 0; index < howMany; index++) {
      last++
      const ip = `10.0.0.${last}`
      await client.create({
        metadata: { name: `pod-${last}`, labels: { app: 'web' } },
        spec: { nodeName, containers: [{ name: 'c', image: 'app' }], tolerations: [{ operator: 'Exists' }] },
      })
      const conditions = [{ type: 'Ready', status: 'True' }]
      await client.patch(
        `pod-${last}`,
        'application/strategic-merge-patch+json',
        { status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions } },
        { subresource: 'status' },
      )
    }
  }
  /** How many endpoints of which zone serve which. */
  const hints = async () => {
    const { items } = await cluster.client.resource(endpointSlices).namespace('default').list()
    const found: Record<string, number> = {}
    for (const endpoint of items.flatMap(slice => slice.endpoints ?? [])) {
      const { hints, zone } = endpoint
      if (!endpoint.targetRef) continue
      const key = hints ? `${zone} for ${hints.forZones?.map(({ name }) => name).join()}` : `${zone}`
      found[key] = (found[key] ?? 0) + 1
    }
    return found
  }
  const told = async () =>
    (await cluster.client.resource(events).list()).items
      .filter(({ involvedObject }) => involvedObject.kind === 'Service')
      .map(({ type, reason, message }) => `${type} ${reason}: ${message}`)
  const enabled = 'Normal TopologyAwareHintsEnabled: Topology Aware Hints has been enabled, addressType: IPv4'
  const off = (why: string) => `Warning TopologyAwareHintsDisabled: ${why}, addressType: IPv4`

  test('has each zone served by its own endpoints', async () => {
    await node('a', 'zone-a')
    await node('b', 'zone-b')
    await run('a', 3)
    await run('b', 3)
    await service('Auto')
    await second()
    expect(await hints()).toEqual({ 'zone-a for zone-a': 3, 'zone-b for zone-b': 3 })
    expect(await told()).toEqual([enabled])
  })

  test('has a zone with too few served by another’s', async () => {
    await node('a', 'zone-a')
    await node('b', 'zone-b')
    await run('a', 5)
    await run('b', 1)
    await service('Auto')
    await second()
    expect(await hints()).toEqual({ 'zone-a for zone-a': 3, 'zone-a for zone-b': 2, 'zone-b for zone-b': 1 })
  })

  test('has no hints when that cannot be fair, and says so', async () => {
    await node('a', 'zone-a')
    await node('b', 'zone-b')
    await run('a', 1)
    await service('Auto')
    await second()
    expect(await hints()).toEqual({ 'zone-a': 1 })
    expect((await told()).at(-1)).toBe(off('Insufficient number of endpoints (1 endpoints, 2 zones)'))
  })

  test('has none when a node does not say where it is', async () => {
    await node('a', 'zone-a')
    await node('b', 'zone-b')
    await node('c', undefined)
    await run('a', 2)
    await run('b', 2)
    await service('Auto')
    await second()
    expect(await hints()).toEqual({ 'zone-a': 2, 'zone-b': 2 })
    expect((await told()).at(-1)).toBe(
      off('Insufficient Node information: allocatable CPU or zone not specified on one or more nodes'),
    )
  })

  test('loses its hints with the annotation, and is told', async () => {
    await node('a', 'zone-a')
    await node('b', 'zone-b')
    await run('a', 2)
    await run('b', 2)
    await service('auto')
    await second()
    await annotate(null)
    await second()
    expect(await hints()).toEqual({ 'zone-a': 2, 'zone-b': 2 })
    expect((await told()).sort()).toEqual([enabled, off('Topology Aware Hints has been disabled')].sort())
  })

  test('loses them when a zone does: its nodes are lost', async () => {
    await node('a', 'zone-a')
    await node('b', 'zone-b')
    await run('a', 2)
    await run('b', 2)
    await service('Auto')
    await second()
    await nodeStatus('b', { conditions: [{ type: 'Ready', status: 'Unknown' }] })
    await second()
    expect(await hints()).toEqual({ 'zone-a': 2, 'zone-b': 2 })
  })

  test('goes by it, whatever its trafficDistribution says', async () => {
    await node('a', 'zone-a')
    await node('b', 'zone-b')
    await run('a', 5)
    await run('b', 1)
    await service('Auto', { trafficDistribution: 'PreferClose' })
    await second()
    expect(await hints()).toMatchObject({ 'zone-a for zone-b': 2 })
    await annotate(null)
    await second()
    expect(await hints()).toEqual({ 'zone-a for zone-a': 5, 'zone-b for zone-b': 1 })
  })

  test('stays as it is when nothing has changed', async () => {
    await node('a', 'zone-a')
    await node('b', 'zone-b')
    await run('a', 5)
    await run('b', 1)
    await service('Auto')
    await second()
    const version = async () =>
      (await cluster.client.resource(endpointSlices).namespace('default').list()).items.map(
        ({ metadata }) => metadata.resourceVersion,
      )
    const before = await version()
    await cluster.client
      .resource(services)
      .namespace('default')
      .patch('web', 'application/merge-patch+json', { metadata: { annotations: { note: 'x' } } })
    await second()
    expect(await version()).toEqual(before)
  })
})
