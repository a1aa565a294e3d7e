// The bearer token of a request: from the Authorization header, or, for browsers that cannot set one on a WebSocket,
// from a subprotocol `base64url.bearer.authorization.k8s.io.<token>`. And who judges it: the first of several that knows
// it. A token that nobody knows is an error, never anonymous.

import {
  type AuthenticationInput,
  type AuthenticationResult,
  type Authenticator,
  InvalidCredentials,
  type TokenAuthenticator,
} from './authenticator.ts'

export const webSocketTokenProtocol = 'base64url.bearer.authorization.k8s.io.'
export const invalidBearerToken = 'invalid bearer token'

const extraSpace = 'the provided Authorization header contains extra space before the bearer token, and is ignored'

type Headers = AuthenticationInput['headers']

export class BearerTokenAuthenticator implements Authenticator {
  readonly #authenticators: readonly TokenAuthenticator[]

  constructor(authenticators: readonly TokenAuthenticator[]) {
    this.#authenticators = authenticators
  }

  authenticate(request: AuthenticationInput): AuthenticationResult | Promise<AuthenticationResult> {
    const token = bearerToken(request.headers)
    if (token === undefined && request.notes && startsWithSpace(request.headers))
      request.notes.warnings.push(extraSpace)
    if (token === undefined || token instanceof InvalidCredentials) return token
    return this.#from(0, token, request, [])
  }

  #from(
    start: number,
    token: string,
    request: AuthenticationInput,
    refusals: readonly string[],
  ): AuthenticationResult | Promise<AuthenticationResult> {
    let reasons = refusals
    for (let index = start; index < this.#authenticators.length; index++) {
      const answer = this.#authenticators[index]!.authenticateToken(token, request)
      if (answer instanceof Promise)
        return answer.then(result => {
          if (result !== undefined && !(result instanceof InvalidCredentials)) return result
          return this.#from(index + 1, token, request, result ? [...reasons, ...result.reasons] : reasons)
        })
      if (answer === undefined) continue
      if (!(answer instanceof InvalidCredentials)) return answer
      reasons = [...reasons, ...answer.reasons]
    }
    return new InvalidCredentials(...(reasons.length > 0 ? reasons : [invalidBearerToken]))
  }
}

/** The token; undefined when the request carries none. */
export function bearerToken(headers: Headers): string | InvalidCredentials | undefined {
  const value = first(headers['authorization'])
  if (value !== undefined) {
    if (value.charCodeAt(6) !== 32 || value.slice(0, 6).toLowerCase() !== 'bearer') return undefined
    const end = value.indexOf(' ', 7)
    const token = end < 0 ? value.slice(7) : value.slice(7, end)
    return token === '' ? undefined : token
  }
  const protocols = headers['sec-websocket-protocol']
  return protocols?.includes(webSocketTokenProtocol) ? webSocketToken(String(protocols)) : undefined
}

const startsWithSpace = (headers: Headers) => /^bearer {2,}[^ ]/i.test(first(headers['authorization']) ?? '')

function webSocketToken(protocols: string): string | InvalidCredentials | undefined {
  const all = protocols.split(',').map(each => each.trim())
  const tokens = all.filter(each => each.startsWith(webSocketTokenProtocol))
  if (tokens.length === 0) return undefined
  if (tokens.length > 1) return new InvalidCredentials('multiple base64.bearer.authorization tokens specified')
  const encoded = tokens[0]!.slice(webSocketTokenProtocol.length)
  if (!/^[\w-]*$/.test(encoded)) return new InvalidCredentials('invalid base64.bearer.authorization token encoding')
  const bytes = Buffer.from(encoded, 'base64url')
  const token = bytes.toString('utf8')
  if (!bytes.equals(Buffer.from(token))) return new InvalidCredentials('invalid base64.bearer.authorization token')
  if (token === '') return undefined
  // One has to be left to be echoed to the client.
  return all.length === 1 ? new InvalidCredentials('missing additional subprotocol') : token
}

function first(header: Headers[string]): string | undefined {
  return typeof header === 'string' || header === undefined ? header : header[0]
}
