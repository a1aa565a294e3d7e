// Disks that only one node, or one pod, can have at a time.

import { persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import type { Volume } from '../../api/core/v1/volume.ts'
import { claimKeysOf } from '../../api/core/v1/volume-binding.ts'
import { Action } from '../cluster-event.ts'
import type { Plugin } from '../framework.ts'
import type { FrameworkHandle } from '../framework-handle.ts'
import { skip, unresolvable, unschedulable } from '../status.ts'

const name = 'VolumeRestrictions'
const diskConflict = unschedulable(name, 'node(s) had no available disk')
const exclusiveConflict = unschedulable(
  name,
  'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
)

interface State {
  /** The pod's claims that only one pod may use. */
  readonly exclusive: readonly string[]
  /** How many uses of them there are. */
  uses: number
}

const usesOf = (pod: Pod, exclusive: readonly string[]): number =>
  claimKeysOf(pod).filter(key => exclusive.includes(key)).length

export function volumeRestrictions({ informers }: Pick<FrameworkHandle, 'informers'>): Plugin<State> {
  const claims = informers.informer(persistentVolumeClaims).lister
  return {
    name,
    eventsToRegister: () => [
      { resource: 'AssignedPod', action: Action.delete },
      { resource: 'Node', action: Action.add },
      {
        resource: 'PersistentVolumeClaim',
        action: Action.add,
        hint: ({ pod }, _, after) =>
          claimKeysOf(pod).includes(`${after.metadata.namespace}/${after.metadata.name}`) ? 'Queue' : 'QueueSkip',
      },
    ],
    preFilter({ pod }, snapshot) {
      const volumes = pod.spec.volumes ?? []
      if (!volumes.some(volume => volume.persistentVolumeClaim || volume.ephemeral || isDisk(volume)))
        return { status: skip }
      const exclusive: string[] = []
      for (const { persistentVolumeClaim } of volumes) {
        if (!persistentVolumeClaim) continue
        const key = `${pod.metadata.namespace}/${persistentVolumeClaim.claimName}`
        const claim = claims.get(key)
        if (!claim)
          return { status: unresolvable(name, `persistentvolumeclaim "${persistentVolumeClaim.claimName}" not found`) }
        if (claim.spec.accessModes?.includes('ReadWriteOncePod')) exclusive.push(key)
      }
      const state: State = { exclusive, uses: 0 }
      if (exclusive.length > 0)
        for (const node of snapshot.nodes)
          for (const other of node.pods.values()) state.uses += usesOf(other.pod, exclusive)
      return { state }
    },
    addPod(_, added, _node, state) {
      state.uses += usesOf(added.pod, state.exclusive)
    },
    removePod(_, removed, _node, state) {
      state.uses -= usesOf(removed.pod, state.exclusive)
    },
    filter({ pod }, node, state) {
      for (const volume of pod.spec.volumes ?? []) {
        if (!isDisk(volume)) continue
        for (const other of node.pods.values())
          if (other.pod.spec.volumes?.some(each => conflicts(volume, each))) return diskConflict
      }
      return state.uses > 0 ? exclusiveConflict : undefined
    },
  }
}

const isDisk = ({ gcePersistentDisk, awsElasticBlockStore, rbd, iscsi }: Volume): boolean =>
  !!(gcePersistentDisk ?? awsElasticBlockStore ?? rbd ?? iscsi)

/** Both would write, or one where the other reads, and the disk allows it to one node only. */
function conflicts(a: Volume, b: Volume): boolean {
  const shared = (first?: { readOnly?: boolean }, second?: { readOnly?: boolean }) =>
    !!first?.readOnly && !!second?.readOnly
  if (a.gcePersistentDisk && b.gcePersistentDisk)
    return (
      a.gcePersistentDisk.pdName === b.gcePersistentDisk.pdName && !shared(a.gcePersistentDisk, b.gcePersistentDisk)
    )
  if (a.awsElasticBlockStore && b.awsElasticBlockStore)
    return a.awsElasticBlockStore.volumeID === b.awsElasticBlockStore.volumeID
  if (a.iscsi && b.iscsi) return a.iscsi.iqn === b.iscsi.iqn && !shared(a.iscsi, b.iscsi)
  if (a.rbd && b.rbd) {
    const [one, other] = [a.rbd, b.rbd]
    const common = (one.monitors ?? []).some(monitor => other.monitors?.includes(monitor))
    return common && (one.pool ?? 'rbd') === (other.pool ?? 'rbd') && one.image === other.image && !shared(one, other)
  }
  return false
}
