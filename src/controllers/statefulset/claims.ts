// The claims of a StatefulSet's pods: created before the pod, one for each template; `claim-owners.ts` says whose they are.

import type { StatefulSet } from '../../api/apps/v1/statefulset.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { pods } from '../../api/core/v1/pod.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import { keyFor } from '../../client/object-key.ts'
import { aggregateMessage } from '../../machinery/field-error.ts'
import { isAlreadyExists } from '../../machinery/status-error.ts'
import { type Claimants, hasForeignController, isStale, ownersToBe, retentionPolicyOf } from './claim-owners.ts'
import { claimName, podName } from './stateful-pod.ts'

/** Those that are there, as the cache knows. */
function* claimsOf(set: StatefulSet, ordinal: number, { lister }: ReconcileContext): Generator<PersistentVolumeClaim> {
  for (const template of set.spec.volumeClaimTemplates ?? []) {
    const key = keyFor(set.metadata.namespace, claimName(set, template, ordinal))
    const claim = lister(persistentVolumeClaims).get(key)
    if (claim) yield claim
  }
}

/** Creates those that are missing. Throws after the last, when one could not be, or is on its way out. */
export async function createClaims(set: StatefulSet, ordinal: number, context: ReconcileContext): Promise<void> {
  const { client, events, lister } = context
  const { namespace, name: setName } = set.metadata
  const pod = podName(set, ordinal)
  const failures: string[] = []
  for (const template of set.spec.volumeClaimTemplates ?? []) {
    const name = claimName(set, template, ordinal)
    const present = lister(persistentVolumeClaims).get(keyFor(namespace, name))
    if (present) {
      if (present.metadata.deletionTimestamp) failures.push(`pvc ${name} is being deleted`)
      continue
    }
    const { labels, annotations } = template.metadata
    const metadata = { name, namespace, annotations, labels: { ...labels, ...set.spec.selector?.matchLabels } }
    try {
      await client.resource(persistentVolumeClaims).namespace(namespace).create({ metadata, spec: template.spec })
      const message = `Create Claim ${name} Pod ${pod} in StatefulSet ${setName} success`
      events.event(set, 'Normal', 'SuccessfulCreate', message)
    } catch (error) {
      const { message } = error as Error
      failures.push(`failed to create PVC ${name}: ${message}`)
      if (isAlreadyExists(error)) continue
      const failed = `Create Claim ${name} for Pod ${pod} in StatefulSet ${setName} failed error: ${message}`
      events.event(set, 'Warning', 'FailedCreate', failed)
    }
  }
  if (failures.length > 0) throw new Error(aggregateMessage(failures))
}

/** A claim that is still the last pod's, and will go with it: the next pod must not take it. */
export function hasStaleClaim(set: StatefulSet, ordinal: number, context: ReconcileContext): boolean {
  if (retentionPolicyOf(set).whenScaled === 'Retain') return false
  // The pod that is to come has no uid yet.
  const pod = { metadata: { name: podName(set, ordinal) } }
  for (const claim of claimsOf(set, ordinal, context)) if (isStale(claim, pod, pods)) return true
  return false
}

/** Whether all that are there have the owners that they should. */
export function areOwned(claimants: Claimants, ordinal: number, context: ReconcileContext): boolean {
  for (const claim of claimsOf(claimants.set, ordinal, context))
    if (ownersToBe(claim, claimants) !== undefined) return false
  return true
}

/** Gives the pod's claims their owner. */
export async function ownClaims(claimants: Claimants, ordinal: number, context: ReconcileContext): Promise<void> {
  const { client, events } = context
  const { set } = claimants
  for (const claim of claimsOf(set, ordinal, context)) {
    const { name } = claim.metadata
    if (hasForeignController(claim, claimants)) {
      const message = `PersistentVolumeClaim ${name} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`
      events.event(set, 'Warning', 'ConflictingController', message)
    }
    const ownerReferences = ownersToBe(claim, claimants)
    if (!ownerReferences) continue
    try {
      await client
        .resource(persistentVolumeClaims)
        .namespace(set.metadata.namespace)
        .update({ ...claim, metadata: { ...claim.metadata, ownerReferences } })
    } catch (error) {
      throw new Error(`could not update claim ${name} for delete policy ownerRefs: ${(error as Error).message}`)
    }
  }
}
