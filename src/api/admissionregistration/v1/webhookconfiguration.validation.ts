// What configurations of admission webhooks may say (upstream: pkg/apis/admissionregistration/validation). Of match
// conditions only what surrounds their expressions.

import { duplicate, type FieldError, invalid, notSupported, required, tooMany } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { isFullyQualifiedName } from '../../../machinery/validation/domain-names.ts'
import { checkIfGiven, checkQualifiedName, type Errors } from '../../../machinery/validation/field-checks.ts'
import { validateLabelSelector } from '../../../machinery/validation/labels.ts'
import { isDNS1035Label } from '../../../machinery/validation/names.ts'
import { checkWebhookService, checkWebhookURL } from '../../../machinery/validation/webhook-client.ts'
import type { KubeObject } from '../../resource.ts'

const acceptedVersions = ['v1', 'v1beta1']
const sideEffects = ['None', 'NoneOnDryRun']
const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']
const scopes = ['*', 'Cluster', 'Namespaced']
const mostConditions = 64

export function validateWebhookConfiguration(configuration: KubeObject): FieldError[] {
  const errors: Errors = []
  const names = new Set<string>()
  for (const [index, webhook] of ((configuration['webhooks'] ?? []) as Record<string, any>[]).entries()) {
    const path = root('webhooks').index(index)
    checkWebhook(webhook, path, errors)
    checkReviewVersions(webhook['admissionReviewVersions'] ?? [], path.child('admissionReviewVersions'), errors)
    const name: string = webhook['name'] ?? ''
    if (name !== '' && names.has(name)) errors.push(duplicate(path.child('name'), name))
    names.add(name)
  }
  return errors
}

function checkWebhook(webhook: Record<string, any>, path: FieldPath, errors: Errors): void {
  errors.push(...isFullyQualifiedName(path.child('name'), webhook['name'] ?? ''))
  for (const [index, rule] of (webhook['rules'] ?? []).entries())
    checkRuleWithOperations(rule, path.child('rules').index(index), errors)
  checkIfGiven(webhook['failurePolicy'], ['Fail', 'Ignore'], path, 'failurePolicy', errors)
  checkIfGiven(webhook['matchPolicy'], ['Equivalent', 'Exact'], path, 'matchPolicy', errors)
  if (webhook['sideEffects'] === undefined)
    errors.push(required(path.child('sideEffects'), `must specify one of ${sideEffects.join(', ')}`))
  checkIfGiven(webhook['sideEffects'], sideEffects, path, 'sideEffects', errors)
  const seconds = webhook['timeoutSeconds']
  if (seconds !== undefined && (seconds < 1 || seconds > 30))
    errors.push(invalid(path.child('timeoutSeconds'), seconds, 'the timeout value must be between 1 and 30 seconds'))
  for (const field of ['namespaceSelector', 'objectSelector'])
    errors.push(...validateLabelSelector(webhook[field], path.child(field)))
  checkIfGiven(webhook['reinvocationPolicy'], ['IfNeeded', 'Never'], path, 'reinvocationPolicy', errors)
  const { url, service } = webhook['clientConfig'] ?? {}
  const client = path.child('clientConfig')
  if ((url === undefined) === (service === undefined))
    errors.push(required(client, 'exactly one of url or service is required'))
  else if (url !== undefined) checkWebhookURL(url, client.child('url'), errors)
  else checkWebhookService(service, client.child('service'), errors)
  checkMatchConditions(webhook['matchConditions'] ?? [], path.child('matchConditions'), errors)
}

export function checkRuleWithOperations(rule: Record<string, any>, path: FieldPath, errors: Errors): void {
  const given: string[] = rule['operations'] ?? []
  const at = path.child('operations')
  if (given.length === 0) errors.push(required(at))
  if (given.length > 1 && given.includes('*'))
    errors.push(invalid(at, given, "if '*' is present, must not specify other operations"))
  for (const [index, operation] of given.entries())
    if (!operations.includes(operation)) errors.push(notSupported(at.index(index), operation, operations))
  for (const [field, what] of [
    ['apiGroups', 'API groups'],
    ['apiVersions', 'API versions'],
  ] as const) {
    const values: string[] = rule[field] ?? []
    if (values.length === 0) errors.push(required(path.child(field)))
    if (values.length > 1 && values.includes('*'))
      errors.push(invalid(path.child(field), values, `if '*' is present, must not specify other ${what}`))
    if (field === 'apiVersions')
      for (const [index, version] of values.entries())
        if (version === '') errors.push(required(path.child(field).index(index)))
  }
  checkResources(rule['resources'] ?? [], path.child('resources'), errors)
  checkIfGiven(rule['scope'], scopes, path, 'scope', errors)
}

function checkResources(resources: readonly string[], path: FieldPath, errors: Errors): void {
  if (resources.length === 0) errors.push(required(path))
  const wholeResources = new Set<string>()
  const wholeSubresources = new Set<string>()
  let plain = false
  for (const [index, text] of resources.entries()) {
    if (text === '') {
      errors.push(required(path.index(index)))
      continue
    }
    const slash = text.indexOf('/')
    if (slash < 0) {
      plain = text !== '*'
      continue
    }
    const [resource, subresource] = [text.slice(0, slash), text.slice(slash + 1)]
    if (wholeResources.has(resource))
      errors.push(invalid(path.index(index), text, `if '${resource}/*' is present, must not specify ${text}`))
    if (wholeSubresources.has(subresource))
      errors.push(invalid(path.index(index), text, `if '*/${subresource}' is present, must not specify ${text}`))
    if (subresource === '*') wholeResources.add(resource)
    if (resource === '*') wholeSubresources.add(subresource)
  }
  if (resources.length > 1 && resources.includes('*/*'))
    errors.push(invalid(path, resources, "if '*/*' is present, must not specify other resources"))
  if (resources.includes('*') && plain)
    errors.push(invalid(path, resources, "if '*' is present, must not specify other resources without subresources"))
}

function checkReviewVersions(versions: readonly string[], path: FieldPath, errors: Errors): void {
  if (versions.length === 0) {
    errors.push(required(path, `must specify one of ${acceptedVersions.join(', ')}`))
    return
  }
  const seen = new Set<string>()
  for (const [index, version] of versions.entries()) {
    if (seen.has(version)) {
      errors.push(invalid(path.index(index), version, 'duplicate version'))
      continue
    }
    seen.add(version)
    for (const message of isDNS1035Label(version)) errors.push(invalid(path.index(index), version, message))
  }
  if (!acceptedVersions.some(version => seen.has(version)))
    errors.push(invalid(path, versions, `must include at least one of ${acceptedVersions.join(', ')}`))
}

function checkMatchConditions(
  conditions: readonly { readonly name?: string; readonly expression?: string }[],
  path: FieldPath,
  errors: Errors,
): void {
  if (conditions.length > mostConditions) errors.push(tooMany(path, conditions.length, mostConditions))
  const names = new Set<string>()
  for (const [index, { name = '', expression = '' }] of conditions.entries()) {
    const at = path.index(index)
    if (expression.trim() === '') errors.push(required(at.child('expression')))
    if (name === '') {
      errors.push(required(at.child('name')))
      continue
    }
    checkQualifiedName(name, at.child('name'), errors)
    if (names.has(name)) errors.push(duplicate(at.child('name'), name))
    names.add(name)
  }
}
