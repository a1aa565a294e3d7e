// Authorization: may this user do that?
//
// Comes in: who, and what the request would do. Goes out: a decision with its reason, at once: every authorizer here
// decides from indexes it keeps up to date as objects change, so asking costs no I/O (but for webhook.ts). Each authorizer is one file;
// `union.ts` asks them in order until one allows or denies.

import type { PolicyRule } from '../../api/rbac/aggregation.ts'
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
  readonly labelSelector?: string
  /** The URL's path, for requests that are not about a resource. */
  readonly path?: string
}

export interface Decision {
  readonly allowed: boolean
  /** A denial that no later authorizer may overrule. */
  readonly denied?: boolean
  readonly reason: string
  /** What went wrong on the way to the decision. */
  readonly error?: string
}

/** What a user may do in a namespace, as far as an authorizer can tell. */
export interface Rules {
  readonly rules: readonly PolicyRule[]
  readonly incomplete: boolean
  readonly errors: readonly string[]
}

/**
 * Thrown where a decision needs an answer from elsewhere: when the promise has resolved, the same question is answered at
 * once. The pipeline waits and does the request's step again.
 */
export class DecisionPending extends Error {
  readonly answered: Promise<void>
  /** Keeps the answer until what is given back is called: for as long as the request that asks is under way. */
  readonly hold: () => () => void

  constructor(answered: Promise<void>, hold: () => () => void) {
    super('the decision is being asked for')
    this.answered = answered
    this.hold = hold
  }
}

export const noOpinion: Decision = { allowed: false, reason: '' }

export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): Decision
  rulesFor?(user: UserInfo, namespace: string): Rules
}
