// Volumes of a zone or region, as their labels say, are for nodes there.

import { persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { claimKeysOf, storageClassOf, waitsForConsumer } from '../../api/core/v1/volume-binding.ts'
import { storageClasses } from '../../api/storage/v1/storageclass.ts'
import { Action } from '../cluster-event.ts'
import type { Plugin } from '../framework.ts'
import type { FrameworkHandle } from '../framework-handle.ts'
import { skip, unresolvable } from '../status.ts'

const name = 'VolumeZone'
const conflict = unresolvable(name, 'node(s) had no available volume zone')

/** The older label of each, which says the same. */
const olderLabels: Readonly<Record<string, string>> = {
  'topology.kubernetes.io/zone': 'failure-domain.beta.kubernetes.io/zone',
  'topology.kubernetes.io/region': 'failure-domain.beta.kubernetes.io/region',
}
const topologyLabels = Object.entries(olderLabels).flat()
const newerLabels = Object.fromEntries(Object.entries(olderLabels).map(([newer, older]) => [older, newer]))

interface Place {
  readonly label: string
  readonly values: readonly string[]
}

export function volumeZone({ informers }: Pick<FrameworkHandle, 'informers'>): Plugin<readonly Place[]> {
  const claims = informers.informer(persistentVolumeClaims).lister
  const volumes = informers.informer(persistentVolumes).lister
  const classes = informers.informer(storageClasses).lister
  return {
    name,
    eventsToRegister: () => [
      { resource: 'StorageClass', action: Action.add },
      { resource: 'Node', action: Action.add | Action.updateNodeLabel },
      { resource: 'PersistentVolumeClaim', action: Action.add | Action.update },
      { resource: 'PersistentVolume', action: Action.add | Action.update },
    ],
    preFilter({ pod }) {
      if (!pod.spec.volumes?.some(volume => volume.persistentVolumeClaim)) return { status: skip }
      const places: Place[] = []
      for (const key of claimKeysOf(pod)) {
        const claim = claims.get(key)
        const claimName = key.slice(key.indexOf('/') + 1)
        if (!claim) return { status: unresolvable(name, `persistentvolumeclaim "${claimName}" not found`) }
        if (!claim.spec.volumeName) {
          const className = storageClassOf(claim)
          if (className === '')
            return { status: unresolvable(name, 'PersistentVolumeClaim had no pv name and storageClass name') }
          const found = classes.get(className)
          if (!found) return { status: unresolvable(name, `storageclasses.storage.k8s.io "${className}" not found`) }
          if (waitsForConsumer(found)) continue
          return { status: unresolvable(name, 'PersistentVolume had no name') }
        }
        const volume = volumes.get(claim.spec.volumeName)
        if (!volume) return { status: unresolvable(name, `persistentvolume "${claim.spec.volumeName}" not found`) }
        for (const label of topologyLabels) {
          const value = volume.metadata.labels?.[label]
          if (value !== undefined) places.push({ label, values: value.split('__') })
        }
      }
      return places.length === 0 ? { status: skip } : { state: places }
    },
    filter(_, { labels }, places) {
      // A node that is nowhere in particular may be anywhere.
      if (!topologyLabels.some(label => label in labels)) return undefined
      for (const { label, values } of places) {
        const value = labels[label] ?? labels[olderLabels[label] ?? newerLabels[label] ?? '']
        if (value === undefined || !values.includes(value)) return conflict
      }
      return undefined
    },
  }
}
