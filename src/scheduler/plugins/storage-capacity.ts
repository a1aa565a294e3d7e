// Whether a driver that reports its free storage (CSIStorageCapacity) has enough of it for a claim where the node is.

import type { SelectableNode } from '../../api/core/v1/node-affinity.ts'
import type { PersistentVolumeClaim } from '../../api/core/v1/persistentvolumeclaim.ts'
import { requestOf } from '../../api/core/v1/volume-binding.ts'
import { type CSIDriver, csiDrivers } from '../../api/storage/v1/csidriver.ts'
import { type CSIStorageCapacity, csiStorageCapacities } from '../../api/storage/v1/csistoragecapacity.ts'
import type { StorageClass } from '../../api/storage/v1/storageclass.ts'
import { labelSelectorFrom } from '../../machinery/labels.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import { Action, type ClusterEventWithHint } from '../cluster-event.ts'
import type { FrameworkHandle } from '../framework-handle.ts'

const byClass = 'storage class'

/** The largest volume that can be made there. */
function limitOf({ maximumVolumeSize, capacity }: CSIStorageCapacity) {
  const limit = maximumVolumeSize ?? capacity
  return limit === undefined ? undefined : parseQuantity(limit)
}

export const storageCapacityEvents: readonly ClusterEventWithHint[] = [
  {
    resource: 'CSIDriver',
    action: Action.update,
    hint: ({ pod }, before: CSIDriver, after: CSIDriver) => {
      const uses = pod.spec.volumes?.some(({ csi }) => csi?.driver === after.metadata.name)
      return uses && before.spec.storageCapacity && !after.spec.storageCapacity ? 'Queue' : 'QueueSkip'
    },
  },
  {
    resource: 'CSIStorageCapacity',
    action: Action.add | Action.update,
    hint: (_, before: CSIStorageCapacity | undefined, after: CSIStorageCapacity) => {
      if (!before) return 'Queue'
      const [old, now] = [limitOf(before), limitOf(after)]
      return now && (!old || now.compare(old) > 0) ? 'Queue' : 'QueueSkip'
    },
  },
]

export function storageCapacity({ informers }: Pick<FrameworkHandle, 'informers'>) {
  const drivers = informers.informer(csiDrivers).lister
  const capacities = informers.informer(csiStorageCapacities, {
    indexers: { [byClass]: ({ storageClassName }) => [storageClassName] },
  }).lister

  return (claim: PersistentVolumeClaim, of: StorageClass, node: SelectableNode): boolean => {
    if (!claim.spec.resources?.requests?.['storage']) return true
    if (!drivers.get(of.provisioner)?.spec.storageCapacity) return true
    const size = requestOf(claim)
    return capacities.byIndex(byClass, of.metadata.name ?? '').some(capacity => {
      const limit = limitOf(capacity)
      const { nodeTopology } = capacity
      return (
        limit !== undefined &&
        limit.compare(size) >= 0 &&
        nodeTopology !== undefined &&
        labelSelectorFrom(nodeTopology).matches(node.labels)
      )
    })
  }
}
