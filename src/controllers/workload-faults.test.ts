import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { daemonSets } from '../api/apps/v1/daemonset.ts'
import { deployments } from '../api/apps/v1/deployment.ts'
import { replicaSets } from '../api/apps/v1/replicaset.ts'
import { statefulSets } from '../api/apps/v1/statefulset.ts'
import { type Job, jobs } from '../api/batch/v1/job.ts'
import { events } from '../api/core/v1/event.ts'
import { nodes } from '../api/core/v1/node.ts'
import { type Pod, pods } from '../api/core/v1/pod.ts'
import { serviceAccounts } from '../api/core/v1/serviceaccount.ts'
import { createClient } from '../client/rest-client.ts'
import type { ApiRequest, Transport } from '../client/transport.ts'
import { Cluster } from '../cluster/cluster.ts'
import { conflict } from '../machinery/status-error.ts'
import { ControllerManager } from './controller-manager.ts'
import { targetNode } from './daemonset/node-fit.ts'

// The workload controllers where every third write goes wrong: it does not arrive, or its answer is lost, or it comes too
// late; and where they are stopped and started again in the middle. In the end there is what there should be.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true })
  await cluster.client
    .resource(serviceAccounts)
    .namespace('default')
    .create({ metadata: { name: 'default' } })
    .catch(() => undefined)
})
afterEach(() => cluster.stop())

const podClient = () => cluster.client.resource(pods).namespace('default')
const live = async () => (await podClient().list()).items.filter(({ metadata }) => !metadata.deletionTimestamp)

/** Deterministic, and the same for every run. */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296
    return state / 4294967296
  }
}

function unreliable(transport: Transport, next: () => number): Transport {
  const lost = () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
  return {
    request: async (request: ApiRequest) => {
      const luck = request.method === 'GET' || request.path.includes('/events') ? 1 : next()
      if (luck < 0.1) throw lost()
      if (luck < 0.2) {
        const { status } = conflict({ group: '', resource: 'objects' }, 'any', 'the object has been modified')
        return { status: 409, headers: {}, body: status }
      }
      const response = await transport.request(request)
      if (luck < 0.33) throw lost()
      return response
    },
    watch: (request, stream) => transport.watch(request, stream),
    stream: (request, chunk) => transport.stream(request, chunk),
    upgrade: request => transport.upgrade(request),
    close: () => transport.close(),
  }
}

function manager(next?: () => number): ControllerManager {
  const { plane, env } = cluster
  return new ControllerManager({
    env,
    client: plane.client(),
    clientFor: name => {
      const client = plane.controllerClient(name)
      return next ? createClient(unreliable(client.transport, next)) : client
    },
    rootCA: 'certificate',
    clusterCIDR: '10.244.0.0/16',
    controllers: [
      'replicaset-controller',
      'job-controller',
      'statefulset-controller',
      'daemonset-controller',
      'garbage-collector-controller',
    ],
  })
}

const patchStatus = ({ metadata }: Pod, status: object) =>
  podClient()
    .patch(metadata.name!, 'application/strategic-merge-patch+json', { status }, { subresource: 'status' })
    .catch(() => undefined)
const ready = {
  phase: 'Running',
  conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
}

/** Trouble, five managers long; then one without. `act` is what the pods do meanwhile. */
async function through(seed: number, act: (round: number) => Promise<void>): Promise<void> {
  const next = chance(seed)
  for (let round = 0; round < 5; round++) {
    const running = manager(next)
    await running.start()
    await cluster.clock.advance('20s')
    await act(round)
    await cluster.clock.advance(`${Math.floor(next() * 20)}ms`)
    await running.stop()
  }
  const last = manager()
  await last.start()
  for (let round = 5; round < 15; round++) {
    await cluster.clock.advance('6m')
    await act(round)
  }
  await cluster.clock.advance('6m')
  await last.stop()
}

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'app' }] } }
const selector = { matchLabels: { app: 'a' } }

