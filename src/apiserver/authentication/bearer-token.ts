// The bearer token of a request: from the Authorization header, or, for browsers that cannot set one on a WebSocket,
// from a subprotocol `base64url.bearer.authorization.k8s.io.<token>`.

import type { AuthenticationInput } from './authenticator.ts'

export const webSocketTokenProtocol = 'base64url.bearer.authorization.k8s.io.'

type Headers = AuthenticationInput['headers']

/** The token, or undefined when the request carries none. */
export function bearerToken(headers: Headers): string | undefined {
  const value = first(headers['authorization'])
  if (value !== undefined) {
    if (value.charCodeAt(6) !== 32 || value.slice(0, 6).toLowerCase() !== 'bearer') return undefined
    const token = value.slice(7).trim()
    const end = token.indexOf(' ')
    return token === '' ? undefined : end < 0 ? token : token.slice(0, end)
  }
  const protocols = first(headers['sec-websocket-protocol'])
  return protocols?.includes(webSocketTokenProtocol) ? webSocketToken(protocols) : undefined
}

function webSocketToken(protocols: string): string | undefined {
  for (const each of protocols.split(',')) {
    const protocol = each.trim()
    if (!protocol.startsWith(webSocketTokenProtocol)) continue
    const encoded = protocol.slice(webSocketTokenProtocol.length)
    if (/^[\w-]+$/.test(encoded)) return Buffer.from(encoded, 'base64url').toString('utf8')
  }
  return undefined
}

function first(header: Headers[string]): string | undefined {
  return typeof header === 'string' || header === undefined ? header : header[0]
}
