// What to do next for a pod: from its spec and what the runtime has of it. Pure: `pod-sync.ts` carries it out.
//
// Comes in: the pod, the runtime's status, the probes' results. Goes out: `PodActions`: whether a sandbox is needed,
// which containers to kill and why, which to start, in order. Init containers run one after another; restartable ones
// (sidecars) stay, and the next starts once they have started.

import type { Container } from '../api/core/v1/container.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { containerHash } from './container-labels.ts'
import { containerShouldRestart, isHostNetwork, isRestartableInitContainer } from './pod-spec.ts'
import { type ContainerRecord, latestContainer, type RuntimePodStatus } from './runtime-state.ts'

export type KillReason = '' | 'startupProbe' | 'livenessProbe' | 'unknown'

export interface ContainerToKill {
  readonly record: ContainerRecord
  readonly message: string
  readonly reason: KillReason
}

export interface PodActions {
  /** Kill every container and the sandbox: it is to be made anew, or nothing is left to run. */
  killPod: boolean
  createSandbox: boolean
  /** The present sandbox, '' when there is none. */
  sandboxId: string
  /** The number of the sandbox to create, or the present one's. */
  attempt: number
  /** Indices into the spec's lists, in the order to start them. */
  initContainersToStart: number[]
  containersToStart: number[]
  ephemeralContainersToStart: number[]
  containersToKill: ContainerToKill[]
}

export type ProbeOutcome = 'success' | 'failure' | 'unknown'

/** The latest result of a container's probes, by container id; undefined when there is none yet. */
export interface ProbeResults {
  liveness(containerId: string): ProbeOutcome | undefined
  startup(containerId: string): ProbeOutcome | undefined
}

export function sandboxChanged(
  pod: Pod,
  status: RuntimePodStatus,
): { changed: boolean; attempt: number; sandboxId: string } {
  const newest = status.sandboxes[0]
  if (!newest) return { changed: true, attempt: 0, sandboxId: '' }
  const ready = status.sandboxes.filter(sandbox => sandbox.ready).length
  if (ready > 1 || !newest.ready) return { changed: true, attempt: newest.attempt + 1, sandboxId: newest.id }
  if (newest.hostNetwork !== isHostNetwork(pod)) return { changed: true, attempt: newest.attempt + 1, sandboxId: '' }
  if (!isHostNetwork(pod) && newest.ips.length === 0)
    return { changed: true, attempt: newest.attempt + 1, sandboxId: newest.id }
  return { changed: false, attempt: newest.attempt, sandboxId: newest.id }
}

export function computePodActions(pod: Pod, status: RuntimePodStatus, probes: ProbeResults): PodActions {
  const { changed, attempt, sandboxId } = sandboxChanged(pod, status)
  const actions: PodActions = {
    killPod: changed,
    createSandbox: changed,
    sandboxId,
    attempt,
    initContainersToStart: [],
    containersToStart: [],
    ephemeralContainersToStart: [],
    containersToKill: [],
  }
  if (changed) {
    startInNewSandbox(pod, status, actions)
    return actions
  }
  for (const [index, container] of (pod.spec?.ephemeralContainers ?? []).entries())
    if (!latestContainer(status, container.name ?? '')) actions.ephemeralContainersToStart.push(index)
  const initialized = initContainerActions(pod, status, probes, actions)
  if (actions.killPod || !initialized) return actions
  containerActions(pod, status, probes, actions)
  return actions
}

function startInNewSandbox(pod: Pod, status: RuntimePodStatus, actions: PodActions): void {
  const spec = pod.spec!
  // A pod whose containers never restart has had its one run.
  if (spec.restartPolicy === 'Never' && actions.attempt !== 0 && status.containers.length > 0) {
    actions.createSandbox = false
    return
  }
  const toStart: number[] = []
  for (const [index, container] of spec.containers.entries()) {
    const record = latestContainer(status, container.name ?? '')
    const succeeded = record?.state === 'exited' && record.exitCode === 0
    if (!succeeded || containerShouldRestart(container, spec, 0)) toStart.push(index)
  }
  const initContainers = spec.initContainers ?? []
  if (toStart.length === 0 && initializationIsOver(initContainers, status)) {
    actions.createSandbox = false
    return
  }
  if (initContainers.length > 0) actions.initContainersToStart = [0]
  else actions.containersToStart = toStart
}

function initializationIsOver(initContainers: readonly Container[], status: RuntimePodStatus): boolean {
  const last = initContainers.findLast(container => !isRestartableInitContainer(container))
  if (!last) return true
  const record = latestContainer(status, last.name ?? '')
  return record?.state === 'exited' && record.exitCode === 0
}

