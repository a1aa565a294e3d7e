// Makes service account tokens, for the TokenRequest subresource (token-request.ts) and for components in this process.

import type { Env } from '../../machinery/env/env.ts'
import { serviceAccountUsername } from '../user.ts'
import { type SigningKey, signingKey, signJwt } from './jwt.ts'
import type { KubernetesClaim, ObjectReference } from './service-account-claims.ts'
import { defaultIssuer } from './service-account-token.ts'

export interface TokenIssuerOptions {
  readonly env: Env
  /** PEM of the private key that signs. */
  readonly signingKey: string
  readonly issuer?: string
  /** Whom tokens are for when the request doesn't say: the API server. */
  readonly audiences?: readonly string[]
  /** No token lives longer, whatever is asked for; but for those that are extended. */
  readonly maxExpirationSeconds?: number
  /** Tokens of pods' volumes live a year; unless told not to. */
  readonly extendExpiration?: boolean
}

export interface TokenSpec {
  readonly namespace: string
  readonly serviceAccount: ObjectReference
  readonly audiences?: readonly string[]
  readonly expirationSeconds: number
  readonly pod?: ObjectReference
  readonly secret?: ObjectReference
  readonly node?: ObjectReference
  readonly warnAfterSeconds?: number
}

export class ServiceAccountTokenIssuer {
  readonly #env: Env
  readonly #key: SigningKey
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly maxExpirationSeconds: number | undefined
  readonly extendExpiration: boolean

  constructor(options: TokenIssuerOptions) {
    this.#env = options.env
    this.#key = signingKey(options.signingKey)
    this.issuer = options.issuer ?? defaultIssuer
    this.audiences = options.audiences ?? [this.issuer]
    this.maxExpirationSeconds = options.maxExpirationSeconds
    this.extendExpiration = options.extendExpiration ?? true
  }

  issue(spec: TokenSpec): string {
    return this.issueWithID(spec).token
  }

  /** The token, and the id that users of it will have in their `extra`. */
  issueWithID(spec: TokenSpec): { token: string; credentialID: string } {
    const jti = this.#env.random.uuid()
    const now = Math.floor(this.#env.clock.now() / 1000)
    const { namespace, serviceAccount, pod, secret, node } = spec
    const claim: KubernetesClaim = {
      namespace,
      ...(node && { node: reference(node) }),
      ...(pod && { pod: reference(pod) }),
      ...(secret && { secret: reference(secret) }),
      serviceaccount: reference(serviceAccount),
      ...(spec.warnAfterSeconds !== undefined && { warnafter: now + spec.warnAfterSeconds }),
    }
    const token = signJwt(
      {
        aud: spec.audiences ?? this.audiences,
        exp: now + spec.expirationSeconds,
        iat: now,
        iss: this.issuer,
        jti,
        'kubernetes.io': claim,
        nbf: now,
        sub: serviceAccountUsername(namespace, serviceAccount.name),
      },
      this.#key,
    )
    return { token, credentialID: `JTI=${jti}` }
  }
}

const reference = ({ name, uid }: ObjectReference): ObjectReference => (uid ? { name, uid } : { name })
