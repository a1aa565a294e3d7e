// matchConditions of webhooks: compiled once for each list of them.
//
// Brings CEL with it: import this file dynamically.

import type { MatchCondition } from '../../../api/admissionregistration/v1/matchresources.ts'
import { type Compiled, PolicyCompiler } from '../../../api/admissionregistration/v1/policy-expressions.ts'
import { type ConditionsOutcome, evaluateMatchConditions, type Subject } from '../matching/expressions.ts'
import { onceFor } from '../policy/compiled-policies.ts'

/** By the stored list: a changed webhook has another one. */
const compiled = onceFor((conditions: readonly MatchCondition[]): readonly Compiled[] => {
  const compiler = new PolicyCompiler(false)
  return conditions.map(({ expression }) => compiler.compile(expression, ['bool'], { params: false, authorizer: true }))
})

export const webhookConditions = (conditions: readonly MatchCondition[], subject: Subject): ConditionsOutcome =>
  evaluateMatchConditions(compiled(conditions), subject, new Map())
