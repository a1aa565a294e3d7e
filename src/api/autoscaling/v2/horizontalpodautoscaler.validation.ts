// What an autoscaler may say, in either of its versions (upstream: pkg/apis/autoscaling/validation).

import { type FieldError, forbidden, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { parseQuantity } from '../../../machinery/quantity.ts'
import type { Errors } from '../../../machinery/validation/field-checks.ts'
import { isPathSegmentName } from '../../../machinery/validation/names.ts'
import type { KubeObject } from '../../resource.ts'

const spec = root('spec')
const types = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource']
const fieldOf: Readonly<Record<string, string>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
}

export function validateHorizontalPodAutoscaler(autoscaler: KubeObject): FieldError[] {
  const errors: Errors = []
  const { minReplicas, maxReplicas = 0, scaleTargetRef = {}, metrics } = autoscaler['spec']
  if (minReplicas !== undefined && minReplicas < 1)
    errors.push(invalid(spec.child('minReplicas'), minReplicas, 'must be greater than or equal to 1'))
  if (maxReplicas < 1) errors.push(invalid(spec.child('maxReplicas'), maxReplicas, 'must be greater than 0'))
  if (minReplicas !== undefined && maxReplicas < minReplicas)
    errors.push(invalid(spec.child('maxReplicas'), maxReplicas, 'must be greater than or equal to `minReplicas`'))
  checkReference(scaleTargetRef, spec.child('scaleTargetRef'), errors)
  for (const [index, metric] of (metrics ?? []).entries())
    checkMetric(metric, spec.child('metrics').index(index), errors)
  return errors
}

function checkReference(reference: Record<string, string>, path: FieldPath, errors: Errors): void {
  for (const field of ['kind', 'name']) {
    const value = reference[field]
    if (!value) errors.push(required(path.child(field)))
    else for (const message of isPathSegmentName(value)) errors.push(invalid(path.child(field), value, message))
  }
}

function checkMetric(metric: Record<string, any>, path: FieldPath, errors: Errors): void {
  const type: string = metric['type'] ?? ''
  if (type === '') errors.push(required(path.child('type'), 'must specify a metric source type'))
  if (!types.includes(type)) errors.push(notSupported(path.child('type'), type, types))
  const present = Object.values(fieldOf).filter(field => metric[field] !== undefined)
  const [first] = present
  if (first) checkSource(metric[first], first, path.child(first), errors)
  const expected = fieldOf[type] ?? type.toLowerCase()
  if (!present.includes(expected))
    errors.push(required(path.child(expected), 'must populate information for the given metric source'))
  if (present.length > 1)
    for (const field of present)
      if (field !== expected) errors.push(forbidden(path.child(field), 'must populate the given metric source only'))
}

function checkSource(source: Record<string, any>, kind: string, path: FieldPath, errors: Errors): void {
  const target: Record<string, any> = source['target'] ?? {}
  const at = path.child('target')
  if (kind === 'resource' || kind === 'containerResource') {
    if (!source['name']) errors.push(required(path.child('name'), 'must specify a resource name'))
    if (kind === 'containerResource' && !source['container'])
      errors.push(required(path.child('container'), 'must specify a container'))
    checkTarget(target, at, errors)
    const { averageUtilization, averageValue } = target
    if (averageUtilization === undefined && averageValue === undefined)
      errors.push(
        required(at.child('averageUtilization'), 'must set either a target raw value or a target utilization'),
      )
    if (averageUtilization !== undefined && averageValue !== undefined)
      errors.push(forbidden(at.child('averageValue'), 'may not set both a target raw value and a target utilization'))
    return
  }
  if (kind === 'object') checkReference(source['describedObject'] ?? {}, path.child('describedObject'), errors)
  if (!source['metric']?.name) errors.push(required(path.child('metric', 'name'), 'must specify a metric name'))
  checkTarget(target, at, errors)
  if (kind === 'pods') {
    if (target['averageValue'] === undefined)
      errors.push(required(at.child('averageValue'), 'must specify a positive target averageValue'))
  } else if (target['value'] === undefined && target['averageValue'] === undefined)
    errors.push(required(at.child('averageValue'), 'must set either a target value or averageValue'))
  else if (kind === 'external' && target['value'] !== undefined && target['averageValue'] !== undefined)
    errors.push(forbidden(at.child('value'), 'may not set both a target value for metric and a per-pod target'))
}

function checkTarget(target: Record<string, any>, path: FieldPath, errors: Errors): void {
  const type: string = target['type'] ?? ''
  if (type === '') errors.push(required(path.child('type'), 'must specify a metric target type'))
  if (!['Utilization', 'Value', 'AverageValue'].includes(type))
    errors.push(invalid(path.child('type'), type, 'must be either Utilization, Value, or AverageValue'))
  for (const field of ['value', 'averageValue'])
    if (target[field] !== undefined && parseQuantity(target[field]).sign !== 1)
      errors.push(invalid(path.child(field), target[field], 'must be positive'))
  const { averageUtilization } = target
  if (averageUtilization !== undefined && averageUtilization < 1)
    errors.push(invalid(path.child('averageUtilization'), averageUtilization, 'must be greater than 0'))
}
