// What Go's HTTP client does, and how it says what went wrong: webhooks are called here as upstream calls them, and what
// it said of them is shown to users.

import { getServers } from 'node:dns'
import { isIP } from 'node:net'
import type { PeerCertificate } from 'node:tls'
import { quote } from '../machinery/go-text.ts'
import { readJson } from '../machinery/json/read.ts'
import { goJson } from '../machinery/json/write.ts'

const mostRequests = 10

/** Of an answer; lower-case names. */
type Headers = Readonly<Record<string, string>>

export interface Sent {
  readonly method: 'GET' | 'POST'
  readonly url: URL
}

/** An error that names the URL, as Go's client does. */
export const namedError = (url: string, problem: string): Error => new Error(`Post ${quote(url)}: ${problem}`)

/**
 * Where an answer leads: undefined when it is the last. What was posted is posted again (307, 308) or fetched (301, 302,
 * 303). `requests` counts those that were sent. Throws when it leads nowhere.
 */
export function redirected(
  { method, url }: Sent,
  status: number,
  { location }: Headers,
  requests: number,
): Sent | undefined {
  if (![301, 302, 303, 307, 308].includes(status) || !location) return undefined
  let next: URL
  try {
    next = new URL(location, url)
  } catch {
    throw namedError(
      url.href,
      `failed to parse Location header ${quote(location)}: parse ${quote(location)}: invalid URL`,
    )
  }
  if (requests >= mostRequests) throw namedError(location, `stopped after ${mostRequests} redirects`)
  return { method: status >= 307 ? method : 'GET', url: next }
}

/** For `checkServerIdentity`: names are alternative names only, never the common name. */
export function identityProblem(host: string, certificate: PeerCertificate): Error | undefined {
  const { subjectaltname = '' } = certificate
  const names = (kind: string) =>
    subjectaltname
      .split(', ')
      .filter(name => name.startsWith(`${kind}:`))
      .map(name => name.slice(kind.length + 1))
  if (isIP(host)) {
    const addresses = names('IP Address')
    if (addresses.includes(host)) return undefined
    return addresses.length === 0
      ? identityError(`cannot validate certificate for ${host} because it doesn't contain any IP SANs`)
      : identityError(`certificate is valid for ${addresses.join(', ')}, not ${host}`)
  }
  if (subjectaltname === '')
    return certificate.subject?.CN
      ? identityError(legacyName)
      : identityError(`certificate is not valid for any names, but wanted to match ${host}`)
  const domains = names('DNS')
  if (domains.some(pattern => matchesHost(pattern.toLowerCase(), host.toLowerCase()))) return undefined
  return domains.length === 0
    ? identityError(`certificate is not valid for any names, but wanted to match ${host}`)
    : identityError(`certificate is valid for ${domains.join(', ')}, not ${host}`)
}

const legacyName = 'certificate relies on legacy Common Name field, use SANs instead'

function identityError(problem: string): Error {
  return Object.assign(new Error(problem), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
}

function matchesHost(pattern: string, host: string): boolean {
  const [wanted, given] = [pattern.split('.'), host.replace(/\.$/, '').split('.')]
  return (
    wanted.length === given.length &&
    wanted.every((label, index) => label === given[index] || (index === 0 && label === '*' && wanted.length > 1))
  )
}

/** Which of the properties of a certificate that are no longer taken has made a connection fail. */
export function deprecatedProperty(error: Error & { readonly code?: string }): 'missingSAN' | 'sha1' | undefined {
  if (error.message.includes(legacyName)) return 'missingSAN'
  return error.code === 'CA_MD_TOO_WEAK' || error.code === 'ERR_SSL_CA_MD_TOO_WEAK' ? 'sha1' : undefined
}

const untrusted = 'tls: failed to verify certificate: x509: '

export function inGoWords(
  error: Error & { readonly code?: string },
  { host, port }: { readonly host: string; readonly port: number },
): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return `dial tcp ${host.includes(':') ? `[${host}]` : host}:${port}: connect: connection refused`
    case 'ENOTFOUND':
      return `dial tcp: lookup ${host}${onServer()}: no such host`
    case 'ECONNRESET':
      return 'EOF'
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_GET_ISSUER_CERT':
      return `${untrusted}certificate signed by unknown authority`
    case 'CERT_HAS_EXPIRED':
      return `${untrusted}certificate has expired or is not yet valid`
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return untrusted + error.message
    default:
      return error.message
  }
}

/** Which name server said so, as far as that is known. */
function onServer(): string {
  const [server] = getServers()
  return server === undefined ? '' : ` on ${server.includes(':') ? `[${server}]` : server}:53`
}

/** As much as is told of an answer that is no Status: its text, if it says that it is one. */
export function shownText(headers: Headers, text: string | undefined): string {
  const type = headers['content-type']
  return type === undefined || type.startsWith('text/') ? (text ?? '').trim() : 'unknown'
}

const envelope =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'

/** The object that an answer is. Upstream takes YAML as well, so that what is no JSON is mostly a text. */
export function parsedAnswer(text: string): object {
  let answer: unknown = text
  try {
    answer = readJson(text)
  } catch {
    // Then it is a text.
  }
  if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) return answer
  if (answer === null) return {}
  const type = Array.isArray(answer) ? 'array' : typeof answer === 'boolean' ? 'bool' : typeof answer
  throw new Error(
    `couldn't get version/kind; json parse error: json: cannot unmarshal ${type} into Go value of type ${envelope}`,
  )
}

/** As Go's encoder writes it, with a line's end. */
export const encoded = (value: unknown): Buffer => Buffer.from(`${goJson(value)}\n`)
