// A Deployment whose size changed, or that is paused: its ReplicaSets get the new size without any rollout.

import { desiredReplicasOf } from './annotations.ts'
import type { Rollout } from './rollout.ts'
import { byCreation, isSaturated, proportionalSizes, replicasOf, withPods } from './sizes.ts'

/** The size is not the one that the ReplicaSets were last given. */
export function isScalingEvent({ deployment, all }: Rollout): boolean {
  return withPods(all).some(replicaSet => {
    const desired = desiredReplicasOf(replicaSet)
    return desired !== undefined && desired !== replicasOf(deployment)
  })
}

export async function scale(rollout: Rollout): Promise<void> {
  const { deployment, current, old } = rollout
  const active = withPods(rollout.all)
  // Nothing is being rolled out: one ReplicaSet has it all.
  const single = active.length > 1 ? undefined : (active[0] ?? current ?? [...old].sort(byCreation).at(-1))
  if (single) {
    if (replicasOf(single) !== replicasOf(deployment)) await rollout.scale(single, replicasOf(deployment))
    return
  }
  if (isSaturated(deployment, current)) {
    for (const replicaSet of withPods(old)) await rollout.scale(replicaSet, 0)
    return
  }
  if (deployment.spec.strategy.type === 'Recreate') return
  for (const { replicaSet, size } of proportionalSizes(deployment, active)) await rollout.share(replicaSet, size)
}
