// Service account tokens: JWTs of our own issuer, bound to a pod, a secret or a node that must still be there.
//
// A token's signature and claims are checked once and remembered until it expires; that its account and the object it
// is bound to still live is checked every time, in the watch cache.

import type { Env } from '../../machinery/env/env.ts'
import { quote } from '../../machinery/go-text.ts'
import { allServiceAccountsGroup, serviceAccountGroupPrefix, serviceAccountUsername, type UserInfo } from '../user.ts'
import { commonAudiences } from './audiences.ts'
import {
  type AuthenticationInput,
  type AuthenticationResult,
  annotate,
  authenticated,
  credentialIDKey,
  InvalidCredentials,
  type TokenAuthenticator,
} from './authenticator.ts'
import { type JwtClaims, type SigningKey, unverifiedClaims, verificationKey, verifyJwt } from './jwt.ts'
import {
  type BoundObjectGetter,
  boundObjectsGone,
  type KubernetesClaim,
  kubernetesClaim,
  leewaySeconds,
} from './service-account-claims.ts'
import type { ServiceAccountMetrics } from './service-account-metrics.ts'
import type { TokenCacheMetrics } from './token-cache-metrics.ts'

export const defaultIssuer = 'https://kubernetes.default.svc.cluster.local'
const maxRemembered = 10_000

export interface ServiceAccountTokenOptions {
  readonly env: Env
  /** PEM, public or private; several while keys rotate. */
  readonly keys: readonly string[]
  readonly objects: BoundObjectGetter
  /** The first is ours; tokens of the others are taken too. */
  readonly issuers?: readonly string[]
  /** Whom tokens must be meant for; the issuers when absent. */
  readonly audiences?: readonly string[]
  readonly metrics?: ServiceAccountMetrics
  readonly cacheMetrics?: TokenCacheMetrics
}

interface Verified {
  readonly user: UserInfo
  readonly claim: KubernetesClaim
  readonly audiences: readonly string[]
  /** Milliseconds since the epoch, the leeway included. */
  readonly notBefore: number
  readonly notAfter: number
  readonly issuedAfter: number
}

export class ServiceAccountTokenAuthenticator implements TokenAuthenticator {
  readonly #env: Env
  readonly #keys: readonly SigningKey[]
  readonly #objects: BoundObjectGetter
  readonly #issuers: readonly string[]
  readonly #audiences: readonly string[]
  readonly #metrics: ServiceAccountMetrics | undefined
  readonly #cacheMetrics: TokenCacheMetrics | undefined
  readonly #remembered = new Map<string, Verified>()

  constructor(options: ServiceAccountTokenOptions) {
    this.#env = options.env
    this.#keys = options.keys.map(verificationKey)
    this.#objects = options.objects
    this.#issuers = options.issuers ?? [defaultIssuer]
    this.#audiences = options.audiences ?? this.#issuers
    this.#metrics = options.metrics
    this.#cacheMetrics = options.cacheMetrics
  }

