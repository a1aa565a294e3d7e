// Claims that want to grow are told whom they wait for: nobody here can make a volume bigger, its CSI driver's resizer can.

import { migratedPlugin, migratedProvisioner } from '../../api/core/v1/csi-migration.ts'
import { type PersistentVolume, persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { requestOf } from '../../api/core/v1/volume-binding.ts'
import { controller } from '../../client/controller.ts'
import { errorText } from '../../machinery/error-text.ts'
import { parseQuantity } from '../../machinery/quantity.ts'

const resizerAnnotation = 'volume.kubernetes.io/storage-resizer'
const preResizeCapacity = 'volume.alpha.kubernetes.io/pre-resize-capacity'

const grantedTo = ({ status }: PersistentVolumeClaim) => parseQuantity(status.capacity?.['storage'] ?? '0')

export const persistentVolumeExpander = controller<PersistentVolumeClaim>({
  name: 'persistentvolume-expander-controller',
  reconciles: persistentVolumeClaims,
  concurrency: 10,
  filter: ({ before, after }) =>
    after?.status.phase === 'Bound' &&
    (!before || requestOf(after).compare(requestOf(before)) > 0 || grantedTo(after).compare(grantedTo(before)) > 0),
  async reconcile(key, { lister, client, events }) {
    const claim = lister(persistentVolumeClaims).get(key)
    if (!claim) return
    const { metadata, spec } = await boundVolume(claim.spec.volumeName ?? '')
    const { claimRef } = spec
    if (claimRef?.namespace !== claim.metadata.namespace || claimRef?.uid !== claim.metadata.uid)
      throw new Error(`persistent Volume is not bound to PVC being updated : ${key}`)
    const wantsMore = requestOf(claim).compare(grantedTo(claim)) > 0
    if (!wantsMore && metadata.annotations?.[preResizeCapacity] === undefined) return

    const plugin = migratedPlugin(spec)
    if (plugin === undefined) {
      const message = 'waiting for an external controller to expand this PVC'
      events.event(claim, 'Normal', 'ExternalExpanding', message)
      return
    }
    const message = `CSI migration enabled for ${plugin}; waiting for external resizer to expand the pvc`
    events.event(claim, 'Normal', 'ExternalExpanding', message)
    const resizer = migratedProvisioner(plugin)
    if (claim.metadata.annotations?.[resizerAnnotation] === resizer) return
    try {
      await client
        .resource(persistentVolumeClaims)
        .namespace(claim.metadata.namespace)
        .patch(
          claim.metadata.name!,
          'application/strategic-merge-patch+json',
          {
            metadata: {
              annotations: { [resizerAnnotation]: resizer },
              resourceVersion: claim.metadata.resourceVersion,
            },
          },
          { subresource: 'status' },
        )
    } catch (error) {
      const failure = `error setting resizer annotation to pvc ${key}, with error ${errorText(error)}`
      events.event(claim, 'Warning', 'ExternalExpanding', failure)
      throw error
    }

    async function boundVolume(name: string): Promise<PersistentVolume> {
      try {
        return await client.resource(persistentVolumes).get(name)
      } catch (error) {
        throw new Error(`failed to get PV "${name}": ${errorText(error)}`, { cause: error })
      }
    }
  },
})
