// Writes a volume's phase, and frees it from its claim.

import { type PersistentVolume, persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { boundByController } from '../../api/core/v1/volume-binding.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import type { EventType } from '../../client/event-recorder.ts'

/** Back to what it was before the controller chose it; a user's choice stays, without the claim that it once was. */
export async function unbind(volume: PersistentVolume, context: ReconcileContext): Promise<void> {
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

/** The event is told once: when the phase changes. */
export async function updateVolumePhaseWithEvent(
  volume: PersistentVolume,
  phase: string,
  { type, reason, message }: { type: EventType; reason: string; message: string },
  context: ReconcileContext,
): Promise<void> {
  if (volume.status.phase === phase) return
  const updated = await updateVolumePhase(volume, phase, context, message)
  context.events.event(updated, type, reason, message)
}
