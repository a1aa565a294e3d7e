// Pods find their nodes, through the API server: bindings, events, conditions, and another try when things change.

import { afterEach, describe, expect, test } from 'vitest'
import { nodes } from '../../src/api/core/v1/node.ts'
import { type Pod, pods } from '../../src/api/core/v1/pod.ts'
import { serviceAccounts } from '../../src/api/core/v1/serviceaccount.ts'
import { events } from '../../src/api/events/v1/event.ts'
import { Cluster } from '../../src/cluster/cluster.ts'

let cluster: Cluster
afterEach(() => cluster.stop())

async function start(nodeSpecs: Record<string, { cpu?: string; taints?: any[]; labels?: Record<string, string> }>) {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true })
  const client = cluster.client
  await client
    .resource(serviceAccounts)
    .namespace('default')
    .create({ metadata: { name: 'default' } })
  for (const [name, { cpu = '4', taints, labels }] of Object.entries(nodeSpecs)) {
    await client.resource(nodes).create({ metadata: { name, labels }, spec: {} })
    const node = await client.resource(nodes).get(name)
    const amounts = { cpu, memory: '8Gi', pods: '110' }
    await client.resource(nodes).updateStatus({ ...node, status: { capacity: amounts, allocatable: amounts } } as any)
    await client.resource(nodes).patch(name, 'application/merge-patch+json', { spec: { taints: taints ?? null } })
  }
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
