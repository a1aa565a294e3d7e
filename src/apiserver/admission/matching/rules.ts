// One rule against one request: operations, groups, versions, resources and scope.

import type { RuleWithOperations } from '../../../api/admissionregistration/v1/matchresources.ts'
import type { ResourceDeclaration } from '../../../api/resource.ts'
import type { AdmissionAttributes } from '../admission.ts'

/** `resource` may be another version of what the request is about. */
export function ruleMatches(
  rule: RuleWithOperations,
  resource: ResourceDeclaration,
  { operation, subresource, namespace }: Pick<AdmissionAttributes, 'operation' | 'subresource' | 'namespace'>,
): boolean {
  return (
    inScope(rule.scope, resource, namespace) &&
    names(rule.operations, operation) &&
    names(rule.apiGroups, resource.group) &&
    names(rule.apiVersions, resource.version) &&
    (rule.resources ?? []).some(given => namesResource(given, resource.resource, subresource))
  )
}

const names = (given: readonly string[] | undefined, wanted: string): boolean =>
  given !== undefined && (given.includes(wanted) || given.includes('*'))

/** `pods`, `pods/status`, `pods/*`, `*` (of which subresources are none); either side may be a star. */
function namesResource(given: string, resource: string, subresource: string): boolean {
  const slash = given.indexOf('/')
  const [wanted, part] = slash < 0 ? [given, ''] : [given.slice(0, slash), given.slice(slash + 1)]
  return (wanted === '*' || wanted === resource) && (part === '*' || part === subresource)
}

/** Namespaces themselves have none. */
function inScope(scope: string | undefined, { group, resource }: ResourceDeclaration, namespace: string): boolean {
  if (scope === undefined || scope === '*') return true
  const namespaced = namespace !== '' && !(group === '' && resource === 'namespaces')
  return scope === 'Namespaced' ? namespaced : !namespaced
}
