// How many pods a Deployment may have and must have, and how many of them each ReplicaSet gets.

import type { Deployment } from '../../api/apps/v1/deployment.ts'
import type { ReplicaSet } from '../../api/apps/v1/replicaset.ts'
import { scaledValueFromPercent } from '../../machinery/int-or-string.ts'
import { desiredReplicasOf, maxReplicasOf } from './annotations.ts'

export function replicasOf({ spec }: Deployment | ReplicaSet): number {
  return spec.replicas ?? 1
}

/** What the ReplicaSets are asked to have. */
export function desiredCount(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, replicaSet) => sum + replicasOf(replicaSet), 0)
}

/** What the ReplicaSets report to have. */
export function actualCount(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, { status }) => sum + status.replicas, 0)
}

export function availableCount(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, { status }) => sum + (status.availableReplicas ?? 0), 0)
}

export function withPods(replicaSets: readonly ReplicaSet[]): ReplicaSet[] {
  return replicaSets.filter(replicaSet => replicasOf(replicaSet) > 0)
}

/** Surge is rounded up and unavailability down; if nothing may move either way, one pod may be missing. */
function fenceposts(deployment: Deployment): { surge: number; unavailable: number } {
  const { type, rollingUpdate } = deployment.spec.strategy
  if (type === 'Recreate') return { surge: 0, unavailable: 0 }
  const desired = replicasOf(deployment)
  const surge = scaledValueFromPercent(rollingUpdate?.maxSurge ?? 0, desired, true)
  const unavailable = scaledValueFromPercent(rollingUpdate?.maxUnavailable ?? 0, desired, false)
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable }
}

export function maxSurge(deployment: Deployment): number {
  return fenceposts(deployment).surge
}

export function maxUnavailable(deployment: Deployment): number {
  const desired = replicasOf(deployment)
  return desired === 0 ? 0 : Math.min(fenceposts(deployment).unavailable, desired)
}

/** How large the new ReplicaSet may be now: as much of what is wanted as the surge leaves room for. */
export function newReplicaSetSize(deployment: Deployment, all: readonly ReplicaSet[], current: number): number {
  const desired = replicasOf(deployment)
  if (deployment.spec.strategy.type === 'Recreate') return desired
  const room = desired + maxSurge(deployment) - desiredCount(all)
  return room <= 0 ? current : current + Math.min(room, desired - current)
}

/** All that is wanted is this ReplicaSet's, and there. */
export function isSaturated(deployment: Deployment, replicaSet: ReplicaSet | undefined): boolean {
  if (!replicaSet) return false
  const desired = replicasOf(deployment)
  return (
    desiredReplicasOf(replicaSet) === desired &&
    replicasOf(replicaSet) === desired &&
    (replicaSet.status.availableReplicas ?? 0) === desired
  )
}

/**
 * The sizes of the ReplicaSets of a Deployment that is scaled in the middle of a rollout: what comes or goes is shared
 * among them by their sizes, so that no version is favoured; what rounding leaves over is the largest one's.
 */
export function proportionalSizes(
  deployment: Deployment,
  active: readonly ReplicaSet[],
): readonly { readonly replicaSet: ReplicaSet; readonly size: number }[] {
  const desired = replicasOf(deployment)
  const allowed = desired > 0 ? desired + maxSurge(deployment) : 0
  const toAdd = allowed - desiredCount(active)
  const bySize = [...active].sort(
    (a, b) => replicasOf(b) - replicasOf(a) || (toAdd > 0 ? -byCreation(a, b) : byCreation(a, b)),
  )
  let added = 0
  const sizes = bySize.map(replicaSet => {
    const proportion = proportionOf(deployment, replicaSet, toAdd, added)
    added += proportion
    return { replicaSet, size: replicasOf(replicaSet) + proportion }
  })
  const largest = sizes[0]
  if (largest && toAdd !== 0) largest.size = Math.max(0, largest.size + toAdd - added)
  return sizes
}

function proportionOf(deployment: Deployment, replicaSet: ReplicaSet, toAdd: number, added: number): number {
  if (replicasOf(replicaSet) === 0 || toAdd === 0 || toAdd === added) return 0
  const fraction = fractionOf(deployment, replicaSet)
  const allowed = toAdd - added
  return toAdd > 0 ? Math.min(fraction, allowed) : Math.max(fraction, allowed)
}

function fractionOf(deployment: Deployment, replicaSet: ReplicaSet): number {
  const size = replicasOf(replicaSet)
  if (replicasOf(deployment) === 0) return -size
  const max = replicasOf(deployment) + maxSurge(deployment)
  const before = maxReplicasOf(replicaSet) || deployment.status.replicas || 0
  return before === 0 ? 0 : Math.round((size * max) / before) - size
}

export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  const [first, second] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '']
  if (first !== second) return first < second ? -1 : 1
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
}
