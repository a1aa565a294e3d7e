// An APIResourceList, as servers before 1.26 answer it, in the form of the aggregated document.

import type { APIResourceDiscovery, APISubresourceDiscovery } from '../../api/apidiscovery/v2/apigroupdiscovery.ts'
import type { APIResourceList } from '../../api/meta/v1/apigroup.ts'

export function resourcesOf({ resources = [] }: Partial<APIResourceList>): APIResourceDiscovery[] {
  const found = new Map<string, APIResourceDiscovery & { subresources?: APISubresourceDiscovery[] }>()
  const scopeOf = (namespaced: boolean) => (namespaced ? 'Namespaced' : 'Cluster')
  for (const each of resources) {
    if (each.name.includes('/')) continue
    const { group = '', version = '', kind } = each
    found.set(each.name, {
      resource: each.name,
      responseKind: { group, version, kind },
      scope: scopeOf(each.namespaced),
      singularResource: each.singularName,
      verbs: each.verbs,
      ...(each.shortNames && { shortNames: each.shortNames }),
      ...(each.categories && { categories: each.categories }),
    })
  }
  for (const { name, namespaced, group = '', version = '', kind = '', verbs } of resources) {
    const slash = name.indexOf('/')
    if (slash < 0) continue
    const parentName = name.slice(0, slash)
    const scope = scopeOf(namespaced)
    // A subresource of nothing: there must be something it is below.
    const parent = found.get(parentName) ?? {
      resource: parentName,
      responseKind: { group: '', version: '', kind: '' },
      scope,
      singularResource: '',
      verbs: [],
    }
    const subresource = name.slice(slash + 1)
    if (parent.scope !== scope)
      throw new Error(
        `Error: Parent ${parentName} (scope: ${parent.scope}) and subresource ${subresource} (scope: ${scope}) scope do not match`,
      )
    const responseKind = kind === '' ? { group: '', version: '', kind: '' } : { group, version, kind }
    const subresources = [...(parent.subresources ?? []), { subresource, responseKind, verbs }]
    found.set(parentName, { ...parent, subresources })
  }
  return [...found.values()]
}
