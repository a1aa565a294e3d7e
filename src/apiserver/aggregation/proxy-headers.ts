// The headers of a request that goes on to another API server: who asks is said in X-Remote-*, vouched for by the front
// proxy's client certificate; what was meant for us (credentials, impersonation, somebody's own X-Remote-*) is left out.

import type { OutgoingHeaders } from '../../client/http-exchange.ts'
import { hopByHop, ours } from '../proxy/node-connection.ts'
import type { RequestContext } from '../request.ts'
import type { UserInfo } from '../user.ts'

export const usernameHeader = 'X-Remote-User'
export const uidHeader = 'X-Remote-Uid'
export const groupHeader = 'X-Remote-Group'
export const extraHeaderPrefix = 'X-Remote-Extra-'

type Headers = Record<string, string | string[]>

export function identityHeaders({ name, uid, groups, extra = {} }: UserInfo): Headers {
  const headers: Headers = { [usernameHeader.toLowerCase()]: name }
  if (uid) headers[uidHeader.toLowerCase()] = uid
  if (groups.length > 0) headers[groupHeader.toLowerCase()] = [...groups]
  for (const [key, values] of Object.entries(extra))
    if (values.length > 0) headers[extraHeaderPrefix.toLowerCase() + escapedKey(key)] = [...values]
  return headers
}

/** Bytes that a header's name may not have, and the percent sign itself, percent-encoded. */
function escapedKey(key: string): string {
  let escaped = ''
  for (const byte of Buffer.from(key)) {
    const character = String.fromCharCode(byte)
    escaped += /[A-Za-z0-9!#$&'*+\-.^_`|~]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return escaped
}

type Forwarded = Pick<RequestContext, 'headers' | 'path' | 'remoteAddress' | 'user'> & { readonly auditID?: string }

/** All but what a protocol's own layer adds (Host, Content-Length). */
export function forwardedHeaders(request: Forwarded, host: string): OutgoingHeaders {
  const headers: Headers = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name.startsWith(':') || hopByHop.has(name) || ours(name)) continue
    if (name.startsWith('x-remote-')) continue
    headers[name] = value
  }
  const before = headers['x-forwarded-for']
  if (request.remoteAddress)
    headers['x-forwarded-for'] = before ? `${before}, ${request.remoteAddress}` : request.remoteAddress
  return {
    ...headers,
    'x-forwarded-host': host,
    'x-forwarded-proto': 'https',
    'x-forwarded-uri': request.path,
    ...(request.auditID && { 'audit-id': request.auditID }),
    ...identityHeaders(request.user),
  }
}
