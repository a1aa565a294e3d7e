// Makes the ResourceClaims of pods from their templates, reserves them for pods that were bound without the scheduler, and
// takes reservations away from pods that are gone: a claim that nobody uses is allocated no longer.
//
// Comes in: pods, ResourceClaims, ResourceClaimTemplates. Goes out: claims, their status, and in the status of a pod the
// names of those made for it. One queue has the keys of both: a pod's begins with `pod:`. `pods.ts` says what becomes of a
// pod's claims, `claims.ts` of a claim.

import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { type ResourceClaim, resourceClaims } from '../../api/resource/v1/resourceclaim.ts'
import { type ResourceClaimTemplate, resourceClaimTemplates } from '../../api/resource/v1/resourceclaimtemplate.ts'
import { controller, watch } from '../../client/controller.ts'
import { keyOf } from '../../client/object-key.ts'
import type { ClaimState } from './claim-state.ts'
import { syncClaim } from './claims.ts'
import {
  byClaimTemplate,
  byOwningPod,
  byResourceClaim,
  claimNamesOf,
  claimsByPod,
  isDone,
  podsByClaimTemplate,
  podsByResourceClaim,
} from './pod-claims.ts'
import { needsWork, syncPod } from './pods.ts'

const podPrefix = 'pod:'

export const resourceClaimController = controller<ResourceClaim, ClaimState>({
  name: 'resourceclaim-controller',
  reconciles: resourceClaims,
  concurrency: 10,
  indexers: { [claimsByPod]: byOwningPod },
  state: () => ({ made: new Map() }),
  filter: ({ after }) => after !== undefined,
  watches: [
    watch<ResourceClaim, ClaimState>(resourceClaims, {
      handler: ({ state }) => {
        // The cache knows it now, or knows that it is gone.
        const seen = ({ metadata }: ResourceClaim) => void state.made.delete(keyOf({ metadata }))
        return { added: seen, updated: seen, deleted: seen }
      },
      keys: ({ before, after }, { lister }) =>
        lister(pods)
          .byIndex(podsByResourceClaim, keyOf((after ?? before)!))
          .flatMap(pod => podKeys(pod, lister)),
    }),
    watch<Pod, ClaimState>(pods, {
      indexers: { [podsByResourceClaim]: byResourceClaim, [podsByClaimTemplate]: byClaimTemplate },
      keys: ({ before, after }, { lister }) => {
        const pod = (after ?? before)!
        if (!pod.spec.resourceClaims?.length && !pod.status.extendedResourceClaimStatus) return []
        const freed = !after || isDone(after) ? claimNamesOf(pod).map(name => `${pod.metadata.namespace}/${name}`) : []
        return after ? [...freed, ...podKeys(after, lister)] : freed
      },
    }),
    watch<ResourceClaimTemplate, ClaimState>(resourceClaimTemplates, {
      keys: ({ after }, { lister }) =>
        after
          ? lister(pods)
              .byIndex(podsByClaimTemplate, keyOf(after))
              .flatMap(pod => podKeys(pod, lister))
          : [],
    }),
  ],
  reconcile: (key, context) =>
    key.startsWith(podPrefix) ? syncPod(key.slice(podPrefix.length), context) : syncClaim(key, context),
})

const podKeys = (pod: Pod, lister: Parameters<typeof needsWork>[1]): string[] =>
  needsWork(pod, lister) ? [`${podPrefix}${keyOf(pod)}`] : []
