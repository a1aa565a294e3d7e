// Pods find their nodes, through the API server: bindings, events, conditions, and another try when things change.

import { afterEach, describe, expect, test } from 'vitest'
import { nodes } from '../../src/api/core/v1/node.ts'
import { type Pod, pods } from '../../src/api/core/v1/pod.ts'
import { serviceAccounts } from '../../src/api/core/v1/serviceaccount.ts'
import { events } from '../../src/api/events/v1/event.ts'
import { priorityClasses } from '../../src/api/scheduling/v1/priorityclass.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import type { Plugin } from '../../src/scheduler/framework.ts'
import type { FrameworkHandle } from '../../src/scheduler/framework-handle.ts'
import { defaultProfile } from '../../src/scheduler/profile.ts'
import { Scheduler } from '../../src/scheduler/scheduler.ts'
import { failed, Status, skip, unschedulable } from '../../src/scheduler/status.ts'

let cluster: Cluster
afterEach(() => cluster.stop())

interface NodeSpec {
  readonly cpu?: string
  readonly taints?: readonly object[]
  readonly labels?: Readonly<Record<string, string>>
}

async function start(nodeSpecs: Readonly<Record<string, NodeSpec>>) {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true })
  const client = cluster.client
  await client
    .resource(serviceAccounts)
    .namespace('default')
    .create({ metadata: { name: 'default' } })
  for (const [name, spec] of Object.entries(nodeSpecs)) await addNode(name, spec)
}

/** A node as a ready kubelet and the controllers would have it, without either. */
async function addNode(name: string, { cpu = '4', taints, labels }: NodeSpec = {}) {
  const resource = cluster.client.resource(nodes)
  const node = await resource.create({ metadata: { name, labels }, spec: {} })
  const amounts = { cpu, memory: '8Gi', pods: '110' }
  await resource.updateStatus({ ...node, status: { capacity: amounts, allocatable: amounts } } as any)
  await resource.patch(name, 'application/merge-patch+json', { spec: { taints: taints ?? null } })
}

const pod = (name: string, spec: object = {}, cpu = '100m') =>
  cluster.client
    .resource(pods)
    .namespace('default')
    .create({
      metadata: { name },
      spec: { containers: [{ name: 'main', image: 'web', resources: { requests: { cpu } } }], ...spec },
    })

const get = (name: string): Promise<Pod> => cluster.client.resource(pods).namespace('default').get(name)
const isBound = async (name: string) => (await get(name)).spec.nodeName !== undefined
const eventsOf = async (name: string) =>
  (await cluster.client.resource(events).namespace('default').list()).items.filter(
    event => event.regarding?.name === name,
  )

