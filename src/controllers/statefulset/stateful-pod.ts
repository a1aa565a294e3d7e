// The pod of one ordinal: always the same name, host name and volumes, whatever node it is on.

import type { StatefulSet } from '../../api/apps/v1/statefulset.ts'
import type { Pod, PodTemplateSpec } from '../../api/core/v1/pod.ts'
import { revisionHashLabel } from '../history/controller-revisions.ts'

export function podName({ metadata }: StatefulSet, ordinal: number): string {
  return `${metadata.name}-${ordinal}`
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

export function templateOf(
  set: StatefulSet,
  template: PodTemplateSpec,
  revision: string,
  ordinal: number,
): PodTemplateSpec {
  const name = podName(set, ordinal)
  const claims = set.spec.volumeClaimTemplates ?? []
  const claimed = new Set(claims.map(({ metadata }) => metadata.name))
  const volumes = [
    ...(template.spec!.volumes ?? []).filter(volume => !claimed.has(volume.name)),
    ...claims.map(({ metadata }) => ({
      name: metadata.name!,
      persistentVolumeClaim: { claimName: `${metadata.name}-${name}`, readOnly: false },
    })),
  ]
  return {
    ...template,
    metadata: {
      ...template.metadata,
      labels: {
        ...template.metadata?.labels,
        'statefulset.kubernetes.io/pod-name': name,
        'apps.kubernetes.io/pod-index': String(ordinal),
        // Unlike a DaemonSet's, which say only the hash.
        [revisionHashLabel]: revision,
      },
    },
    spec: {
      ...template.spec!,
      hostname: name,
      ...(set.spec.serviceName && { subdomain: set.spec.serviceName }),
      ...(volumes.length > 0 && { volumes }),
    },
  }
}
