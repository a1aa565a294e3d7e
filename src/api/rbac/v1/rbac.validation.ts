// Roles and bindings (upstream: pkg/apis/rbac/validation).

import { deepEqual } from '../../../machinery/deep-equal.ts'
import { type FieldError, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { type LabelSelector, labelSelectorFrom } from '../../../machinery/labels.ts'
import type { Errors } from '../../../machinery/validation/field-checks.ts'
import { validateLabelSelector } from '../../../machinery/validation/labels.ts'
import { isPathSegmentName, nameIsDNSSubdomain } from '../../../machinery/validation/names.ts'
import type { KubeObject } from '../../resource.ts'

const group = 'rbac.authorization.k8s.io'

interface PolicyRule {
  verbs?: string[]
  apiGroups?: string[]
  resources?: string[]
  resourceNames?: string[]
  nonResourceURLs?: string[]
}

export function validateRole(role: KubeObject): FieldError[] {
  const errors: Errors = []
  const namespaced = role.kind === 'Role'
  for (const [index, rule] of ((role['rules'] ?? []) as PolicyRule[]).entries())
    checkRule(rule, namespaced, root('rules').index(index), errors)
  const selectors = role['aggregationRule']?.clusterRoleSelectors
  if (role['aggregationRule']) {
    const path = root('aggregationRule', 'clusterRoleSelectors')
    if (!selectors?.length)
      errors.push(required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil'))
    for (const [index, selector] of (selectors ?? []).entries()) {
      errors.push(...validateLabelSelector(selector, path.index(index)))
      if (!isSelector(selector)) errors.push(invalid(path.index(index), null, 'invalid label selector.'))
    }
  }
  return errors
}

function isSelector(selector: LabelSelector): boolean {
  try {
    labelSelectorFrom(selector)
    return true
  } catch {
    return false
  }
}

function checkRule(rule: PolicyRule, namespaced: boolean, path: FieldPath, errors: Errors): void {
  const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } = rule
  if (!verbs?.length) errors.push(required(path.child('verbs'), 'verbs must contain at least one value'))
  if (nonResourceURLs?.length) {
    const at = path.child('nonResourceURLs')
    if (namespaced) errors.push(invalid(at, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'))
    if (apiGroups?.length || resources?.length || resourceNames?.length)
      errors.push(invalid(at, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'))
    return
  }
  if (!apiGroups?.length)
    errors.push(required(path.child('apiGroups'), 'resource rules must supply at least one api group'))
  if (!resources?.length)
    errors.push(required(path.child('resources'), 'resource rules must supply at least one resource'))
}

export function validateRoleBinding(binding: KubeObject): FieldError[] {
  const errors: Errors = []
  const namespaced = binding.kind === 'RoleBinding'
  const { apiGroup = '', kind = '', name = '' } = binding['roleRef'] ?? {}
  const path = root('roleRef')
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole']
  if (apiGroup !== group) errors.push(notSupported(path.child('apiGroup'), apiGroup, [group]))
  if (!kinds.includes(kind)) errors.push(notSupported(path.child('kind'), kind, kinds))
  if (name === '') errors.push(required(path.child('name')))
  else for (const message of isPathSegmentName(name)) errors.push(invalid(path.child('name'), name, message))
  for (const [index, subject] of ((binding['subjects'] ?? []) as Record<string, string>[]).entries())
    checkSubject(subject, namespaced, root('subjects').index(index), errors)
  return errors
}

function checkSubject(subject: Record<string, string>, namespaced: boolean, path: FieldPath, errors: Errors): void {
  const { kind = '', name = '', apiGroup = '', namespace = '' } = subject
  if (name === '') errors.push(required(path.child('name')))
  if (kind === 'ServiceAccount') {
    if (name !== '')
      for (const message of nameIsDNSSubdomain(name, false)) errors.push(invalid(path.child('name'), name, message))
    if (apiGroup !== '') errors.push(notSupported(path.child('apiGroup'), apiGroup, ['']))
    if (!namespaced && namespace === '') errors.push(required(path.child('namespace')))
  } else if (kind === 'User' || kind === 'Group') {
    if (apiGroup !== group) errors.push(notSupported(path.child('apiGroup'), apiGroup, [group]))
  } else errors.push(notSupported(path.child('kind'), kind, ['ServiceAccount', 'User', 'Group']))
}

export function validateRoleBindingUpdate(binding: KubeObject, old: KubeObject): FieldError[] {
  const errors = validateRoleBinding(binding)
  if (!deepEqual(binding['roleRef'], old['roleRef']))
    errors.push(invalid(root('roleRef'), binding['roleRef'], 'cannot change roleRef'))
  return errors
}
