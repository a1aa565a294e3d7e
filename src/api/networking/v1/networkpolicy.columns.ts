import { formatLabelSelector } from '../../../machinery/labels.ts'
import { ageCell } from '../../cells.ts'
import type { NetworkPolicy } from './networkpolicy.ts'

export function networkPolicyCells(policy: NetworkPolicy, now: number): unknown[] {
  // Here an absent selector is an empty one: both select every pod.
  return [policy.metadata.name, formatLabelSelector(policy.spec.podSelector ?? {}), ageCell(policy, now)]
}
