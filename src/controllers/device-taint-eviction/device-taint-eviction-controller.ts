// Deletes pods whose devices have NoExecute taints that their claims do not tolerate, or no longer do.
//
// Comes in: pods, the ResourceClaims reserved for them, the ResourceSlices that say what is wrong with which device. When a
// pod must go follows from when the taint was added and from the tolerations in the claim's allocation alone.

import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { type ResourceClaim, resourceClaims } from '../../api/resource/v1/resourceclaim.ts'
import { type ResourceSlice, resourceSlices } from '../../api/resource/v1/resourceslice.ts'
import { type ControllerContext, controller, watch } from '../../client/controller.ts'
import { keyFor } from '../../client/object-key.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { formatTime } from '../../machinery/time.ts'
import { claimNameOf, foreignResourceClaim, isReservedFor } from '../resource-claim/pod-claims.ts'
import { type TaintEvictionMetrics, taintEvictionMetrics } from '../taint-eviction/metrics.ts'
import { allocatedPools, claimEvictionTime, claimsByPool, poolKey, slicesByPool } from './device-taints.ts'

interface State {
  /** The pods that are to go at some time. */
  readonly scheduled: Set<string>
  readonly metrics: TaintEvictionMetrics
}

type Context = ControllerContext<State>

const counted = {
  subsystem: 'device_taint_eviction_controller',
  controller: 'DeviceTaintEvictionController',
  latency: "a device taint effect has been activated and a Pod's deletion",
}

export const deviceTaintEvictionController = controller<Pod, State>({
  name: 'device-taint-eviction-controller',
  reconciles: pods,
  concurrency: 10,
  state: ({ metrics }) => ({ scheduled: new Set(), metrics: taintEvictionMetrics(metrics, counted) }),
  filter: ({ before, after }) =>
    !!(after ?? before)!.spec.resourceClaims?.length &&
    (!before ||
      !after ||
      before.metadata.uid !== after.metadata.uid ||
      before.spec.nodeName !== after.spec.nodeName ||
      !deepEqual(before.status.resourceClaimStatuses, after.status.resourceClaimStatuses)),
  watches: [
    watch<ResourceClaim, State>(resourceClaims, {
      indexers: { [claimsByPool]: allocatedPools },
      keys: ({ before, after }) => new Set([...usersOf(before), ...usersOf(after)]),
    }),
    watch<ResourceSlice, State>(resourceSlices, {
      indexers: { [slicesByPool]: ({ spec }) => [poolKey(spec.driver, spec.pool.name)] },
      keys: ({ before, after }, { lister }) => {
        const { driver, pool } = (after ?? before)!.spec
        const key = poolKey(driver, pool.name)
        // Without a taint, a slice may stand in for one that has some.
        if (!isTainted(before) && !lister(resourceSlices).byIndex(slicesByPool, key).some(isTainted)) return []
        return new Set(lister(resourceClaims).byIndex(claimsByPool, key).flatMap(usersOf))
      },
    }),
  ],
  reconcile,
})

const isTainted = (slice: ResourceSlice | undefined) =>
  slice?.spec.devices?.some(({ taints }) => taints?.some(({ effect }) => effect === 'NoExecute')) ?? false

function usersOf(claim: ResourceClaim | undefined): string[] {
  return (claim?.status?.reservedFor ?? [])
    .filter(({ apiGroup, resource }) => !apiGroup && resource === 'pods')
    .map(({ name }) => keyFor(claim!.metadata.namespace, name))
}

async function reconcile(key: string, context: Context) {
  const { lister, clock, state, events } = context
  const pod = lister(pods).get(key)
  const at = pod ? podEvictionTime(pod, context) : undefined
  if (!pod || at === undefined) {
    if (state.scheduled.delete(key) && pod)
      events.event(reference(pod), 'Normal', 'DeviceTaintManagerEviction', 'Cancelling deletion')
    return undefined
  }
  state.scheduled.add(key)
  if (at > clock.now()) return { requeueAfterMs: at - clock.now() }
  if (await evict(pod, context)) {
    state.metrics.deletions.inc()
    state.metrics.delays.observe((clock.now() - at) / 1000)
  }
  state.scheduled.delete(key)
  return undefined
}

/** Milliseconds since the epoch; undefined when it may stay. */
function podEvictionTime(pod: Pod, { lister }: Context): number | undefined {
  if (!pod.spec.nodeName) return undefined
  let earliest: number | undefined
  for (const podClaim of pod.spec.resourceClaims ?? []) {
    const found = claimNameOf(pod, podClaim)
    if (typeof found === 'string') continue
    const claim = lister(resourceClaims).get(keyFor(pod.metadata.namespace, found.name))
    if (!claim || !isReservedFor(pod, claim)) continue
    if (found.fromTemplate && foreignResourceClaim(pod, claim) !== undefined) continue
    const at = claimEvictionTime(claim, lister(resourceSlices))
    if (at !== undefined && (earliest === undefined || at < earliest)) earliest = at
  }
  return earliest
}

/** False for a pod that is going, or gone, already. */
async function evict(seen: Pod, { client, clock, events }: Context): Promise<boolean> {
  const { namespace, name = '', uid } = seen.metadata
  const resource = client.resource(pods).namespace(namespace)
  try {
    const pod = await resource.get(name)
    if (pod.metadata.uid !== uid || pod.metadata.deletionTimestamp) return false
    events.event(reference(pod), 'Normal', 'DeviceTaintManagerEviction', 'Marking for deletion')
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByDeviceTaintManager',
      message: 'Device Taint manager: deleting due to NoExecute taint',
    }
    const before = pod.status.conditions?.find(({ type }) => type === condition.type)
    const same = before?.status === condition.status
    const lastTransitionTime = same ? before.lastTransitionTime : formatTime(clock.now())
    if (!same || before.reason !== condition.reason || before.message !== condition.message)
      await resource.patch(
        name,
        'application/strategic-merge-patch+json',
        { metadata: { uid }, status: { conditions: [{ ...condition, lastTransitionTime }] } },
        { subresource: 'status' },
      )
    await resource.delete(name, { preconditions: { uid } })
    return true
  } catch (error) {
    if (!isNotFound(error)) throw error
    return false
  }
}

const reference = ({ metadata: { namespace, name, uid } }: Pod) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  namespace,
  name,
  uid,
})
