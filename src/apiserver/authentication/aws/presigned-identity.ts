// The token that `aws eks get-token` makes: `k8s-aws-v1.` and, in base64url, the URL of a signed request to STS,
// GetCallerIdentity. Whoever sends that request learns who signed it. Before sending it, everything about the URL is
// checked: it comes from outside, and is asked of AWS in our name.

import { isStsHost } from './sts-hosts.ts'

export const tokenPrefix = 'k8s-aws-v1.'
export const clusterIDHeader = 'x-k8s-aws-id'
const maxTokenLength = 4 * 1024
const lifetimeMs = 15 * 60_000
const largestExpires = 900

const allowedParameters = new Set([
  'action',
  'version',
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
])

export interface PresignedIdentity {
  readonly url: string
  readonly accessKeyID: string
  /** Milliseconds since the epoch; AWS refuses the request afterwards. */
  readonly expiresAt: number
}

/** What is wrong with a token, in the words of aws-iam-authenticator. */
export class TokenFormatError extends Error {
  constructor(message: string) {
    super(`input token was not properly formatted: ${message}`)
  }
}

export interface StsHosts {
  readonly partition: string
  readonly region?: string
  /** An STS of one's own (tests); http is good enough for it, and only for it. */
  readonly endpoint?: string
}

/** The request in the token. Throws `TokenFormatError`. */
export function presignedIdentity(token: string, hosts: StsHosts, now: number): PresignedIdentity {
  if (token.length > maxTokenLength) throw new TokenFormatError('token is too large')
  const encoded = token.slice(tokenPrefix.length)
  if (!token.startsWith(tokenPrefix)) throw new TokenFormatError(`token is missing expected "${tokenPrefix}" prefix`)
  if (!/^[\w-]*$/.test(encoded) || encoded.length % 4 === 1) throw new TokenFormatError('illegal base64 data')
  const text = Buffer.from(encoded, 'base64url').toString('utf8')
  const url = parsedURL(text)
  checkHost(url, text, hosts)
  const parameters = parametersOf(url)
  if (parameters.get('action') !== 'GetCallerIdentity')
    throw new TokenFormatError('unexpected action parameter in pre-signed URL')
  const signed = (parameters.get('x-amz-signedheaders') ?? '').toLowerCase().split(';')
  for (const header of [clusterIDHeader, 'host'])
    if (!signed.includes(header))
      throw new TokenFormatError(`client did not sign the ${header} header in the pre-signed URL`)
  const expires = parameters.get('x-amz-expires') ?? ''
  if (!/^\d{1,9}$/.test(expires) || Number(expires) > largestExpires)
    throw new TokenFormatError('invalid X-Amz-Expires parameter in pre-signed URL')
  const signedAt = signingTime(parameters.get('x-amz-date') ?? '')
  if (now > signedAt + lifetimeMs)
    throw new TokenFormatError(
      `X-Amz-Date parameter is expired (15 minute expiration) ${new Date(signedAt).toISOString()}`,
    )
  return {
    url: url.href,
    accessKeyID: (parameters.get('x-amz-credential') ?? '').split('/')[0]!,
    expiresAt: signedAt + lifetimeMs,
  }
}

function parsedURL(text: string): URL {
  // What a URL parser would quietly mend is no request that anybody has signed.
  if (/[^\x21-\x7e]|\\/.test(text)) throw new TokenFormatError('invalid character in pre-signed URL')
  try {
    return new URL(text)
  } catch {
    throw new TokenFormatError('invalid pre-signed URL')
  }
}

function checkHost(url: URL, text: string, { partition, region, endpoint }: StsHosts): void {
  if (url.username !== '' || url.password !== '' || text.includes('@'))
    throw new TokenFormatError('unexpected user in pre-signed URL')
  if (url.hash !== '') throw new TokenFormatError('unexpected fragment in pre-signed URL')
  // The text itself: a parsed URL has a path even where the text has none.
  if (!/^\w+:\/\/[^/?#]+\/(\?|$)/.test(text)) throw new TokenFormatError('unexpected path in pre-signed URL')
  if (endpoint !== undefined && url.origin === new URL(endpoint).origin) return
  if (url.protocol !== 'https:')
    throw new TokenFormatError(`unexpected scheme "${url.protocol.slice(0, -1)}" in pre-signed URL`)
  if (url.port !== '' || !isStsHost(url.hostname, partition, region))
    throw new TokenFormatError(`unexpected hostname "${url.host}" in pre-signed URL`)
}

/** By lower-case name, each once. */
function parametersOf(url: URL): Map<string, string> {
  const found = new Map<string, string>()
  for (const [name, value] of url.searchParams) {
    const key = name.toLowerCase()
    if (!allowedParameters.has(key)) throw new TokenFormatError(`non-whitelisted query parameter "${name}"`)
    if (found.has(key)) throw new TokenFormatError(`duplicate query parameter found: "${name}"`)
    found.set(key, value)
  }
  return found
}

function signingTime(date: string): number {
  if (date === '') throw new TokenFormatError('X-Amz-Date parameter must be present in pre-signed URL')
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? []
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(at)) throw new TokenFormatError(`error parsing X-Amz-Date parameter ${date}`)
  return at
}
