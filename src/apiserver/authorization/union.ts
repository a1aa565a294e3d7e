// Several authorizers as one: the first that allows or denies decides; when none does, their reasons are told together.

import { type Authorizer, type Decision, noOpinion } from './authorizer.ts'

export function unionAuthorizer(...authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(attributes): Decision {
      let reason = ''
      for (const authorizer of authorizers) {
        const decision = authorizer.authorize(attributes)
        if (decision.allowed || decision.denied) return decision
        if (decision.reason !== '') reason = reason === '' ? decision.reason : `${reason}\n${decision.reason}`
      }
      return reason === '' ? noOpinion : { allowed: false, reason }
    },
  }
}
