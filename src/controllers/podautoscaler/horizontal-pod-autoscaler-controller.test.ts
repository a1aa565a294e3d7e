import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deployments } from '../../api/apps/v1/deployment.ts'
import { horizontalPodAutoscalers } from '../../api/autoscaling/v2/horizontalpodautoscaler.ts'
import { events } from '../../api/core/v1/event.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { Cluster } from '../../cluster/cluster.ts'

// How a Deployment follows what its pods use.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 1, metricsServer: true })
})
afterEach(() => cluster.stop())

const web = () => cluster.client.resource(deployments).namespace('default')
const autoscalers = () => cluster.client.resource(horizontalPodAutoscalers).namespace('default')
const replicas = async () => (await web().get('web')).spec.replicas
const status = async () => (await autoscalers().get('web')).status
const condition = async (type: string) => (await status()).conditions?.find(each => each.type === type)
const told = async () =>
  (await cluster.client.resource(events).list()).items.map(({ reason, message }) => `${reason}: ${message}`)

const deploy = (count: number, requests: Record<string, string> | null = { cpu: '200m', memory: '64Mi' }) =>
  web().create({
    metadata: { name: 'web' },
    spec: {
      replicas: count,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'c', image: 'app', ...(requests && { resources: { requests } }) }] },
      },
    },
  })

const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }
const cpu = (averageUtilization: number) => [
  { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } },
]
const autoscale = (spec: object = {}, name = 'web') =>
  autoscalers().create({
    metadata: { name },
    spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 10, metrics: cpu(50), ...spec } as never,
  })

/** Every pod there is, and none that comes later, uses so much. */
async function use(amount: string): Promise<void> {
  const found = cluster.client.resource(pods).namespace('default')
  for (const { metadata } of (await found.list()).items)
    await found.patch(metadata.name!, 'application/merge-patch+json', {
      metadata: { annotations: { 'simulated.k8ts.dev/cpu': amount } },
    })
}

test('at its target nothing changes, and the status says how things are', async () => {
  await deploy(2)
  await autoscale()
  await cluster.clock.advance('6m')
  expect(await replicas()).toBe(2)
  expect(await status()).toMatchObject({
    currentReplicas: 2,
    desiredReplicas: 2,
    currentMetrics: [
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 50, averageValue: '100m' } } },
    ],
    conditions: [
      {
        type: 'AbleToScale',
        status: 'True',
        reason: 'ReadyForNewScale',
        message: 'recommended size matches current size',
      },
      {
        type: 'ScalingActive',
        status: 'True',
        reason: 'ValidMetricFound',
        message:
          'the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)',
      },
      {
        type: 'ScalingLimited',
        status: 'False',
        reason: 'DesiredWithinRange',
        message: 'the desired count is within the acceptable range',
      },
    ],
  })
})

test('while nothing changes nothing is written', async () => {
  await deploy(2)
  await autoscale()
  await cluster.clock.advance('6m')
  const { resourceVersion } = (await autoscalers().get('web')).metadata
  await cluster.clock.advance('2m')
  expect((await autoscalers().get('web')).metadata.resourceVersion).toBe(resourceVersion)
})

test('load makes it grow', async () => {
  await deploy(2)
  await autoscale()
  await cluster.clock.advance('6m')
  await use('150m')
  await cluster.clock.advance('45s')
  expect(await replicas()).toBe(3)
  expect((await status()).lastScaleTime).toBeDefined()
  expect(await told()).toContain(
    'SuccessfulRescale: New size: 3; reason: cpu resource utilization (percentage of request) above target',
  )
})

test('it shrinks only when it has been too large for five minutes', async () => {
  await deploy(4)
  await autoscale()
  await cluster.clock.advance('6m')
  await use('20m')
  await cluster.clock.advance('4m')
  expect(await replicas()).toBe(4)
  expect(await condition('AbleToScale')).toMatchObject({
    reason: 'ScaleDownStabilized',
    message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
  })
  await cluster.clock.advance('2m')
  expect(await replicas()).toBe(1)
  expect(await told()).toContain('SuccessfulRescale: New size: 1; reason: All metrics below target')
})

test('a behaviour without stabilization shrinks at once, as fast as its policies allow', async () => {
  await deploy(8)
  await autoscale({
    behavior: {
      scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }] },
    },
  })
  await cluster.clock.advance('6m')
  await use('10m')
  await cluster.clock.advance('45s')
  expect(await replicas()).toBe(6)
  await cluster.clock.advance('15s')
  expect(await condition('ScalingLimited')).toMatchObject({
    status: 'True',
    reason: 'ScaleDownLimit',
    message: 'the desired replica count is decreasing faster than the maximum scale rate',
  })
  await cluster.clock.advance('60s')
  expect(await replicas()).toBe(4)
})