describe('a pod without a node', () => {
  test('is bound to one that fits, and an event says so', async () => {
    await start({ node1: {} })
    await pod('web')
    await cluster.until(() => isBound('web'), '5s')
    const bound = await get('web')
    expect(bound.spec.nodeName).toBe('node1')
    expect(bound.status.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True' }])
    await cluster.until(async () => (await eventsOf('web')).length > 0, '5s')
    expect(await eventsOf('web')).toMatchObject([
      {
        type: 'Normal',
        reason: 'Scheduled',
        action: 'Binding',
        note: 'Successfully assigned default/web to node1',
        reportingController: 'default-scheduler',
        regarding: { kind: 'Pod', name: 'web' },
      },
    ])
  })
})

describe('a pod that fits nowhere', () => {
  test('is told why, by event and condition, and bound when there is room', async () => {
    await start({
      node1: { cpu: '1' },
      node2: { taints: [{ key: 'dedicated', effect: 'NoSchedule' }] },
      node3: { taints: [{ key: 'dedicated', effect: 'NoExecute' }] },
    })
    await pod('big', {}, '2')
    const message =
      '0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s). no new claims to deallocate, ' +
      'preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.'
    await cluster.until(async () => ((await get('big')).status.conditions?.length ?? 0) > 0, '5s')
    expect((await get('big')).status.conditions).toMatchObject([
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message },
    ])
    await cluster.until(async () => (await eventsOf('big')).length > 0, '5s')
    expect(await eventsOf('big')).toMatchObject([
      { type: 'Warning', reason: 'FailedScheduling', action: 'Scheduling', note: message },
    ])
    await cluster.client.resource(nodes).patch('node2', 'application/merge-patch+json', { spec: { taints: null } })
    await cluster.until(() => isBound('big'), '15s')
    expect((await get('big')).spec.nodeName).toBe('node2')
    expect((await get('big')).status.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True' }])
  })

  test('waits for a node to come', async () => {
    await start({})
    await pod('early')
    await cluster.until(async () => (await eventsOf('early')).length > 0, '5s')
    expect((await eventsOf('early'))[0]).toMatchObject({ note: 'no nodes available to schedule pods' })
    await addNode('node1')
    await cluster.until(() => isBound('early'), '30s')
  })

  test('gets the room of one that is deleted', async () => {
    await start({ node1: { cpu: '1' } })
    await pod('first', {}, '800m')
    await cluster.until(() => isBound('first'), '5s')
    await pod('second', {}, '800m')
    await cluster.until(async () => (await eventsOf('second')).length > 0, '5s')
    expect((await eventsOf('second'))[0]).toMatchObject({
      note:
        '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, ' +
        'preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    })
    await cluster.client.resource(pods).namespace('default').delete('first', { gracePeriodSeconds: 0 })
    await cluster.until(() => isBound('second'), '15s')
  })
})

test('a pod that has ended holds nothing', async () => {
  await start({ node1: { cpu: '1' } })
  await pod('job', {}, '800m')
  await cluster.until(() => isBound('job'), '5s')
  await pod('next', {}, '800m')
  await cluster.until(async () => (await eventsOf('next')).length > 0, '5s')
  await cluster.client
    .resource(pods)
    .namespace('default')
    .patch('job', 'application/merge-patch+json', { status: { phase: 'Succeeded' } }, { subresource: 'status' })
  await cluster.until(() => isBound('next'), '5s')
})

test('a cordoned node takes no more pods', async () => {
  await start({ node1: {} })
  const cordon = (unschedulable: boolean | null) =>
    cluster.client.resource(nodes).patch('node1', 'application/merge-patch+json', { spec: { unschedulable } })
  await cordon(true)
  await pod('web')
  await cluster.until(async () => (await eventsOf('web')).length > 0, '5s')
  expect((await eventsOf('web'))[0]!.note).toMatch(/^0\/1 nodes are available: 1 node\(s\) were unschedulable\. /)
  await cordon(null)
  await cluster.until(() => isBound('web'), '5s')
})

test('pods spread over nodes, and none is given more than it has', async () => {
  await start({ node1: { cpu: '1' }, node2: { cpu: '1' }, node3: { cpu: '1' } })
  const names = Array.from({ length: 12 }, (_, index) => `web-${index}`)
  await Promise.all(names.map(name => pod(name, {}, '300m')))
  await cluster.until(async () => (await Promise.all(names.map(isBound))).filter(Boolean).length === 9, '5s')
  const perNode = new Map<string, number>()
  for (const name of names) {
    const node = (await get(name)).spec.nodeName ?? 'none'
    perNode.set(node, (perNode.get(node) ?? 0) + 1)
  }
  expect(Object.fromEntries(perNode)).toEqual({ node1: 3, node2: 3, node3: 3, none: 3 })
})

test('a gated pod is tried when its last gate is lifted', async () => {
  await start({ node1: {} })
  await pod('gated', { schedulingGates: [{ name: 'example.com/quota' }] })
  await cluster.clock.advance('10s')
  expect(await isBound('gated')).toBe(false)
  expect(await eventsOf('gated')).toEqual([])
  await cluster.client
    .resource(pods)
    .namespace('default')
    .patch('gated', 'application/merge-patch+json', { spec: { schedulingGates: null } })
  await cluster.until(() => isBound('gated'), '5s')
})

test('a pod of another scheduler is left alone', async () => {
  await start({ node1: {} })
  await pod('other', { schedulerName: 'somebody-else' })
  await cluster.clock.advance('10s')
  expect(await isBound('other')).toBe(false)
})

test('an important pod takes the place of a lesser one', async () => {
  await start({ node1: { cpu: '1' }, node2: { cpu: '1' } })
  for (const [name, value] of [
    ['low', 1],
    ['middle', 10],
    ['high', 1000],
  ] as const)
    await cluster.client.resource(priorityClasses).create({ metadata: { name }, value })
  await pod('lesser', { priorityClassName: 'low' }, '800m')
  await pod('better', { priorityClassName: 'middle' }, '800m')
  await cluster.until(async () => (await isBound('lesser')) && (await isBound('better')), '5s')
  const place = (await get('lesser')).spec.nodeName!
  await pod('important', { priorityClassName: 'high' }, '800m')
  await cluster.until(async () => (await eventsOf('lesser')).some(({ reason }) => reason === 'Preempted'), '5s')
  expect((await eventsOf('lesser')).find(({ reason }) => reason === 'Preempted')).toMatchObject({
    type: 'Normal',
    action: 'Preempting',
    note: `Preempted by pod ${(await get('important')).metadata.uid} on node ${place}`,
    related: { kind: 'Pod', name: 'important' },
  })
  expect((await get('important')).status.nominatedNodeName).toBe(place)
  // There is no kubelet to end the victim.
  const victim = await get('lesser')
  expect(victim.metadata.deletionTimestamp).toBeDefined()
  expect(victim.status.conditions).toContainEqual(
    expect.objectContaining({
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: 'default-scheduler: preempting to accommodate a higher priority pod',
    }),
  )
  await cluster.client.resource(pods).namespace('default').delete('lesser', { gracePeriodSeconds: 0 })
  await cluster.until(() => isBound('important'), '15s')
  expect((await get('important')).spec.nodeName).toBe(place)
  expect((await get('better')).metadata.deletionTimestamp).toBeUndefined()
})

test('pods of a kind keep to different nodes when they must, and to one zone when they like', async () => {
  const zone = (name: string) => ({ labels: { 'topology.kubernetes.io/zone': name } })
  await start({ node1: zone('east'), node2: zone('east'), node3: zone('west'), node4: zone('west') })
  for (const name of ['node1', 'node2', 'node3', 'node4'])
    await cluster.client
      .resource(nodes)
      .patch(name, 'application/merge-patch+json', { metadata: { labels: { 'kubernetes.io/hostname': name } } })
  const labelSelector = { matchLabels: { app: 'db' } }
  const term = (topologyKey: string) => ({ topologyKey, labelSelector })
  const affinity = {
    podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('kubernetes.io/hostname')] },
    podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('topology.kubernetes.io/zone')] },
  }
  for (const name of ['db-0', 'db-1', 'db-2'])
    await cluster.client
      .resource(pods)
      .namespace('default')
      .create({
        metadata: { name, labels: { app: 'db' } },
        spec: { containers: [{ name: 'main', image: 'db' }], affinity },
      })
  await cluster.until(async () => (await isBound('db-0')) && (await isBound('db-1')), '5s')
  const places = [(await get('db-0')).spec.nodeName, (await get('db-1')).spec.nodeName].sort()
  expect([
    ['node1', 'node2'],
    ['node3', 'node4'],
  ]).toContainEqual(places)
  await cluster.until(async () => (await eventsOf('db-2')).length > 0, '5s')
  expect((await eventsOf('db-2'))[0]!.note).toMatch(
    /^0\/4 nodes are available: 2 node\(s\) didn't match pod affinity rules, 2 node\(s\) didn't match pod anti-affinity rules\. /,
  )
})

