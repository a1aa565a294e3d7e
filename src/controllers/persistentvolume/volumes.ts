// What becomes of a volume: its phase, and when its claim is gone, what its reclaim policy says.

import { type PersistentVolume, persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { boundByController, hasAnnotation, provisionedBy } from '../../api/core/v1/volume-binding.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import { keyFor } from '../../client/object-key.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { migratedProvisioner } from './migrated-provisioners.ts'

/** Volumes by the key of the claim they are for. */
export const volumesByClaim = 'claim'

export async function syncVolume(name: string, context: ReconcileContext): Promise<void> {
  const volume = context.lister(persistentVolumes).get(name)
  if (!volume) return
  const { claimRef } = volume.spec
  if (!claimRef?.uid) {
    await updateVolumePhase(volume, 'Available', context)
    // It may be kept for a claim that is there already.
    if (claimRef) context.queue.add(keyFor(claimRef.namespace, claimRef.name ?? ''))
    return
  }
  const claim = await claimOf(volume, context)
  if (!claim) return release(volume, context)
  if (!claim.spec.volumeName) context.queue.add(keyFor(claimRef.namespace, claimRef.name ?? ''))
  else if (claim.spec.volumeName === name) await updateVolumePhase(volume, 'Bound', context)
  else if (hasAnnotation(volume, provisionedBy) && volume.spec.persistentVolumeReclaimPolicy === 'Delete')
    await release(volume, context)
  else await unbind(volume, context)
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

/** A failure stays visible while it is tried again. */
async function release(volume: PersistentVolume, context: ReconcileContext): Promise<void> {
  const { phase } = volume.status
  const released =
    phase === 'Released' || phase === 'Failed' ? volume : await updateVolumePhase(volume, 'Released', context)
  switch (volume.spec.persistentVolumeReclaimPolicy) {
    case 'Retain':
      return
    case 'Delete':
      if (isDeletedElsewhere(volume)) return
      return failed(released, 'VolumeFailedDelete', deleteFailure(volume), context)
    case 'Recycle':
      return failed(released, 'VolumeFailedRecycle', 'No recycler plugin found for the volume!', context)
    default:
      return failed(
        released,
        'VolumeUnknownReclaimPolicy',
        'Volume has unrecognized PersistentVolumeReclaimPolicy',
        context,
      )
  }
}

/** Whoever made the volume deletes it. */
function isDeletedElsewhere({ metadata, spec }: PersistentVolume): boolean {
  const provisioner = metadata.annotations?.[provisionedBy]
  if (provisioner !== undefined) return !migratedProvisioner(provisioner).startsWith('kubernetes.io/')
  return !!spec.csi
}

function deleteFailure({ metadata }: PersistentVolume): string {
  return `error getting deleter volume plugin for volume "${metadata.name}": no deletable volume plugin matched`
}

async function failed(
  volume: PersistentVolume,
  reason: string,
  message: string,
  context: ReconcileContext,
): Promise<void> {
  if (volume.status.phase === 'Failed') return
  const updated = await updateVolumePhase(volume, 'Failed', context, message)
  context.events.event(updated, 'Warning', reason, message)
}

/** Back to what it was before the controller chose it; a user's choice stays, without the claim that it once was. */
async function unbind(volume: PersistentVolume, context: ReconcileContext): Promise<void> {
  const { claimRef, ...spec } = volume.spec
  const { [boundByController]: byController, ...annotations } = volume.metadata.annotations ?? {}
  const free =
    byController === undefined
      ? { ...volume, spec: { ...spec, claimRef: { ...claimRef, uid: undefined } } }
      : { ...volume, metadata: { ...volume.metadata, annotations }, spec }
  const updated = await context.client.resource(persistentVolumes).update(free as PersistentVolume)
  await updateVolumePhase(updated, 'Available', context)
}

export async function updateVolumePhase(
  volume: PersistentVolume,
  phase: string,
  { client }: ReconcileContext,
  message?: string,
): Promise<PersistentVolume> {
  if (volume.status.phase === phase) return volume
  return client
    .resource(persistentVolumes)
    .updateStatus({ ...volume, status: { ...volume.status, phase, message } } as PersistentVolume)
}
