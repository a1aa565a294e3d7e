// The claims of a StatefulSet's pods. A claim outlives its pod: the next pod of the ordinal finds its data. Whether it goes
// with the set, or with a pod that is one too many, is up to the retention policy: then it has that as its owner, and the
// garbage collector does the rest.

import { type StatefulSet, statefulSets } from '../../api/apps/v1/statefulset.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import type { OwnerReference } from '../../api/meta/v1/objectmeta.ts'
import { controllerReference, type ReconcileContext } from '../../client/controller.ts'
import { keyFor } from '../../client/object-key.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { isAlreadyExists, isNotFound } from '../../machinery/status-error.ts'
import { podName } from './stateful-pod.ts'

/** Those that are there, as the cache knows. */
function* claimsOf(set: StatefulSet, ordinal: number, { lister }: ReconcileContext): Generator<PersistentVolumeClaim> {
  for (const { metadata } of set.spec.volumeClaimTemplates ?? []) {
    const name = `${metadata.name}-${podName(set, ordinal)}`
    const claim = lister(persistentVolumeClaims).get(keyFor(set.metadata.namespace, name))
    if (claim) yield claim
  }
}

/** Creates those that are missing, and gives the others the owner that they should have. */
export async function createClaims(set: StatefulSet, ordinal: number, context: ReconcileContext): Promise<void> {
  const { client, events, lister } = context
  const { namespace, name: setName } = set.metadata
  const pod = podName(set, ordinal)
  const resource = client.resource(persistentVolumeClaims).namespace(namespace)
  for (const { metadata, spec } of set.spec.volumeClaimTemplates ?? []) {
    const name = `${metadata.name}-${pod}`
    if (lister(persistentVolumeClaims).get(keyFor(namespace, name))) continue
    const labels = { ...metadata.labels, ...set.spec.selector?.matchLabels }
    const owners = ownersFor(set, undefined, false)
    const ownerReferences = owners.length > 0 ? owners : undefined
    try {
      await resource.create({
        metadata: { name, namespace, labels, annotations: metadata.annotations, ownerReferences },
        spec,
      })
    } catch (error) {
      if (isAlreadyExists(error)) continue
      const message = `create Claim ${name} for Pod ${pod} in StatefulSet ${setName} failed error: ${(error as Error).message}`
      events.event(set, 'Warning', 'FailedCreate', message)
      throw error
    }
    events.event(set, 'Normal', 'SuccessfulCreate', `create Claim ${name} Pod ${pod} in StatefulSet ${setName} success`)
  }
}

/** A claim that is still the last pod's, and will go with it: the next pod must not take it. */
export function hasStaleClaim(set: StatefulSet, ordinal: number, context: ReconcileContext): boolean {
  const name = podName(set, ordinal)
  for (const { metadata } of claimsOf(set, ordinal, context))
    if (metadata.ownerReferences?.some(owner => owner.kind === 'Pod' && owner.name === name)) return true
  return false
}

/** Gives the pod's claims their owner. `surplus`: the pod is one that the set has no more use for. */
export async function ownClaims(
  set: StatefulSet,
  ordinal: number,
  pod: Pod,
  surplus: boolean,
  context: ReconcileContext,
): Promise<void> {
  for (const claim of claimsOf(set, ordinal, context)) {
    const present = claim.metadata.ownerReferences ?? []
    const ours = ({ kind, name, apiVersion }: OwnerReference) =>
      (kind === 'Pod' && apiVersion === 'v1' && name === pod.metadata.name) ||
      (kind === 'StatefulSet' && apiVersion.startsWith('apps/') && name === set.metadata.name)
    const others = present.filter(owner => !ours(owner))
    // Somebody else's: it is left alone.
    const foreign = others.some(({ controller }) => controller)
    const ownerReferences = foreign ? others : [...others, ...ownersFor(set, pod, surplus)]
    if (deepEqual(present, ownerReferences)) continue
    try {
      await context.client
        .resource(persistentVolumeClaims)
        .update({ ...claim, metadata: { ...claim.metadata, ownerReferences } })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}

function ownersFor(set: StatefulSet, pod: Pod | undefined, surplus: boolean): OwnerReference[] {
  const { whenScaled, whenDeleted } = set.spec.persistentVolumeClaimRetentionPolicy ?? {}
  if (whenScaled === 'Delete' && surplus && pod) return [controllerReference(pod, pods)]
  return whenDeleted === 'Delete' ? [controllerReference(set, statefulSets)] : []
}
