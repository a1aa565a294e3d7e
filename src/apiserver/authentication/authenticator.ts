// Authentication: who sends this request?
//
// Comes in: what a request shows of its sender (headers, a TLS client certificate). Goes out: a `UserInfo`; `undefined`
// when nothing here is this authenticator's to judge; `InvalidCredentials` when something is, and is wrong. Each
// authenticator is one file with this one method; `union.ts` asks them in order.
//
// An authenticator answers without a promise whenever it can: the common case, a bearer token seen before, must not
// cost a turn of the event loop.

import type { Headers } from '../header-values.ts'
import { allAuthenticated, type UserInfo } from '../user.ts'

/** The names in a verified client certificate. */
export interface PeerCertificate {
  readonly commonName: string
  readonly organizations: readonly string[]
  /** The subject's UID attribute (OID 1.3.6.1.4.1.57683.2), if any. */
  readonly uid?: string
  /** Why the UID attribute is no good. */
  readonly uidProblem?: string
  /** SHA-256 of the certificate, in lower-case hex. */
  readonly fingerprint?: string
  /** Milliseconds since the epoch. Connections may outlive the certificate they began with. */
  readonly notAfter?: number
  /** Whether the certificate chains to the client CA and is within its time. */
  readonly authorized: boolean
  /** Whether it chains to the front-proxy CA, and is within its time. */
  readonly frontProxy?: boolean
}

export interface AuthenticationInput extends Headers {
  /** Reads the TLS peer's certificate; undefined when none was presented. Called only when needed. */
  readonly peerCertificate?: () => PeerCertificate | undefined
  /** Audiences the token must be meant for, instead of the API server's own (TokenReview). */
  readonly audiences?: readonly string[]
  /** Without a query. Some paths may be open to the anonymous when others are not. */
  readonly path?: string
  /** Takes what is to be known beside the user. */
  readonly notes?: AuthenticationNotes
}

/** What authenticators have to say beside who it is. */
export interface AuthenticationNotes {
  /** Texts for the sender's `Warning` headers. */
  readonly warnings: string[]
  /** For the audit log. */
  credentialAnnotations?: Record<string, string> | undefined
  /** Those of the audiences asked for that the credential is meant for. */
  credentialAudiences?: readonly string[] | undefined
}

export function annotate(notes: AuthenticationNotes | undefined, key: string, value: string): void {
  if (!notes) return
  notes.credentialAnnotations ??= {}
  notes.credentialAnnotations[key] = value
}

/** Credentials that were presented and are no good. The reason is for the log: the answer is a bare 401. */
export class InvalidCredentials {
  readonly reasons: readonly string[]

  constructor(...reasons: readonly string[]) {
    this.reasons = reasons
  }

  /** Each reason once, in the form that upstream gives several errors. */
  get reason(): string {
    const all = [...new Set(this.reasons)]
    return all.length === 1 ? all[0]! : `[${all.join(', ')}]`
  }
}

export type AuthenticationResult = UserInfo | InvalidCredentials | undefined

export interface Authenticator {
  authenticate(request: AuthenticationInput): AuthenticationResult | Promise<AuthenticationResult>
}

/** Judges bearer tokens. */
export interface TokenAuthenticator {
  authenticateToken(token: string, request: AuthenticationInput): AuthenticationResult | Promise<AuthenticationResult>
}

/** The user, as a member of system:authenticated. */
export function authenticated(user: UserInfo): UserInfo {
  return user.groups.includes(allAuthenticated) ? user : { ...user, groups: [...user.groups, allAuthenticated] }
}

/** What the presented credential was, for audit: an `extra` of the user. */
export const credentialIDKey = 'authentication.kubernetes.io/credential-id'
