import { ageCell } from '../../cells.ts'
import type { PodDisruptionBudget } from './poddisruptionbudget.ts'

export function podDisruptionBudgetCells(budget: PodDisruptionBudget, now: number): unknown[] {
  const { spec, status } = budget
  return [
    budget.metadata.name,
    String(spec.minAvailable ?? 'N/A'),
    String(spec.maxUnavailable ?? 'N/A'),
    status.disruptionsAllowed ?? 0,
    ageCell(budget, now),
  ]
}
