// Claims that pods use, and volumes that claims use, are not deleted under them: a finalizer keeps them until the last
// user is gone.

import { type PersistentVolume, persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { claimKeysOf } from '../../api/core/v1/volume-binding.ts'
import { controller, watch } from '../../client/controller.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { isPodTerminal } from '../pod-status.ts'
import { podsByClaim } from '../pods-by-claim.ts'

const claimFinalizer = 'kubernetes.io/pvc-protection'
const volumeFinalizer = 'kubernetes.io/pv-protection'

type Protected = { readonly metadata: PersistentVolume['metadata'] }

/** What there is to do: take the finalizer away once nobody uses what is to go, or give it to what has none. */
function change({ metadata }: Protected, finalizer: string): 'release' | 'protect' | undefined {
  const has = metadata.finalizers?.includes(finalizer) ?? false
  if (metadata.deletionTimestamp) return has ? 'release' : undefined
  return has ? undefined : 'protect'
}

function withFinalizers<T extends Protected>(object: T, finalizers: string[]): T {
  return { ...object, metadata: { ...object.metadata, finalizers } }
}

const without = (object: Protected, finalizer: string) =>
  (object.metadata.finalizers ?? []).filter(each => each !== finalizer)
const including = (object: Protected, finalizer: string) => [...(object.metadata.finalizers ?? []), finalizer]

const absent = (error: unknown) => {
  if (!isNotFound(error)) throw error
}

export const persistentVolumeClaimProtectionController = controller<PersistentVolumeClaim>({
  name: 'persistentvolumeclaim-protection-controller',
  reconciles: persistentVolumeClaims,
  filter: ({ after }) => after !== undefined && change(after, claimFinalizer) !== undefined,
  watches: [
    watch<Pod>(pods, {
      indexers: { [podsByClaim]: claimKeysOf },
      keys: ({ before, after }) => {
        if (after && !isPodTerminal(after) && after.metadata.uid === before?.metadata.uid) return []
        return (before && (!after || after.metadata.uid !== before.metadata.uid)) || (after && isPodTerminal(after))
          ? claimKeysOf((before ?? after)!)
          : []
      },
    }),
  ],
  async reconcile(key, { lister, client }) {
    const claim = lister(persistentVolumeClaims).get(key)
    const wanted = claim && change(claim, claimFinalizer)
    if (!claim || !wanted) return
    const { namespace } = claim.metadata
    const resource = client.resource(persistentVolumeClaims).namespace(namespace)
    if (wanted === 'protect') {
      await resource.update(withFinalizers(claim, including(claim, claimFinalizer))).catch(absent)
      return
    }
    if (lister(pods).byIndex(podsByClaim, key).some(uses)) return
    // The cache may be late: what has just been scheduled must not lose its data.
    const live = await client.resource(pods).namespace(namespace).list()
    if (live.items.some(pod => uses(pod) && claimKeysOf(pod).includes(key))) return
    await resource.update(withFinalizers(claim, without(claim, claimFinalizer))).catch(absent)
  },
})

/** A pod that no kubelet has, and none that has ended, holds nothing. */
const uses = (pod: Pod) => !!pod.spec.nodeName && !isPodTerminal(pod)

export const persistentVolumeProtectionController = controller<PersistentVolume>({
  name: 'persistentvolume-protection-controller',
  reconciles: persistentVolumes,
  filter: ({ after }) => after !== undefined && change(after, volumeFinalizer) !== undefined,
  async reconcile(key, { lister, client }) {
    const volume = lister(persistentVolumes).get(key)
    const wanted = volume && change(volume, volumeFinalizer)
    if (!volume || !wanted || (wanted === 'release' && volume.status.phase === 'Bound')) return
    const finalizers = wanted === 'protect' ? including(volume, volumeFinalizer) : without(volume, volumeFinalizer)
    await client.resource(persistentVolumes).update(withFinalizers(volume, finalizers)).catch(absent)
  },
})
