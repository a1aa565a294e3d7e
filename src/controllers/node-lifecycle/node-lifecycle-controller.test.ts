import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { events } from '../../api/core/v1/event.ts'
import { nodes } from '../../api/core/v1/node.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { Cluster } from '../../cluster/cluster.ts'

// A node that is no longer heard of: what is said of it, and what becomes of its pods.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 2, withoutScheduler: true })
})
afterEach(() => cluster.stop())

const node = (name: string) => cluster.client.resource(nodes).get(name)
const pod = (name: string) => cluster.client.resource(pods).namespace('default').get(name)
const run = (name: string, nodeName: string, tolerations?: Pod['spec']['tolerations']) =>
  cluster.client
    .resource(pods)
    .namespace('default')
    .create({ metadata: { name }, spec: { nodeName, tolerations, containers: [{ name: 'c', image: 'app' }] } })
const ready = async (name: string) => (await pod(name)).status.conditions?.find(({ type }) => type === 'Ready')?.status
const taintsOf = async (name: string) =>
  ((await node(name)).spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).sort()
const told = async () =>
  (await cluster.client.resource(events).list()).items.map(({ reason, message }) => `${reason}: ${message}`)

test('a new node is announced, and loses the taint it was born with once it is ready', async () => {
  await cluster.until(async () => (await taintsOf('simulated-1')).length === 0, '30s')
  expect(await told()).toContain('RegisteredNode: Node simulated-1 event: Registered Node simulated-1 in Controller')
})

test('a node that is heard of stays as it is, for hours', async () => {
  await cluster.clock.advance('1h')
  expect((await node('simulated-1')).status.conditions!.map(({ type, status }) => `${type} ${status}`)).toEqual([
    'MemoryPressure False',
    'DiskPressure False',
    'PIDPressure False',
    'Ready True',
  ])
  expect(await taintsOf('simulated-1')).toEqual([])
})

test('a node has the taints of its conditions, in their order', async () => {
  const conditions = [
    { type: 'PIDPressure', status: 'True' },
    { type: 'NetworkUnavailable', status: 'True' },
    { type: 'MemoryPressure', status: 'True' },
    { type: 'DiskPressure', status: 'Unknown' },
    { type: 'Ready', status: 'False' },
  ]
  const at = new Date(cluster.clock.now()).toISOString()
  await cluster.client.resource(nodes).create({
    metadata: { name: 'own' },
    status: { conditions: conditions.map(each => ({ ...each, lastHeartbeatTime: at })) },
  })
  await cluster.clock.advance('1s')
  const { taints } = (await node('own')).spec
  const ours = (taints ?? []).filter(({ effect, timeAdded }) => effect === 'NoSchedule' && timeAdded)
  expect(ours.map(({ key }) => key)).toEqual([
    'node.kubernetes.io/pid-pressure',
    'node.kubernetes.io/network-unavailable',
    'node.kubernetes.io/memory-pressure',
  ])
})

test('a cordoned node has a taint, and loses it with the cordon', async () => {
  const resource = cluster.client.resource(nodes)
  await resource.patch('simulated-1', 'application/merge-patch+json', { spec: { unschedulable: true } })
  await cluster.clock.advance('1s')
  expect(await taintsOf('simulated-1')).toEqual(['node.kubernetes.io/unschedulable:NoSchedule'])
  await resource.patch('simulated-1', 'application/merge-patch+json', { spec: { unschedulable: null } })
  await cluster.clock.advance('1s')
  expect(await taintsOf('simulated-1')).toEqual([])
})

describe('a node whose kubelet falls silent', () => {
  beforeEach(async () => {
    await run('default-tolerations', 'simulated-2')
    await run('short', 'simulated-2', [
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 20 },
    ])
    await run('forever', 'simulated-2', [{ operator: 'Exists' }])
    await run('elsewhere', 'simulated-1')
    for (const name of ['short', 'forever', 'elsewhere'])
      await cluster.until(async () => (await ready(name)) === 'True')
    await cluster.nodes[1]!.stop()
  })

  test('is still ready within the grace period of 50 seconds', async () => {
    await cluster.clock.advance('39s')
    expect((await node('simulated-2')).status.conditions!.at(-1)).toMatchObject({ type: 'Ready', status: 'True' })
  })

  test('is unknown after it, and tainted', async () => {
    await cluster.clock.advance('51s')
    expect((await node('simulated-2')).status.conditions).toMatchObject(
      ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map(type => ({
        type,
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
      })),
    )
    expect(await taintsOf('simulated-2')).toEqual([
      'node.kubernetes.io/unreachable:NoExecute',
      'node.kubernetes.io/unreachable:NoSchedule',
    ])
    expect(await told()).toContain('NodeNotReady: Node simulated-2 status is now: NodeNotReady')
  })

  test('has its pods marked not ready, and those of other nodes not', async () => {
    await cluster.clock.advance('51s')
    expect(await ready('forever')).toBe('False')
    expect(await ready('elsewhere')).toBe('True')
    expect(await told()).toContain('NodeNotReady: Node is not ready')
  })

  test('loses its pods when they tolerate it no longer', async () => {
    await cluster.clock.advance('51s')
    expect((await pod('short')).metadata.deletionTimestamp).toBeUndefined()
    await cluster.clock.advance('21s')
    const evicted = await pod('short')
    expect(evicted.metadata.deletionTimestamp).toBeDefined()
    expect(evicted.status.conditions).toContainEqual(
      expect.objectContaining({
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByTaintManager',
        message: 'Taint manager: deleting due to NoExecute taint',
      }),
    )
    expect(await told()).toContain('TaintManagerEviction: Marking for deletion Pod default/short')
    expect((await pod('default-tolerations')).metadata.deletionTimestamp).toBeUndefined()
    await cluster.clock.advance('5m')
    expect((await pod('default-tolerations')).metadata.deletionTimestamp).toBeDefined()
    expect((await pod('forever')).metadata.deletionTimestamp).toBeUndefined()
    expect((await pod('elsewhere')).metadata.deletionTimestamp).toBeUndefined()
  })

  test('may be heard of again: its pods stay, and it is told that they do', async () => {
    await cluster.clock.advance('51s')
    await cluster.client.resource(nodes).patch(
      'simulated-2',
      'application/strategic-merge-patch+json',
      {
        status: {
          conditions: [
            { type: 'Ready', status: 'True', lastHeartbeatTime: new Date(cluster.clock.now()).toISOString() },
          ],
        },
      },
      { subresource: 'status' },
    )
    await cluster.clock.advance('1s')
    expect(await taintsOf('simulated-2')).toEqual([])
    expect((await told()).filter(text => text.includes('Cancelling')).sort()).toEqual([
      'TaintManagerEviction: Cancelling deletion of Pod default/default-tolerations',
      'TaintManagerEviction: Cancelling deletion of Pod default/short',
    ])
  })

  test('tells of a pod that somebody else deletes first', async () => {
    await cluster.clock.advance('51s')
    await cluster.client.resource(pods).namespace('default').delete('short', { gracePeriodSeconds: 0 })
    await cluster.clock.advance('1s')
    expect(await told()).toContain('TaintManagerEviction: Cancelling deletion of Pod default/short')
  })

  test('keeps its pods when every other node is silent too: it is the control plane that is cut off', async () => {
    await cluster.nodes[0]!.stop()
    await cluster.clock.advance('10m')
    expect(await taintsOf('simulated-2')).toEqual(['node.kubernetes.io/unreachable:NoSchedule'])
    expect((await pod('default-tolerations')).metadata.deletionTimestamp).toBeUndefined()
  })
})
