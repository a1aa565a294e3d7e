// Several authenticators as one: the first that knows the sender decides. When none does, wrong credentials are an
// error, and only a request that shows nothing at all is anonymous.

import {
  type AuthenticationInput,
  type AuthenticationResult,
  type Authenticator,
  InvalidCredentials,
} from './authenticator.ts'

export interface UnionOptions {
  /** Answers for requests without credentials; without it they are refused. */
  readonly anonymous?: Authenticator
}

export class UnionAuthenticator implements Authenticator {
  readonly #authenticators: readonly Authenticator[]
  readonly #anonymous: Authenticator | undefined

  constructor(authenticators: readonly Authenticator[], options: UnionOptions = {}) {
    this.#authenticators = authenticators
    this.#anonymous = options.anonymous
  }

  authenticate(request: AuthenticationInput): AuthenticationResult | Promise<AuthenticationResult> {
    return this.#from(0, request, undefined)
  }

  #from(
    start: number,
    request: AuthenticationInput,
    refusal: InvalidCredentials | undefined,
  ): AuthenticationResult | Promise<AuthenticationResult> {
    let refused = refusal
    for (let index = start; index < this.#authenticators.length; index++) {
      const answer = this.#authenticators[index]!.authenticate(request)
      if (answer instanceof Promise) {
        return answer.then(result => {
          if (result !== undefined && !(result instanceof InvalidCredentials)) return result
          return this.#from(index + 1, request, both(refused, result))
        })
      }
      if (answer instanceof InvalidCredentials) refused = both(refused, answer)
      else if (answer !== undefined) return answer
    }
    return refused ?? this.#anonymous?.authenticate(request)
  }
}

function both(one: InvalidCredentials | undefined, other: InvalidCredentials | undefined) {
  return one && other ? new InvalidCredentials(...one.reasons, ...other.reasons) : (one ?? other)
}
