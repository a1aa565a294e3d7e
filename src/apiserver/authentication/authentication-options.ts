// How the API server is told to authenticate: the --anonymous-auth, --oidc-*, … flags of kube-apiserver as one value.

import type { UserInfo } from '../user.ts'
import type { EksOptions } from './aws/eks-token.ts'
import type { TokenReviewVersion } from './webhook-token.ts'

export interface OidcFlags {
  readonly issuerURL: string
  readonly clientID: string
  readonly usernameClaim?: string
  /** `-` for none; the issuer's URL and a `#` when absent, unless the claim is `email`. */
  readonly usernamePrefix?: string
  readonly groupsClaim?: string
  readonly groupsPrefix?: string
  readonly requiredClaims?: Readonly<Record<string, string>>
  readonly signingAlgorithms?: readonly string[]
  /** PEM. */
  readonly certificateAuthority?: string
}

export interface ServiceAccountTokenFlags {
  /** PEM of keys that tokens may be signed with, beside the one that signs. */
  readonly verificationKeys?: readonly string[]
  /** The first is in the tokens made here; tokens of all are taken. */
  readonly issuers?: readonly string[]
  readonly maxExpirationSeconds?: number
  /** Tokens of pods' volumes live a year, for clients that never reread them. */
  readonly extendExpiration?: boolean
  readonly jwksURI?: string
}

export interface WebhookFlags {
  /** A kubeconfig. */
  readonly configFile: string
  readonly version?: TokenReviewVersion
  readonly cacheMilliseconds?: number
}

export interface AuthenticationOptions {
  /** Whether requests without credentials are system:anonymous's. Unsaid, the configuration file may say it. */
  readonly anonymous?: boolean
  /** They are nobody's, whatever `anonymous` says; only the configuration file still decides. */
  readonly anonymousReset?: boolean
  /** Whom tokens must be meant for; the service account issuers when absent. */
  readonly apiAudiences?: readonly string[]
  /** A bundle that vouches for client certificates beside the cluster's own; read again when it changes. */
  readonly clientCAFile?: string
  readonly staticTokens?: readonly (readonly [token: string, user: UserInfo])[]
  readonly bootstrapTokens?: boolean
  readonly serviceAccounts?: ServiceAccountTokenFlags
  readonly oidc?: OidcFlags
  /** An AuthenticationConfiguration (apiserver.config.k8s.io); read again when it changes. */
  readonly configurationFile?: string
  readonly webhook?: WebhookFlags
  readonly eks?: EksOptions
}

/** What the options ask for cannot be had: a file is not there, a configuration is wrong. */
export class AuthenticationOptionsError extends Error {
  override readonly name = 'AuthenticationOptionsError'
}
