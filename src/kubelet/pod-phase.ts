// A pod's phase, from the statuses of its containers.

import type { ContainerStatus, Pod } from '../api/core/v1/pod.ts'
import { containerShouldRestart, isRestartableInitContainer } from './pod-spec.ts'

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

/**
 * `terminal`: nothing of the pod will be started again, whatever its restart policy. `regularStarted`: a regular
 * container has come up in the present sandbox, so that a restarting sidecar no longer makes the pod pending.
 */
export function podPhase(
  pod: Pod,
  statuses: readonly ContainerStatus[],
  terminal: boolean,
  regularStarted: boolean,
): PodPhase {
  const spec = pod.spec!
  const byName = new Map(statuses.map(status => [status.name, status]))
  const counts = { unknown: 0, running: 0, waiting: 0, stopped: 0, stoppedForGood: 0, succeeded: 0 }
  let pendingInit = 0
  let pendingSidecars = 0
  let failedForGood = 0

  for (const container of spec.initContainers ?? []) {
    const status = byName.get(container.name)
    const state = status?.state
    if (isRestartableInitContainer(container)) {
      if (!status) counts.unknown++
      else if (state?.running) {
        if (!status.started) pendingSidecars++
        counts.running++
      } else if (state?.terminated || status.lastState?.terminated) {
        // A sidecar that ended says nothing about the pod.
      } else {
        pendingSidecars++
        if (state?.waiting) counts.waiting++
        else counts.unknown++
      }
      continue
    }
    const ended = state?.terminated ?? (state?.waiting ? status?.lastState?.terminated : undefined)
    if (!ended) pendingInit++
    else if (ended.exitCode !== 0 && !containerShouldRestart(container, spec, ended.exitCode)) failedForGood++
  }

  for (const container of spec.containers) {
    const status = byName.get(container.name)
    const state = status?.state
    if (state?.running) counts.running++
    else if (state?.terminated || (state?.waiting && status?.lastState?.terminated)) {
      counts.stopped++
      const exitCode = (state.terminated ?? status!.lastState!.terminated!).exitCode
      if (!containerShouldRestart(container, spec, exitCode)) counts.stoppedForGood++
      if (state.terminated && exitCode === 0) counts.succeeded++
    } else if (state?.waiting) counts.waiting++
    else counts.unknown++
  }

  if (failedForGood > 0) return 'Failed'
  if (pendingInit > 0 || (pendingSidecars > 0 && !regularStarted) || counts.waiting > 0) return 'Pending'
  if (counts.unknown > 0) return 'Pending'
  if (counts.running > 0) return 'Running'
  if (counts.stopped === 0) return 'Pending'
  if (!terminal && counts.stopped !== counts.stoppedForGood) return 'Running'
  return counts.stopped === counts.succeeded ? 'Succeeded' : 'Failed'
}
