// The AdmissionRequest: how a request is described to those who judge it, by expression or by webhook.

import type { ResourceDeclaration } from '../../../api/resource.ts'
import { type AdmissionAttributes, isResource } from '../admission.ts'
import type { Matched } from './matching.ts'

/** Without the objects. What is empty is left out, as in its JSON. */
export function admissionRequest(
  attributes: AdmissionAttributes,
  matched: Matched,
  uid: string,
): Record<string, unknown> {
  const { resource, subresource, name, namespace, operation, user, dryRun, options } = attributes
  return withoutEmpty({
    uid,
    kind: kindOf(matched.resource, subresource),
    resource: pluralOf(matched.resource),
    subResource: subresource,
    requestKind: kindOf(resource, subresource),
    requestResource: pluralOf(resource),
    requestSubResource: subresource,
    name,
    // A namespace is within itself.
    namespace: isResource(attributes, '', 'namespaces') ? name : namespace,
    operation,
    userInfo: withoutEmpty({
      username: user.name,
      uid: user.uid ?? '',
      groups: user.groups.length > 0 ? user.groups : '',
      extra: user.extra && Object.keys(user.extra).length > 0 ? user.extra : '',
    }),
    dryRun,
    options: options ?? null,
  })
}

/** What the request's object is: the resource's kind, or that of the subresource. */
export function kindOf(
  of: ResourceDeclaration,
  subresource: string,
): { readonly group: string; readonly version: string; readonly kind: string } {
  const own = subresource === '' ? undefined : of.subresources?.find(each => each.name === subresource)?.kind
  const { group, version, kind } = own ?? of
  return { group, version, kind }
}

const pluralOf = ({ group, version, resource }: ResourceDeclaration) => ({ group, version, resource })

function withoutEmpty(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
}