test('in a whole cluster, pods of a Deployment run on all of its nodes', async () => {
  cluster = await Cluster.start({ nodes: 3 })
  await cluster.apply(`
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: default }
spec:
  replicas: 6
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: web, resources: { requests: { cpu: 100m } } }] }
`)
  const running = async () => {
    const { items } = await cluster.client.resource(pods).namespace('default').list()
    return items.filter(({ status }) => status.phase === 'Running')
  }
  await cluster.until(async () => (await running()).length === 6, '1m')
  const places = (await running()).map(({ spec }) => spec.nodeName).sort()
  expect(places).toEqual(['simulated-1', 'simulated-1', 'simulated-2', 'simulated-2', 'simulated-3', 'simulated-3'])
})

describe('a scheduler with a plugin of its own', () => {
  let scheduler: Scheduler
  afterEach(() => scheduler.stop())

  async function startWith(plugin: (handle: FrameworkHandle) => Plugin) {
    await start({ node1: {} })
    scheduler = new Scheduler({
      env: cluster.env,
      client: cluster.plane.client({ name: 'system:kube-scheduler', groups: ['system:authenticated'] }),
      schedulerName: 'special',
      profile: handle => [{ plugin: plugin(handle), weight: 1 }, ...defaultProfile(handle)],
    })
    await scheduler.start()
  }

  test('tries again after a second when binding fails, and says so', async () => {
    let tries = 0
    await startWith(() => ({
      name: 'Flaky',
      bind: async () => (tries++ === 0 ? failed(new Error('out of paper')) : skip),
    }))
    await pod('web', { schedulerName: 'special' })
    await cluster.until(async () => (await eventsOf('web')).length > 0, '5s')
    const message = 'running Bind plugin "Flaky": out of paper'
    expect(await eventsOf('web')).toMatchObject([
      { reason: 'FailedScheduling', note: message, reportingController: 'special' },
    ])
    expect((await get('web')).status.conditions).toMatchObject([{ status: 'False', reason: 'SchedulerError', message }])
    await cluster.until(() => isBound('web'), '2s')
  })

  test('holds a pod back until it is allowed, and its room is taken meanwhile', async () => {
    await startWith(() => ({
      name: 'Doorman',
      permit: ({ name }) => (name === 'guest' ? { status: new Status('Wait', []), timeoutMs: 10_000 } : undefined),
    }))
    await pod('guest', { schedulerName: 'special' }, '3')
    await cluster.until(() => scheduler.waitingPods.pods.length === 1, '5s')
    expect(await isBound('guest')).toBe(false)
    await pod('other', { schedulerName: 'special' }, '3')
    await cluster.until(async () => (await eventsOf('other')).length > 0, '5s')
    scheduler.waitingPods.allow((await get('guest')).metadata.uid!, 'Doorman')
    await cluster.until(() => isBound('guest'), '5s')
  })

  test('takes back the place of a pod that nobody allows in time', async () => {
    await startWith(() => ({
      name: 'Doorman',
      permit: ({ name }) => (name === 'guest' ? { status: new Status('Wait', []), timeoutMs: 10_000 } : undefined),
    }))
    await pod('guest', { schedulerName: 'special' }, '3')
    await cluster.until(async () => (await eventsOf('guest')).length > 0, '15s')
    expect((await eventsOf('guest'))[0]).toMatchObject({
      note: '0/1 nodes are available: 1 rejected due to timeout after waiting 10s at plugin Doorman.',
    })
    await pod('other', { schedulerName: 'special' }, '3')
    await cluster.until(() => isBound('other'), '5s')
  })

  test('undoes what it reserved when another plugin refuses', async () => {
    const reserved: string[] = []
    await startWith(() => ({
      name: 'Ledger',
      reserve: ({ name }, node) => {
        reserved.push(`${name}@${node}`)
        return unschedulable('Ledger', 'the books are closed')
      },
      unreserve: ({ name }, node) => void reserved.push(`not ${name}@${node}`),
    }))
    await pod('web', { schedulerName: 'special' })
    await cluster.until(async () => (await eventsOf('web')).length > 0, '5s')
    expect(reserved.slice(0, 2)).toEqual(['web@node1', 'not web@node1'])
    expect((await eventsOf('web'))[0]!.note).toBe('0/1 nodes are available: 1 the books are closed.')
  })
})
