// What becomes of a volume: its phase, and when its claim is gone, what its reclaim policy says.

import { type PersistentVolume, persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { hasAnnotation, provisionedBy } from '../../api/core/v1/volume-binding.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import { keyFor } from '../../client/object-key.ts'
import type { ReconcileResult } from '../../client/work-queue.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import type { BinderContext } from './binder-context.ts'
import { reclaim } from './reclaim.ts'
import { unbind, updateVolumePhase } from './volume-phase.ts'

/** Volumes by the key of the claim they are for. */
export const volumesByClaim = 'claim'

export async function syncVolume(name: string, context: BinderContext): Promise<ReconcileResult | undefined> {
  const volume = context.lister(persistentVolumes).get(name)
  if (!volume) {
    context.state.metrics.ended(name)
    return undefined
  }
  const { claimRef } = volume.spec
  if (!claimRef?.uid) {
    await updateVolumePhase(volume, 'Available', context)
    // It may be kept for a claim that is there already.
    if (claimRef) context.queue.add(keyFor(claimRef.namespace, claimRef.name ?? ''))
    return undefined
  }
  const claim = await claimOf(volume, context)
  if (!claim) return reclaim(volume, context)
  if (!claim.spec.volumeName) context.queue.add(keyFor(claimRef.namespace, claimRef.name ?? ''))
  else if (claim.spec.volumeName === name) await updateVolumePhase(volume, 'Bound', context)
  else if (hasAnnotation(volume, provisionedBy) && volume.spec.persistentVolumeReclaimPolicy === 'Delete')
    return reclaim(volume, context)
  else await unbind(volume, context)
  return undefined
}

/** The claim the volume is bound to; undefined for one that is gone, even if another has its name now. */
async function claimOf(
  { spec: { claimRef } }: PersistentVolume,
  { lister, client }: ReconcileContext,
): Promise<PersistentVolumeClaim | undefined> {
  const { namespace, name = '', uid } = claimRef!
  const cached = lister(persistentVolumeClaims).get(keyFor(namespace, name))
  if (cached?.metadata.uid === uid) return cached
  try {
    // Data is at stake: the cache may be late.
    const claim = await client.resource(persistentVolumeClaims).namespace(namespace).get(name)
    return claim.metadata.uid === uid ? claim : undefined
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
