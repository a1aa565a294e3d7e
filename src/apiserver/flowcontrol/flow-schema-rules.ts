// Whether a flow schema is about a request: its subjects say whose, its rules say which.

import type { FlowSchema, PolicyRulesWithSubjects, Subject } from '../../api/flowcontrol/v1/flowschema.ts'
import type { RequestInfo } from '../request-info.ts'
import { serviceAccountUsername, serviceAccountUserPrefix, type UserInfo } from '../user.ts'

/** The rules of the schema that are about this user: what is left to ask of each of the user's requests. */
export function rulesFor(flowSchema: FlowSchema, user: UserInfo): readonly PolicyRulesWithSubjects[] {
  return (flowSchema.spec.rules ?? []).filter(rule => rule.subjects.some(subject => matchesSubject(subject, user)))
}

export function matchesRules(rules: readonly PolicyRulesWithSubjects[], info: RequestInfo): boolean {
  for (const rule of rules) if (matchesRule(rule, info)) return true
  return false
}

function matchesSubject(subject: Subject, user: UserInfo): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.user !== undefined && (subject.user.name === '*' || subject.user.name === user.name)
    case 'Group':
      return subject.group !== undefined && (subject.group.name === '*' || user.groups.includes(subject.group.name))
    case 'ServiceAccount': {
      if (!subject.serviceAccount) return false
      const { namespace, name } = subject.serviceAccount
      if (name === '*') return user.name.startsWith(`${serviceAccountUserPrefix}${namespace}:`)
      return user.name === serviceAccountUsername(namespace, name)
    }
    default:
      return false
  }
}

function matchesRule(rule: PolicyRulesWithSubjects, info: RequestInfo): boolean {
  if (!info.isResourceRequest) {
    for (const { verbs, nonResourceURLs } of rule.nonResourceRules ?? [])
      if (has(verbs, info.verb) && nonResourceURLs.some(url => matchesPath(url, info.path))) return true
    return false
  }
  for (const { verbs, resources, apiGroups, clusterScope, namespaces } of rule.resourceRules ?? []) {
    if (!has(verbs, info.verb) || !has(apiGroups, info.group)) continue
    if (!isEverything(resources) && !resources.includes(combined(info))) continue
    if (info.namespace === '' ? clusterScope : has(namespaces ?? [], info.namespace)) return true
  }
  return false
}

const combined = ({ resource, subresource }: RequestInfo): string =>
  subresource === '' ? resource : `${resource}/${subresource}`

const isEverything = (list: readonly string[]): boolean => list.length === 1 && list[0] === '*'

const has = (list: readonly string[], value: string): boolean => isEverything(list) || list.includes(value)

/** A path, or everything below it. */
function matchesPath(rule: string, path: string): boolean {
  if (rule === '*' || rule === path) return true
  const prefix = rule.endsWith('*') ? rule.slice(0, -1) : rule
  return path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)
}
