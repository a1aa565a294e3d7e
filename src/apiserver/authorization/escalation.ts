// No one may give what they don't have: whoever writes a role or a binding must already hold every right in it, unless
// they may `escalate` that role, or `bind` it.

import type { KubeObject } from '../../api/resource.ts'
import { semanticEqual } from '../../machinery/deep-equal.ts'
import { aggregateMessage } from '../../machinery/field-error.ts'
import { quote } from '../../machinery/go-text.ts'
import { goJson } from '../../machinery/json/write.ts'
import { forbidden, notFound, type StatusError } from '../../machinery/status-error.ts'
import { systemPrivilegedGroup, type UserInfo } from '../user.ts'
import type { Authorizer } from './authorizer.ts'
import type { PolicyRule } from './policy-rule.ts'
import type { RbacAuthorizer } from './rbac.ts'
import { RoleNotFound, type RoleRef } from './rbac-index.ts'

const rbacGroup = 'rbac.authorization.k8s.io'
const fullAuthority: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

export interface EscalationCheck {
  /** roles, clusterroles, rolebindings or clusterrolebindings. */
  readonly resource: string
  /** '' for the cluster-scoped two. */
  readonly namespace: string
  readonly object: KubeObject
  /** What stands now, for an update. */
  readonly oldObject?: KubeObject
  /** What the request's path names; '' for a POST. */
  readonly requestName: string
  readonly user: UserInfo
  readonly authorizer: Authorizer
  readonly rbac: RbacAuthorizer
}

/** Throws the 403 if writing this role or binding would give someone a right that the writer does not hold. */
export function checkEscalation(check: EscalationCheck): void {
  if (check.user.groups.includes(systemPrivilegedGroup)) return
  if (check.resource === 'roles' || check.resource === 'clusterroles') checkRole(check)
  else if (check.resource === 'rolebindings' || check.resource === 'clusterrolebindings') checkBinding(check)
}

function checkRole(check: EscalationCheck): void {
  const { resource, namespace, object, oldObject, user, authorizer, requestName } = check
  const name = object.metadata.name ?? ''
  const attributes = { user, resourceRequest: true, group: rbacGroup, version: '*', resource, namespace }
  if (authorizer.authorize({ ...attributes, verb: 'escalate', name: requestName }).allowed) return
  if (isForCollectorOnly(object, oldObject)) return
  refuse(check, name, missingRights(check, object['rules'] ?? []))
  if (resource === 'clusterroles' && (aggregates(object) || aggregates(oldObject))) {
    if (missingRights(check, fullAuthority) !== undefined)
      throw refusal(check, name, 'must have cluster-admin privileges to use the aggregationRule')
  }
}

const aggregates = (role: KubeObject | undefined) => role?.['aggregationRule']?.clusterRoleSelectors?.length > 0

function checkBinding(check: EscalationCheck): void {
  const { namespace, object, oldObject, user, authorizer, rbac } = check
  const name = object.metadata.name ?? ''
  const roleRef: RoleRef = object['roleRef'] ?? { kind: '', name: '' }
  if (isForCollectorOnly(object, oldObject)) return
  const resource = resourceOfRole[roleRef.kind]
  if (resource !== undefined) {
    const attributes = { user, resourceRequest: true, group: rbacGroup, version: '*', resource, namespace }
    if (authorizer.authorize({ ...attributes, verb: 'bind', name: roleRef.name }).allowed) return
  }
  const rules = rbac.roleRules(roleRef, namespace)
  if (rules instanceof Error) throw asRead(check, rules)
  refuse(check, name, missingRights(check, rules))
}

const resourceOfRole: Readonly<Record<string, string>> = { Role: 'roles', ClusterRole: 'clusterroles' }

/** Upstream reads the role as part of the request, so it says that the request's kind of object is not there. */
function asRead({ resource }: EscalationCheck, error: Error): Error | StatusError {
  return error instanceof RoleNotFound ? notFound({ group: rbacGroup, resource }, error.role) : error
}

/** Nothing changes but what the garbage collector needs to change. */
function isForCollectorOnly(object: KubeObject, oldObject: KubeObject | undefined): boolean {
  return oldObject !== undefined && semanticEqual(withoutCollectors(object), withoutCollectors(oldObject))
}

function withoutCollectors({ metadata, ...rest }: KubeObject): object {
  const { ownerReferences: _owners, finalizers: _finalizers, managedFields: _managers, ...others } = metadata
  return { ...rest, metadata: others }
}

