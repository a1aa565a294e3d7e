// Whose a claim is. A claim outlives its pod: the next pod of the ordinal finds its data. Whether it goes with the set, or
// with a pod that is one too many, is up to the retention policy: then it has that as its owner, and the garbage collector
// does the rest.

import { type StatefulSet, statefulSets } from '../../api/apps/v1/statefulset.ts'
import type { PersistentVolumeClaim } from '../../api/core/v1/persistentvolumeclaim.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import type { OwnerReference } from '../../api/meta/v1/objectmeta.ts'
import type { ResourceDeclaration } from '../../api/resource.ts'
import { controllerReference } from '../../client/controller.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import type { Owned } from '../controller-ref.ts'

/** The set and the pod that a claim may belong to. `surplus`: the set has no more use for the pod. */
export interface Claimants {
  readonly set: StatefulSet
  readonly pod: Pod
  readonly surplus: boolean
}

interface Policy {
  readonly whenScaled: string
  readonly whenDeleted: string
}

export function retentionPolicyOf({ spec }: StatefulSet): Policy {
  const { whenScaled = 'Retain', whenDeleted = 'Retain' } = spec.persistentVolumeClaimRetentionPolicy ?? {}
  return { whenScaled, whenDeleted }
}

/** The owners that the claim is to have; undefined when it is left as it is. */
export function ownersToBe(claim: PersistentVolumeClaim, claimants: Claimants): OwnerReference[] | undefined {
  const { set, pod, surplus } = claimants
  const present = claim.metadata.ownerReferences ?? []
  // An owner that is gone: the claim is about to go too.
  if (isStale(claim, set, statefulSets) || isStale(claim, pod, pods)) return undefined
  const others = present.filter(owner => !names(owner, set, statefulSets) && !names(owner, pod, pods))
  const ours = present.filter(({ uid }) => uid === set.metadata.uid || uid === pod.metadata.uid)
  if (hasForeignController(claim, claimants)) return ours.length > 0 ? others : undefined
  const { whenScaled, whenDeleted } = retentionPolicyOf(set)
  const wanted =
    whenScaled === 'Delete' && surplus
      ? [controllerReference(pod, pods)]
      : whenDeleted === 'Delete'
        ? [controllerReference(set, statefulSets)]
        : []
  const uids = (owners: readonly OwnerReference[]) => owners.map(({ uid }) => uid)
  const settled = ours.every(({ controller }) => controller) && deepEqual(uids(ours), uids(wanted))
  return settled ? undefined : [...others, ...wanted]
}

/** Whether the claim is another's. Nobody asks where everything is retained. */
export function hasForeignController(claim: PersistentVolumeClaim, { set, pod }: Claimants): boolean {
  const { whenScaled, whenDeleted } = retentionPolicyOf(set)
  if (whenScaled === 'Retain' && whenDeleted === 'Retain') return false
  return (claim.metadata.ownerReferences ?? []).some(owner => {
    if (names(owner, set, statefulSets)) return owner.uid !== set.metadata.uid
    if (names(owner, pod, pods)) return owner.uid !== pod.metadata.uid
    return owner.controller === true
  })
}

/** The claim has an owner of the object's name that is another object. */
export function isStale(claim: PersistentVolumeClaim, object: Owned, kind: ResourceDeclaration<any>): boolean {
  const owner = claim.metadata.ownerReferences?.find(each => names(each, object, kind))
  return owner !== undefined && owner.uid !== (object.metadata.uid ?? '')
}

function names(owner: OwnerReference, object: Owned, kind: ResourceDeclaration<any>): boolean {
  const { apiVersion, kind: ownerKind, name } = controllerReference(object, kind)
  return owner.apiVersion === apiVersion && owner.kind === ownerKind && owner.name === name
}
