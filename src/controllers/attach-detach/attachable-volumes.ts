// Which volumes of a pod must be attached to its node, and the names that nodes and attachments know them by.

import { createHash } from 'node:crypto'
import { translatedInlineVolume, translatedVolume } from '../../api/core/v1/csi-migration.ts'
import { type PersistentVolume, persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import type { Volume } from '../../api/core/v1/volume.ts'
import { claimNameOf, foreignClaim } from '../../api/core/v1/volume-binding.ts'
import { csiDrivers } from '../../api/storage/v1/csidriver.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import { keyFor } from '../../client/object-key.ts'

const csiPlugin = 'kubernetes.io/csi'

export interface AttachableVolume {
  /** `plugin/name`: what a node's status lists. */
  readonly uniqueName: string
  /** The PersistentVolume's name, or the volume's in the pod: what events call it. */
  readonly specName: string
  /** Several nodes may have it at once, or nobody knows that they may not. */
  readonly multiAttach: boolean
  /** Of a pod's own volume that a CSI driver has taken over: what stands for it in its VolumeAttachment. */
  readonly inlineSpec?: PersistentVolume['spec']
}

/** A CSI driver attaches the volume, told by a VolumeAttachment. */
export interface CSIVolume {
  readonly driver: string
  readonly handle: string
}

type Listers = Pick<ReconcileContext, 'lister'>

export function attachableVolumesOf(pod: Pod, { lister }: Listers): AttachableVolume[] {
  const found: AttachableVolume[] = []
  for (const volume of pod.spec.volumes ?? []) {
    const claimName = claimNameOf(pod, volume)
    if (claimName === undefined) {
      const inline = inlineVolumeOf(volume, pod, { lister })
      if (inline) found.push(inline)
      continue
    }
    const claim = lister(persistentVolumeClaims).get(keyFor(pod.metadata.namespace, claimName))
    if (!claim?.spec.volumeName || claim.status.phase !== 'Bound') continue
    if (volume.ephemeral && foreignClaim(pod, claim) !== undefined) continue
    const bound = lister(persistentVolumes).get(claim.spec.volumeName)
    if (bound?.spec.claimRef?.uid !== claim.metadata.uid) continue
    const uniqueName = uniqueNameOf(bound!, { lister })
    if (uniqueName !== undefined)
      found.push({ uniqueName, specName: bound!.metadata.name ?? '', multiAttach: mayAttachMore(bound!) })
  }
  return found
}

function inlineVolumeOf(volume: Volume, { metadata }: Pod, { lister }: Listers): AttachableVolume | undefined {
  const plain = fibreChannelName(volume.fc) ?? iscsiName(volume.iscsi)
  if (plain !== undefined) return { uniqueName: plain, specName: volume.name, multiAttach: true }
  const translated = translatable(() => translatedInlineVolume(volume, metadata.namespace ?? ''))
  const uniqueName = translated && uniqueNameOf(translated, { lister })
  if (uniqueName === undefined) return undefined
  const { metadata: named, spec } = translated!
  return { uniqueName, specName: named.name ?? '', multiAttach: mayAttachMore(translated!), inlineSpec: spec }
}

/** What no driver could find is left alone. */
function translatable<T>(translate: () => T): T | undefined {
  try {
    return translate()
  } catch {
    return undefined
  }
}

/** undefined for a volume that needs no attaching. */
export function uniqueNameOf(volume: PersistentVolume, { lister }: Listers): string | undefined {
  const spec = translatable(() => translatedVolume(volume))?.spec
  if (!spec) return undefined
  if (spec.csi && lister(csiDrivers).get(spec.csi.driver)?.spec.attachRequired === false) return undefined
  return volumeNameOf(spec)
}

/** What nodes call the volume; undefined for those of plugins that attach nothing. */
export function volumeNameOf({ csi, fc, iscsi }: PersistentVolume['spec']): string | undefined {
  // A pod's own volume of a driver has no handle.
  if (csi) return csi.volumeHandle === undefined ? undefined : `${csiPlugin}/${csi.driver}^${csi.volumeHandle}`
  return fibreChannelName(fc) ?? iscsiName(iscsi)
}

const fibreChannelName = (fc?: { targetWWNs?: string[]; lun?: number; wwids?: string[] }) => {
  if (fc?.targetWWNs?.length && fc.lun !== undefined) return `kubernetes.io/fc/[${fc.targetWWNs.join(' ')}]:${fc.lun}`
  return fc?.wwids?.length ? `kubernetes.io/fc/[${fc.wwids.join(' ')}]` : undefined
}

const iscsiName = (iscsi?: { targetPortal: string; iqn: string; lun: number }) =>
  iscsi && `kubernetes.io/iscsi/${iscsi.targetPortal}:${iscsi.iqn}:${iscsi.lun}`

export function mayAttachMore(volume: PersistentVolume): boolean {
  const { accessModes = [] } = translatable(() => translatedVolume(volume))?.spec ?? volume.spec
  return accessModes.length === 0 || accessModes.some(mode => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany')
}

/** undefined for volumes of a plugin that has nothing to do: those are attached by saying so. */
export function csiVolumeOf(uniqueName: string): CSIVolume | undefined {
  if (!uniqueName.startsWith(`${csiPlugin}/`)) return undefined
  const [driver, handle, ...rest] = uniqueName.slice(csiPlugin.length + 1).split('^')
  return driver && handle && rest.length === 0 ? { driver, handle } : undefined
}

/** The name of the VolumeAttachment that stands for the volume on the node. */
export function attachmentName({ driver, handle }: CSIVolume, nodeName: string): string {
  return `csi-${createHash('sha256').update(`${handle}${driver}${nodeName}`).digest('hex')}`
}
