// The DisruptionAllowed condition of a PodDisruptionBudget: says in words what status.disruptionsAllowed says in a number.

import { findCondition, setCondition } from '../../../machinery/conditions.ts'
import type { PodDisruptionBudgetStatus } from './poddisruptionbudget.ts'

export const disruptionAllowed = 'DisruptionAllowed'
export const syncFailed = 'SyncFailed'

/** How long an evicted pod that is still there counts as on its way out. */
export const deletionTimeoutMs = 2 * 60_000

type Conditions = PodDisruptionBudgetStatus['conditions']

export function withDisruptionAllowed(status: PodDisruptionBudgetStatus, now: string): NonNullable<Conditions> {
  const allowed = status.disruptionsAllowed > 0
  return setCondition(
    status.conditions,
    {
      type: disruptionAllowed,
      status: allowed ? 'True' : 'False',
      reason: allowed ? 'SufficientPods' : 'InsufficientPods',
      message: '',
      observedGeneration: status.observedGeneration,
    },
    now,
  ) as NonNullable<Conditions>
}

/** Whether the condition says what `withDisruptionAllowed` would. */
export function isDisruptionAllowedCurrent({
  conditions,
  disruptionsAllowed,
  observedGeneration,
}: PodDisruptionBudgetStatus): boolean {
  const condition = findCondition(conditions, disruptionAllowed)
  const [status, reason] = disruptionsAllowed > 0 ? ['True', 'SufficientPods'] : ['False', 'InsufficientPods']
  return (
    condition?.status === status && condition.reason === reason && condition.observedGeneration === observedGeneration
  )
}
