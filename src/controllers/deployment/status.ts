// What a Deployment says of itself, and when a rollout is done, gets on or is stuck.

import type { Deployment, DeploymentStatus } from '../../api/apps/v1/deployment.ts'
import type { ReplicaSet } from '../../api/apps/v1/replicaset.ts'
import { quote } from '../../machinery/go-text.ts'
import {
  conditionOf,
  deadlineAfter,
  hasProgressDeadline,
  newCondition,
  withCondition,
  withoutCondition,
} from './conditions.ts'
import type { Rollout } from './rollout.ts'
import { actualCount, availableCount, desiredCount, maxUnavailable, replicasOf } from './sizes.ts'

/** The counts and the Available condition; the other conditions as they were. */
export function countedStatus({ deployment, all, current, context }: Rollout): DeploymentStatus {
  const available = availableCount(all)
  const status: DeploymentStatus = {
    observedGeneration: deployment.metadata.generation,
    replicas: actualCount(all) || undefined,
    updatedReplicas: actualCount(current ? [current] : []) || undefined,
    readyReplicas: all.reduce((sum, each) => sum + (each.status.readyReplicas ?? 0), 0) || undefined,
    availableReplicas: available || undefined,
    unavailableReplicas: Math.max(0, desiredCount(all) - available) || undefined,
    terminatingReplicas: terminatingCount(all),
    collisionCount: deployment.status.collisionCount,
    conditions: deployment.status.conditions,
  }
  const enough = available >= replicasOf(deployment) - maxUnavailable(deployment)
  const condition = enough
    ? newCondition(
        'Available',
        'True',
        'MinimumReplicasAvailable',
        'Deployment has minimum availability.',
        context.clock.now(),
      )
    : newCondition(
        'Available',
        'False',
        'MinimumReplicasUnavailable',
        'Deployment does not have minimum availability.',
        context.clock.now(),
      )
  return withCondition(status, condition)
}

/** Unknown as long as one ReplicaSet has not said; one that nobody has looked at yet has none. */
function terminatingCount(all: readonly ReplicaSet[]): number | undefined {
  let sum = 0
  for (const { status } of all) {
    if (status.terminatingReplicas === undefined) {
      if (!status.observedGeneration) continue
      return undefined
    }
    sum += status.terminatingReplicas
  }
  return sum
}

/** The counts, and how the rollout is getting on. */
export function rolloutStatus(rollout: Rollout): DeploymentStatus {
  const { deployment, current, context } = rollout
  const now = context.clock.now()
  let status = countedStatus(rollout)
  const progressing = conditionOf(deployment.status, 'Progressing')
  if (!hasProgressDeadline(deployment)) status = withoutCondition(status, 'Progressing')
  else {
    const settled =
      (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && progressing?.reason === 'NewReplicaSetAvailable'
    const subject = current
      ? `ReplicaSet ${quote(current.metadata.name!)}`
      : `Deployment ${quote(deployment.metadata.name!)}`
    if (settled) {
      // Nothing has been rolled out since.
    } else if (isComplete(deployment, status)) {
      const message = `${subject} has successfully progressed.`
      status = withCondition(status, newCondition('Progressing', 'True', 'NewReplicaSetAvailable', message, now))
    } else if (isProgressing(deployment, status)) {
      // Each step is news, though status and reason are the same: the deadline counts from it.
      const condition = newCondition('Progressing', 'True', 'ReplicaSetUpdated', `${subject} is progressing.`, now)
      if (progressing?.status === 'True') condition.lastTransitionTime = progressing.lastTransitionTime
      status = withCondition(withoutCondition(status, 'Progressing'), condition)
    } else if (isTimedOut(deployment, status, now)) {
      const message = `${subject} has timed out progressing.`
      status = withCondition(status, newCondition('Progressing', 'False', 'ProgressDeadlineExceeded', message, now))
    }
  }
  const failure = replicaFailure(rollout)
  return failure
    ? withCondition(status, { ...newCondition('ReplicaFailure', 'True', '', '', now), ...failure })
    : withoutCondition(status, 'ReplicaFailure')
}

/** Everything is of the new template, there and available, and nothing else is left. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const desired = replicasOf(deployment)
  return (
    (status.updatedReplicas ?? 0) === desired &&
    (status.replicas ?? 0) === desired &&
    (status.availableReplicas ?? 0) === desired &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  )
}

function isProgressing({ status: before }: Deployment, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0)
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  )
}

function isTimedOut(deployment: Deployment, status: DeploymentStatus, now: number): boolean {
  const condition = conditionOf(status, 'Progressing')
  if (!condition || condition.reason === 'NewReplicaSetAvailable') return false
  return condition.reason === 'ProgressDeadlineExceeded' || deadlineAfter(deployment, condition) < now
}

/** What keeps a ReplicaSet from having its pods: the new one's trouble first. */
function replicaFailure({ current, all }: Rollout) {
  for (const replicaSet of current ? [current, ...all] : all) {
    const failure = replicaSet.status.conditions?.find(({ type }) => type === 'ReplicaFailure')
    if (!failure) continue
    const { status, reason, message, lastTransitionTime } = failure
    return { status, reason, message, lastTransitionTime, lastUpdateTime: lastTransitionTime }
  }
  return undefined
}

/** When to look again whether the deadline has passed; undefined when that cannot happen. */
export function deadlineCheckMs(deployment: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const condition = conditionOf(deployment.status, 'Progressing')
  if (!hasProgressDeadline(deployment) || !condition) return undefined
  if (isComplete(deployment, status) || condition.reason === 'ProgressDeadlineExceeded') return undefined
  return Math.max(0, deadlineAfter(deployment, condition) - now) + 1000
}
