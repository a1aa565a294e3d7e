// The claims of one pod: made from their templates, named in its status, and reserved for it when no scheduler does that.

import { type Pod, type PodResourceClaim, pods } from '../../api/core/v1/pod.ts'
import { type ResourceClaim, resourceClaims } from '../../api/resource/v1/resourceclaim.ts'
import { resourceClaimTemplates } from '../../api/resource/v1/resourceclaimtemplate.ts'
import { keyFor, keyOf } from '../../client/object-key.ts'
import { errorText } from '../../machinery/error-text.ts'
import type { ClaimContext } from './claim-state.ts'
import { claimNameOf, claimsByPod, foreignResourceClaim, isReservedFor, podClaimAnnotation } from './pod-claims.ts'

const fieldManager = 'ResourceClaimController'
/** Room for a hyphen and five random characters in a name of 63. */
const maxBaseLength = 57

/** Whether the pod lacks a claim or a reservation that this controller can give it. */
export function needsWork(pod: Pod, lister: ClaimContext['lister']): boolean {
  if (pod.metadata.deletionTimestamp) return false
  return (pod.spec.resourceClaims ?? []).some(podClaim => {
    const found = claimNameOf(pod, podClaim)
    if (found === 'missing') return true
    if (found === 'none') return false
    const claim = lister(resourceClaims).get(keyFor(pod.metadata.namespace, found.name))
    if (!claim) return found.fromTemplate
    if (found.fromTemplate && foreignResourceClaim(pod, claim) !== undefined) return false
    return !!pod.spec.nodeName && !!claim.status?.allocation && !isReservedFor(pod, claim)
  })
}

export async function syncPod(key: string, context: ClaimContext): Promise<void> {
  const pod = context.lister(pods).get(key)
  if (!pod || pod.metadata.deletionTimestamp) return
  const made: { name: string; resourceClaimName: string }[] = []
  for (const podClaim of pod.spec.resourceClaims ?? []) {
    try {
      const claim = await makeClaim(pod, podClaim, context)
      if (claim) made.push({ name: podClaim.name, resourceClaimName: claim.metadata.name! })
    } catch (error) {
      const message = `PodResourceClaim ${podClaim.name}: ${errorText(error)}`
      context.events.event(pod, 'Warning', 'FailedResourceClaimCreation', message)
      throw new Error(`pod ${key}, ${message}`, { cause: error })
    }
  }
  if (made.length > 0) await nameClaims(pod, made, context)
  // Before that the scheduler reserves.
  if (pod.spec.nodeName) await reserveClaims(pod, context)
}

/** A claim for the pod, if one is to be made or was made and is not named in its status yet. */
async function makeClaim(
  pod: Pod,
  podClaim: PodResourceClaim,
  { lister, client, state }: ClaimContext,
): Promise<ResourceClaim | undefined> {
  const { namespace, name = '', uid = '' } = pod.metadata
  const found = claimNameOf(pod, podClaim)
  if (found === 'none') return undefined
  if (found !== 'missing') {
    const there = lister(resourceClaims).get(keyFor(namespace, found.name))
    if (there && (!found.fromTemplate || foreignResourceClaim(pod, there) === undefined)) return undefined
  }
  const templateName = podClaim.resourceClaimTemplateName
  if (templateName === undefined) return undefined
  const own = [...lister(resourceClaims).byIndex(claimsByPod, uid), ...state.made.values()]
  const before = own.find(
    ({ metadata }) =>
      metadata.annotations?.[podClaimAnnotation] === podClaim.name &&
      metadata.ownerReferences?.some(owner => owner.uid === uid),
  )
  if (before) return before

  const template = lister(resourceClaimTemplates).get(keyFor(namespace, templateName))
  if (!template)
    throw new Error(
      `resource claim template "${templateName}": resourceclaimtemplate.resource.k8s.io "${templateName}" not found`,
    )
  const { annotations, labels } = template.spec.metadata ?? {}
  try {
    const claim = await client
      .resource(resourceClaims)
      .namespace(namespace)
      .create({
        metadata: {
          generateName: generateName(name, podClaim.name),
          ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid, controller: true }],
          annotations: { ...annotations, [podClaimAnnotation]: podClaim.name },
          labels,
        },
        spec: template.spec.spec,
      })
    if (!lister(resourceClaims).get(keyOf(claim))) state.made.set(keyOf(claim), claim)
    return claim
  } catch (error) {
    throw new Error(`create ResourceClaim : ${errorText(error)}`, { cause: error })
  }
}

/** Of names too long for one, a share of each is kept. */
export function generateName(pod: string, claim: string): string {
  const whole = `${pod}-${claim}-`
  if (whole.length <= maxBaseLength) return whole
  const share = (part: string) => part.slice(0, Math.floor((part.length * maxBaseLength) / whole.length))
  return `${share(pod)}-${share(claim)}`
}

/** Applied, so those named before are named again: what is left out would be taken back. */
async function nameClaims(
  { metadata: { namespace, name = '' }, status }: Pod,
  made: readonly { name: string; resourceClaimName: string }[],
  { client }: ClaimContext,
): Promise<void> {
  const before = (status.resourceClaimStatuses ?? []).filter(claim => !made.some(({ name }) => name === claim.name))
  const resourceClaimStatuses = [...before, ...made]
  try {
    await client
      .resource(pods)
      .namespace(namespace)
      .patch(
        name,
        'application/apply-patch+yaml',
        { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, status: { resourceClaimStatuses } },
        { subresource: 'status', fieldManager, force: true },
      )
  } catch (error) {
    const message = `update pod ${namespace}/${name} ResourceClaimStatuses: ${errorText(error)}`
    throw new Error(message, { cause: error })
  }
}

async function reserveClaims(pod: Pod, { lister, client }: ClaimContext): Promise<void> {
  const { namespace, name = '', uid = '' } = pod.metadata
  for (const podClaim of pod.spec.resourceClaims ?? []) {
    const found = claimNameOf(pod, podClaim)
    // Its name is in the status only when the next reconcile sees it.
    if (found === 'missing') return
    if (found === 'none') continue
    const claim = lister(resourceClaims).get(keyFor(namespace, found.name))
    if (!claim) return
    const foreign = found.fromTemplate ? foreignResourceClaim(pod, claim) : undefined
    if (foreign !== undefined) throw new Error(foreign)
    if (!claim.status?.allocation || isReservedFor(pod, claim)) continue
    const reservedFor = [...(claim.status.reservedFor ?? []), { resource: 'pods', name, uid }]
    try {
      await client
        .resource(resourceClaims)
        .namespace(namespace)
        .updateStatus({ ...claim, status: { ...claim.status, reservedFor } })
    } catch (error) {
      throw new Error(`reserve claim ${keyOf(claim)}: ${errorText(error)}`, { cause: error })
    }
  }
}
