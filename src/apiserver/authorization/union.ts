// Several authorizers as one: the first that allows or denies decides; when none does, their reasons are told together.

import { aggregateMessage } from '../../machinery/field-error.ts'
import { type Authorizer, type Decision, noOpinion, type Rules } from './authorizer.ts'

export function unionAuthorizer(...authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(attributes): Decision {
      let reason = ''
      let errors: string[] | undefined
      for (const authorizer of authorizers) {
        const decision = authorizer.authorize(attributes)
        if (decision.allowed || decision.denied) return decision
        if (decision.error !== undefined) errors = [...(errors ?? []), decision.error]
        if (decision.reason !== '') reason = reason === '' ? decision.reason : `${reason}\n${decision.reason}`
      }
      if (reason === '' && !errors) return noOpinion
      return { allowed: false, reason, ...(errors && { error: aggregateMessage(errors) }) }
    },
    rulesFor(user, namespace): Rules {
      const all = authorizers.flatMap(authorizer => authorizer.rulesFor?.(user, namespace) ?? [])
      return {
        rules: all.flatMap(({ rules }) => rules),
        incomplete: all.some(({ incomplete }) => incomplete),
        errors: all.flatMap(({ errors }) => errors),
      }
    },
  }
}
