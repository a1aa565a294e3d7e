// RollingUpdate: the new ReplicaSet grows and the old ones shrink, never more pods than the surge allows, never fewer
// available ones than maxUnavailable does.

import type { Rollout } from './rollout.ts'
import {
  availableCount,
  byCreation,
  desiredCount,
  maxUnavailable,
  newReplicaSetSize,
  replicasOf,
  withPods,
} from './sizes.ts'

/** One step; answers whether something was scaled. */
export async function rollingUpdateStep(rollout: Rollout): Promise<boolean> {
  return (await scaleNew(rollout)) || (await scaleOld(rollout))
}

async function scaleNew(rollout: Rollout): Promise<boolean> {
  const { deployment, current } = rollout
  const desired = replicasOf(deployment)
  const size = replicasOf(current!)
  if (size === desired) return false
  return rollout.scale(current!, size > desired ? desired : newReplicaSetSize(deployment, rollout.all, size))
}

async function scaleOld(rollout: Rollout): Promise<boolean> {
  const { deployment, current } = rollout
  const old = withPods(rollout.old)
  if (desiredCount(old) === 0) return false
  const minAvailable = replicasOf(deployment) - maxUnavailable(deployment)
  const newUnavailable = replicasOf(current!) - (current!.status.availableReplicas ?? 0)
  const most = desiredCount(rollout.all) - minAvailable - newUnavailable
  if (most <= 0) return false
  const unhealthy = await removeUnhealthy(rollout, most)
  const healthy = await removeHealthy(rollout, minAvailable)
  return unhealthy + healthy > 0
}

/** Old pods that are not available are no loss: they go first, and do not count against the minimum. */
async function removeUnhealthy(rollout: Rollout, most: number): Promise<number> {
  let removed = 0
  for (const replicaSet of withPods(rollout.old).sort(byCreation)) {
    if (removed >= most) break
    const size = replicasOf(replicaSet)
    const count = Math.min(most - removed, size - (replicaSet.status.availableReplicas ?? 0))
    if (count <= 0) continue
    await rollout.scale(replicaSet, size - count)
    removed += count
  }
  return removed
}

async function removeHealthy(rollout: Rollout, minAvailable: number): Promise<number> {
  const most = availableCount(rollout.all) - minAvailable
  let removed = 0
  for (const replicaSet of withPods(rollout.old).sort(byCreation)) {
    if (removed >= most) break
    const size = replicasOf(replicaSet)
    const count = Math.min(size, most - removed)
    await rollout.scale(replicaSet, size - count)
    removed += count
  }
  return removed
}
