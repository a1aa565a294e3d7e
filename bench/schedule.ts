// How fast pods find their nodes: 10,000 pods on 5,000 nodes, end to end in one process, without kubelets.
//
//     node .tmp/bench/schedule.js [--nodes 5000] [--pods 10000] [--json]
//
// The nodes are there and known; then the pods are created all at once. The time runs from the first create to the last
// binding that the API server shows.

import { parseArgs } from 'node:util'
import { nodes } from '../src/api/core/v1/node.ts'
import { type Pod, pods } from '../src/api/core/v1/pod.ts'
import { serviceAccounts } from '../src/api/core/v1/serviceaccount.ts'
import { ControlPlane } from '../src/cluster/control-plane.ts'
import { systemEnv } from '../src/cluster/system-env.ts'
import { Scheduler } from '../src/scheduler/scheduler.ts'

const { values: flags } = parseArgs({
  options: {
    nodes: { type: 'string', default: '5000' },
    pods: { type: 'string', default: '10000' },
    json: { type: 'boolean', default: false },
  },
})
const nodeCount = Number(flags.nodes)
const podCount = Number(flags.pods)

const env = systemEnv()
const plane = await ControlPlane.start({ env, withoutControllers: true, withoutScheduler: true })
const client = plane.client()
await client
  .resource(serviceAccounts)
  .namespace('default')
  .create({ metadata: { name: 'default' } })

/** Runs the calls with so many in flight. */
async function inFlight(limit: number, count: number, call: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await call(next++)
  }
  await Promise.all(Array.from({ length: limit }, worker))
}

const amounts = { cpu: '32', memory: '64Gi', pods: '110', 'ephemeral-storage': '100Gi' }
await inFlight(64, nodeCount, async index => {
  const name = `node-${index}`
  const labels = {
    'kubernetes.io/hostname': name,
    'topology.kubernetes.io/zone': `zone-${index % 3}`,
    'topology.kubernetes.io/region': 'here',
  }
  const node = await client.resource(nodes).create({ metadata: { name, labels }, spec: {} })
  const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }]
  await client
    .resource(nodes)
    .updateStatus({ ...node, status: { capacity: amounts, allocatable: amounts, conditions } } as never)
  await client.resource(nodes).patch(name, 'application/merge-patch+json', { spec: { taints: null } })
})

const scheduler = new Scheduler({
  env,
  client: plane.client({ name: 'system:kube-scheduler', groups: ['system:authenticated'] }),
})
await scheduler.start()
while (scheduler.cache.nodes.length < nodeCount) await env.clock.sleep(10)

let bound = 0
let allBound: () => void = () => {}
const done = new Promise<void>(resolve => {
  allBound = resolve
})
const watch = await client
  .resource(pods)
  .namespace('default')
  .watch(
    {},
    {
      event: ({ object, type }) => {
        if (type === 'MODIFIED' && (object as Pod).spec.nodeName && ++bound === podCount) allBound()
      },
      end() {},
    },
  )

const from = env.clock.monotonic()
const cpuBefore = process.cpuUsage()
await inFlight(64, podCount, index =>
  client
    .resource(pods)
    .namespace('default')
    .create({
      metadata: { name: `pod-${index}`, labels: { app: 'bench' } },
      spec: {
        containers: [
          {
            name: 'main',
            image: 'registry.example/app:1',
            resources: { requests: { cpu: '100m', memory: '64Mi' } },
            env: [{ name: 'MODE', value: 'bench' }],
          },
        ],
      },
    }),
)
const created = env.clock.monotonic()
await done
const seconds = (env.clock.monotonic() - from) / 1000
const cpu = process.cpuUsage(cpuBefore)
const cpuSeconds = (cpu.user + cpu.system) / 1e6
const perSecond = podCount / seconds
watch.stop()
await scheduler.stop()
await plane.stop()
process.stdout.write(
  flags.json
    ? `${JSON.stringify({ perSecond, seconds, cpuSeconds, pods: podCount, nodes: nodeCount })}\n`
    : `${podCount} pods on ${nodeCount} nodes: ${seconds.toFixed(2)} s (created after ${((created - from) / 1000).toFixed(2)} s, ${cpuSeconds.toFixed(2)} s of CPU), ${Math.round(perSecond)} pods/s\n`,
)
