// What a ReplicaSet (or ReplicationController) says of itself.

import type { ReplicaSetStatus } from '../../api/apps/v1/replicaset.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import { removeCondition, setCondition } from '../../machinery/conditions.ts'
import { selectorFromSet } from '../../machinery/labels.ts'
import { formatTime } from '../../machinery/time.ts'
import { isPodAvailable, isPodReady, podAvailableAt } from '../pod-status.ts'
import type { Replicated } from './replicaset-controller.ts'

/** Why pods could not be created or deleted in this reconcile, if so. */
export interface ManageFailure {
  readonly reason: 'FailedCreate' | 'FailedDelete'
  readonly message: string
}

export interface Observed {
  readonly active: readonly Pod[]
  /** Undefined where the kind does not report them. */
  readonly terminating: readonly Pod[] | undefined
  readonly failure: ManageFailure | undefined
  readonly now: number
}

export function statusOf(object: Replicated, { active, terminating, failure, now }: Observed): ReplicaSetStatus {
  const { minReadySeconds = 0, template } = object.spec
  const templateLabels = selectorFromSet(template?.metadata?.labels)
  const count = (test: (pod: Pod) => boolean) => active.reduce((sum, pod) => sum + Number(test(pod)), 0)
  const { conditions: previous } = object.status
  const conditions = failure
    ? previous?.some(({ type }) => type === 'ReplicaFailure')
      ? previous
      : setCondition(previous, { type: 'ReplicaFailure', status: 'True', ...failure }, formatTime(now))
    : removeCondition(previous, 'ReplicaFailure')
  return withoutZeros({
    replicas: active.length,
    fullyLabeledReplicas: count(pod => templateLabels.matches(pod.metadata.labels)),
    readyReplicas: count(isPodReady),
    availableReplicas: count(pod => isPodAvailable(pod, minReadySeconds, now)),
    terminatingReplicas: terminating?.length,
    observedGeneration: object.metadata.generation,
    conditions: conditions.length > 0 ? conditions : undefined,
  })
}

/** As it comes back from the server: counters of zero are left out, but for those that are required or pointers. */
function withoutZeros(status: ReplicaSetStatus): ReplicaSetStatus {
  const { fullyLabeledReplicas, readyReplicas, availableReplicas } = status
  return {
    ...status,
    fullyLabeledReplicas: fullyLabeledReplicas || undefined,
    readyReplicas: readyReplicas || undefined,
    availableReplicas: availableReplicas || undefined,
  }
}

/** How long until the next ready pod becomes available by the passing of time alone. */
export function nextAvailabilityMs(active: readonly Pod[], minReadySeconds: number, now: number): number | undefined {
  let next: number | undefined
  for (const pod of active) {
    const at = podAvailableAt(pod, minReadySeconds)
    if (at !== undefined && at > now) next = Math.min(next ?? at, at)
  }
  return next === undefined ? undefined : next - now
}
