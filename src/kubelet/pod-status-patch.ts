// The strategic merge patch that turns one pod status into another, naming only what the kubelet changed: others own
// conditions of their own in the same list.

import { isDeepStrictEqual } from 'node:util'
import type { PodStatus } from '../api/core/v1/pod.ts'

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
    const old = before.conditions?.find(({ type }) => type === condition.type)
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

/** Equal as the API sees it: absent, null and empty are the same. */
export function sameValue(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(plain(a), plain(b))
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(plain)
  if (value === null || typeof value !== 'object') return value ?? undefined
  const entries = Object.entries(value)
    .map(([key, inner]) => [key, plain(inner)] as const)
    .filter(([, inner]) => inner !== undefined && inner !== '')
    .sort(([x], [y]) => (x < y ? -1 : 1))
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}
