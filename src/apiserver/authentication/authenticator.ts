// Authentication: who sends this request?
//
// Comes in: what a request shows of its sender (headers, a TLS client certificate). Goes out: a `UserInfo`; `undefined`
// when nothing here is this authenticator's to judge; `InvalidCredentials` when something is, and is wrong. Each
// authenticator is one file with this one method; `union.ts` asks them in order.
//
// An authenticator answers without a promise whenever it can: the common case, a bearer token seen before, must not
// cost a turn of the event loop.

import { allAuthenticated, type UserInfo } from '../user.ts'

/** The names in a verified client certificate. */
export interface PeerCertificate {
  readonly commonName: string
  readonly organizations: readonly string[]
  /** The subject's UID attribute (OID 1.3.6.1.4.1.57683.2), if any. */
  readonly uid?: string
  /** SHA-256 of the certificate, in lower-case hex. */
  readonly fingerprint?: string
  /** Whether the certificate chains to the client CA and is within its time. */
  readonly authorized: boolean
  /** Whether it chains to the front-proxy CA, and is within its time. */
  readonly frontProxy?: boolean
}

export interface AuthenticationInput {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Reads the TLS peer's certificate; undefined when none was presented. Called only when needed. */
  readonly peerCertificate?: () => PeerCertificate | undefined
  /** Audiences the token must be meant for, instead of the API server's own (TokenReview). */
  readonly audiences?: readonly string[]
}

/** Credentials that were presented and are no good. The reason is for the log: the answer is a bare 401. */
export class InvalidCredentials {
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}

export type AuthenticationResult = UserInfo | InvalidCredentials | undefined

export interface Authenticator {
  authenticate(request: AuthenticationInput): AuthenticationResult | Promise<AuthenticationResult>
}

/** The user, as a member of system:authenticated. */
export function authenticated(user: UserInfo): UserInfo {
  return user.groups.includes(allAuthenticated) ? user : { ...user, groups: [...user.groups, allAuthenticated] }
}

/** What the presented credential was, for audit: an `extra` of the user. */
export const credentialIDKey = 'authentication.kubernetes.io/credential-id'
