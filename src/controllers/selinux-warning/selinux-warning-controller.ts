// Warns of pods that cannot use a volume together once nodes mount volumes with their SELinux label (KEP-1710): their labels
// differ, or how they want the files labelled. It looks at all pods that use a volume, wherever they are.
//
// Comes in: pods, their claims and volumes, CSIDrivers (which say whether they can mount so). Goes out: events of both pods.

import { migratedPlugin, translatedInlineVolume, translatedVolume } from '../../api/core/v1/csi-migration.ts'
import { type PersistentVolume, persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import type { Volume } from '../../api/core/v1/volume.ts'
import { claimKeysOf, claimNameOf, foreignClaim } from '../../api/core/v1/volume-binding.ts'
import { type CSIDriver, csiDrivers } from '../../api/storage/v1/csidriver.ts'
import { type ControllerContext, controller, watch } from '../../client/controller.ts'
import { keyFor, keyOf, splitKey } from '../../client/object-key.ts'
import type { MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { volumeNameOf } from '../attach-detach/attachable-volumes.ts'
import { isPodTerminal } from '../pod-status.ts'
import { podsByClaim } from '../pods-by-claim.ts'
import { messageOf, VolumeLabels } from './volume-labels.ts'

type Context = ControllerContext<VolumeLabels>
type SELinuxOptions = NonNullable<NonNullable<Pod['spec']['securityContext']>['seLinuxOptions']>

export const selinuxWarningController = controller<Pod, VolumeLabels>({
  name: 'selinux-warning-controller',
  reconciles: pods,
  indexers: { [podsByClaim]: claimKeysOf },
  state: ({ metrics }) => {
    const labels = new VolumeLabels()
    exposeConflicts(metrics, labels)
    return labels
  },
  // What matters of a pod does not change while it lives.
  filter: ({ before, after }) =>
    !before || !after || (before.status.phase !== after.status.phase && isPodTerminal(after)),
  watches: [
    watch<PersistentVolumeClaim, VolumeLabels>(persistentVolumeClaims, {
      keys: ({ before, after }, { lister }) =>
        after?.spec.volumeName && before?.spec.volumeName !== after.spec.volumeName
          ? lister(pods).byIndex(podsByClaim, keyOf(after)).map(keyOf)
          : [],
    }),
    watch<PersistentVolume, VolumeLabels>(persistentVolumes, {
      keys: ({ before, after }, { lister }) => {
        const claim = after?.spec.claimRef
        if (!claim?.uid || before?.spec.claimRef?.uid === claim.uid) return []
        return lister(pods)
          .byIndex(podsByClaim, keyFor(claim.namespace, claim.name ?? ''))
          .map(keyOf)
      },
    }),
    watch<CSIDriver, VolumeLabels>(csiDrivers, {
      keys: ({ before, after }, { state }) =>
        (before?.spec.seLinuxMount ?? false) === (after?.spec.seLinuxMount ?? false)
          ? []
          : state.podsOf((after ?? before)!.metadata.name!),
    }),
  ],
  reconcile(key, context) {
    const pod = context.lister(pods).get(key)
    if (!pod || isPodTerminal(pod)) context.state.remove(key)
    else check(pod, context)
  },
})

function check(pod: Pod, context: Context): void {
  for (const [volumeName, options] of mountedVolumes(pod)) {
    const volume = pod.spec.volumes?.find(({ name }) => name === volumeName)
    const used = volume && backingOf(volume, pod, context)
    if (!used) continue
    const labels = new Set(options.map(labelOf))
    if (labels.size > 1) {
      const message = `Volume "${volumeName}" is mounted twice with different SELinux labels inside this pod`
      context.events.event(pod, 'Warning', 'MultipleSELinuxLabels', message)
      continue
    }
    const policy = pod.spec.securityContext?.seLinuxChangePolicy ?? 'MountOption'
    const mountable = canMountWithLabel(used, context) && policy !== 'Recursive'
    const label = mountable ? ([...labels][0] ?? '') : ''
    const changePolicy = label === '' ? 'Recursive' : policy
    const conflicts = context.state.add(used.name, used.driver, keyOf(pod), { label, changePolicy })
    for (const conflict of conflicts) {
      const told = context.lister(pods).get(conflict.pod)
      // With one of the two the conflict is gone.
      if (!told) break
      context.events.event(told, 'Normal', `${conflict.property}Conflict`, messageOf(conflict))
    }
  }
}

/** The volumes that containers mount, with the SELinux options of those that say any. */
function mountedVolumes({ spec }: Pod): Map<string, SELinuxOptions[]> {
  const found = new Map<string, SELinuxOptions[]>()
  const containers = [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])]
  for (const { volumeMounts, securityContext } of containers) {
    const options = securityContext?.seLinuxOptions ?? spec.securityContext?.seLinuxOptions
    for (const { name } of volumeMounts ?? [])
      found.set(name, [...(found.get(name) ?? []), ...(options ? [options] : [])])
  }
  return found
}

