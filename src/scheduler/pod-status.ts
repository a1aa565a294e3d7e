// What the scheduler writes into a pod's status: the condition that says why it isn't scheduled, and its nomination.

import { type Pod, type PodCondition, pods } from '../api/core/v1/pod.ts'
import type { Client } from '../client/client.ts'
import { findCondition, setCondition } from '../machinery/conditions.ts'
import { formatTime } from '../machinery/time.ts'

export interface PodStatusChange {
  readonly condition?: {
    readonly type: string
    readonly status: string
    readonly reason: string
    readonly message: string
  }
  /** '' takes the nomination back; undefined leaves it. */
  readonly nominatedNodeName?: string
}

/** Patches what differs from the pod as it is known; nothing differs, nothing is sent. */
export async function patchPodStatus(client: Client, pod: Pod, change: PodStatusChange, now: number): Promise<void> {
  const status: Record<string, unknown> = {}
  if (change.condition) {
    const { generation } = pod.metadata
    const wanted = {
      ...change.condition,
      ...(generation ? { observedGeneration: generation } : {}),
      lastProbeTime: null,
    }
    const before = pod.status?.conditions
    const after = setCondition(before as PodCondition[] | undefined, wanted as unknown as PodCondition, formatTime(now))
    if (after !== before) status['conditions'] = [findCondition(after, change.condition.type)]
  }
  const { nominatedNodeName } = change
  if (nominatedNodeName !== undefined && nominatedNodeName !== (pod.status?.nominatedNodeName ?? ''))
    status['nominatedNodeName'] = nominatedNodeName || null
  if (Object.keys(status).length === 0) return
  await client
    .resource(pods)
    .namespace(pod.metadata.namespace)
    .patch(
      pod.metadata.name!,
      'application/strategic-merge-patch+json',
      { metadata: { uid: pod.metadata.uid }, status },
      { subresource: 'status' },
    )
}
