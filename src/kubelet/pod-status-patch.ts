// The strategic merge patch that turns one pod status into another, naming only what the kubelet changed: others own
// conditions of their own in the same list.

import type { PodCondition, PodStatus } from '../api/core/v1/pod.ts'

/** What the kubelet writes. Fields it never touches (nominatedNodeName, resourceClaimStatuses, …) are left alone. */
const ownFields = [
  'observedGeneration',
  'phase',
  'message',
  'reason',
  'hostIP',
  'podIP',
  'startTime',
  'initContainerStatuses',
  'containerStatuses',
  'ephemeralContainerStatuses',
  'qosClass',
  'allocatedResources',
  'resources',
] as const satisfies readonly (keyof PodStatus)[]

/** Undefined when nothing differs. */
export function podStatusPatch(before: PodStatus, after: PodStatus): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {}
  for (const field of ownFields) if (!sameValue(before[field], after[field])) patch[field] = after[field] ?? null
  for (const field of ['hostIPs', 'podIPs'] as const) {
    const [old = [], wanted = []] = [before[field], after[field]]
    if (sameValue(old, wanted)) continue
    // Lists merged by address: what is no longer there has to be replaced away.
    patch[field] = old.length > 0 ? [{ $patch: 'replace' }, ...wanted] : wanted
  }
  const conditions: unknown[] = []
  for (const condition of after.conditions ?? []) {
    const old = conditionOf(before, condition.type)
    if (sameValue(condition, old)) continue
    // Merged into the old one: what is not said any more has to be taken away.
    const gone = Object.keys(old ?? {}).filter(key => !(key in condition))
    conditions.push({ ...condition, ...Object.fromEntries(gone.map(key => [key, null])) })
  }
  if (conditions.length > 0) {
    patch['conditions'] = conditions
    patch['$setElementOrder/conditions'] = (after.conditions ?? []).map(({ type }) => ({ type }))
  }
  return Object.keys(patch).length > 0 ? patch : undefined
}

/** Whether there is nothing to patch. */
export function sameStatus(before: PodStatus, after: PodStatus): boolean {
  if (before === after) return true
  for (const field of ownFields) if (!sameValue(before[field], after[field])) return false
  if (!sameValue(before.hostIPs, after.hostIPs) || !sameValue(before.podIPs, after.podIPs)) return false
  for (const condition of after.conditions ?? [])
    if (!sameValue(condition, conditionOf(before, condition.type))) return false
  return true
}

function conditionOf({ conditions = [] }: PodStatus, type: string): PodCondition | undefined {
  for (const condition of conditions) if (condition.type === type) return condition
  return undefined
}

/** Equal as the API sees it: absent, null and empty are the same. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true
  const aIsObject = typeof a === 'object' && a !== null
  const bIsObject = typeof b === 'object' && b !== null
  if (!aIsObject || !bIsObject) return isNothing(a) && isNothing(b)
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b)) return isNothing(a) && isNothing(b)
    return a.length === b.length && a.every((item, i) => sameValue(item, b[i]))
  }
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  for (const key in left) if (!sameValue(left[key], right[key])) return false
  for (const key in right) if (!(key in left) && !isNothing(right[key])) return false
  return true
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true
  if (typeof value !== 'object') return false
  if (Array.isArray(value)) return value.length === 0
  return Object.values(value).every(isNothing)
}
