// TokenReview: is this token good, and whose is it? SelfSubjectReview: who am I? Neither is stored.

import { badRequest } from '../../machinery/status-error.ts'
import type { UserInfo } from '../user.ts'
import { type AuthenticationResult, type Authenticator, InvalidCredentials } from './authenticator.ts'
import { unverifiedClaims } from './jwt.ts'

export interface TokenReviewSpec {
  readonly token?: string
  readonly audiences?: readonly string[]
}

/** A user in the form of the authentication API. */
export function userInfoOf(user: UserInfo): object {
  return {
    username: user.name,
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
  const wanted = spec.audiences?.length ? spec.audiences : undefined
  const answer = (result: AuthenticationResult): object => {
    if (result === undefined || result instanceof InvalidCredentials) return { user: {}, error: 'invalid bearer token' }
    // The token has just been found good, so what it says of its audiences can be believed.
    const meant = [unverifiedClaims(token)?.aud ?? audiences].flat()
    return {
      authenticated: true,
      user: userInfoOf(result),
      audiences: (wanted ?? audiences).filter(audience => meant.includes(audience)),
    }
  }
  const result = authenticator.authenticate({ headers: { authorization: `Bearer ${token}` }, audiences: wanted })
  return result instanceof Promise ? result.then(answer) : answer(result)
}
