// matchConditions of webhooks: compiled once for each list of them.
//
// Brings CEL with it: import this file dynamically.

import type { MatchCondition } from '../../../api/admissionregistration/v1/matchresources.ts'
import { type Compiled, PolicyCompiler } from '../../../api/admissionregistration/v1/policy-expressions.ts'
import { type ConditionsOutcome, evaluateMatchConditions, type Subject } from '../matching/expressions.ts'

/** By the stored list: a changed webhook has another one. */
const compiled = new WeakMap<readonly MatchCondition[], readonly Compiled[]>()

export function webhookConditions(conditions: readonly MatchCondition[], subject: Subject): ConditionsOutcome {
  let programs = compiled.get(conditions)
  if (!programs) {
    const compiler = new PolicyCompiler(false)
    programs = conditions.map(({ expression }) =>
      compiler.compile(expression, ['bool'], { params: false, authorizer: true }),
    )
    compiled.set(conditions, programs)
  }
  return evaluateMatchConditions(programs, subject, new Map())
}