/** Nobody here knows what a node would fill in. */
function labelOf({ user = '', role = '', type = '', level = '' }: SELinuxOptions): string {
  const label = [user, role, type, level].join(':')
  return label === ':::' ? '' : label
}

interface Backing {
  /** The same for everybody who uses the volume. */
  readonly name: string
  readonly driver: string | undefined
  readonly spec: Pick<Volume, 'fc' | 'iscsi'>
}

/** undefined for what is not known yet, and for volumes that are the pod's alone. */
function backingOf(volume: Volume, pod: Pod, { lister, log }: Context): Backing | undefined {
  const { namespace = '' } = pod.metadata
  const claimName = claimNameOf(pod, volume)
  try {
    if (claimName === undefined) {
      if (migratedPlugin(volume) === undefined) return asBacking(volume as PersistentVolume['spec'])
      return asBacking(translatedInlineVolume(volume, namespace)!.spec)
    }
    const claim = lister(persistentVolumeClaims).get(keyFor(namespace, claimName))
    if (!claim?.spec.volumeName || claim.status.phase !== 'Bound') return undefined
    if (volume.ephemeral && foreignClaim(pod, claim) !== undefined) return undefined
    const bound = lister(persistentVolumes).get(claim.spec.volumeName)
    return bound?.spec.claimRef?.uid === claim.metadata.uid ? asBacking(translatedVolume(bound!).spec) : undefined
  } catch (error) {
    log.warn('Failed to tell which volume it is', { pod: keyOf(pod), volume: volume.name, error: String(error) })
    return undefined
  }
}

function asBacking(spec: PersistentVolume['spec']): Backing | undefined {
  const { hostPath, nfs, csi } = spec
  const name = hostPath
    ? `kubernetes.io/host-path/${hostPath.path}`
    : nfs
      ? `kubernetes.io/nfs/${nfs.server}/${nfs.path}`
      : volumeNameOf(spec)
  return name === undefined ? undefined : { name, driver: csi?.driver, spec }
}

function canMountWithLabel({ driver, spec }: Backing, { lister }: Context): boolean {
  if (driver !== undefined) return lister(csiDrivers).get(driver)?.spec.seLinuxMount ?? false
  return spec.fc !== undefined || spec.iscsi !== undefined
}

function exposeConflicts(metrics: MetricsRegistry, labels: VolumeLabels): void {
  const conflicts = metrics.gauge({
    name: 'selinux_warning_controller_selinux_volume_conflict',
    stability: 'ALPHA',
    help: 'Conflict between two Pods using the same volume',
    labels: ['property', 'pod1_namespace', 'pod1_name', 'pod1_value', 'pod2_namespace', 'pod2_name', 'pod2_value'],
  })
  metrics.onCollect(() => {
    conflicts.clear()
    for (const { property, pod, value, otherPod, otherValue } of labels.conflicts()) {
      const [one, other] = [splitKey(pod), splitKey(otherPod)]
      conflicts
        .with(property, one.namespace ?? '', one.name, value, other.namespace ?? '', other.name, otherValue)
        .set(1)
    }
  })
}
