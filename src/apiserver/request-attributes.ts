// What a request would do, as authorization, audit and impersonation see it.

import { parseFieldSelector } from '../machinery/fields.ts'
import { isPathSegmentName } from '../machinery/validation/names.ts'
import type { AuthorizationAttributes } from './authorization/authorizer.ts'
import type { RequestContext } from './request.ts'

export function authorizationAttributes({ info, user }: RequestContext): AuthorizationAttributes {
  // Field by field: this is made for every request.
  return {
    user,
    verb: info.verb,
    resourceRequest: info.isResourceRequest,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    name: info.name || nameSelected(info),
    namespace: info.namespace,
    fieldSelector: info.fieldSelector,
    labelSelector: info.labelSelector,
    path: info.path,
  }
}

/** A list or watch that selects one name is about that object (upstream's RequestInfo): rules for that name allow it. */
export function nameSelected({ fieldSelector, verb }: RequestContext['info']): string {
  if (!fieldSelector?.includes('metadata.name') || (verb !== 'list' && verb !== 'watch')) return ''
  try {
    const name = parseFieldSelector(fieldSelector).requiredValue('metadata.name') ?? ''
    return isPathSegmentName(name).length === 0 ? name : ''
  } catch {
    return ''
  }
}