test('a Deployment in a namespace that is going does not try again to create its ReplicaSet, nor complain', async () => {
  const { plane, env } = cluster
  let tried = 0
  const refusing = (transport: Transport): Transport => ({
    ...unreliable(transport, () => 1),
    request: async request => {
      if (request.method !== 'POST' || !request.path.endsWith('/replicasets')) return transport.request(request)
      tried++
      const causes = [{ reason: 'NamespaceTerminating', message: 'namespace default is being terminated' }]
      return {
        status: 403,
        headers: {},
        body: {
          kind: 'Status',
          apiVersion: 'v1',
          status: 'Failure',
          reason: 'Forbidden',
          code: 403,
          details: { causes },
        },
      }
    },
  })
  const running = new ControllerManager({
    env,
    client: plane.client(),
    clientFor: name => createClient(refusing(plane.controllerClient(name).transport)),
    rootCA: 'certificate',
    clusterCIDR: '10.244.0.0/16',
    controllers: ['deployment-controller'],
  })
  await running.start()
  await cluster.client
    .resource(deployments)
    .namespace('default')
    .create({ metadata: { name: 'web' }, spec: { selector, template } })
  await cluster.clock.advance('5m')
  expect(tried).toBe(1)
  expect((await cluster.client.resource(events).namespace('default').list()).items).toEqual([])
  await running.stop()
})

describe.each([1, 2])('seed %i', seed => {
  test('a ReplicaSet has its pods', async () => {
    await cluster.client
      .resource(replicaSets)
      .namespace('default')
      .create({ metadata: { name: 'web' }, spec: { replicas: 7, selector, template } })
    await through(seed, async round => {
      for (const pod of (await live()).slice(0, round < 5 ? 2 : 0)) await podClient().delete(pod.metadata.name!)
    })
    expect(await live()).toHaveLength(7)
  })

  test('a StatefulSet has one of each', async () => {
    await cluster.client
      .resource(statefulSets)
      .namespace('default')
      .create({ metadata: { name: 'db' }, spec: { replicas: 3, serviceName: 'db', selector, template } })
    await through(seed, async round => {
      for (const pod of await live()) await patchStatus(pod, round === 2 ? { phase: 'Failed' } : ready)
    })
    expect((await live()).map(({ metadata }) => metadata.name)).toEqual(['db-0', 'db-1', 'db-2'])
  })

  test('a DaemonSet has one on each node', async () => {
    for (const name of ['one', 'two', 'three']) {
      const { metadata } = await cluster.client.resource(nodes).create({ metadata: { name } })
      // Nobody here would take away the taint that a new node has.
      await cluster.client
        .resource(nodes)
        .patch(metadata.name!, 'application/merge-patch+json', { spec: { taints: null } })
    }
    const sets = cluster.client.resource(daemonSets).namespace('default')
    await sets.create({ metadata: { name: 'agent' }, spec: { selector, template } })
    await through(seed, async round => {
      for (const pod of await live()) await patchStatus(pod, ready)
      if (round === 2)
        await sets.patch('agent', 'application/merge-patch+json', {
          spec: { template: { metadata: { labels: { v: '2' } } } },
        })
    })
    const all = await live()
    expect(all.map(({ spec }) => targetNode(spec)).sort()).toEqual(['one', 'three', 'two'])
    expect(all.map(({ metadata }) => metadata.labels!['v'])).toEqual(['2', '2', '2'])
  })

  test.each(['NonIndexed', 'Indexed'])('a Job counts each pod once: %s', async completionMode => {
    const client = cluster.client.resource(jobs).namespace('default')
    await client.create({
      metadata: { name: 'work' },
      spec: {
        completions: 8,
        parallelism: 3,
        backoffLimit: 100,
        completionMode,
        template: { metadata: {}, spec: { ...template.spec, restartPolicy: 'Never' } } as Job['spec']['template'],
      },
    })
    const ended = { Succeeded: new Set<string>(), Failed: new Set<string>() }
    await through(seed, async round => {
      for (const [index, pod] of (await live()).entries()) {
        if (pod.status.phase !== 'Pending') continue
        const phase = round < 5 && index % 2 === 1 ? 'Failed' : 'Succeeded'
        await patchStatus(pod, { phase })
        ended[phase].add(pod.metadata.uid!)
      }
    })
    const { status } = await client.get('work')
    expect(status.conditions!.map(({ type }) => type)).toContain('Complete')
    expect(status.succeeded).toBe(completionMode === 'Indexed' ? 8 : ended.Succeeded.size)
    expect(status.failed ?? 0).toBe(ended.Failed.size)
    expect(status.uncountedTerminatedPods).toEqual({})
    expect((await podClient().list()).items.flatMap(({ metadata }) => metadata.finalizers ?? [])).toEqual([])
  })
})
