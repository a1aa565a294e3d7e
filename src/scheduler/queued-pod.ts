// A pod that waits for a node, and what is known of its attempts.

import type { PodInfo } from './pod-info.ts'

export interface QueuedPodInfo {
  info: PodInfo
  /** When it came into the queue, or came back to it; milliseconds. */
  timestamp: number
  attempts: number
  readonly firstSeen: number
  /** How often it was rejected, and how often in a row its scheduling broke: each makes it wait longer. */
  unschedulableCount: number
  consecutiveErrors: number
  /** When its backoff is over. */
  backoffUntil: number
  /** Who rejected it last: their events bring it back. Nobody: something went wrong, and time brings it back. */
  unschedulablePlugins: ReadonlySet<string>
  /** Who waits for an event of their own; then there is no backoff. */
  pendingPlugins: ReadonlySet<string>
  /** The preEnqueue plugin that keeps it out. */
  gatingPlugin: string | undefined
  /** It came back because nobody had spoken for it in a long time. */
  flushed: boolean
  /** What the queue had seen when the pod was taken out of it. */
  poppedAt: number
}

export const nobody: ReadonlySet<string> = new Set()

export function queuedPod(info: PodInfo, now: number): QueuedPodInfo {
  return {
    info,
    timestamp: now,
    attempts: 0,
    firstSeen: now,
    unschedulableCount: 0,
    consecutiveErrors: 0,
    backoffUntil: 0,
    unschedulablePlugins: nobody,
    pendingPlugins: nobody,
    gatingPlugin: undefined,
    flushed: false,
    poppedAt: 0,
  }
}
