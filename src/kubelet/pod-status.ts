// The status the kubelet reports for a pod, computed whole each time from what the runtime has and what was reported
// before. Pure; `status-manager.ts` sends it.

import type { Container } from '../api/core/v1/container.ts'
import type { ContainerStatus, Pod, PodStatus } from '../api/core/v1/pod.ts'
import { containerStatuses } from './container-statuses.ts'
import { sandboxChanged } from './pod-actions.ts'
import { isKubeletCondition, kubeletConditions } from './pod-conditions.ts'
import { podPhase } from './pod-phase.ts'
import { podResources, resourceList } from './pod-resources.ts'
import { isHostNetwork, isRestartableInitContainer, isTerminalPhase } from './pod-spec.ts'
import { podQosClass } from './qos.ts'
import type { ReasonCache } from './reason-cache.ts'
import { latestContainer, type RuntimePodStatus } from './runtime-state.ts'

/** What the probes say of a running container. */
export interface Readiness {
  /** undefined: the container has no such probe. */
  started(pod: Pod, container: Container, containerId: string): boolean
  ready(pod: Pod, container: Container, containerId: string): boolean
}

export interface PodStatusInput {
  readonly pod: Pod
  readonly runtime: RuntimePodStatus
  /** The status last reported, or the API's. */
  readonly previous: PodStatus
  readonly runtimeName: string
  readonly reasons: ReasonCache
  readonly readiness: Readiness
  readonly hostIps: readonly string[]
  /** Nothing of the pod will be started again. */
  readonly terminal: boolean
}

export function generatePodStatus(input: PodStatusInput): PodStatus {
  const { pod, runtime, previous } = input
  const spec = pod.spec!
  const init = containerStatuses(input, spec.initContainers ?? [], previous.initContainerStatuses, true)
  const regular = containerStatuses(input, spec.containers, previous.containerStatuses, false)
  const ephemeral = containerStatuses(
    input,
    (spec.ephemeralContainers ?? []) as Container[],
    previous.ephemeralContainerStatuses,
    false,
  )
  markReady(input, spec.initContainers ?? [], init, true)
  markReady(input, spec.containers, regular, false)

  const newestSandbox = runtime.sandboxes[0]?.id
  const regularStarted = spec.containers.some(container => {
    const record = latestContainer(runtime, container.name)
    return record !== undefined && record.sandboxId === newestSandbox && record.state !== 'unknown'
  })
  let phase: string = podPhase(pod, [...regular, ...init], input.terminal, regularStarted)
  // A pod never leaves a terminal phase.
  if (isTerminalPhase(previous.phase)) phase = previous.phase!
  if (isTerminalPhase(pod.status?.phase)) phase = pod.status!.phase!

  const foreign = (pod.status?.conditions ?? []).filter(condition => !isKubeletCondition(condition.type))
  const disruption = (previous.conditions ?? []).find(condition => condition.type === 'DisruptionTarget')
  if (disruption && !foreign.some(condition => condition.type === 'DisruptionTarget')) foreign.push(disruption)

  const podIps = isHostNetwork(pod) ? input.hostIps : runtime.ips
  const keptIps = podIps.length > 0 ? podIps : (previous.podIPs ?? []).map(({ ip }) => ip)
  const reason = phase === previous.phase ? previous.reason || pod.status?.reason : undefined
  const message = phase === previous.phase ? previous.message || pod.status?.message : undefined
  return {
    phase,
    ...(pod.metadata?.generation ? { observedGeneration: pod.metadata.generation } : {}),
    conditions: [
      ...foreign,
      ...kubeletConditions(pod, { init, regular }, phase, !sandboxChanged(pod, runtime).changed, foreign),
    ],
    ...(message ? { message } : {}),
    ...(reason ? { reason } : {}),
    ...(input.hostIps[0] ? { hostIP: input.hostIps[0], hostIPs: input.hostIps.map(ip => ({ ip })) } : {}),
    ...(keptIps[0] ? { podIP: keptIps[0], podIPs: keptIps.map(ip => ({ ip })) } : {}),
    ...(previous.startTime ? { startTime: previous.startTime } : {}),
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: regular,
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
    qosClass: podQosClass(pod),
    ...allocated(pod),
  }
}

/** What the pod has been given, as a whole. */
function allocated(pod: Pod): Pick<PodStatus, 'allocatedResources' | 'resources'> {
  const requests = resourceList(podResources(pod, 'requests'))
  const limits = resourceList(podResources(pod, 'limits'))
  return {
    ...(requests ? { allocatedResources: requests } : {}),
    resources: { ...(limits ? { limits } : {}), ...(requests ? { requests } : {}) },
  }
}

function markReady(
  { pod, runtime, readiness }: PodStatusInput,
  containers: readonly Container[],
  statuses: readonly ContainerStatus[],
  isInit: boolean,
): void {
  for (const container of containers) {
    const status = statuses.find(candidate => candidate.name === container.name)
    if (!status) continue
    const id = latestContainer(runtime, container.name)?.id ?? ''
    status.started = status.state?.running ? readiness.started(pod, container, id) : false
    if (isInit && !isRestartableInitContainer(container)) status.ready = status.state?.terminated?.exitCode === 0
    else status.ready = status.started && readiness.ready(pod, container, id)
  }
}
