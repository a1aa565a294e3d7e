// Authorization: may this user do that?
//
// Comes in: who, and what the request would do. Goes out: a decision with its reason, at once: every authorizer here
// decides from indexes it keeps up to date as objects change, so asking costs no I/O. Each authorizer is one file;
// `union.ts` asks them in order until one allows or denies.

import type { UserInfo } from '../user.ts'

export interface AuthorizationAttributes {
  readonly user: UserInfo
  /** get, list, watch, create, update, patch, delete, deletecollection, …; the lower-case HTTP method for other paths. */
  readonly verb: string
  readonly resourceRequest: boolean
  readonly group?: string
  readonly version?: string
  readonly resource?: string
  readonly subresource?: string
  readonly name?: string
  readonly namespace?: string
  /** The selector of a list, watch or deletecollection, as it came. */
  readonly fieldSelector?: string
  /** The URL's path, for requests that are not about a resource. */
  readonly path?: string
}

export interface Decision {
  readonly allowed: boolean
  /** A denial that no later authorizer may overrule. */
  readonly denied?: boolean
  readonly reason: string
}

export const noOpinion: Decision = { allowed: false, reason: '' }

export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): Decision
}
