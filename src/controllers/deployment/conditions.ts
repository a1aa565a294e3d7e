// The conditions of a Deployment: Available, Progressing, ReplicaFailure. A condition whose status and reason are the
// same is left as it was, message and times too.

import type { Deployment, DeploymentCondition, DeploymentStatus } from '../../api/apps/v1/deployment.ts'
import { formatTime, timeOf } from '../../machinery/time.ts'

export type ConditionType = 'Available' | 'Progressing' | 'ReplicaFailure'

export function conditionOf(status: DeploymentStatus, type: ConditionType): DeploymentCondition | undefined {
  return status.conditions?.find(condition => condition.type === type)
}

export function newCondition(
  type: ConditionType,
  status: 'True' | 'False' | 'Unknown',
  reason: string,
  message: string,
  now: number,
): DeploymentCondition {
  const at = formatTime(now)
  return { type, status, lastUpdateTime: at, lastTransitionTime: at, reason, message }
}

export function withCondition(status: DeploymentStatus, condition: DeploymentCondition): DeploymentStatus {
  const current = conditionOf(status, condition.type as ConditionType)
  if (current && current.status === condition.status && current.reason === condition.reason) return status
  const next =
    current?.status === condition.status ? { ...condition, lastTransitionTime: current.lastTransitionTime } : condition
  const others = status.conditions?.filter(({ type }) => type !== condition.type) ?? []
  return { ...status, conditions: [...others, next] }
}

export function withoutCondition(status: DeploymentStatus, type: ConditionType): DeploymentStatus {
  if (!conditionOf(status, type)) return status
  return { ...status, conditions: status.conditions!.filter(condition => condition.type !== type) }
}

export function hasProgressDeadline({ spec }: Deployment): boolean {
  return spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== 2147483647
}

/** Milliseconds since the epoch at which a rollout without progress counts as stuck. */
export function deadlineAfter(deployment: Deployment, condition: DeploymentCondition): number {
  return (timeOf(condition.lastUpdateTime) ?? 0) + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000
}