  authenticateToken(token: string, request: AuthenticationInput): AuthenticationResult {
    const known = this.#remembered.get(token)
    if (known) this.#cacheMetrics?.hit()
    const verified = known ?? this.#verify(token)
    if (verified === undefined || verified instanceof InvalidCredentials) return verified
    if (verified.audiences.length === 0) {
      annotate(request.notes, 'authentication.k8s.io/legacy-token', verified.user.name)
      this.#metrics?.legacy.inc()
    }
    const meant = verified.audiences.length > 0 ? verified.audiences : this.#audiences
    const asked = request.audiences ?? this.#audiences
    const audiences = commonAudiences(meant, asked)
    if (audiences.length === 0)
      return new InvalidCredentials(
        `token audiences ${quoteAll(meant)} is invalid for the target audiences ${quoteAll(asked)}`,
      )
    const now = this.#env.clock.now()
    if (now < verified.notBefore) return new InvalidCredentials('service account token is not valid yet')
    if (now > verified.notAfter) {
      if (known) this.#remembered.delete(token)
      return new InvalidCredentials('service account token has expired')
    }
    if (now < verified.issuedAfter)
      return new InvalidCredentials(
        'service account token claims could not be validated due to unexpected validation error',
      )
    const gone = boundObjectsGone(verified.claim, this.#objects, now)
    if (gone !== undefined) return new InvalidCredentials(gone)
    if (!known) this.#remember(token, verified)
    const { warnafter } = verified.claim
    this.#metrics?.[warnafter && now > warnafter * 1000 ? 'stale' : 'valid'].inc()
    if (request.notes) {
      request.notes.credentialAudiences = audiences
      tellStale(request, verified, now)
    }
    return verified.user
  }

  #verify(token: string): Verified | InvalidCredentials | undefined {
    const issuer = unverifiedClaims(token)?.iss
    if (issuer === undefined || !this.#issuers.includes(issuer)) return undefined
    const missed = this.#cacheMetrics?.missed()
    const fetched = this.#cacheMetrics?.fetching()
    const claims = verifyJwt(token, this.#keys)
    fetched?.(!(claims instanceof Error))
    missed?.()
    if (claims instanceof Error) return new InvalidCredentials(claims.message)
    const claim = kubernetesClaim(claims)
    if (claim === undefined) return new InvalidCredentials('service account token lacks claims')
    return {
      user: userOf(claims, claim),
      claim,
      audiences: audiencesOf(claims),
      notBefore: typeof claims.nbf === 'number' ? (claims.nbf - leewaySeconds) * 1000 : 0,
      notAfter: typeof claims.exp === 'number' ? (claims.exp + leewaySeconds) * 1000 : Number.POSITIVE_INFINITY,
      issuedAfter: typeof claims.iat === 'number' ? (claims.iat - leewaySeconds) * 1000 : 0,
    }
  }

  #remember(token: string, verified: Verified): void {
    if (this.#remembered.size >= maxRemembered) this.#remembered.delete(this.#remembered.keys().next().value!)
    this.#remembered.set(token, verified)
  }
}

export function audiencesOf({ aud }: JwtClaims): readonly string[] {
  return typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud : []
}

const quoteAll = (texts: readonly string[]): string => `[${texts.map(quote).join(' ')}]`

/** A token that lives on only so that old clients don't break: the audit log is told who has not reread it. */
function tellStale({ notes }: AuthenticationInput, { claim: { warnafter }, user }: Verified, now: number): void {
  if (!warnafter || now <= warnafter * 1000) return
  const seconds = Math.floor(now / 1000) - warnafter
  annotate(
    notes,
    'authentication.k8s.io/stale-token',
    `subject: ${user.name}, seconds after warning threshold: ${seconds}`,
  )
}

function userOf(claims: JwtClaims, claim: KubernetesClaim): UserInfo {
  const { namespace, serviceaccount, pod, node } = claim
  const extra: Record<string, string[]> = {}
  if (typeof claims.jti === 'string' && claims.jti !== '') extra[credentialIDKey] = [`JTI=${claims.jti}`]
  if (node) {
    extra['authentication.kubernetes.io/node-name'] = [node.name]
    if (node.uid) extra['authentication.kubernetes.io/node-uid'] = [node.uid]
  }
  if (pod?.uid) {
    extra['authentication.kubernetes.io/pod-name'] = [pod.name]
    extra['authentication.kubernetes.io/pod-uid'] = [pod.uid]
  }
  return serviceAccountUser(namespace, serviceaccount.name, serviceaccount.uid, extra)
}

export function serviceAccountUser(
  namespace: string,
  name: string,
  uid: string | undefined,
  extra?: UserInfo['extra'],
): UserInfo {
  return authenticated({
    name: serviceAccountUsername(namespace, name),
    uid,
    groups: [allServiceAccountsGroup, `${serviceAccountGroupPrefix}${namespace}`],
    ...(extra && Object.keys(extra).length > 0 && { extra }),
  })
}
