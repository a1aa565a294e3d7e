import { expect, test } from 'vitest'
import { apiServices } from '../../api/apiregistration/v1/apiservice.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { nodeMetrics, podMetrics } from '../../api/metrics/v1beta1/metrics.ts'
import { Cluster } from '../cluster.ts'

test('what simulated pods say they use is what metrics.k8s.io says', async () => {
  const cluster = await Cluster.start({ nodes: 1, metricsServer: true })
  try {
    const create = (name: string, annotations: Record<string, string>) =>
      cluster.client
        .resource(pods)
        .namespace('default')
        .create({
          metadata: { name, annotations, labels: { name } },
          spec: {
            containers: [{ name: 'c', image: 'app', resources: { requests: { cpu: '200m', memory: '64Mi' } } }],
          },
        })
    await create('said', { 'simulated.k8ts.dev/cpu': '300m', 'simulated.k8ts.dev/memory': '100Mi' })
    await create('requested', {})
    await cluster.clock.advance('46s')
    const metrics = cluster.client.resource(podMetrics)
    const { items } = await metrics.namespace('default').list({ labelSelector: 'name=said' })
    expect(items).toMatchObject([
      {
        kind: 'PodMetrics',
        metadata: { name: 'said', namespace: 'default' },
        window: '15s',
        containers: [{ name: 'c', usage: { cpu: '300m', memory: '100Mi' } }],
      },
    ])
    expect((await metrics.namespace('default').get('requested')).containers[0]!.usage).toEqual({
      cpu: '100m',
      memory: '32Mi',
    })
    expect((await cluster.client.resource(nodeMetrics).get('simulated-1')).usage).toEqual({
      cpu: '400m',
      memory: '132Mi',
    })
    await expect(metrics.namespace('default').get('none')).rejects.toMatchObject({ code: 404 })
    const service = await cluster.client.resource(apiServices).get('v1beta1.metrics.k8s.io')
    expect(service.status?.conditions).toMatchObject([{ type: 'Available', status: 'True' }])
  } finally {
    await cluster.stop()
  }
})

test('a cluster without it does not serve the group', async () => {
  const cluster = await Cluster.start({ nodes: 0 })
  await expect(cluster.client.resource(nodeMetrics).list()).rejects.toMatchObject({ code: 404 })
  await cluster.stop()
})
