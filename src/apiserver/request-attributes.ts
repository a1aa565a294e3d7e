// What a request would do, as authorization, audit and impersonation see it.

import { parseFieldSelector } from '../machinery/fields.ts'
import type { AuthorizationAttributes } from './authorization/authorizer.ts'
import type { RequestContext } from './request.ts'

export function authorizationAttributes({ info, user }: RequestContext): AuthorizationAttributes {
  return { ...info, name: info.name || nameSelected(info), user, resourceRequest: info.isResourceRequest }
}

/** A list or watch that selects one name is about that object (upstream's RequestInfo): rules for that name allow it. */
export function nameSelected({ fieldSelector }: RequestContext['info']): string {
  if (!fieldSelector?.includes('metadata.name')) return ''
  try {
    return parseFieldSelector(fieldSelector).requiredValue('metadata.name') ?? ''
  } catch {
    return ''
  }
}