/** Decides for the init containers; true once the regular ones may run. */
function initContainerActions(pod: Pod, status: RuntimePodStatus, probes: ProbeResults, actions: PodActions): boolean {
  const spec = pod.spec!
  const initContainers = spec.initContainers ?? []
  if (initContainers.length === 0) return true
  // Once a regular container has come up, every init container has run, whether or not the runtime still knows of it.
  let initialized = spec.containers.some(container => {
    const state = latestContainer(status, container.name ?? '')?.state
    return state === 'created' || state === 'running'
  })
  // Backwards, as finished ones may be gone: the last one known says how far initialization has come.
  let laterIsKnown = initialized
  const toStart: number[] = []
  for (let index = initContainers.length - 1; index >= 0; index--) {
    const container = initContainers[index]!
    const restartable = isRestartableInitContainer(container)
    const record = latestContainer(status, container.name ?? '')
    if (!record) {
      if (laterIsKnown && restartable) toStart.push(index)
      continue
    }
    if (laterIsKnown && !restartable) continue
    const isLast = index === initContainers.length - 1
    const done = () => {
      if (isLast) initialized = true
      else if (!laterIsKnown) toStart.push(index + 1)
    }
    const failed = (): boolean => {
      if (containerShouldRestart(container, spec, record.exitCode)) {
        toStart.push(index)
        return false
      }
      actions.killPod = true
      return true
    }
    switch (record.state) {
      case 'created':
        // Created and started is one step; one that stays created could not be started.
        toStart.push(index)
        break
      case 'running':
        if (restartable) sidecarActions(container, index, record, probes, actions, toStart, done)
        break
      case 'exited':
        if (restartable) toStart.push(index)
        else if (record.exitCode === 0) done()
        else if (failed()) return false
        break
      default:
        if (!restartable && failed()) return false
        if (restartable) toStart.push(index)
        actions.containersToKill.push({
          record,
          message: `Init container is in "${record.state}" state, try killing it before restart`,
          reason: 'unknown',
        })
    }
    laterIsKnown = true
  }
  if (!laterIsKnown) toStart.push(0)
  actions.initContainersToStart = toStart.reverse()
  return initialized
}

function sidecarActions(
  container: Container,
  index: number,
  record: ContainerRecord,
  probes: ProbeResults,
  actions: PodActions,
  toStart: number[],
  done: () => void,
): void {
  const restart = (message: string, reason: KillReason) => {
    actions.containersToKill.push({ record, message: `Init container ${container.name} ${message}`, reason })
    toStart.push(index)
  }
  if (container.startupProbe) {
    const startup = probes.startup(record.id)
    if (startup === 'failure') restart('failed startup probe', 'startupProbe')
    if (startup !== 'success') return
  }
  done()
  if (containerHash(container) !== record.hash) restart('definition changed', '')
  else if (container.livenessProbe && probes.liveness(record.id) === 'failure')
    restart('failed liveness probe', 'livenessProbe')
}

function containerActions(pod: Pod, status: RuntimePodStatus, probes: ProbeResults, actions: PodActions): void {
  const spec = pod.spec!
  let kept = 0
  for (const [index, container] of spec.containers.entries()) {
    const record = latestContainer(status, container.name ?? '')
    if (record?.state !== 'running') {
      if (!shouldContainerBeRestarted(container, pod, status)) continue
      actions.containersToStart.push(index)
      if (record?.state === 'unknown')
        actions.containersToKill.push({
          record,
          message: `Container is in "${record.state}" state, try killing it before restart`,
          reason: 'unknown',
        })
      continue
    }
    let message: string
    let reason: KillReason = ''
    let restart = containerShouldRestart(container, spec, 137)
    if (containerHash(container) !== record.hash) {
      message = `Container ${container.name} definition changed`
      restart = true
    } else if (probes.liveness(record.id) === 'failure') {
      message = `Container ${container.name} failed liveness probe`
      reason = 'livenessProbe'
    } else if (probes.startup(record.id) === 'failure') {
      message = `Container ${container.name} failed startup probe`
      reason = 'startupProbe'
    } else {
      kept++
      continue
    }
    if (restart) {
      message += ', will be restarted'
      actions.containersToStart.push(index)
    }
    actions.containersToKill.push({ record, message, reason })
  }
  if (kept === 0 && actions.containersToStart.length === 0) {
    actions.killPod = true
    // Sidecars don't keep a pod alive.
    actions.initContainersToStart = []
  }
}

/** Whether a container that isn't running should be. */
export function shouldContainerBeRestarted(container: Container, pod: Pod, status: RuntimePodStatus): boolean {
  if (pod.metadata?.deletionTimestamp) return false
  const record = latestContainer(status, container.name ?? '')
  if (!record) return true
  switch (record.state) {
    case 'running':
      return false
    case 'exited':
      return containerShouldRestart(container, pod.spec!, record.exitCode)
    default:
      return true
  }
}
