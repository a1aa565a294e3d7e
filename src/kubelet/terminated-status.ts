// The last word on a pod that has nothing left on its node: it has ended, and so have its containers, in sight of anyone
// or not. Whoever counts how pods end (a Job with its finalizer) waits for that word, also where nothing was ever started.

import type { ContainerStatus, Pod, PodStatus } from '../api/core/v1/pod.ts'
import { lostReason, noTime } from './container-statuses.ts'
import { isRestartableInitContainer, isTerminalPhase } from './pod-spec.ts'

export function terminatedStatus(pod: Pod, status: PodStatus): PodStatus {
  const { containerStatuses, initContainerStatuses } = status
  return {
    ...status,
    ...(containerStatuses && hasInitialized(pod, status) && { containerStatuses: containerStatuses.map(ended) }),
    ...(initContainerStatuses && { initContainerStatuses: initEnded(initContainerStatuses) }),
    phase: isTerminalPhase(status.phase) ? status.phase! : 'Failed',
  }
}

/** Nobody knows how it went: that is a failure. */
function ended(status: ContainerStatus): ContainerStatus {
  if (status.state?.terminated) return status
  const message = 'The container could not be located when the pod was terminated'
  return {
    ...status,
    state: { terminated: { exitCode: 137, reason: lostReason, message, startedAt: noTime, finishedAt: noTime } },
  }
}

/** Those after the last one that was begun never ran; the first one counts as begun. */
function initEnded(statuses: readonly ContainerStatus[]): ContainerStatus[] {
  const begun = statuses.findLastIndex(({ state, lastState }) => !state?.waiting || lastState?.terminated)
  return statuses.map((status, index) => (index <= Math.max(begun, 0) ? ended(status) : status))
}

/** Whether the time of the regular containers had come. */
function hasInitialized(pod: Pod, { containerStatuses = [], initContainerStatuses = [] }: PodStatus): boolean {
  const last = pod.spec.initContainers?.at(-1)
  if (!last || containerStatuses.some(({ state, lastState }) => lastState?.terminated || !state?.waiting)) return true
  const status = initContainerStatuses.find(({ name }) => name === last.name)
  if (isRestartableInitContainer(last)) return Boolean(status?.state?.running && status.started)
  return [status?.state, status?.lastState].some(state => state?.terminated?.exitCode === 0)
}
