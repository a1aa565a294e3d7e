// The Available condition of an APIService.

import { formatTime } from '../../../machinery/time.ts'
import type { APIService, APIServiceCondition } from './apiservice.ts'

export const isAvailable = ({ status }: APIService): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Available' && value === 'True') ?? false

/** What the server itself serves is always there. */
export const localCondition = (now: number): APIServiceCondition => ({
  type: 'Available',
  status: 'True',
  lastTransitionTime: formatTime(now),
  reason: 'Local',
  message: 'Local APIServices are always available',
})

/** The conditions with this one in its place; the time of an unchanged status stays. */
export function withCondition(
  conditions: readonly APIServiceCondition[],
  next: APIServiceCondition,
): APIServiceCondition[] {
  const at = conditions.findIndex(({ type }) => type === next.type)
  const old = conditions[at]
  if (!old) return [...conditions, next]
  const { lastTransitionTime } = old.status === next.status ? old : next
  return conditions.with(at, { ...next, lastTransitionTime })
}
