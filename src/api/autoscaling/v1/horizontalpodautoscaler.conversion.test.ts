import { describe, expect, test } from 'vitest'
import { conversionBetween } from '../../conversion.ts'
import './horizontalpodautoscaler.ts'

const [v1, v2] = ['v1', 'v2'].map(version => ({ group: 'autoscaling', version })) as [any, any]
const toV1 = conversionBetween('HorizontalPodAutoscaler', v2, v1)!
const toV2 = conversionBetween('HorizontalPodAutoscaler', v1, v2)!

const base = { kind: 'HorizontalPodAutoscaler', metadata: { name: 'h' } }
const spec = { scaleTargetRef: { kind: 'Deployment', name: 'd' }, minReplicas: 1, maxReplicas: 5 }
const status = { currentReplicas: 1, desiredReplicas: 2 }
const cpu = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } },
}

describe('a HorizontalPodAutoscaler', () => {
  test('by CPU has the same meaning in both versions', () => {
    const inV1 = toV1({ ...base, apiVersion: 'autoscaling/v2', spec: { ...spec, metrics: [cpu] }, status })
    expect(inV1).toEqual({
      ...base,
      apiVersion: 'autoscaling/v1',
      spec: { ...spec, targetCPUUtilizationPercentage: 60 },
      status,
    })
    expect(toV2(inV1).spec).toEqual({ ...spec, metrics: [cpu] })
  })

  test('of v1 without a target has the default one', () => {
    const inV2 = toV2({ ...base, apiVersion: 'autoscaling/v1', spec, status })
    expect(inV2['spec'].metrics).toEqual([
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
    ])
  })

  test('keeps in annotations what v1 has no fields for, and loses nothing', () => {
    const selector = { matchLabels: { a: 'b' } }
    const metrics = [
      { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
      {
        type: 'ContainerResource',
        containerResource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 5 }, container: 'c' },
      },
      {
        type: 'Pods',
        pods: { metric: { name: 'rps', selector }, target: { type: 'AverageValue', averageValue: '10' } },
      },
      {
        type: 'Object',
        object: {
          describedObject: { kind: 'Ingress', name: 'i' },
          target: { type: 'Value', value: '7' },
          metric: { name: 'hits' },
        },
      },
      { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '3' } } },
    ]
    const behavior = { scaleDown: { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 1, periodSeconds: 2 }] } }
    const conditions = [{ type: 'AbleToScale', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }]
    const currentMetrics = [
      { type: 'Resource', resource: { name: 'cpu', current: { averageValue: '10m', averageUtilization: 3 } } },
      { type: 'Pods', pods: { metric: { name: 'rps' }, current: { averageValue: '4' } } },
    ]
    const object = {
      ...base,
      metadata: { name: 'h', annotations: { mine: 'kept' } },
      apiVersion: 'autoscaling/v2',
      spec: { ...spec, metrics, behavior },
      status: { ...status, currentMetrics, conditions },
    }
    const inV1 = toV1(object)
    expect(inV1['status'].currentCPUUtilizationPercentage).toBe(3)
    expect(inV1.metadata['annotations']).toMatchObject({
      mine: 'kept',
      'autoscaling.alpha.kubernetes.io/behavior':
        '{"ScaleUp":null,"ScaleDown":{"StabilizationWindowSeconds":null,"SelectPolicy":"Max",' +
        '"Policies":[{"Type":"Percent","Value":1,"PeriodSeconds":2}],"Tolerance":null}}',
      'autoscaling.alpha.kubernetes.io/conditions': JSON.stringify(conditions),
    })
    expect(JSON.parse(inV1.metadata['annotations']['autoscaling.alpha.kubernetes.io/metrics'])[0]).toEqual({
      type: 'Resource',
      resource: { name: 'memory', targetAverageValue: '1Gi' },
    })
    expect(toV2(inV1)).toEqual(object)
  })

  const prefix = 'autoscaling.alpha.kubernetes.io/'
  const cpuDefault = [{ ...cpu, resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }]

  test.each([
    ['no JSON', '['],
    ['no list', '{"a":1}'],
    ['nulls', '[null]'],
    ['of other types', '[{"type":5,"status":{}}]'],
  ])('does without annotations that cannot be read: %s', (_, text) => {
    const names = ['metrics', 'behavior', 'current-metrics', 'conditions', 'scale-up-tolerance', 'scale-down-tolerance']
    const annotations = Object.fromEntries(names.map(name => [prefix + name, text]))
    expect(toV2({ ...base, metadata: { name: 'h', annotations }, apiVersion: 'autoscaling/v1', spec, status })).toEqual(
      {
        ...base,
        apiVersion: 'autoscaling/v2',
        spec: { ...spec, metrics: cpuDefault },
        status: { ...status, currentMetrics: null },
      },
    )
  })

  test('never shows what a client wrote in those annotations of v2', () => {
    const annotations = { [`${prefix}metrics`]: 'x', [`${prefix}scale-up-tolerance`]: '1', mine: 'kept' }
    const object = { ...base, metadata: { name: 'h', annotations }, apiVersion: 'autoscaling/v2', spec, status }
    expect(toV1(object).metadata['annotations']).toEqual({ mine: 'kept' })
  })

  test('shows the last CPU utilization of its status, and keeps the raw values', () => {
    const metric = (current: object) => ({ type: 'Resource', resource: { name: 'cpu', current } })
    const currentMetrics = [
      metric({ averageValue: '1m', averageUtilization: 1 }),
      metric({ averageValue: '2m', averageUtilization: 2 }),
      metric({ averageValue: '3m' }),
    ]
    const object = {
      ...base,
      apiVersion: 'autoscaling/v2',
      spec: { ...spec, metrics: [cpu] },
      status: { ...status, currentMetrics },
    }
    const inV1 = toV1(object)
    expect(inV1['status'].currentCPUUtilizationPercentage).toBe(2)
    expect(toV2(inV1)).toEqual(object)
  })

  test('of v1 has its CPU utilization as a metric of its status', () => {
    const inV1 = {
      ...base,
      apiVersion: 'autoscaling/v1',
      spec,
      status: { ...status, currentCPUUtilizationPercentage: 9 },
    }
    expect(toV2(inV1)['status'].currentMetrics).toEqual([
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 9 } } },
    ])
  })

  test('of v1 that runs nothing yet says so as v2 does', () => {
    const inV1 = { ...base, apiVersion: 'autoscaling/v1', spec, status: { currentReplicas: 0, desiredReplicas: 0 } }
    expect(toV2(inV1)['status']).toEqual({ desiredReplicas: 0, currentMetrics: null })
  })

  test('keeps its metrics, those of CPU last', () => {
    const memory = {
      type: 'Resource',
      resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } },
    }
    const object = { ...base, apiVersion: 'autoscaling/v2', spec: { ...spec, metrics: [cpu, memory] }, status }
    expect(toV2(toV1(object))['spec'].metrics).toEqual([memory, cpu])
  })
})
