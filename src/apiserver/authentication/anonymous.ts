// Who shows nothing is system:anonymous. Comes last, and only when nothing was shown: bad credentials are not anonymous.

import { allUnauthenticated, anonymousUser, type UserInfo } from '../user.ts'
import type { AuthenticationInput, AuthenticationResult, Authenticator } from './authenticator.ts'

const anonymous: UserInfo = { name: anonymousUser, groups: [allUnauthenticated] }

export const anonymousAuthenticator: Authenticator = { authenticate: () => anonymous }

/** Anonymous requests on these paths only; on all when there are none. */
export class AnonymousAuthenticator implements Authenticator {
  readonly #paths: ReadonlySet<string>

  constructor(paths: readonly string[] = []) {
    this.#paths = new Set(paths)
  }

  authenticate({ path, notes, audiences }: AuthenticationInput): AuthenticationResult {
    if (this.#paths.size > 0 && !this.#paths.has(path ?? '')) return undefined
    if (notes && audiences) notes.credentialAudiences = audiences
    return anonymous
  }
}
