// For whom a credential is good. Most authenticators know nothing of audiences: what they accept is good for the API
// server itself, and for nobody else.

import type { AuthenticationInput, AuthenticationResult, TokenAuthenticator } from './authenticator.ts'
import { InvalidCredentials } from './authenticator.ts'

/** What both have, in the order of `asked`. */
export const commonAudiences = (has: readonly string[], asked: readonly string[]): string[] =>
  asked.filter(audience => has.includes(audience))

/** An authenticator that knows of no audiences, for the API server's own. */
export class ForAudiences implements TokenAuthenticator {
  readonly #authenticator: TokenAuthenticator
  readonly #audiences: readonly string[]

  constructor(audiences: readonly string[], authenticator: TokenAuthenticator) {
    this.#audiences = audiences
    this.#authenticator = authenticator
  }

  authenticateToken(token: string, request: AuthenticationInput): AuthenticationResult | Promise<AuthenticationResult> {
    if (request.audiences === undefined) return this.#authenticator.authenticateToken(token, request)
    const common = commonAudiences(this.#audiences, request.audiences)
    if (common.length === 0) return undefined
    const accept = (result: AuthenticationResult): AuthenticationResult => {
      if (request.notes && result !== undefined && !(result instanceof InvalidCredentials))
        request.notes.credentialAudiences = common
      return result
    }
    const found = this.#authenticator.authenticateToken(token, request)
    return found instanceof Promise ? found.then(accept) : accept(found)
  }
}
