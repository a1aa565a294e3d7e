// The matchConditions of a policy, counted.

import type { AdmissionMetrics } from '../admission-metrics.ts'
import { type ConditionsOutcome, evaluateMatchConditions, type Subject } from '../matching/expressions.ts'
import type { CompiledConditions } from './compiled-policies.ts'

const holds: ConditionsOutcome = { matches: true }

export function measuredConditions(
  policy: string,
  { conditions, variables }: CompiledConditions,
  subject: Subject,
  metrics: AdmissionMetrics,
): ConditionsOutcome {
  if (conditions.length === 0) return holds
  const started = metrics.clock.monotonic()
  const outcome = evaluateMatchConditions(conditions, subject, variables)
  const ended = outcome.error !== undefined ? 'failed' : outcome.matches ? 'matched' : 'excluded'
  const { operation } = subject.attributes
  // Upstream says `validate` of mutating policies as well.
  metrics.conditionsEvaluated(policy, 'policy', 'validate', operation, metrics.clock.monotonic() - started, ended)
  return outcome
}
