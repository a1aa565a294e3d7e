// A front proxy (another aggregator, an authenticating proxy) that has authenticated the sender, and says in headers who
// it is. Believed only when the connection shows a client certificate that the front-proxy CA signed, with one of the
// allowed names.

import { type Headers, headerValues } from '../header-values.ts'
import { anonymousUser, type UserInfo } from '../user.ts'
import {
  type AuthenticationInput,
  type AuthenticationResult,
  type Authenticator,
  authenticated,
  InvalidCredentials,
} from './authenticator.ts'

/** As the --requestheader-* flags of kube-apiserver say it. */
export interface RequestHeaderOptions {
  /** PEM. The HTTPS server checks certificates against it. */
  readonly clientCA: string
  /** Common names; empty: whoever the CA signed for. */
  readonly allowedNames: readonly string[]
  readonly usernameHeaders: readonly string[]
  readonly uidHeaders: readonly string[]
  readonly groupHeaders: readonly string[]
  readonly extraHeaderPrefixes: readonly string[]
}

export class RequestHeaderAuthenticator implements Authenticator {
  readonly #options: RequestHeaderOptions

  constructor(options: RequestHeaderOptions) {
    this.#options = options
  }

  authenticate(request: AuthenticationInput): AuthenticationResult {
    const { peerCertificate } = request
    const { usernameHeaders, uidHeaders, groupHeaders, extraHeaderPrefixes, allowedNames } = this.#options
    // Cheapest first: hardly any request comes from a front proxy.
    const name = firstValue(request, usernameHeaders)
    if (name === '') return undefined
    const certificate = peerCertificate?.()
    if (!certificate) return undefined
    if (!certificate.frontProxy)
      return new InvalidCredentials('the certificate of who says for whom it asks was not signed by the front-proxy CA')
    if (allowedNames.length > 0 && !allowedNames.includes(certificate.commonName))
      return new InvalidCredentials(`x509: subject with cn=${certificate.commonName} is not in the allowed list`)
    const uid = firstValue(request, uidHeaders)
    const user: UserInfo = {
      name,
      ...(uid !== '' && { uid }),
      groups: groupHeaders.flatMap(header => allValues(request, header)),
      extra: extraOf(request, extraHeaderPrefixes),
    }
    return name === anonymousUser ? user : authenticated(user)
  }
}

const allValues = (request: Headers, header: string): string[] =>
  headerValues(request, header.toLowerCase()).filter(value => value !== '')

function firstValue(request: Headers, names: readonly string[]): string {
  for (const name of names) {
    const [found] = headerValues(request, name.toLowerCase())
    if (found) return found
  }
  return ''
}

function extraOf(request: Headers, prefixes: readonly string[]): Record<string, string[]> {
  const extra: Record<string, string[]> = {}
  for (const prefix of prefixes.map(each => each.toLowerCase()))
    for (const header of Object.keys(request.headers)) {
      if (!header.startsWith(prefix)) continue
      const key = unescaped(header.slice(prefix.length))
      extra[key] = [...(extra[key] ?? []), ...allValues(request, header)]
    }
  return extra
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}
