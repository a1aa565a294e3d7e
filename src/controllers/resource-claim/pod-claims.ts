// Which ResourceClaims a pod's spec stands for.

import type { Pod, PodResourceClaim } from '../../api/core/v1/pod.ts'
import type { ResourceClaim } from '../../api/resource/v1/resourceclaim.ts'
import { controllerOf } from '../../client/controller.ts'
import { isPodTerminal } from '../pod-status.ts'

export const podsByResourceClaim = 'resource claim'
export const podsByClaimTemplate = 'resource claim template'
export const claimsByPod = 'pod'

/** Says which of a pod's claims a claim that was made from a template is. */
export const podClaimAnnotation = 'resource.kubernetes.io/pod-claim-name'

export type ClaimName =
  | { readonly name: string; readonly fromTemplate: boolean }
  /** It has been found that none is needed. */
  | 'none'
  /** To be made from the template. */
  | 'missing'

export function claimNameOf(pod: Pod, claim: PodResourceClaim): ClaimName {
  if (claim.resourceClaimName !== undefined) return { name: claim.resourceClaimName, fromTemplate: false }
  const status = pod.status.resourceClaimStatuses?.find(({ name }) => name === claim.name)
  if (!status) return 'missing'
  return status.resourceClaimName === undefined ? 'none' : { name: status.resourceClaimName, fromTemplate: true }
}

/** The names of the claims that the pod has by now, that of its extended resources included. */
export function claimNamesOf(pod: Pod): string[] {
  const names: string[] = []
  for (const claim of pod.spec.resourceClaims ?? []) {
    const found = claimNameOf(pod, claim)
    if (typeof found === 'object') names.push(found.name)
  }
  const extended = pod.status.extendedResourceClaimStatus?.resourceClaimName
  return extended ? [...names, extended] : names
}

const inNamespaceOf = (pod: Pod, names: readonly string[]) => [
  ...new Set(names.map(name => `${pod.metadata.namespace}/${name}`)),
]

export const byResourceClaim = (pod: Pod): readonly string[] =>
  inNamespaceOf(
    pod,
    (pod.spec.resourceClaims ?? []).flatMap(claim => {
      const found = claimNameOf(pod, claim)
      return typeof found === 'object' ? [found.name] : []
    }),
  )

export const byClaimTemplate = (pod: Pod): readonly string[] =>
  inNamespaceOf(
    pod,
    (pod.spec.resourceClaims ?? []).flatMap(({ resourceClaimTemplateName: name }) =>
      name === undefined ? [] : [name],
    ),
  )

/** The pod that a claim was made for. */
export function owningPod(claim: ResourceClaim): { name: string; uid: string } | undefined {
  const owner = controllerOf(claim)
  return owner?.apiVersion === 'v1' && owner.kind === 'Pod' ? { name: owner.name, uid: owner.uid } : undefined
}

export const byOwningPod = (claim: ResourceClaim): readonly string[] => {
  const owner = owningPod(claim)
  return owner ? [owner.uid] : []
}

/** Why a claim that was made from a template is not the pod's; undefined when it is. */
export function foreignResourceClaim(pod: Pod, claim: ResourceClaim): string | undefined {
  if (controllerOf(claim)?.uid === pod.metadata.uid) return undefined
  const { namespace, name } = claim.metadata
  return `ResourceClaim ${namespace}/${name} was not created for Pod ${pod.metadata.namespace}/${pod.metadata.name} (Pod is not owner)`
}

export const isReservedFor = (pod: Pod, { status }: ResourceClaim): boolean =>
  status?.reservedFor?.some(({ uid }) => uid === pod.metadata.uid) ?? false

/** It has ended, or is to go and never had a node: it needs its claims no more. */
export const isDone = (pod: Pod): boolean =>
  isPodTerminal(pod) || (!!pod.metadata.deletionTimestamp && !pod.spec.nodeName)
