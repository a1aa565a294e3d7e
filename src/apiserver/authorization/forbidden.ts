// How a refusal reads: upstream's words, and nothing of what would have been allowed.

import { quote } from '../../machinery/go-text.ts'
import { forbidden, type StatusError } from '../../machinery/status-error.ts'
import type { RequestContext, Response } from '../request.ts'
import type { AuthorizationAttributes } from './authorizer.ts'

/** `User "alice" cannot list resource "pods" in API group "" in the namespace "dev"` */
export function forbiddenMessage(attributes: AuthorizationAttributes): string {
  const { user, verb, group = '', resource = '', subresource = '', namespace = '', path = '' } = attributes
  if (!attributes.resourceRequest) return `User ${quote(user.name)} cannot ${verb} path ${quote(path)}`
  const what = subresource === '' ? resource : `${resource}/${subresource}`
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${quote(namespace)}`
  return `User ${quote(user.name)} cannot ${verb} resource ${quote(what)} in API group ${quote(group)} ${where}`
}

/** As `forbiddenError`, for the request's own answer: it may quote what the client sent, and must not be taken for HTML. */
export function refusal(
  request: Pick<RequestContext, 'responseHeaders'>,
  attributes: AuthorizationAttributes,
  reason: string,
): StatusError {
  request.responseHeaders = { ...request.responseHeaders, 'x-content-type-options': 'nosniff' }
  return forbiddenError(attributes, reason)
}

/** Who may do it could not be found out. */
export function internalServerError(
  { target, path }: Pick<RequestContext, 'target' | 'path'>,
  error: string,
): Response {
  const text = `Internal Server Error: ${quote(target ?? path)}: ${error}`
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return {
    status: 500,
    contentType: 'text/plain; charset=utf-8',
    headers: { 'x-content-type-options': 'nosniff' },
    body: Buffer.from(`${escaped}\n`),
  }
}

/** The 403 for what no authorizer allowed. */
export function forbiddenError(attributes: AuthorizationAttributes, reason: string): StatusError {
  const message = forbiddenMessage(attributes)
  const { resourceRequest, group = '', resource = '' } = attributes
  return forbidden(
    resourceRequest ? { group, resource } : { group: '', resource: '' },
    attributes.name ?? '',
    reason === '' ? message : `${message}: ${reason}`,
  )
}
