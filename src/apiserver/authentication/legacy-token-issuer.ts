// Makes tokens of the older kind, which live in Secrets and never expire. kube-controller-manager issues them, with the
// key that signs all service account tokens.

import { serviceAccountUsername } from '../user.ts'
import { signingKey, signJwt } from './jwt.ts'
import { legacyIssuer } from './legacy-service-account-token.ts'

export interface LegacyTokenSpec {
  readonly namespace: string
  readonly serviceAccount: { readonly name: string; readonly uid: string }
  readonly secret: { readonly name: string }
}

/** Takes the PEM of the private key. */
export function legacyTokenIssuer(privateKey: string): (spec: LegacyTokenSpec) => string {
  const key = signingKey(privateKey)
  return ({ namespace, serviceAccount, secret }) =>
    signJwt(
      {
        iss: legacyIssuer,
        'kubernetes.io/serviceaccount/namespace': namespace,
        'kubernetes.io/serviceaccount/secret.name': secret.name,
        'kubernetes.io/serviceaccount/service-account.name': serviceAccount.name,
        'kubernetes.io/serviceaccount/service-account.uid': serviceAccount.uid,
        sub: serviceAccountUsername(namespace, serviceAccount.name),
      },
      key,
    )
}
