// How many volumes of a CSI driver a node can have attached: what its CSINode says.

import {
  migratedPlugin,
  migratedProvisioner,
  translatedInlineVolume,
  translatedVolume,
} from '../../api/core/v1/csi-migration.ts'
import { type PersistentVolume, persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import { claimKeysOf, claimNameOf, foreignClaim, storageClassOf } from '../../api/core/v1/volume-binding.ts'
import { type CSINode, csiNodes } from '../../api/storage/v1/csinode.ts'
import { storageClasses } from '../../api/storage/v1/storageclass.ts'
import { volumeAttachments } from '../../api/storage/v1/volumeattachment.ts'
import { keyOf } from '../../client/object-key.ts'
import { Action } from '../cluster-event.ts'
import type { Plugin } from '../framework.ts'
import type { FrameworkHandle } from '../framework-handle.ts'
import type { PodInfo } from '../pod-info.ts'
import { failed, type Status, skip, unresolvable, unschedulable } from '../status.ts'

const name = 'NodeVolumeLimits'
const tooMany = unschedulable(name, 'node(s) exceed max volume count')
const attachmentsByNode = 'node'

/** Drivers by volume: the volume's `driver/handle`, or the claim where there is no volume yet. */
type Volumes = ReadonlyMap<string, string>

interface State {
  readonly volumes: Volumes
  readonly status?: Status
}

/** Has volumes that may be a CSI driver's. */
const usesVolumes = ({ spec }: Pod): boolean =>
  spec.volumes?.some(
    volume => volume.persistentVolumeClaim || volume.ephemeral || migratedPlugin(volume) !== undefined,
  ) ?? false

/** Volumes of these plugins are not counted as those of the drivers that have taken them over. */
const uncounted = new Set(['kubernetes.io/azure-file', 'kubernetes.io/vsphere-volume'])

/** As its driver has it; undefined for a volume that no driver has. */
function csiOf(translate: () => PersistentVolume | undefined, plugin: string | undefined) {
  if (plugin !== undefined && uncounted.has(plugin)) return undefined
  try {
    return translate()?.spec.csi
  } catch {
    return undefined
  }
}

const count = (drivers: Map<string, number>, driver: string) => void drivers.set(driver, (drivers.get(driver) ?? 0) + 1)

/** By driver. */
function limitsOf(node: CSINode | undefined): Map<string, number> {
  const limits = new Map<string, number>()
  for (const { name: driver, allocatable } of node?.spec.drivers ?? [])
    if (allocatable?.count !== undefined) limits.set(driver, allocatable.count)
  return limits
}

export function nodeVolumeLimits({ informers }: Pick<FrameworkHandle, 'informers'>): Plugin<State> {
  const claims = informers.informer(persistentVolumeClaims).lister
  const volumes = informers.informer(persistentVolumes).lister
  const classes = informers.informer(storageClasses).lister
  const nodes = informers.informer(csiNodes).lister
  const attachments = informers.informer(volumeAttachments, {
    indexers: { [attachmentsByNode]: ({ spec }) => [spec.nodeName] },
  }).lister

  /** undefined for a volume that no CSI driver has. */
  const volumeOf = (claim: PersistentVolumeClaim): [volume: string, driver: string] | undefined => {
    const bound = claim.spec.volumeName ? volumes.get(claim.spec.volumeName) : undefined
    if (bound) {
      const csi = csiOf(() => translatedVolume(bound), migratedPlugin(bound.spec))
      return csi && [`${csi.driver}/${csi.volumeHandle}`, csi.driver]
    }
    // What is still to be made will be its provisioner's.
    const provisioner = classes.get(storageClassOf(claim))?.provisioner
    if (!provisioner || uncounted.has(provisioner)) return undefined
    const driver = migratedProvisioner(provisioner)
    return [`${driver}//${keyOf(claim)}`, driver]
  }

  /** Of a pod that has its place already, claims that are gone count for nothing. */
  const volumesOf = (pod: Pod, isNew: boolean): State => {
    const found = new Map<string, string>()
    for (const volume of pod.spec.volumes ?? []) {
      const claimName = claimNameOf(pod, volume)
      if (claimName === undefined) {
        const csi = csiOf(() => translatedInlineVolume(volume, pod.metadata.namespace ?? ''), migratedPlugin(volume))
        if (csi) found.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver)
        continue
      }
      const claim = claims.get(`${pod.metadata.namespace}/${claimName}`)
      if (!claim) {
        if (!isNew) continue
        const missing = `looking up PVC ${pod.metadata.namespace}/${claimName}: persistentvolumeclaim "${claimName}" not found`
        return { volumes: found, status: unresolvable(name, missing) }
      }
      const foreign = volume.ephemeral && foreignClaim(pod, claim)
      if (foreign) return { volumes: found, status: failed(new Error(foreign), name) }
      const entry = volumeOf(claim)
      if (entry) found.set(...entry)
    }
    return { volumes: found }
  }

  /** What is attached to the node, were it that nobody wants it any more. */
  const attachedTo = (nodeName: string): Map<string, string> => {
    const attached = new Map<string, string>()
    for (const { spec } of attachments.byIndex(attachmentsByNode, nodeName)) {
      const csi = volumes.get(spec.source.persistentVolumeName ?? '')?.spec.csi
      if (csi && spec.attacher) attached.set(`${spec.attacher}/${csi.volumeHandle}`, spec.attacher)
    }
    return attached
  }

  return {
    name,
    eventsToRegister: () => [
      { resource: 'CSINode', action: Action.add },
      {
        resource: 'CSINode',
        action: Action.update,
        hint: (_, before: CSINode, after: CSINode) => {
          const old = limitsOf(before)
          return [...limitsOf(after)].some(([driver, limit]) => limit > (old.get(driver) ?? 0)) ? 'Queue' : 'QueueSkip'
        },
      },
      {
        resource: 'AssignedPod',
        action: Action.delete,
        hint: (_, gone: PodInfo) => (usesVolumes(gone.pod) ? 'Queue' : 'QueueSkip'),
      },
      {
        resource: 'PersistentVolumeClaim',
        action: Action.add,
        hint: ({ pod }, _, after: PersistentVolumeClaim) =>
          claimKeysOf(pod).includes(keyOf(after)) ? 'Queue' : 'QueueSkip',
      },
      {
        resource: 'VolumeAttachment',
        action: Action.delete,
        hint: ({ pod }) => (pod.spec.volumes?.some(volume => volume.persistentVolumeClaim) ? 'Queue' : 'QueueSkip'),
      },
    ],
    preFilter({ pod }) {
      return usesVolumes(pod) ? { state: volumesOf(pod, true) } : { status: skip }
    },
    filter(_, node, { volumes: wanted, status }) {
      if (status) return status
      if (wanted.size === 0) return undefined
      const limits = limitsOf(nodes.get(node.name))
      if (limits.size === 0) return undefined
      const used = new Map<string, string>()
      for (const { pod } of node.pods.values()) {
        if (!usesVolumes(pod)) continue
        const own = volumesOf(pod, false)
        if (own.status) return own.status
        for (const [volume, driver] of own.volumes) used.set(volume, driver)
      }
      const added = new Map<string, number>()
      for (const [volume, driver] of wanted) if (!used.has(volume)) count(added, driver)
      const there = new Map<string, number>()
      for (const driver of new Map([...attachedTo(node.name), ...used]).values()) count(there, driver)
      for (const [driver, more] of added) {
        const limit = limits.get(driver)
        if (limit !== undefined && (there.get(driver) ?? 0) + more > limit) return tooMany
      }
      return undefined
    },
  }
}
