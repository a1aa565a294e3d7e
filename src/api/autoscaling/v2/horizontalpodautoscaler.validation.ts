// What an autoscaler may say, in its version v2 (upstream: pkg/apis/autoscaling/validation).

import { type FieldError, forbidden, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { parseQuantity } from '../../../machinery/quantity.ts'
import { checkDNSLabel, checkName, checkNonnegative, type Errors } from '../../../machinery/validation/field-checks.ts'
import { nameIsPathSegment } from '../../../machinery/validation/names.ts'
import { checkContainerResourceName } from '../../core/v1/resources.validation.ts'
import type { KubeObject } from '../../resource.ts'

const spec = root('spec')
const status = root('status')
const types = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource']
/** In the order in which upstream looks at them. */
const fieldOf: Readonly<Record<string, string>> = {
  Object: 'object',
  External: 'external',
  Pods: 'pods',
  Resource: 'resource',
  ContainerResource: 'containerResource',
}

/** An object that scaled to zero once, when that was possible, may stay so. */
export function validateHorizontalPodAutoscaler(autoscaler: KubeObject, old?: KubeObject): FieldError[] {
  const errors: Errors = []
  const { minReplicas, maxReplicas = 0, scaleTargetRef = {}, metrics, behavior } = autoscaler['spec']
  const least = old?.['spec'].minReplicas === 0 ? 0 : 1
  if (minReplicas !== undefined && minReplicas < least)
    errors.push(invalid(spec.child('minReplicas'), minReplicas, `must be greater than or equal to ${least}`))
  if (maxReplicas === 0) errors.push(required(spec.child('maxReplicas'), 'must be set and greater than 0'))
  else if (maxReplicas < 0)
    errors.push(invalid(spec.child('maxReplicas'), maxReplicas, 'must be greater than or equal to 1'))
  if (minReplicas !== undefined && maxReplicas < minReplicas)
    errors.push(invalid(spec.child('maxReplicas'), maxReplicas, 'must be greater than or equal to `minReplicas`'))
  checkReference(scaleTargetRef, spec.child('scaleTargetRef'), errors)
  checkTargetVersion(scaleTargetRef, old?.['spec'].scaleTargetRef, spec.child('scaleTargetRef'), errors)
  const hadInvalidVersions = ((old?.['spec'].metrics ?? []) as Record<string, any>[]).some(
    ({ type, object }) => type === 'Object' && object && !isGroupVersion(object.describedObject?.apiVersion ?? ''),
  )
  let scalesFromZero = false
  for (const [index, metric] of (metrics ?? []).entries()) {
    checkMetric(metric, spec.child('metrics').index(index), hadInvalidVersions, errors)
    if (metric.type === 'Object' || metric.type === 'External') scalesFromZero = true
  }
  if (minReplicas === 0 && !scalesFromZero)
    errors.push(
      forbidden(
        spec.child('metrics'),
        'must specify at least one Object or External metric to support scaling to zero replicas',
      ),
    )
  for (const direction of ['scaleUp', 'scaleDown'])
    if (behavior?.[direction]) checkRules(behavior[direction], spec.child('behavior', direction), errors)
  return errors
}

export function validateHorizontalPodAutoscalerStatusUpdate(autoscaler: KubeObject): FieldError[] {
  const errors: Errors = []
  for (const field of ['currentReplicas', 'desiredReplicas'])
    checkNonnegative(autoscaler['status']?.[field], status, field, errors)
  return errors
}

const longestWindow = 3600
const longestPeriod = 1800
const selectPolicies = ['Disabled', 'Max', 'Min']

function checkRules(rules: Record<string, any>, path: FieldPath, errors: Errors): void {
  const { stabilizationWindowSeconds: seconds, selectPolicy, policies = [] } = rules
  const at = path.child('stabilizationWindowSeconds')
  if (seconds !== undefined && seconds < 0) errors.push(invalid(at, seconds, 'must be greater than or equal to zero'))
  if (seconds !== undefined && seconds > longestWindow)
    errors.push(invalid(at, seconds, `must be less than or equal to ${longestWindow}`))
  if (selectPolicy !== undefined && !selectPolicies.includes(selectPolicy))
    errors.push(notSupported(path.child('selectPolicy'), selectPolicy, selectPolicies))
  if (policies.length === 0) errors.push(required(path.child('policies'), 'must specify at least one Policy'))
  for (const [index, { type = '', value = 0, periodSeconds = 0 }] of policies.entries()) {
    const there = path.child('policies').index(index)
    if (type !== 'Pods' && type !== 'Percent') errors.push(notSupported(there.child('type'), type, ['Percent', 'Pods']))
    if (value <= 0) errors.push(invalid(there.child('value'), value, 'must be greater than zero'))
    const period = there.child('periodSeconds')
    if (periodSeconds <= 0) errors.push(invalid(period, periodSeconds, 'must be greater than zero'))
    if (periodSeconds > longestPeriod)
      errors.push(invalid(period, periodSeconds, `must be less than or equal to ${longestPeriod}`))
  }
  const { tolerance } = rules
  if (tolerance !== undefined && parseQuantity(tolerance).sign < 0)
    errors.push(invalid(path.child('tolerance'), tolerance, 'must be greater than or equal to 0'))
}

function checkReference(reference: Record<string, string>, path: FieldPath, errors: Errors): void {
  for (const field of ['kind', 'name']) {
    const value = reference[field]
    if (!value) errors.push(required(path.child(field)))
    else checkName(value, nameIsPathSegment, path.child(field), errors)
  }
}

const isGroupVersion = (text: string): boolean => text.split('/').length <= 2

const unexpected = (text: string): string => `unexpected GroupVersion string: ${text}`

/** Only the kind ReplicationController is of no group; a reference that stays as it was is taken as it is. */
function checkTargetVersion(
  { apiVersion = '', kind = '' }: Record<string, string>,
  old: Record<string, string> | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  if (old && (old['apiVersion'] ?? '') === apiVersion && (old['kind'] ?? '') === kind) return
  if (!isGroupVersion(apiVersion)) errors.push(invalid(path.child('apiVersion'), apiVersion, unexpected(apiVersion)))
  else if (!/^[^/]+\//.test(apiVersion) && kind !== 'ReplicationController')
    errors.push(invalid(path.child('apiVersion'), apiVersion, 'apiVersion must specify API group'))
}

function checkMetric(metric: Record<string, any>, path: FieldPath, anyDescribedVersion: boolean, errors: Errors): void {
  const type: string = metric['type'] ?? ''
  if (type === '') errors.push(required(path.child('type'), 'must specify a metric source type'))
  if (!types.includes(type)) errors.push(notSupported(path.child('type'), type, types))
  const present = Object.values(fieldOf).filter(field => metric[field] !== undefined)
  const [first] = present
  if (first) checkSource(metric[first], first, path.child(first), anyDescribedVersion, errors)
  const expected = fieldOf[type]
  // Upstream says it twice.
  if (expected === undefined) errors.push(notSupported(path.child('type'), type, types))
  else if (!present.includes(expected))
    errors.push(required(path.child(expected), 'must populate information for the given metric source'))
  if (present.length !== 1)
    for (const field of present)
      if (field !== expected) errors.push(forbidden(path.child(field), 'must populate the given metric source only'))
}

function checkSource(
  source: Record<string, any>,
  kind: string,
  path: FieldPath,
  anyDescribedVersion: boolean,
  errors: Errors,
): void {
  const target: Record<string, any> = source['target'] ?? {}
  const at = path.child('target')
  if (kind === 'resource' || kind === 'containerResource') {
    if (!source['name']) errors.push(required(path.child('name'), 'must specify a resource name'))
    else if (kind === 'containerResource') checkContainerResourceName(source['name'], path.child('name'), errors)
    if (kind === 'containerResource') {
      if (!source['container']) errors.push(required(path.child('container'), 'must specify a container'))
      else checkDNSLabel(source['container'], path.child('container'), errors)
    }
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
  if (kind === 'object') {
    const there = path.child('describedObject')
    checkReference(source['describedObject'] ?? {}, there, errors)
    const version: string = source['describedObject']?.apiVersion ?? ''
    if (!anyDescribedVersion && !isGroupVersion(version))
      errors.push(invalid(there.child('apiVersion'), version, unexpected(version)))
  }
  const name: string = source['metric']?.name ?? ''
  if (name === '') errors.push(required(path.child('metric', 'name'), 'must specify a metric name'))
  else checkName(name, nameIsPathSegment, path.child('metric', 'name'), errors)
  checkTarget(target, at, errors)
  if (kind === 'pods') {
    if (target['averageValue'] === undefined)
      errors.push(required(at.child('averageValue'), 'must specify a positive target averageValue'))
  } else if (target['value'] === undefined && target['averageValue'] === undefined)
    errors.push(
      required(
        at.child('averageValue'),
        kind === 'external'
          ? 'must set either a target value for metric or a per-pod target'
          : 'must set either a target value or averageValue',
      ),
    )
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
