// What a rule or a selector of admission may say: shared by policies and webhooks (upstream:
// pkg/apis/admissionregistration/validation).

import { duplicate, type FieldError, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import { validateLabelSelector } from '../../../machinery/validation/labels.ts'
import { isPathSegmentName } from '../../../machinery/validation/names.ts'
import type { MatchResources, NamedRuleWithOperations, RuleWithOperations } from './matchresources.ts'

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']
const scopes = ['*', 'Cluster', 'Namespaced']

export function validateFailurePolicy(policy: string | undefined, path: FieldPath): FieldError[] {
  if (policy === undefined) return [required(path)]
  return policy === 'Fail' || policy === 'Ignore' ? [] : [notSupported(path, policy, ['Fail', 'Ignore'])]
}

export function validateMatchResources(resources: MatchResources | undefined, path: FieldPath): FieldError[] {
  if (!resources) return []
  const errors: FieldError[] = []
  const { matchPolicy, namespaceSelector, objectSelector, resourceRules = [], excludeResourceRules = [] } = resources
  if (matchPolicy === undefined) errors.push(required(path.child('matchPolicy')))
  else if (matchPolicy !== 'Exact' && matchPolicy !== 'Equivalent')
    errors.push(notSupported(path.child('matchPolicy'), matchPolicy, ['Equivalent', 'Exact']))
  for (const [name, selector] of Object.entries({ namespaceSelector, objectSelector })) {
    if (selector) errors.push(...validateLabelSelector(selector, path.child(name)))
    else errors.push(required(path.child(name)))
  }
  for (const [name, rules] of Object.entries({ resourceRules, excludeResourceRules }))
    rules.forEach((rule, index) => {
      errors.push(...validateNamedRule(rule, path.child(name).index(index)))
    })
  return errors
}

/** Kinds that may not match every operation. */
export function validateOperations(
  rules: readonly NamedRuleWithOperations[] | undefined,
  allowed: readonly string[],
  path: FieldPath,
): FieldError[] {
  const wrong = (rules ?? []).flatMap(rule => (rule.operations ?? []).filter(operation => !allowed.includes(operation)))
  return wrong.map(operation => notSupported(path, operation, allowed))
}

function validateNamedRule(rule: NamedRuleWithOperations, path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [index, name] of (rule.resourceNames ?? []).entries()) {
    const at = path.child('resourceNames').index(index)
    for (const message of isPathSegmentName(name)) errors.push(invalid(at, name, message))
    if (seen.has(name)) errors.push(duplicate(at, name))
    seen.add(name)
  }
  return [...errors, ...validateRuleWithOperations(rule, path)]
}

export function validateRuleWithOperations(rule: RuleWithOperations, path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const given: readonly string[] = rule.operations ?? []
  const at = path.child('operations')
  if (given.length === 0) errors.push(required(at))
  errors.push(...onlyWildcard(given, at, 'operations'))
  given.forEach((operation, index) => {
    if (!operations.includes(operation)) errors.push(notSupported(at.index(index), operation, operations))
  })
  const { apiGroups = [], apiVersions = [], resources = [], scope } = rule
  if (apiGroups.length === 0) errors.push(required(path.child('apiGroups')))
  errors.push(...onlyWildcard(apiGroups, path.child('apiGroups'), 'API groups'))
  const versions = path.child('apiVersions')
  if (apiVersions.length === 0) errors.push(required(versions))
  errors.push(...onlyWildcard(apiVersions, versions, 'API versions'))
  apiVersions.forEach((version, index) => {
    if (version === '') errors.push(required(versions.index(index)))
  })
  errors.push(...validateResources(resources, path.child('resources')))
  if (scope !== undefined && !scopes.includes(scope)) errors.push(notSupported(path.child('scope'), scope, scopes))
  return errors
}

function onlyWildcard(values: readonly string[], path: FieldPath, what: string): FieldError[] {
  if (values.length < 2 || !values.includes('*')) return []
  return [invalid(path, values, `if '*' is present, must not specify other ${what}`)]
}

function validateResources(resources: readonly string[], path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (resources.length === 0) errors.push(required(path))
  const allSubresourcesOf = new Set<string>()
  const ofAllResources = new Set<string>()
  let plain = false
  for (const [index, given] of resources.entries()) {
    const at = path.index(index)
    if (given === '') {
      errors.push(required(at))
      continue
    }
    const slash = given.indexOf('/')
    if (slash < 0) {
      plain = given !== '*'
      continue
    }
    const [resource, subresource] = [given.slice(0, slash), given.slice(slash + 1)]
    if (allSubresourcesOf.has(resource))
      errors.push(invalid(at, given, `if '${resource}/*' is present, must not specify ${given}`))
    if (ofAllResources.has(subresource))
      errors.push(invalid(at, given, `if '*/${subresource}' is present, must not specify ${given}`))
    if (subresource === '*') allSubresourcesOf.add(resource)
    if (resource === '*') ofAllResources.add(subresource)
  }
  if (resources.length > 1 && resources.includes('*/*'))
    errors.push(invalid(path, resources, "if '*/*' is present, must not specify other resources"))
  if (resources.includes('*') && plain)
    errors.push(invalid(path, resources, "if '*' is present, must not specify other resources without subresources"))
  return errors
}
