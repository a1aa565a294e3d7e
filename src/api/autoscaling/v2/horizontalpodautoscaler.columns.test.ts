import { expect, test } from 'vitest'
import { horizontalPodAutoscalerCells } from './horizontalpodautoscaler.columns.ts'

const now = Date.parse('2026-01-02T00:00:00Z')
const autoscaler = (metrics: unknown[], currentMetrics?: unknown[], minReplicas?: number): any => ({
  metadata: { name: 'h', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, minReplicas, maxReplicas: 5, metrics },
  status: { currentReplicas: 2, currentMetrics },
})
const utilization = (name: string, averageUtilization: number) => ({
  type: 'Resource',
  resource: { name, target: { type: 'Utilization', averageUtilization } },
})
const metric = { name: 'm' }
const container = { name: 'cpu', container: 'c' }

test.each<[string, unknown[], unknown[] | undefined]>([
  ['<none>', [], undefined],
  ['cpu: <unknown>/80%', [utilization('cpu', 80)], undefined],
  [
    'cpu: 12%/80%',
    [utilization('cpu', 80)],
    [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 12, averageValue: '1m' } } }],
  ],
  ['cpu: <unknown>/<auto>', [{ type: 'Resource', resource: { name: 'cpu', target: {} } }], undefined],
  [
    'memory: 5Mi/1Gi',
    [{ type: 'Resource', resource: { name: 'memory', target: { averageValue: '1Gi' } } }],
    [{ resource: { current: { averageValue: '5Mi' } } }],
  ],
  [
    'cpu: 50%/70%',
    [{ type: 'ContainerResource', containerResource: { ...container, target: { averageUtilization: 70 } } }],
    [{ containerResource: { ...container, current: { averageUtilization: 50 } } }],
  ],
  [
    'cpu: <unknown>/100m',
    [{ type: 'ContainerResource', containerResource: { ...container, target: { averageValue: '100m' } } }],
    undefined,
  ],
  ['<unknown>/10', [{ type: 'Pods', pods: { metric, target: { averageValue: '10' } } }], undefined],
  [
    '4/10',
    [{ type: 'Pods', pods: { metric, target: { averageValue: '10' } } }],
    [{ pods: { metric, current: { averageValue: '4' } } }],
  ],
  [
    '7/9',
    [{ type: 'Object', object: { metric, target: { value: '9' } } }],
    [{ object: { metric, current: { value: '7' } } }],
  ],
  [
    '<unknown>/9 (avg)',
    [{ type: 'Object', object: { metric, target: { averageValue: '9' } } }],
    [{ object: { metric, current: { value: '7' } } }],
  ],
  [
    '3/6',
    [{ type: 'External', external: { metric, target: { value: '6' } } }],
    [{ external: { metric, current: { value: '3' } } }],
  ],
  [
    '2/6 (avg)',
    [{ type: 'External', external: { metric, target: { averageValue: '6' } } }],
    [{ external: { metric, current: { value: '3', averageValue: '2' } } }],
  ],
  ['<unknown type>', [{ type: 'Other' }], undefined],
  ['a: <unknown>/1%, b: <unknown>/2%', [utilization('a', 1), utilization('b', 2)], undefined],
  [
    'a: <unknown>/1%, b: <unknown>/2% + 2 more...',
    [1, 2, 3, 4].map(each => utilization('abcd'[each - 1]!, each)),
    undefined,
  ],
])('targets read %s', (text, metrics, current) => {
  expect(horizontalPodAutoscalerCells(autoscaler(metrics, current), now)[2]).toBe(text)
})

test('the other cells of an autoscaler', () => {
  expect(horizontalPodAutoscalerCells(autoscaler([], [], 1), now)).toEqual([
    'h',
    'Deployment/d',
    '<none>',
    '1',
    5,
    2,
    '24h',
  ])
  expect(horizontalPodAutoscalerCells(autoscaler([]), now)[3]).toBe('<unset>')
})