function refuse(check: EscalationCheck, name: string, message: string | undefined): void {
  if (message !== undefined) throw refusal(check, name, message)
}

function refusal({ resource }: EscalationCheck, name: string, message: string) {
  return forbidden({ group: rbacGroup, resource }, name, message)
}

/** Upstream's words for the rights in `wanted` that the user lacks in the namespace; undefined when they hold all. */
function missingRights(check: EscalationCheck, wanted: readonly PolicyRule[]): string | undefined {
  const { rbac, user, namespace } = check
  const { rules, errors } = rbac.heldBy(user, namespace)
  const missing = uncovered(rules, wanted)
  if (missing.length === 0) return undefined
  const lines = [...new Set(compact(missing).map(ruleText))].sort()
  const problems = errors.map(error => asRead(check, error).message)
  const resolution = problems.length === 0 ? '' : `; resolution errors: [${aggregateMessage(problems)}]`
  const groups = `[${user.groups.map(quote).join(' ')}]`
  return `user ${quote(user.name)} (groups=${groups}) is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}${resolution}`
}

/** The parts of the wanted rules, each of one verb and one resource or path, that no held rule covers. */
export function uncovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter(part => !held.some(rule => covers(rule, part)))
}

function breakDown(rule: PolicyRule): PolicyRule[] {
  const parts: PolicyRule[] = []
  for (const apiGroup of rule.apiGroups ?? [])
    for (const resource of rule.resources ?? [])
      for (const verb of rule.verbs) {
        const part = { apiGroups: [apiGroup], resources: [resource], verbs: [verb] }
        if (rule.resourceNames?.length)
          for (const resourceName of rule.resourceNames) parts.push({ ...part, resourceNames: [resourceName] })
        else parts.push(part)
      }
  for (const url of rule.nonResourceURLs ?? [])
    for (const verb of rule.verbs) parts.push({ nonResourceURLs: [url], verbs: [verb] })
  return parts
}

const hasAll = (list: readonly string[] | undefined, wanted: readonly string[] | undefined) =>
  list?.includes('*') || (wanted ?? []).every(each => list?.includes(each) ?? false)

function covers(held: PolicyRule, part: PolicyRule): boolean {
  if (!hasAll(held.verbs, part.verbs)) return false
  if (part.nonResourceURLs) {
    return part.nonResourceURLs.every(path =>
      (held.nonResourceURLs ?? []).some(
        url => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.replace(/\*+$/, ''))),
      ),
    )
  }
  if (!hasAll(held.apiGroups, part.apiGroups)) return false
  if (held.resourceNames?.length && !(part.resourceNames && hasAll(held.resourceNames, part.resourceNames)))
    return false
  return (part.resources ?? []).every(resource => {
    if (held.resources?.includes('*') || held.resources?.includes(resource)) return true
    const slash = resource.indexOf('/')
    return slash >= 0 && (held.resources?.includes(`*${resource.slice(slash)}`) ?? false)
  })
}

/** Joins the verbs of parts that are about the same resource. */
function compact(parts: readonly PolicyRule[]): PolicyRule[] {
  const joined = new Map<string, { rule: PolicyRule; verbs: string[] }>()
  for (const rule of parts) {
    const key = goJson([
      rule.apiGroups,
      rule.resources,
      rule.resourceNames ?? [],
      rule.nonResourceURLs ?? [],
      rule.nonResourceURLs ? rule.verbs : '',
    ])
    const known = joined.get(key)
    if (known === undefined) joined.set(key, { rule, verbs: [...rule.verbs] })
    else for (const verb of rule.verbs) if (!known.verbs.includes(verb)) known.verbs.push(verb)
  }
  return [...joined.values()].map(({ rule, verbs }) => ({ ...rule, verbs }))
}

function ruleText(rule: PolicyRule): string {
  const parts: string[] = []
  const add = (name: string, list: readonly string[] | undefined) => {
    if (list?.length) parts.push(`${name}:[${list.map(quote).join(' ')}]`)
  }
  add('APIGroups', rule.apiGroups)
  add('Resources', rule.resources)
  add('NonResourceURLs', rule.nonResourceURLs)
  add('ResourceNames', rule.resourceNames)
  add('Verbs', rule.verbs)
  return `{${parts.join(', ')}}`
}
