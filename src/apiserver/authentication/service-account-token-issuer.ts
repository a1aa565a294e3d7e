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

  constructor(options: TokenIssuerOptions) {
    this.#env = options.env
    this.#key = signingKey(options.signingKey)
    this.issuer = options.issuer ?? defaultIssuer
    this.audiences = options.audiences ?? [this.issuer]
  }

  issue(spec: TokenSpec): string {
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
    return signJwt(
      {
        aud: spec.audiences ?? this.audiences,
        exp: now + spec.expirationSeconds,
        iat: now,
        iss: this.issuer,
        jti: this.#env.random.uuid(),
        'kubernetes.io': claim,
        nbf: now,
        sub: serviceAccountUsername(namespace, serviceAccount.name),
      },
      this.#key,
    )
  }
}

const reference = ({ name, uid }: ObjectReference): ObjectReference => (uid ? { name, uid } : { name })
