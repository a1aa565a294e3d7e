// What controllers ask of a pod: is it active, ready, available, since when.

import type { ContainerStatus, Pod } from '../api/core/v1/pod.ts'
import { timeOf } from '../machinery/time.ts'

/** Neither finished nor on its way out. */
export function isPodActive({ status, metadata }: Pod): boolean {
  return status.phase !== 'Succeeded' && status.phase !== 'Failed' && !metadata.deletionTimestamp
}

/** On its way out, and not finished yet. */
export function isPodTerminating({ status, metadata }: Pod): boolean {
  return status.phase !== 'Succeeded' && status.phase !== 'Failed' && !!metadata.deletionTimestamp
}

export function isPodTerminal({ status }: Pod): boolean {
  return status.phase === 'Succeeded' || status.phase === 'Failed'
}

function readyCondition(pod: Pod) {
  return pod.status.conditions?.find(({ type }) => type === 'Ready')
}

export function isPodReady(pod: Pod): boolean {
  return readyCondition(pod)?.status === 'True'
}

/** Milliseconds since the epoch; undefined while it is not ready. */
export function podReadySince(pod: Pod): number | undefined {
  const condition = readyCondition(pod)
  return condition?.status === 'True' ? timeOf(condition.lastTransitionTime) : undefined
}

/** When the pod counts as available, if it stays ready: `minReadySeconds` after it became so. */
export function podAvailableAt(pod: Pod, minReadySeconds: number): number | undefined {
  if (!isPodReady(pod)) return undefined
  if (minReadySeconds === 0) return 0
  const since = podReadySince(pod)
  return since === undefined ? undefined : since + minReadySeconds * 1000
}

export function isPodAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  const at = podAvailableAt(pod, minReadySeconds)
  return at !== undefined && at <= now
}

/** It has ended, or is to end and none of its containers runs: what it used is free. Upstream's IsPodTerminated. */
export function hasPodStopped(pod: Pod): boolean {
  if (isPodTerminal(pod)) return true
  if (!pod.metadata.deletionTimestamp) return false
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = pod.status
  return [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses].every(
    ({ state }) => state?.terminated || state?.waiting,
  )
}

/** What is said of its init containers that run on beside the others. */
export function sidecarStatuses({ spec, status }: Pod): readonly ContainerStatus[] {
  const statuses = status.initContainerStatuses ?? []
  if (statuses.length === 0) return statuses
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return statuses.filter(({ name }) => sidecars.some(sidecar => sidecar.name === name))
}
