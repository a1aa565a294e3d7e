// RBAC's unit: a rule, and whether it allows a request (upstream: pkg/apis/rbac/v1 evaluation helpers).

import type { PolicyRule } from '../../api/rbac/aggregation.ts'
import type { AuthorizationAttributes } from './authorizer.ts'

export type { PolicyRule } from '../../api/rbac/aggregation.ts'

function hasOrAll(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes(value) || list.includes('*'))
}

export function verbMatches(rule: PolicyRule, verb: string): boolean {
  return hasOrAll(rule.verbs, verb)
}

/** Whether the rule is about the resource (`pods`, `pods/log`), whatever the object's name. */
export function resourceMatches(rule: PolicyRule, group: string, resource: string, subresource: string): boolean {
  if (!hasOrAll(rule.apiGroups, group) || rule.resources === undefined) return false
  const combined = subresource === '' ? resource : `${resource}/${subresource}`
  for (const each of rule.resources) {
    if (each === '*' || each === combined) return true
    if (subresource !== '' && each.length === subresource.length + 2 && each === `*/${subresource}`) return true
  }
  return false
}

export function resourceNameMatches(rule: PolicyRule, name: string): boolean {
  return !rule.resourceNames || rule.resourceNames.length === 0 || rule.resourceNames.includes(name)
}

export function nonResourceURLMatches(rule: PolicyRule, path: string): boolean {
  for (const url of rule.nonResourceURLs ?? []) {
    if (url === '*' || url === path) return true
    if (url.endsWith('*') && path.startsWith(url.replace(/\*+$/, ''))) return true
  }
  return false
}

export function ruleAllows(rule: PolicyRule, attributes: AuthorizationAttributes): boolean {
  if (!verbMatches(rule, attributes.verb)) return false
  if (!attributes.resourceRequest) return nonResourceURLMatches(rule, attributes.path ?? '')
  return (
    resourceMatches(rule, attributes.group ?? '', attributes.resource ?? '', attributes.subresource ?? '') &&
    resourceNameMatches(rule, attributes.name ?? '')
  )
}
