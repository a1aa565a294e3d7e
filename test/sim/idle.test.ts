// A cluster at rest writes heartbeats and nothing else, however long one looks: every write of hours is accounted for.

import { expect, test } from 'vitest'
import { nodes } from '../../src/api/core/v1/node.ts'
import type { Transport } from '../../src/client/transport.ts'
import { applyManifest } from '../../src/cluster/apply-manifest.ts'
import { clusterEnv } from '../../src/cluster/cluster.ts'
import { ControlPlane } from '../../src/cluster/control-plane.ts'
import { ClusterNode, simulation } from '../../src/cluster/node.ts'
import { isWrite } from './faulty-transport.ts'

const hour = 3_600_000
const hours = 2

const template = (run?: string) => `
  template:
    metadata:
      labels: { app: web }
      annotations: { simulated.k8ts.dev/run: "${run ?? 'sleep 1000000'}" }
    spec:
      restartPolicy: ${run ? 'Never' : 'Always'}
      containers: [{ name: main, image: "web:1", resources: { requests: { cpu: 50m } } }]`
const selector = '{ matchLabels: { app: web } }'
const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: ${selector}${template()}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: agent }
spec:
  selector: ${selector}${template()}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  replicas: 2
  serviceName: db
  selector: ${selector}${template()}
---
apiVersion: batch/v1
kind: Job
metadata: { name: once }
spec:${template('sleep 5')}
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: never }
spec:
  schedule: "* * * * *"
  suspend: true
  jobTemplate:
    spec:${template('sleep 5').replaceAll('\n', '\n    ')}
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web }
spec: { minAvailable: 1, selector: ${selector} }
---
apiVersion: v1
kind: ResourceQuota
metadata: { name: some }
spec: { hard: { pods: "50", configmaps: "50" } }
`

test('hours of rest are heartbeats', { timeout: 240_000 }, async () => {
  const env = clusterEnv({ seed: 1 })
  const writes = new Map<string, number>()
  const requests = new Map<string, number>()
  const count = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)
  const counted = (component: string, connect: () => Transport): Transport => ({
    ...connect(),
    request(request) {
      count(requests, component)
      if (isWrite(request)) count(writes, `${component} ${request.method} ${request.path}`)
      return connect().request(request)
    },
    watch(request, stream) {
      count(requests, component)
      return connect().watch(request, stream)
    },
  })
  const plane = await ControlPlane.start({ env, wrapTransport: counted })
  const running: ClusterNode[] = []
  for (const number of [1, 2]) {
    const podCIDR = `10.244.${number}.0/24`
    const address = `192.168.0.${number}`
    running.push(
      await ClusterNode.start(plane, {
        name: `node-${number}`,
        ...simulation(env, podCIDR),
        rootDir: '/simulated',
        podCIDR,
        address,
      }),
    )
  }
  try {
    await env.clock.advance(2000)
    await applyManifest(plane.client(), manifest)
    // Until the events of the beginning are forgotten.
    await env.clock.advance(1.2 * hour)
    const revision = async () => Number((await plane.client().resource(nodes).list()).metadata.resourceVersion)
    const before = await revision()
    writes.clear()
    requests.clear()
    await env.clock.advance(hours * hour)

    const tokens = /\/serviceaccounts\/default\/token$/
    const kept = [...writes].filter(([write]) => !tokens.test(write))
    const lease = (node: string) =>
      `kubelet/${node} PUT /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${node}`
    const status = (node: string) => `kubelet/${node} PATCH /api/v1/nodes/${node}/status`
    expect(Object.fromEntries(kept)).toEqual({
      [lease('node-1')]: hours * 360,
      [lease('node-2')]: hours * 360,
      [status('node-1')]: hours * 12,
      [status('node-2')]: hours * 12,
    })
    // Nor does the server write by itself.
    expect((await revision()) - before).toBe(2 * hours * (360 + 12))
    // Each of seven pods has its token issued anew a little more than once an hour.
    for (const [write, times] of writes) if (tokens.test(write)) expect(times).toBeLessThanOrEqual(7 * 2 * hours)
    // Watches are opened anew, what is served is looked up: rarely.
    const mostPerMinute = (component: string) => (component.startsWith('kubelet/') ? 8 : 15)
    for (const [component, times] of requests)
      expect(times / (hours * 60), component).toBeLessThanOrEqual(mostPerMinute(component))
  } finally {
    for (const node of running) await node.stop()
    await plane.stop()
  }
})
