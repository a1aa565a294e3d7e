// Binds claims to volumes, asks provisioners for volumes that are not there, and reclaims those whose claim is gone.
//
// Comes in: PersistentVolumes, PersistentVolumeClaims, StorageClasses, and pods (whom a waiting claim waits for). Goes
// out: both ends of each binding and their phases. One queue has the keys of both: a claim's has a namespace.
// `claims.ts` says what becomes of a claim, `volumes.ts` of a volume; the rules of matching are the API's.

import { type PersistentVolume, persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { claimKeysOf } from '../../api/core/v1/volume-binding.ts'
import { storageClasses } from '../../api/storage/v1/storageclass.ts'
import { controller, watch } from '../../client/controller.ts'
import { keyFor } from '../../client/object-key.ts'
import type { ManagerEnvironment } from '../managed-controller.ts'
import { podsByClaim } from '../pods-by-claim.ts'
import type { BinderState } from './binder-context.ts'
import { syncClaim } from './claims.ts'
import { BinderMetrics } from './metrics.ts'
import { recycledVolume } from './recycler.ts'
import { syncVolume, volumesByClaim } from './volumes.ts'

export const persistentVolumeBinder = ({ removeDirectory }: ManagerEnvironment) =>
  controller<PersistentVolumeClaim, BinderState>({
    name: 'persistentvolume-binder-controller',
    reconciles: persistentVolumeClaims,
    state: ({ metrics, clock, lister }) => ({
      recyclers: new Map(),
      removeDirectory,
      metrics: new BinderMetrics(metrics, clock, {
        volumes: () => lister(persistentVolumes).list(),
        claims: () => lister(persistentVolumeClaims).list(),
      }),
    }),
    watches: [
      watch<PersistentVolume, BinderState>(persistentVolumes, {
        indexers: { [volumesByClaim]: ({ spec: { claimRef } }) => (claimRef ? [claimKey(claimRef)] : []) },
        keys: ({ before, after }) => {
          const { metadata, spec } = (after ?? before)!
          const keys = after ? [metadata.name!] : []
          // A volume that was made for a claim, or is gone, is the claim's news too.
          if (spec.claimRef && (!after || !before)) keys.push(claimKey(spec.claimRef))
          return keys
        },
      }),
      // A claim that is gone frees its volume.
      watch<PersistentVolumeClaim, BinderState>(persistentVolumeClaims, {
        keys: ({ before, after }, { lister }) => {
          const { namespace, name = '' } = (after ?? before)!.metadata
          if (after) return []
          return lister(persistentVolumes)
            .byIndex(volumesByClaim, keyFor(namespace, name))
            .map(({ metadata }) => metadata.name!)
        },
      }),
      watch(storageClasses, {}),
      watch<Pod, BinderState>(pods, {
        indexers: { [podsByClaim]: claimKeysOf },
        // How scrubbing a volume has ended.
        keys: ({ before, after }) => {
          const volume = recycledVolume((after ?? before)!)
          return volume === undefined ? [] : [volume]
        },
      }),
    ],
    reconcile: (key, context) => (key.includes('/') ? syncClaim(key, context) : syncVolume(key, context)),
  })

const claimKey = ({ namespace, name = '' }: { namespace?: string; name?: string }) => keyFor(namespace, name)
