// Whether an ID token is good: of the right issuer, for one of the right audiences, in its time, and signed. In this
// order, which is go-oidc's.

import type { Env } from '../../../machinery/env/env.ts'
import { quote } from '../../../machinery/go-text.ts'
import type { IssuerKeys } from './issuer-keys.ts'

export type Claims = Readonly<Record<string, unknown>>

const notBeforeLeewayMs = 60_000
const longestToken = 1024 * 1024

export const allSigningAlgorithms: readonly string[] = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
]

export interface TokenExpectation {
  readonly env: Env
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly signingAlgorithms: readonly string[]
  readonly keys: IssuerKeys
}

/** The issuer that a token says it is of; undefined when it is no token. */
export function untrustedIssuer(token: string): string | undefined {
  const claims = partOf(token, 1)
  if (!claims) return undefined
  const { iss = '' } = claims
  if (typeof iss !== 'string') return undefined
  return iss === 'accounts.google.com' ? 'https://accounts.google.com' : iss
}

/** The claims of a good token. Throws for any other. */
export async function verifiedClaims(token: string, expected: TokenExpectation): Promise<Claims> {
  const header = partOf(token, 0)
  const claims = partOf(token, 1)
  if (!header || !claims) throw new Error('oidc: malformed jwt')
  const issuer = untrustedIssuer(token)
  if (issuer !== expected.issuer)
    throw new Error(
      `oidc: id token issued by a different provider, expected ${quote(expected.issuer)} got ${quote(issuer ?? '')}`,
    )
  const audiences = audiencesOf(claims)
  if (!audiences.some(audience => expected.audiences.includes(audience)))
    throw new Error(`oidc: expected audience in ${quoteAll(expected.audiences)} got ${quoteAll(audiences)}`)
  const now = expected.env.clock.now()
  const expiry = secondsOf(claims['exp'])
  if (expiry * 1000 < now || Number.isNaN(expiry)) throw new Error('oidc: token is expired')
  if (claims['nbf'] !== undefined && secondsOf(claims['nbf']) * 1000 > now + notBeforeLeewayMs)
    throw new Error('oidc: current time before the nbf (not before) time')
  const { alg = '', kid = '' } = header
  if (typeof alg !== 'string' || !expected.signingAlgorithms.includes(alg))
    throw new Error(
      `oidc: id token signed with unsupported algorithm, expected ${quoteAll(expected.signingAlgorithms)} got ${quote(String(alg))}`,
    )
  await expected.keys.checkSignature(token, alg, typeof kid === 'string' ? kid : '')
  return claims
}

function audiencesOf({ aud }: Claims): string[] {
  if (typeof aud === 'string') return [aud]
  return Array.isArray(aud) ? aud.filter(each => typeof each === 'string') : []
}

const secondsOf = (value: unknown): number => (typeof value === 'number' ? Math.floor(value) : Number.NaN)

const quoteAll = (texts: readonly string[]): string => `[${texts.map(quote).join(' ')}]`

function partOf(token: string, index: 0 | 1): Claims | undefined {
  if (token.length > longestToken) return undefined
  const parts = token.split('.')
  if (parts.length !== 3 || !/^[\w-]+$/.test(parts[index]!)) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(parts[index]!, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : undefined
  } catch {
    return undefined
  }
}