describe('what keeps it from counting', () => {
  const failing = async (detail: string, reason = 'FailedGetResourceMetric') => {
    await cluster.clock.advance('1m')
    expect(await condition('ScalingActive')).toMatchObject({
      status: 'False',
      reason,
      message: `the HPA was unable to compute the replica count: ${detail}`,
    })
    expect(await told()).toContain(`${reason}: ${detail}`)
  }

  test('pods that request nothing', async () => {
    await deploy(1, null)
    await autoscale()
    await cluster.clock.advance('6m')
    const { items } = await cluster.client.resource(pods).namespace('default').list()
    if (items[0]!.spec.containers[0]!.resources?.requests) throw new Error('the pod was to request nothing')
    await failing(
      `failed to get cpu utilization: missing request for cpu in container c of Pod ${items[0]!.metadata.name}`,
    )
  })

  test('a custom metrics API that is not there', async () => {
    await deploy(1)
    const pods = { metric: { name: 'packets' }, target: { type: 'AverageValue', averageValue: '1k' } }
    await autoscale({ metrics: [{ type: 'Pods', pods }] })
    await failing(
      'unable to get metric packets: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
      'FailedGetPodsMetric',
    )
  })

  test('a target that is not there', async () => {
    await autoscale()
    await cluster.clock.advance('1m')
    expect(await condition('AbleToScale')).toMatchObject({
      status: 'False',
      reason: 'FailedGetScale',
      message: 'the HPA controller was unable to get the target\'s current scale: deployments.apps "web" not found',
    })
    expect(await told()).toContain('FailedGetScale: deployments.apps "web" not found')
  })

  test('another autoscaler of the same pods', async () => {
    await deploy(1)
    await autoscale()
    await autoscale({}, 'other')
    await cluster.clock.advance('1m')
    expect(await condition('ScalingActive')).toMatchObject({
      status: 'False',
      reason: 'AmbiguousSelector',
      message: 'pods by selector app=web are controlled by multiple HPAs: [default/other default/web]',
    })
  })
})

test.each([
  [1, { minReplicas: 3 }, 3, 'New size: 3; reason: Current number of replicas below Spec.MinReplicas'],
  [5, { maxReplicas: 4 }, 4, 'New size: 4; reason: Current number of replicas above Spec.MaxReplicas'],
])('from %i with %j it becomes %i at once', async (count, spec, expected, message) => {
  await deploy(count)
  await autoscale(spec)
  await cluster.clock.advance('20s')
  expect(await replicas()).toBe(expected)
  expect(await told()).toContain(`SuccessfulRescale: ${message}`)
})

test('memory is told in powers of two, and a container’s share under its own name', async () => {
  await deploy(2)
  const target = { type: 'Utilization', averageUtilization: 1 }
  const memory = { type: 'ContainerResource', containerResource: { name: 'memory', container: 'c', target } }
  await autoscale({ metrics: [memory] })
  await cluster.clock.advance('1m')
  expect((await status()).currentMetrics).toMatchObject([
    {
      containerResource: { name: 'memory', container: 'c', current: { averageValue: expect.stringMatching(/[KM]i$/) } },
    },
  ])
  expect((await condition('ScalingActive'))?.message).toBe(
    'the HPA was able to successfully calculate a replica count from memory container resource utilization (percentage of request)',
  )
})

test.each([
  ['apps/v1beta1', 'Deployment', 'True', 'ReadyForNewScale', 'recommended size matches current size'],
  [
    'apps/v1',
    'Nothing',
    'False',
    'FailedGetScale',
    'the HPA controller was unable to get the target\'s current scale: no matches for kind "Nothing" in group "apps"',
  ],
])('the version of a target does not matter, its kind does: %s %s', async (apiVersion, kind, able, reason, message) => {
  await deploy(2)
  await autoscale({ scaleTargetRef: { apiVersion, kind, name: 'web' } })
  await cluster.clock.advance('1m')
  expect(await condition('AbleToScale')).toMatchObject({ status: able, reason, message })
})

test('a target scaled to none is left alone', async () => {
  await deploy(0)
  await autoscale()
  await cluster.clock.advance('1m')
  expect(await replicas()).toBe(0)
  expect(await condition('ScalingActive')).toMatchObject({ status: 'False', reason: 'ScalingDisabled' })
  const { metadata, status } = await autoscalers().get('web')
  expect(status.currentMetrics).toBeNull()
  await cluster.clock.advance('1m')
  expect((await autoscalers().get('web')).metadata.resourceVersion).toBe(metadata.resourceVersion)
})
