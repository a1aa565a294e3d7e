// What a scraper finds on the ports of the controllers and the scheduler of one process.

import { expect, test } from 'vitest'
import { deployments } from '../../src/api/apps/v1/deployment.ts'
import { clusterEnv } from '../../src/cluster/cluster.ts'
import { ControlPlane } from '../../src/cluster/control-plane.ts'
import { getPage } from './http-client.ts'

test('metrics under upstream’s names, for whom the API server lets read them', async () => {
  const env = clusterEnv({ seed: 1 })
  const plane = await ControlPlane.start({ env, controllerManagerPort: 0, schedulerPort: 0 })
  try {
    await plane
      .client()
      .resource(deployments)
      .namespace('default')
      .create({
        metadata: { name: 'web' },
        spec: {
          selector: { matchLabels: { app: 'web' } },
          template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'app' }] } },
        },
      })
    await env.clock.advance(5000)
    const certificate = plane.pki.admin
    const expected = {
      'kube-controller-manager': [/^workqueue_adds_total\{name="deployment"\} [1-9]/m, /^process_open_fds [1-9]/m],
      'kube-scheduler': [/^scheduler_pending_pods\{queue="unschedulable"\} 1$/m],
    } as const
    for (const name of ['kube-controller-manager', 'kube-scheduler'] as const) {
      const port = plane.componentPort(name)!
      expect(await getPage(port, '/healthz')).toMatchObject({ status: 200, text: 'ok' })
      expect((await getPage(port, '/metrics')).status).toBe(403)
      const { text } = await getPage(port, '/metrics', { certificate })
      for (const sample of expected[name]) expect(text).toMatch(sample)
    }
  } finally {
    await plane.stop()
  }
})

test('nobody listens unless asked to', async () => {
  const plane = await ControlPlane.start({ env: clusterEnv({ seed: 1 }) })
  expect(plane.componentPort('kube-controller-manager')).toBeUndefined()
  await plane.stop()
})
