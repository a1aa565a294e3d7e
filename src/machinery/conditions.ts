// Status conditions: one of each type, whose transition time moves only when its status does. Lists are not changed;
// what comes back is the same list when nothing is new.

export interface Condition {
  type: string
  status: string
  reason?: string
  message?: string
  lastTransitionTime?: string | null
  observedGeneration?: number
}

export function findCondition<C extends { readonly type: string }>(
  conditions: readonly C[] | undefined | null,
  type: string,
): C | undefined {
  return conditions?.find(condition => condition.type === type)
}

export function isConditionTrue(
  conditions: readonly { readonly type: string; readonly status: string }[] | undefined | null,
  type: string,
): boolean {
  return findCondition(conditions, type)?.status === 'True'
}

/**
 * With this condition in the place of its type's. `now` becomes its transition time if its status is new; otherwise the
 * old time stays (upstream's meta.SetStatusCondition).
 */
export function setCondition<C extends Condition>(
  conditions: readonly C[] | undefined | null,
  next: Omit<C, 'lastTransitionTime'> & { readonly lastTransitionTime?: string | null },
  now: string,
): C[] {
  const list = conditions ?? []
  const at = list.findIndex(condition => condition.type === next.type)
  const previous = list[at]
  const kept = previous?.status === next.status ? previous.lastTransitionTime : undefined
  const condition = { ...next, lastTransitionTime: kept ?? next.lastTransitionTime ?? now } as unknown as C
  if (!previous) return [...list, condition]
  if (sameFields(previous, condition)) return list as C[]
  return list.map((each, index) => (index === at ? condition : each))
}

export function removeCondition<C extends { readonly type: string }>(
  conditions: readonly C[] | undefined | null,
  type: string,
): C[] {
  const list = conditions ?? []
  return list.some(condition => condition.type === type)
    ? list.filter(condition => condition.type !== type)
    : (list as C[])
}

function sameFields(a: object, b: object): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  for (const key of keys) if ((a as Record<string, unknown>)[key] !== (b as Record<string, unknown>)[key]) return false
  return true
}
