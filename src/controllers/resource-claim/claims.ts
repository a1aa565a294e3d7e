// One claim: whose reservations still hold, and what becomes of it when none does.

import { pods } from '../../api/core/v1/pod.ts'
import {
  type ResourceClaim,
  type ResourceClaimConsumerReference,
  resourceClaims,
} from '../../api/resource/v1/resourceclaim.ts'
import { keyFor, keyOf } from '../../client/object-key.ts'
import { errorText } from '../../machinery/error-text.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import type { ClaimContext } from './claim-state.ts'
import { isDone, owningPod } from './pod-claims.ts'

const finalizer = 'resource.kubernetes.io/delete-protection'

export async function syncClaim(key: string, context: ClaimContext): Promise<void> {
  const claim = context.lister(resourceClaims).get(key)
  if (!claim) return
  const reservedFor = claim.status?.reservedFor ?? []
  const remaining: ResourceClaimConsumerReference[] = []
  for (const reservation of reservedFor) if (await holds(reservation, claim, context)) remaining.push(reservation)
  const unused = remaining.length === 0
  const isProtected = claim.metadata.finalizers?.includes(finalizer) ?? false

  if (remaining.length < reservedFor.length) {
    const updated = await updateStatus(claim, remaining, unused && isProtected, context)
    if (!updated.status?.allocation) await unprotect(updated, context)
  } else if (isProtected && claim.metadata.deletionTimestamp && unused) {
    // Allocated at once, used no more, and to go.
    const deallocated = claim.status?.allocation ? await updateStatus(claim, [], true, context) : claim
    await unprotect(deallocated, context)
  }
  if (unused) await removeSurplus(claim, context)
}

/** A pod that the cache does not have may be about to be seen: only the server can say that it is gone. */
async function holds(
  { apiGroup, resource, name, uid }: ResourceClaimConsumerReference,
  { metadata: { namespace } }: ResourceClaim,
  { lister, client }: ClaimContext,
): Promise<boolean> {
  // Whatever else may have reserved it looks after that itself.
  if (apiGroup || resource !== 'pods') return true
  const cached = lister(pods).get(keyFor(namespace, name))
  if (cached) return cached.metadata.uid === uid && !isDone(cached)
  try {
    return (await client.resource(pods).namespace(namespace).get(name)).metadata.uid === uid
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

/** An update, not a patch: it must fail when anything has changed. */
function updateStatus(
  claim: ResourceClaim,
  reservedFor: ResourceClaimConsumerReference[],
  deallocate: boolean,
  { client }: ClaimContext,
): Promise<ResourceClaim> {
  const { allocation, ...rest } = claim.status
  return client
    .resource(resourceClaims)
    .namespace(claim.metadata.namespace)
    .updateStatus({ ...claim, status: { ...rest, ...(!deallocate && allocation && { allocation }), reservedFor } })
}

async function unprotect(claim: ResourceClaim, { client }: ClaimContext): Promise<void> {
  const finalizers = claim.metadata.finalizers ?? []
  if (!finalizers.includes(finalizer)) return
  await client
    .resource(resourceClaims)
    .namespace(claim.metadata.namespace)
    .update({ ...claim, metadata: { ...claim.metadata, finalizers: finalizers.filter(each => each !== finalizer) } })
}

/** A claim made for a pod that will not run, though the pod may stay for long. */
async function removeSurplus(claim: ResourceClaim, { lister, client }: ClaimContext): Promise<void> {
  const { namespace, name = '', deletionTimestamp } = claim.metadata
  const owner = owningPod(claim)
  const pod = owner && lister(pods).get(keyFor(namespace, owner.name))
  // One that is not known yet, or gone, is the garbage collector's business.
  if (!pod || deletionTimestamp || (pod.metadata.uid === owner.uid && !isDone(pod))) return
  try {
    await client.resource(resourceClaims).namespace(namespace).delete(name)
  } catch (error) {
    if (isNotFound(error)) return
    throw new Error(`delete unused generated claim ${keyOf(claim)}: ${errorText(error)}`, { cause: error })
  }
}
