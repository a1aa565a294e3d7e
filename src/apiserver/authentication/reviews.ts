// TokenReview: is this token good, and whose is it? SelfSubjectReview: who am I? Neither is stored.

import { badRequest, internalError } from '../../machinery/status-error.ts'
import type { UserInfo } from '../user.ts'
import {
  type AuthenticationNotes,
  type AuthenticationResult,
  type Authenticator,
  InvalidCredentials,
} from './authenticator.ts'
import { invalidBearerToken } from './bearer-token.ts'

export interface TokenReviewSpec {
  readonly token?: string
  readonly audiences?: readonly string[]
}

/** A user in the form of the authentication API. */
export function userInfoOf(user: UserInfo): object {
  return {
    ...(user.name !== '' && { username: user.name }),
    ...(user.uid && { uid: user.uid }),
    ...(user.groups.length > 0 && { groups: [...user.groups] }),
    ...(user.extra && Object.keys(user.extra).length > 0 && { extra: { ...user.extra } }),
  }
}

/** The status of a TokenReview. `audiences` are the API server's own. */
export function reviewToken(
  spec: TokenReviewSpec,
  authenticator: Authenticator,
  audiences: readonly string[],
): object | Promise<object> {
  const { token = '' } = spec
  if (token === '') throw badRequest('token is required for TokenReview in authentication')
  const asked = spec.audiences?.length ? spec.audiences : audiences
  const notes: AuthenticationNotes = { warnings: [] }
  const answer = (result: AuthenticationResult): object => {
    if (result === undefined) return { user: {} }
    if (result instanceof InvalidCredentials)
      // Upstream's own loopback token is compared first, and says so.
      return { user: {}, error: new InvalidCredentials(invalidBearerToken, ...result.reasons).reason }
    const { credentialAudiences } = notes
    if (asked.length > 0 && !credentialAudiences?.some(audience => asked.includes(audience)))
      throw internalError('error validating audiences')
    return { authenticated: true, user: userInfoOf(result), audiences: credentialAudiences }
  }
  const result = authenticator.authenticate({
    headers: { authorization: `Bearer ${token}` },
    audiences: asked,
    notes,
  })
  return result instanceof Promise ? result.then(answer) : answer(result)
}
