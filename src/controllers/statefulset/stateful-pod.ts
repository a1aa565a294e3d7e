// The pod of one ordinal: always the same name, host name and volumes, whatever node it is on.

import type { StatefulSet } from '../../api/apps/v1/statefulset.ts'
import { persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import type { Pod, PodTemplateSpec } from '../../api/core/v1/pod.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import { isAlreadyExists } from '../../machinery/status-error.ts'
import { revisionHashLabel } from '../history/controller-revisions.ts'

export function podName({ metadata }: StatefulSet, ordinal: number): string {
  return `${metadata.name}-${ordinal}`
}

/** Undefined for a pod that has no place in the set. */
export function ordinalOf({ metadata: { name = '' } }: StatefulSet, pod: Pod): number | undefined {
  const text = pod.metadata.name?.startsWith(`${name}-`) ? pod.metadata.name.slice(name.length + 1) : ''
  return /^(0|[1-9]\d*)$/.test(text) ? Number(text) : undefined
}

export function templateOf(
  set: StatefulSet,
  template: PodTemplateSpec,
  hash: string,
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
        [revisionHashLabel]: hash,
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

/** A claim outlives its pod: the next pod of the ordinal finds its data. */
export async function createClaims(
  set: StatefulSet,
  ordinal: number,
  { client, events }: ReconcileContext,
): Promise<void> {
  const { namespace, name: setName } = set.metadata
  const pod = podName(set, ordinal)
  const resource = client.resource(persistentVolumeClaims).namespace(namespace)
  for (const { metadata, spec } of set.spec.volumeClaimTemplates ?? []) {
    const name = `${metadata.name}-${pod}`
    const labels = { ...metadata.labels, ...set.spec.selector?.matchLabels }
    try {
      await resource.create({ metadata: { name, namespace, labels, annotations: metadata.annotations }, spec })
    } catch (error) {
      if (isAlreadyExists(error)) continue
      const message = `create Claim ${name} for Pod ${pod} in StatefulSet ${setName} failed error: ${(error as Error).message}`
      events.event(set, 'Warning', 'FailedCreate', message)
      throw error
    }
    events.event(set, 'Normal', 'SuccessfulCreate', `create Claim ${name} Pod ${pod} in StatefulSet ${setName} success`)
  }
}
