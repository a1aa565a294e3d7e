// Pods that were said to be going (DisruptionTarget) and, two minutes later, were not deleted after all: takes it back.

import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { controller } from '../../client/controller.ts'
import { findCondition } from '../../machinery/conditions.ts'
import { formatTime, timeOf } from '../../machinery/time.ts'
import { isPodTerminal } from '../pod-status.ts'

const disruptionTarget = 'DisruptionTarget'
const staleAfterMs = 2 * 60_000

export const staleDisruptionConditions = controller<Pod>({
  name: 'disruption-controller',
  reconciles: pods,
  filter: ({ after }) => !!after && isMarked(after),
  async reconcile(key, { lister, client, clock }) {
    const pod = lister(pods).get(key)
    if (!pod || !isMarked(pod)) return undefined
    const now = clock.now()
    const since = timeOf(findCondition(pod.status.conditions, disruptionTarget)!.lastTransitionTime) ?? now
    const wait = since + staleAfterMs - now
    if (wait > 0) return { requeueAfterMs: wait }
    const conditions = pod.status.conditions!.map(condition =>
      condition.type === disruptionTarget
        ? {
            type: disruptionTarget,
            status: 'False',
            lastTransitionTime: formatTime(now),
            observedGeneration: pod.metadata.generation,
          }
        : condition,
    )
    await client
      .resource(pods)
      .updateStatus({ ...pod, status: { ...pod.status, conditions: conditions as Pod['status']['conditions'] } })
    return undefined
  },
})

/** What the kubelet says may hold for long before the pod goes, and a finished pod disrupts nothing. */
function isMarked(pod: Pod): boolean {
  if (pod.metadata.deletionTimestamp || isPodTerminal(pod)) return false
  const condition = findCondition(pod.status.conditions, disruptionTarget)
  return condition?.status === 'True' && condition.reason !== 'TerminationByKubelet'
}
