// The default roles and bindings, from their tables to the objects. Upstream's policy: each carries the label that marks
// it as the server's own and the annotation by which it is kept up to date at every start.

import { aggregatedRules, type PolicyRule } from '../../api/rbac/aggregation.ts'
import type { KubeObject } from '../../api/resource.ts'
import { aggregatedRoles, aggregatesTo, clusterRoles } from './cluster-roles.ts'
import { controllerRoles } from './controller-roles.ts'
import { namespacedRoles } from './namespaced-roles.ts'

const group = 'rbac.authorization.k8s.io'
const apiVersion = `${group}/v1`
const aggregateLabel = (to: string) => `${group}/aggregate-to-${to}`

/** Who holds which ClusterRole; the binding has the role's name. */
const clusterRoleBindings: Readonly<Record<string, readonly string[]>> = {
  'cluster-admin': ['group:system:masters'],
  'system:basic-user': ['group:system:authenticated'],
  'system:discovery': ['group:system:authenticated'],
  'system:kube-controller-manager': ['user:system:kube-controller-manager'],
  'system:kube-dns': ['serviceaccount:kube-dns'],
  'system:kube-scheduler': ['user:system:kube-scheduler'],
  'system:monitoring': ['group:system:monitoring'],
  'system:node': [],
  'system:node-proxier': ['user:system:kube-proxy'],
  'system:public-info-viewer': ['group:system:authenticated', 'group:system:unauthenticated'],
  'system:service-account-issuer-discovery': ['group:system:serviceaccounts'],
  'system:volume-scheduler': ['user:system:kube-scheduler'],
}

const verbGroups: Readonly<Record<string, readonly string[]>> = {
  read: ['get', 'list', 'watch'],
  write: ['create', 'delete', 'deletecollection', 'patch', 'update'],
}

/** One line of a table (see cluster-roles.ts) as a rule. */
export function policyRule(line: string): PolicyRule {
  const [verbText = '', second = '', third, fourth] = line.split(' ')
  const verbs = verbText
    .split(',')
    .flatMap(verb => verbGroups[verb] ?? [verb])
    .sort()
  if (third === undefined) return { verbs, nonResourceURLs: second.split(',') }
  return {
    verbs,
    apiGroups: second.split(',').map(name => (name === 'core' ? '' : name)),
    resources: third.split(','),
    ...(fourth !== undefined && { resourceNames: fourth.split(',') }),
  }
}

function metadata(name: string, namespace?: string, labels?: Record<string, string>): KubeObject['metadata'] {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
  }
}

function subject(text: string): Record<string, string> {
  const colon = text.indexOf(':')
  const name = text.slice(colon + 1)
  switch (text.slice(0, colon)) {
    case 'serviceaccount':
      return { kind: 'ServiceAccount', name, namespace: 'kube-system' }
    case 'user':
      return { kind: 'User', apiGroup: group, name }
    default:
      return { kind: 'Group', apiGroup: group, name }
  }
}

function clusterRole(name: string, rules: readonly string[]): KubeObject {
  const to = aggregatesTo[name]
  const gathers = aggregatedRoles[name]
  return {
    apiVersion,
    kind: 'ClusterRole',
    metadata: metadata(name, undefined, to === undefined ? undefined : { [aggregateLabel(to)]: 'true' }),
    rules: rules.map(policyRule),
    ...(gathers !== undefined && {
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregateLabel(gathers)]: 'true' } }] },
    }),
  }
}

/** ClusterRoles in order of name, those that aggregate already filled. */
export function defaultClusterRoles(): KubeObject[] {
  const roles = [
    ...Object.entries(clusterRoles).map(([name, rules]) => clusterRole(name, rules)),
    ...Object.entries(controllerRoles).map(([name, rules]) => clusterRole(`system:controller:${name}`, rules)),
  ].sort((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1))
  // A role that gathers may itself be gathered (view → edit → admin): fill the innermost first.
  for (const name of ['view', 'edit', 'admin']) {
    const role = roles.find(each => each.metadata.name === name)!
    role['rules'] = aggregatedRules(role, roles)
  }
  return roles
}

export function defaultClusterRoleBindings(): KubeObject[] {
  const binding = (name: string, subjects: readonly string[]): KubeObject => ({
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: metadata(name),
    ...(subjects.length > 0 && { subjects: subjects.map(subject) }),
    roleRef: { apiGroup: group, kind: 'ClusterRole', name },
  })
  return [
    ...Object.entries(clusterRoleBindings).map(([name, subjects]) => binding(name, subjects)),
    ...Object.keys(controllerRoles).map(name => binding(`system:controller:${name}`, [`serviceaccount:${name}`])),
  ]
}

export function defaultRoles(): KubeObject[] {
  return namespacedRoles.map(({ namespace, name, rules }) => ({
    apiVersion,
    kind: 'Role',
    metadata: metadata(name, namespace),
    rules: rules.map(policyRule),
  }))
}

export function defaultRoleBindings(): KubeObject[] {
  return namespacedRoles.map(({ namespace, name, binding = name, subjects }) => ({
    apiVersion,
    kind: 'RoleBinding',
    metadata: metadata(binding, namespace),
    subjects: subjects.map(subject),
    roleRef: { apiGroup: group, kind: 'Role', name },
  }))
}
