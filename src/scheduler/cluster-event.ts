// What happens in the cluster, in the terms in which a plugin says what might help a pod that it has rejected.

import type { PodInfo } from './pod-info.ts'

/** TargetPod is the very pod that waits; UnscheduledPod any other without a node. */
export type EventResource =
  | 'Node'
  | 'AssignedPod'
  | 'UnscheduledPod'
  | 'TargetPod'
  | 'PersistentVolumeClaim'
  | 'PersistentVolume'
  | 'StorageClass'
  | 'CSINode'
  | 'CSIDriver'
  | 'CSIStorageCapacity'
  | 'VolumeAttachment'
  | '*'

/** Bits, so that a plugin can name several at once. */
export const Action = {
  add: 1,
  delete: 1 << 1,
  updateNodeAllocatable: 1 << 2,
  updateNodeLabel: 1 << 3,
  updateNodeTaint: 1 << 4,
  updateNodeCondition: 1 << 5,
  updateNodeAnnotation: 1 << 6,
  updatePodLabel: 1 << 7,
  /** Resources were lowered in place. */
  updatePodScaleDown: 1 << 8,
  updatePodToleration: 1 << 9,
  updatePodSchedulingGatesEliminated: 1 << 10,
  /** A change that has no bit of its own. */
  update: 1 << 11,
} as const

export const anyAction = (1 << 12) - 1

export interface ClusterEvent {
  readonly resource: EventResource
  readonly action: number
  /** For logs and tests. */
  readonly label: string
}

const event = (resource: EventResource, action: number, label: string): ClusterEvent => ({ resource, action, label })

export const nodeAdd = event('Node', Action.add, 'NodeAdd')
export const nodeDelete = event('Node', Action.delete, 'NodeDelete')
export const assignedPodAdd = event('AssignedPod', Action.add, 'AssignedPodAdd')
export const assignedPodDelete = event('AssignedPod', Action.delete, 'AssignedPodDelete')
export const unscheduledPodDelete = event('UnscheduledPod', Action.delete, 'UnscheduledPodDelete')
/** Something of the kind came, changed or went. */
export const storageEvent = (resource: EventResource, before: unknown, after: unknown): ClusterEvent => {
  const [action, label]: readonly [number, string] = !before
    ? [Action.add, 'Add']
    : after
      ? [Action.update, 'Update']
      : [Action.delete, 'Delete']
  return event(resource, action, `${resource}${label}`)
}
/** A pod without a node has come. */
export const podAdded = event('UnscheduledPod', Action.add, 'UnscheduledPodAdd')
// What the queue itself brings about.
export const attemptFailed = event('*', 0, 'ScheduleAttemptFailure')
export const backoffComplete = event('*', 0, 'BackoffComplete')
export const activated = event('*', 0, 'ForceActivate')
export const unschedulableTimeout = event('*', anyAction, 'UnschedulableTimeout')

export const nodeUpdate = (action: number): ClusterEvent => event('Node', action, 'NodeUpdate')
export const podUpdate = (resource: EventResource, action: number): ClusterEvent =>
  event(resource, action, `${resource}Update`)

/**
 * Whether it is worth trying the pod again. What changed is a PodInfo or a Node; `before` is absent when something was
 * added, `after` when deleted.
 */
export type QueueingHint = (pod: PodInfo, before: any, after: any) => 'Queue' | 'QueueSkip'

export interface ClusterEventWithHint {
  readonly resource: EventResource
  readonly action: number
  /** Always worth it when absent. */
  readonly hint?: QueueingHint
}

export function eventMatches(wanted: ClusterEventWithHint, event: ClusterEvent): boolean {
  if (wanted.resource !== '*' && wanted.resource !== event.resource) return false
  return (wanted.action & event.action) !== 0
}
