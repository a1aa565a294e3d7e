// A Deployment scaled from none to 1,000 running pods and back, on simulated nodes: everything in one process, in real
// time.
//
//     node .tmp/bench/deployment.js [--pods 1000] [--nodes 20] [--json]
//
// Deployment controller, scheduler, kubelets and API server all take part, as in `k8ts up --runtime simulated`. It is
// done twice: the first time most of the code runs for the first time too, and is yet to be compiled. What is measured
// is the second, as in a cluster that has been at work.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { deployments } from '../src/api/apps/v1/deployment.ts'
import { nodes } from '../src/api/core/v1/node.ts'
import { type Pod, pods } from '../src/api/core/v1/pod.ts'
import { serviceAccounts } from '../src/api/core/v1/serviceaccount.ts'
import { ControlPlane } from '../src/cluster/control-plane.ts'
import { ClusterNode, simulation } from '../src/cluster/node.ts'
import { nodeCIDR } from '../src/cluster/node-cidr.ts'
import { systemEnv } from '../src/cluster/system-env.ts'

const { values: flags } = parseArgs({
  options: {
    pods: { type: 'string', default: '1000' },
    nodes: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
})
const podCount = Number(flags.pods)
const nodeCount = Number(flags.nodes)

const env = systemEnv()
const directory = mkdtempSync(join(tmpdir(), 'k8ts-bench-'))
const plane = await ControlPlane.start({ env, storeDirectory: join(directory, 'etcd') })
const client = plane.client()
const kubelets: ClusterNode[] = []
for (let number = 1; number <= nodeCount; number++) {
  const podCIDR = nodeCIDR('10.244.0.0/16', number)
  kubelets.push(
    await ClusterNode.start(plane, {
      name: `simulated-${number}`,
      ...simulation(env, podCIDR),
      rootDir: join(directory, 'nodes', String(number)),
      podCIDR,
      address: `192.168.0.${number}`,
    }),
  )
}
const until = async (done: () => Promise<boolean>) => {
  while (!(await done())) await env.clock.sleep(20)
}
await until(async () => {
  const { items } = await client.resource(nodes).list()
  const ready = items.filter(
    node =>
      node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') &&
      !node.spec?.taints?.length,
  )
  return ready.length === nodeCount
})
await until(() =>
  client
    .resource(serviceAccounts)
    .namespace('default')
    .get('default')
    .then(
      () => true,
      () => false,
    ),
)

const running = new Set<string>()
const there = new Set<string>()
let check = () => {}
const watch = await client
  .resource(pods)
  .namespace('default')
  .watch(
    {},
    {
      event: ({ type, object }) => {
        const { metadata, status } = object as Pod
        const name = metadata.name!
        if (type === 'DELETED') {
          there.delete(name)
          running.delete(name)
        } else if (type !== 'BOOKMARK') {
          there.add(name)
          if (status?.phase === 'Running') running.add(name)
        }
        check()
      },
      end() {},
    },
  )
const when = (condition: () => boolean) =>
  new Promise<void>(resolve => {
    check = () => {
      if (condition()) resolve()
    }
    check()
  })

async function timed(work: () => Promise<void>): Promise<{ seconds: number; cpuSeconds: number }> {
  const from = env.clock.monotonic()
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return { seconds: (env.clock.monotonic() - from) / 1000, cpuSeconds: (user + system) / 1e6 }
}

await client
  .resource(deployments)
  .namespace('default')
  .create({
    metadata: { name: 'bench' },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'bench' } },
      template: {
        metadata: { labels: { app: 'bench' } },
        spec: { containers: [{ name: 'main', image: 'registry.example/app:1' }] },
      },
    },
  } as never)
const scale = (replicas: number, done: () => boolean) =>
  timed(async () => {
    await client
      .resource(deployments)
      .namespace('default')
      .patch('bench', 'application/merge-patch+json', { spec: { replicas } })
    await when(done)
  })
const round = async () => ({
  up: await scale(podCount, () => running.size === podCount),
  down: await scale(0, () => there.size === 0),
})
const first = await round()
const second = await round()
watch.stop()
for (const kubelet of kubelets) await kubelet.stop()
await plane.stop()
rmSync(directory, { recursive: true, force: true })
const line = (what: string, { seconds, cpuSeconds }: typeof first.up) =>
  `${what}: ${seconds.toFixed(2)} s (${cpuSeconds.toFixed(2)} s of CPU)\n`
const text = (name: string, { up, down }: typeof first) =>
  line(`${name}0 → ${podCount} pods running`, up) + line(`${name}${podCount} → 0 pods`, down)
process.stdout.write(
  flags.json
    ? `${JSON.stringify({
        up: second.up.seconds,
        down: second.down.seconds,
        upCpu: second.up.cpuSeconds,
        downCpu: second.down.cpuSeconds,
        firstUp: first.up.seconds,
        firstDown: first.down.seconds,
      })}\n`
    : text('first ', first) + text('', second),
)
process.exit(0)
