// What becomes of a volume whose claim is gone: it is kept, deleted or scrubbed, as its reclaim policy says. Only what the
// built-in plugins can do is done here; volumes of provisioners are theirs to delete.

import { migratedProvisioner } from '../../api/core/v1/csi-migration.ts'
import { type PersistentVolume, persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { provisionedBy } from '../../api/core/v1/volume-binding.ts'
import { keyFor, keyOf } from '../../client/object-key.ts'
import type { ReconcileResult } from '../../client/work-queue.ts'
import { errorText } from '../../machinery/error-text.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { hasPodStopped } from '../pod-status.ts'
import { podsByClaim } from '../pods-by-claim.ts'
import { type BinderContext, syncPeriodMs } from './binder-context.ts'
import { builtInPlugin } from './metrics.ts'
import { isRecyclable, recycle } from './recycler.ts'
import { unbind, updateVolumePhase, updateVolumePhaseWithEvent } from './volume-phase.ts'

/** What failed is tried again. */
const again = { requeueAfterMs: syncPeriodMs }
/** The built-in deleter removes nothing else. */
const nfsPlugin = 'kubernetes.io/nfs'
const builtIn = ['kubernetes.io/host-path', nfsPlugin]
const removable = /\/tmp\/.+/
export const migratedTo = 'pv.kubernetes.io/migrated-to'

/** A failure stays visible while it is tried again. */
export async function reclaim(volume: PersistentVolume, context: BinderContext): Promise<ReconcileResult | undefined> {
  const { phase } = volume.status
  const released =
    phase === 'Released' || phase === 'Failed' ? volume : await updateVolumePhase(volume, 'Released', context)
  if (volume.metadata.annotations?.[migratedTo]) return undefined
  switch (volume.spec.persistentVolumeReclaimPolicy) {
    case 'Retain':
      return undefined
    case 'Delete':
      return deleteVolume(released, context)
    case 'Recycle':
      return recycleVolume(released, context)
    default:
      await failed(
        released,
        'VolumeUnknownReclaimPolicy',
        'Volume has unrecognized PersistentVolumeReclaimPolicy',
        context,
      )
      return undefined
  }
}

async function deleteVolume(volume: PersistentVolume, context: BinderContext): Promise<ReconcileResult | undefined> {
  if (isDeletedElsewhere(volume)) return undefined
  const { name = '' } = volume.metadata
  const { hostPath } = volume.spec
  const { metrics } = context.state
  metrics.started(name, builtInPlugin(volume.spec), 'delete')
  const fail = async (message: string) => {
    metrics.failed(name)
    await failed(volume, 'VolumeFailedDelete', message, context)
    return again
  }
  const plugin = volume.metadata.annotations?.[provisionedBy]
  if (plugin && !builtIn.includes(plugin)) return fail(`no volume plugin matched name: ${plugin}`)
  if (plugin === nfsPlugin) return fail('no deletable volume plugin matched')
  if (!hostPath) {
    const why = volume.spec.nfs ? 'no deletable volume plugin matched' : 'no volume plugin matched'
    return fail(`error getting deleter volume plugin for volume "${name}": ${why}`)
  }
  if (!removable.test(hostPath.path))
    return fail(`host_path deleter only supports /tmp/.+ but received provided ${hostPath.path}`)
  try {
    await context.state.removeDirectory?.(hostPath.path)
  } catch (error) {
    return fail(errorText(error))
  }
  await context.client.resource(persistentVolumes).delete(name).catch(ignoreAbsence)
  return undefined
}

const ignoreAbsence = (error: unknown) => {
  if (!isNotFound(error)) throw error
}

/** Whoever made the volume deletes it. */
function isDeletedElsewhere({ metadata, spec }: PersistentVolume): boolean {
  const provisioner = metadata.annotations?.[provisionedBy]
  if (provisioner) return !migratedProvisioner(provisioner).startsWith('kubernetes.io/')
  return !!spec.csi
}

async function recycleVolume(volume: PersistentVolume, context: BinderContext): Promise<ReconcileResult | undefined> {
  const { lister, events } = context
  const { namespace, name = '' } = volume.spec.claimRef!
  const claimKey = keyFor(namespace, name)
  const users = lister(pods)
    .byIndex(podsByClaim, claimKey)
    .filter(pod => !hasPodStopped(pod))
  // Another claim of that name has a volume of its own, and so have the pods.
  if (users.length > 0 && !lister(persistentVolumeClaims).get(claimKey)) {
    const message = `Volume is used by pods: ${users.map(keyOf).sort().join(',')}`
    events.event(volume, 'Normal', 'VolumeFailedRecycle', message)
    return again
  }
  if (!isRecyclable(volume)) {
    await failed(volume, 'VolumeFailedRecycle', 'No recycler plugin found for the volume!', context)
    return again
  }
  try {
    if (!(await recycle(volume, context))) return undefined
  } catch (error) {
    await failed(volume, 'VolumeFailedRecycle', `Recycle failed: ${errorText(error)}`, context)
    return again
  }
  events.event(volume, 'Normal', 'VolumeRecycled', 'Volume recycled')
  await unbind(volume, context)
  return undefined
}

const failed = (volume: PersistentVolume, reason: string, message: string, context: BinderContext): Promise<void> =>
  updateVolumePhaseWithEvent(volume, 'Failed', { type: 'Warning', reason, message }, context)
