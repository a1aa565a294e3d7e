import { expect, test } from 'vitest'
import { fieldErrorMessage } from '../../../machinery/field-error.ts'
import { validateHorizontalPodAutoscaler } from './horizontalpodautoscaler.validation.ts'

const scaler = (spec: object) => ({
  metadata: { name: 'h' },
  spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, ...spec },
})
const metric = (of: object) => ({ metrics: [of] })
const target = { type: 'AverageValue', averageValue: '1' }
const behavior = (of: object) => ({
  behavior: { scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 1 }], ...of } },
})
const types = 'supported values: "ContainerResource", "External", "Object", "Pods", "Resource"'

test.each<[string, object, string[]]>([
  ['that is right', {}, []],
  [
    'without bounds',
    { minReplicas: 0, maxReplicas: 0, scaleTargetRef: { kind: 'a/b' } },
    [
      'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
      'spec.maxReplicas: Required value: must be set and greater than 0',
      `spec.scaleTargetRef.kind: Invalid value: "a/b": may not contain '/'`,
      'spec.scaleTargetRef.name: Required value',
      'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
      'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
    ],
  ],
  [
    'with fewer at most than at least',
    { minReplicas: 4 },
    ['spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`'],
  ],
  [
    'of an unknown metric',
    metric({ type: 'x' }),
    [
      `spec.metrics[0].type: Unsupported value: "x": ${types}`,
      `spec.metrics[0].type: Unsupported value: "x": ${types}`,
    ],
  ],
  [
    'of another metric than it says',
    metric({ type: 'Resource', pods: { metric: { name: 'm' }, target } }),
    ['spec.metrics[0].resource: Required value: must populate information for the given metric source'],
  ],
  [
    'of two metrics in one',
    metric({ type: 'Pods', pods: { metric: { name: 'm' }, target }, resource: { name: 'cpu', target } }),
    ['spec.metrics[0].resource: Forbidden: must populate the given metric source only'],
  ],
  [
    'of a container without a name',
    metric({
      type: 'ContainerResource',
      containerResource: { name: 'apples', container: '', target: { type: 'Utilization', averageUtilization: 0 } },
    }),
    [
      'spec.metrics[0].containerResource.name: Invalid value: "apples": must be a standard resource type or fully qualified',
      'spec.metrics[0].containerResource.name: Invalid value: "apples": must be a standard resource for containers',
      'spec.metrics[0].containerResource.container: Required value: must specify a container',
      'spec.metrics[0].containerResource.target.averageUtilization: Invalid value: 0: must be greater than 0',
    ],
  ],
  [
    'of something outside',
    metric({ type: 'External', external: { metric: { name: '' }, target: { type: 'Value', value: '0' } } }),
    [
      'spec.metrics[0].external.metric.name: Required value: must specify a metric name',
      'spec.metrics[0].external.target.value: Invalid value: "0": must be positive',
    ],
  ],
  [
    'of an object without a value',
    metric({
      type: 'Object',
      object: { describedObject: { kind: 'a', name: 'b' }, metric: { name: 'm/n' }, target: { type: '' } },
    }),
    [
      `spec.metrics[0].object.metric.name: Invalid value: "m/n": may not contain '/'`,
      'spec.metrics[0].object.target.type: Required value: must specify a metric target type',
      'spec.metrics[0].object.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue',
      'spec.metrics[0].object.target.averageValue: Required value: must set either a target value or averageValue',
    ],
  ],
  [
    'that behaves oddly',
    behavior({
      stabilizationWindowSeconds: 3601,
      selectPolicy: 'x',
      policies: [{ type: 'x', value: 0, periodSeconds: 1801 }],
      tolerance: '-1',
    }),
    [
      'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600',
      'spec.behavior.scaleUp.selectPolicy: Unsupported value: "x": supported values: "Disabled", "Max", "Min"',
      'spec.behavior.scaleUp.policies[0].type: Unsupported value: "x": supported values: "Percent", "Pods"',
      'spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero',
      'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
      'spec.behavior.scaleUp.tolerance: Invalid value: "-1": must be greater than or equal to 0',
    ],
  ],
  [
    'without a policy',
    behavior({ policies: [] }),
    ['spec.behavior.scaleUp.policies: Required value: must specify at least one Policy'],
  ],
])('an autoscaler %s', (_name, spec, errors) => {
  expect(validateHorizontalPodAutoscaler(scaler(spec)).map(fieldErrorMessage)).toEqual(errors)
})

test('one that was at zero may stay there', () => {
  const zero = scaler({ minReplicas: 0, metrics: [{ type: 'External', external: { metric: { name: 'm' }, target } }] })
  expect(validateHorizontalPodAutoscaler(zero, zero)).toEqual([])
})
