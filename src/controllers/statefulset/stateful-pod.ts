// The pod of one ordinal: always the same name, host name and volumes, whatever node it is on.

import type { StatefulSet } from '../../api/apps/v1/statefulset.ts'
import type { PersistentVolumeClaim } from '../../api/core/v1/persistentvolumeclaim.ts'
import type { Pod, PodTemplateSpec } from '../../api/core/v1/pod.ts'
import { revisionHashLabel } from '../history/controller-revisions.ts'

export function podName({ metadata }: StatefulSet, ordinal: number): string {
  return `${metadata.name}-${ordinal}`
}

export function claimName(set: StatefulSet, { metadata }: PersistentVolumeClaim, ordinal: number): string {
  return `${metadata.name}-${podName(set, ordinal)}`
}

/** Undefined for a pod that has no place in the set. */
export function ordinalOf({ metadata: { name = '' } }: StatefulSet, pod: Pod): number | undefined {
  const text = pod.metadata.name?.startsWith(`${name}-`) ? pod.metadata.name.slice(name.length + 1) : ''
  return /^(0|[1-9]\d*)$/.test(text) ? Number(text) : undefined
}

/** The name of the ControllerRevision that the pod was made of. */
export function revisionOf({ metadata }: Pod): string {
  return metadata.labels?.[revisionHashLabel] ?? ''
}

/** Whether the set takes a pod of this name for one of its own: its name, and digits. */
export function isMember({ metadata }: StatefulSet, pod: Pod): boolean {
  return /^(.*)-\d+$/s.exec(pod.metadata.name ?? '')?.[1] === metadata.name
}

export function templateOf(
  set: StatefulSet,
  template: PodTemplateSpec,
  revision: string,
  ordinal: number,
): PodTemplateSpec {
  const volumes = volumesOf(set, ordinal, template.spec!.volumes)
  return {
    ...template,
    metadata: {
      ...template.metadata,
      labels: {
        ...template.metadata?.labels,
        ...identityOf(set, ordinal),
        // Unlike a DaemonSet's, which say only the hash.
        [revisionHashLabel]: revision,
      },
    },
    spec: {
      ...template.spec!,
      hostname: podName(set, ordinal),
      ...(set.spec.serviceName && { subdomain: set.spec.serviceName }),
      ...(volumes.length > 0 && { volumes }),
    },
  }
}

const podNameLabel = 'statefulset.kubernetes.io/pod-name'

function identityOf(set: StatefulSet, ordinal: number) {
  return { [podNameLabel]: podName(set, ordinal), 'apps.kubernetes.io/pod-index': String(ordinal) }
}

export function hasIdentity(set: StatefulSet, ordinal: number, { metadata }: Pod): boolean {
  return metadata.labels?.[podNameLabel] === podName(set, ordinal)
}

export function withIdentity(set: StatefulSet, ordinal: number, pod: Pod): Pod {
  if (hasIdentity(set, ordinal, pod)) return pod
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, ...identityOf(set, ordinal) } },
  }
}

/** Those of the claims, and those of the others that are not in their way. */
function volumesOf(set: StatefulSet, ordinal: number, others: Pod['spec']['volumes'] = []) {
  const claimed = (set.spec.volumeClaimTemplates ?? []).map(template => ({
    name: template.metadata.name!,
    persistentVolumeClaim: { claimName: claimName(set, template, ordinal), readOnly: false },
  }))
  return [...claimed, ...others.filter(volume => !claimed.some(claim => claim.name === volume.name))]
}

export function hasStorage(set: StatefulSet, ordinal: number, { spec }: Pod): boolean {
  return (set.spec.volumeClaimTemplates ?? []).every(template => {
    const volume = spec.volumes?.find(({ name }) => name === template.metadata.name)
    return volume?.persistentVolumeClaim?.claimName === claimName(set, template, ordinal)
  })
}

export function withStorage(set: StatefulSet, ordinal: number, pod: Pod): Pod {
  if (hasStorage(set, ordinal, pod)) return pod
  return { ...pod, spec: { ...pod.spec, volumes: volumesOf(set, ordinal, pod.spec.volumes) } }
}
