// A front proxy (another aggregator, an authenticating proxy) that has authenticated the sender, and says in headers who
// it is. Believed only when the connection shows a client certificate that the front-proxy CA signed, with one of the
// allowed names.

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

type Headers = AuthenticationInput['headers']

export class RequestHeaderAuthenticator implements Authenticator {
  readonly #options: RequestHeaderOptions

  constructor(options: RequestHeaderOptions) {
    this.#options = options
  }

  authenticate({ headers, peerCertificate }: AuthenticationInput): AuthenticationResult {
    const { usernameHeaders, uidHeaders, groupHeaders, extraHeaderPrefixes, allowedNames } = this.#options
    // Cheapest first: hardly any request comes from a front proxy.
    const name = firstValue(headers, usernameHeaders)
    if (name === '') return undefined
    const certificate = peerCertificate?.()
    if (!certificate) return undefined
    if (!certificate.frontProxy)
      return new InvalidCredentials('the certificate of who says for whom it asks was not signed by the front-proxy CA')
    if (allowedNames.length > 0 && !allowedNames.includes(certificate.commonName))
      return new InvalidCredentials(`x509: subject with cn=${certificate.commonName} is not in the allowed list`)
    const uid = firstValue(headers, uidHeaders)
    const user: UserInfo = {
      name,
      ...(uid !== '' && { uid }),
      groups: groupHeaders.flatMap(header => allValues(headers, header)),
      extra: extraOf(headers, extraHeaderPrefixes),
    }
    return name === anonymousUser ? user : authenticated(user)
  }
}

function allValues(headers: Headers, header: string): string[] {
  const value = headers[header.toLowerCase()]
  if (value === undefined) return []
  return (typeof value === 'string' ? splitJoined(value) : [...value]).filter(each => each !== '')
}

/** Node joins the values of a header that comes several times. */
const splitJoined = (value: string): string[] => value.split(', ')

function firstValue(headers: Headers, names: readonly string[]): string {
  for (const name of names) {
    const value = headers[name.toLowerCase()]
    const found = typeof value === 'string' ? value : value?.[0]
    if (found) return found
  }
  return ''
}

function extraOf(headers: Headers, prefixes: readonly string[]): Record<string, string[]> {
  const extra: Record<string, string[]> = {}
  for (const prefix of prefixes.map(each => each.toLowerCase()))
    for (const header of Object.keys(headers)) {
      if (!header.startsWith(prefix)) continue
      const key = unescaped(header.slice(prefix.length))
      extra[key] = [...(extra[key] ?? []), ...allValues(headers, header)]
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
