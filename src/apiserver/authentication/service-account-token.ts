// Service account tokens: JWTs of our own issuer, bound to a pod, a secret or a node that must still be there.
//
// A token's signature and claims are checked once and remembered until it expires; that its account and the object it
// is bound to still live is checked every time, in the watch cache.

import type { Env } from '../../machinery/env/env.ts'
import { allServiceAccountsGroup, serviceAccountGroupPrefix, serviceAccountUsername, type UserInfo } from '../user.ts'
import {
  type AuthenticationInput,
  type AuthenticationResult,
  type Authenticator,
  authenticated,
  credentialIDKey,
  InvalidCredentials,
} from './authenticator.ts'
import { bearerToken } from './bearer-token.ts'
import { type JwtClaims, type SigningKey, unverifiedClaims, verificationKey, verifyJwt } from './jwt.ts'
import {
  type BoundObjectGetter,
  boundObjectsGone,
  type KubernetesClaim,
  kubernetesClaim,
  leewaySeconds,
} from './service-account-claims.ts'

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
}

interface Verified {
  readonly user: UserInfo
  readonly claim: KubernetesClaim
  readonly audiences: readonly string[]
  /** Milliseconds since the epoch, the leeway included. */
  readonly notBefore: number
  readonly notAfter: number
}

export class ServiceAccountTokenAuthenticator implements Authenticator {
  readonly #env: Env
  readonly #keys: readonly SigningKey[]
  readonly #objects: BoundObjectGetter
  readonly #issuers: readonly string[]
  readonly #audiences: readonly string[]
  readonly #remembered = new Map<string, Verified>()

  constructor(options: ServiceAccountTokenOptions) {
    this.#env = options.env
    this.#keys = options.keys.map(verificationKey)
    this.#objects = options.objects
    this.#issuers = options.issuers ?? [defaultIssuer]
    this.#audiences = options.audiences ?? this.#issuers
  }

  authenticate(request: AuthenticationInput): AuthenticationResult {
    const token = bearerToken(request.headers)
    if (token === undefined) return undefined
    const known = this.#remembered.get(token)
    const verified = known ?? this.#verify(token)
    if (verified === undefined || verified instanceof InvalidCredentials) return verified
    const now = this.#env.clock.now()
    if (now > verified.notAfter) {
      if (known) this.#remembered.delete(token)
      return new InvalidCredentials('service account token has expired')
    }
    if (now < verified.notBefore) return new InvalidCredentials('service account token is not valid yet')
    const audiences = request.audiences ?? this.#audiences
    if (!verified.audiences.some(audience => audiences.includes(audience)))
      return new InvalidCredentials('service account token is meant for other audiences')
    const gone = boundObjectsGone(verified.claim, this.#objects, now)
    if (gone !== undefined) return new InvalidCredentials(gone)
    if (!known) this.#remember(token, verified)
    return verified.user
  }

  #verify(token: string): Verified | InvalidCredentials | undefined {
    const issuer = unverifiedClaims(token)?.iss
    if (issuer === undefined || !this.#issuers.includes(issuer)) return undefined
    const claims = verifyJwt(token, this.#keys)
    if (claims === undefined) return new InvalidCredentials('service account token has no valid signature')
    const claim = kubernetesClaim(claims)
    if (claim === undefined || typeof claims.exp !== 'number')
      return new InvalidCredentials('service account token lacks claims')
    if (claims.sub !== serviceAccountUsername(claim.namespace, claim.serviceaccount.name))
      return new InvalidCredentials('service account token is of another subject')
    return {
      user: userOf(claims, claim),
      claim,
      audiences: typeof claims.aud === 'string' ? [claims.aud] : Array.isArray(claims.aud) ? claims.aud : [],
      notBefore: (typeof claims.nbf === 'number' ? claims.nbf - leewaySeconds : 0) * 1000,
      notAfter: (claims.exp + leewaySeconds) * 1000,
    }
  }

  #remember(token: string, verified: Verified): void {
    if (this.#remembered.size >= maxRemembered) this.#remembered.delete(this.#remembered.keys().next().value!)
    this.#remembered.set(token, verified)
  }
}

function userOf(claims: JwtClaims, claim: KubernetesClaim): UserInfo {
  const { namespace, serviceaccount, pod, node } = claim
  const extra: Record<string, string[]> = {}
  if (typeof claims.jti === 'string') extra[credentialIDKey] = [`JTI=${claims.jti}`]
  if (node) {
    extra['authentication.kubernetes.io/node-name'] = [node.name]
    if (node.uid) extra['authentication.kubernetes.io/node-uid'] = [node.uid]
  }
  if (pod) {
    extra['authentication.kubernetes.io/pod-name'] = [pod.name]
    if (pod.uid) extra['authentication.kubernetes.io/pod-uid'] = [pod.uid]
  }
  return authenticated({
    name: serviceAccountUsername(namespace, serviceaccount.name),
    uid: serviceaccount.uid,
    groups: [allServiceAccountsGroup, `${serviceAccountGroupPrefix}${namespace}`],
    extra,
  })
}
