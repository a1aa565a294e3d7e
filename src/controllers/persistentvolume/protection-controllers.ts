// Claims that pods use, volumes that claims use, and attribute classes that either names are not deleted under them: a
// finalizer keeps them until the last user is gone.

import { type PersistentVolume, persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { claimKeysOf, claimNameOf, foreignClaim } from '../../api/core/v1/volume-binding.ts'
import { type VolumeAttributesClass, volumeAttributesClasses } from '../../api/storage/v1/volumeattributesclass.ts'
import { controller, watch } from '../../client/controller.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { podsByClaim } from '../pods-by-claim.ts'

const claimFinalizer = 'kubernetes.io/pvc-protection'
const volumeFinalizer = 'kubernetes.io/pv-protection'
const attributesFinalizer = 'kubernetes.io/vac-protection'

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
        if (before && before.metadata.uid !== after?.metadata.uid) return claimKeysOf(before)
        return after && isShutDown(after) ? claimKeysOf(after) : []
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
    const uses = (pod: Pod) => usesClaim(pod, claim)
    if (lister(pods).byIndex(podsByClaim, key).some(uses)) return
    // The cache may be late: what has just been scheduled must not lose its data.
    const live = await client.resource(pods).namespace(namespace).list()
    if (live.items.some(uses)) return
    await resource.update(withFinalizers(claim, without(claim, claimFinalizer))).catch(absent)
  },
})

/** A pod that no kubelet has holds nothing; one that has ended holds its claims until it is gone. */
function usesClaim(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (!pod.spec.nodeName) return false
  return (pod.spec.volumes ?? []).some(
    volume =>
      claimNameOf(pod, volume) === claim.metadata.name &&
      (!volume.ephemeral || (!isShutDown(pod) && foreignClaim(pod, claim) === undefined)),
  )
}

/** The kubelet is done with it, and only its own ephemeral claims keep it. */
const isShutDown = ({ metadata }: Pod): boolean =>
  !!metadata.deletionTimestamp && metadata.deletionGracePeriodSeconds === 0

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

const attributesIndex = 'attributes class'

/** The classes that a claim has, wants, or is on the way to. */
function classesOfClaim({ spec, status }: PersistentVolumeClaim): readonly string[] {
  const names = [
    spec.volumeAttributesClassName,
    status.currentVolumeAttributesClassName,
    status.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ]
  return [...new Set(names.filter(name => !!name) as string[])]
}

const classesOfVolume = ({ spec }: PersistentVolume): readonly string[] =>
  spec.volumeAttributesClassName ? [spec.volumeAttributesClassName] : []

export const volumeAttributesClassProtectionController = controller<VolumeAttributesClass>({
  name: 'volumeattributesclass-protection-controller',
  reconciles: volumeAttributesClasses,
  filter: ({ after }) => after !== undefined && change(after, attributesFinalizer) !== undefined,
  watches: [
    watch<PersistentVolumeClaim>(persistentVolumeClaims, {
      indexers: { [attributesIndex]: classesOfClaim },
      keys: ({ before }) => (before ? classesOfClaim(before) : []),
    }),
    watch<PersistentVolume>(persistentVolumes, {
      indexers: { [attributesIndex]: classesOfVolume },
      keys: ({ before }) => (before ? classesOfVolume(before) : []),
    }),
  ],
  async reconcile(key, { lister, client }) {
    const found = lister(volumeAttributesClasses).get(key)
    const wanted = found && change(found, attributesFinalizer)
    if (!found || !wanted) return
    const resource = client.resource(volumeAttributesClasses)
    if (wanted === 'protect') {
      await resource.update(withFinalizers(found, including(found, attributesFinalizer))).catch(absent)
      return
    }
    const cached = [lister(persistentVolumeClaims), lister(persistentVolumes)]
    if (cached.some(users => users.byIndex(attributesIndex, key).length > 0)) return
    // The caches may be late.
    const claims = await client.resource(persistentVolumeClaims).list()
    if (claims.items.some(claim => classesOfClaim(claim).includes(key))) return
    const volumes = await client.resource(persistentVolumes).list()
    if (volumes.items.some(volume => classesOfVolume(volume).includes(key))) return
    await resource.update(withFinalizers(found, without(found, attributesFinalizer))).catch(absent)
  },
})
