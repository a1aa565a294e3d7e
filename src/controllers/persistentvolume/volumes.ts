// What becomes of a volume: its phase, and when its claim is gone, what its reclaim policy says.

import { migratedProvisioner } from '../../api/core/v1/csi-migration.ts'
import { type PersistentVolume, persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { hasAnnotation, provisionedBy, volumeModeOf } from '../../api/core/v1/volume-binding.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import { keyFor } from '../../client/object-key.ts'
import type { ReconcileResult } from '../../client/work-queue.ts'
import { quote } from '../../machinery/go-text.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import type { BinderContext } from './binder-context.ts'
import { migratedTo, reclaim } from './reclaim.ts'
import { unbind, updateVolumePhase } from './volume-phase.ts'

/** Volumes by the key of the claim they are for. */
export const volumesByClaim = 'claim'
/** Keeps a volume until the built-in plugin has deleted it. */
const inTreeFinalizer = 'kubernetes.io/pv-controller'

export async function syncVolume(name: string, context: BinderContext): Promise<ReconcileResult | undefined> {
  const cached = context.lister(persistentVolumes).get(name)
  if (!cached) {
    context.state.metrics.ended(name)
    return undefined
  }
  const volume = await migrated(cached, context)
  const { claimRef } = volume.spec
  if (!claimRef?.uid) {
    await updateVolumePhase(volume, 'Available', context)
    // It may be kept for a claim that is there already.
    if (claimRef) context.queue.add(keyFor(claimRef.namespace, claimRef.name ?? ''))
    return undefined
  }
  const claim = await claimOf(volume, context)
  if (!claim) return reclaim(volume, context)
  if (!claim.spec.volumeName) {
    if (volumeModeOf(volume) === volumeModeOf(claim)) context.queue.add(keyFor(claimRef.namespace, claimRef.name ?? ''))
    else tellModes(volume, claim, context)
  } else if (claim.spec.volumeName === name) await updateVolumePhase(volume, 'Bound', context)
  else if (hasAnnotation(volume, provisionedBy) && volume.spec.persistentVolumeReclaimPolicy === 'Delete')
    return reclaim(volume, context)
  else await unbind(volume, context)
  return undefined
}

function tellModes(volume: PersistentVolume, claim: PersistentVolumeClaim, { events }: BinderContext): void {
  const cannot = (what: string, which: string) =>
    `Cannot bind ${what} to requested ${which} due to incompatible volumeMode.`
  const ofVolume = cannot('PersistentVolume', `PersistentVolumeClaim ${quote(claim.metadata.name ?? '')}`)
  events.event(volume, 'Warning', 'VolumeMismatch', ofVolume)
  const ofClaim = cannot(`PersistentVolume ${quote(volume.metadata.name ?? '')}`, 'PersistentVolumeClaim')
  events.event(claim, 'Warning', 'VolumeMismatch', ofClaim)
}

/** Whose driver has taken over the plugin that made it is told by an annotation, and no longer kept for that plugin. */
async function migrated(volume: PersistentVolume, { client }: BinderContext): Promise<PersistentVolume> {
  const provisioner = volume.metadata.annotations?.[provisionedBy]
  if (provisioner === undefined) return volume
  const { [migratedTo]: before, ...annotations } = volume.metadata.annotations!
  const driver = migratedProvisioner(provisioner)
  const now = driver === provisioner ? undefined : driver
  const { finalizers } = volume.metadata
  const kept = now === undefined ? finalizers : finalizers?.filter(each => each !== inTreeFinalizer)
  if ((before || undefined) === now && kept?.length === finalizers?.length) return volume
  const metadata = {
    ...volume.metadata,
    annotations: now === undefined ? annotations : { ...annotations, [migratedTo]: now },
    finalizers: kept,
  }
  return client.resource(persistentVolumes).update({ ...volume, metadata })
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
