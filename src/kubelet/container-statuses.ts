// What a pod's status says of its containers.
//
// Comes in: the spec's containers, what the runtime has, what was said before, and why a start failed. Goes out: one
// status per container: the newest attempt's state, the attempt before it as lastState. A container that the runtime
// has lost is not simply waiting again: it was running, so it has ended with 137.

import type { Container } from '../api/core/v1/container.ts'
import type { ContainerState, ContainerStatus, Pod } from '../api/core/v1/pod.ts'
import { formatTime } from '../machinery/time.ts'
import { shouldContainerBeRestarted } from './pod-actions.ts'
import { isRestartableInitContainer } from './pod-spec.ts'
import type { ReasonCache } from './reason-cache.ts'
import { type ContainerRecord, latestContainer, type RuntimePodStatus } from './runtime-state.ts'

/** A metav1.Time that isn't set is written as null. */
export const noTime = null as unknown as string

/** Why a container has ended that nobody saw end. */
export const lostReason = 'ContainerStatusUnknown'

export interface ContainerStatusInput {
  readonly pod: Pod
  readonly runtime: RuntimePodStatus
  /** `containerd`, as in containerd://<id>. */
  readonly runtimeName: string
  readonly reasons: ReasonCache
}

export function containerStatuses(
  input: ContainerStatusInput,
  containers: readonly Container[],
  previous: readonly ContainerStatus[] | undefined,
  isInit: boolean,
): ContainerStatus[] {
  const { pod, runtime } = input
  const hasInit = (pod.spec?.initContainers ?? []).length > 0
  const before = new Map((previous ?? []).map(status => [status.name, status]))
  const initialized = (pod.spec?.containers ?? []).some(container => {
    const state = latestContainer(runtime, container.name)?.state
    return state !== undefined && state !== 'unknown'
  })
  const statuses = containers.map(container => {
    const old = before.get(container.name)
    const attempts = runtime.containers.filter(record => record.name === container.name)
    let status: ContainerStatus
    if (attempts[0]) {
      status = fromRecord(input, container, attempts[0], old)
      if (attempts[1]) status.lastState = stateOf(input, attempts[1], undefined)
      else if (old?.lastState?.terminated && old.containerID === status.containerID) status.lastState = old.lastState
    } else status = absent(container, old, hasInit, pod.metadata?.deletionTimestamp === undefined)

    const record = attempts[0]
    if (isInit) {
      if (record?.state === 'exited' && record.exitCode === 0 && !isRestartableInitContainer(container)) return status
      if (!record && initialized && !isRestartableInitContainer(container) && status.state?.waiting) {
        status.state = {
          terminated: {
            exitCode: 0,
            reason: 'Completed',
            message:
              'Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally',
            startedAt: noTime,
            finishedAt: noTime,
          },
        }
        return status
      }
    }
    if (!shouldContainerBeRestarted(container, pod, runtime)) return status
    const failure = input.reasons.get(pod.metadata?.uid ?? '', container.name)
    if (!failure) return status
    if (status.state?.terminated) status.lastState = status.state
    status.state = { waiting: { reason: failure.reason, ...(failure.message ? { message: failure.message } : {}) } }
    return status
  })
  return isInit ? statuses : statuses.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

/** The status of a container the runtime has nothing of. */
function absent(
  container: Container,
  old: ContainerStatus | undefined,
  hasInit: boolean,
  willRestart: boolean,
): ContainerStatus {
  if (old?.state?.terminated) return { ...old }
  const status: ContainerStatus = {
    name: container.name,
    image: container.image ?? '',
    imageID: '',
    ready: false,
    restartCount: old?.restartCount ?? 0,
    started: false,
    state: { waiting: { reason: hasInit ? 'PodInitializing' : 'ContainerCreating' } },
    lastState: old?.lastState ?? {},
    ...volumeMounts(container),
  }
  if (old?.state?.running && !status.lastState?.terminated) {
    status.lastState = {
      terminated: {
        exitCode: 137,
        reason: lostReason,
        message: 'The container could not be located when the pod was deleted.  The container used to be Running',
        startedAt: noTime,
        finishedAt: noTime,
      },
    }
    if (willRestart) status.restartCount++
  }
  return status
}

function fromRecord(
  input: ContainerStatusInput,
  container: Container,
  record: ContainerRecord,
  old: ContainerStatus | undefined,
): ContainerStatus {
  const resources = container.resources ?? {}
  const status: ContainerStatus = {
    name: record.name,
    image: record.image,
    imageID: record.imageRef,
    containerID: `${input.runtimeName}://${record.id}`,
    ready: false,
    restartCount: Math.max(record.restartCount, old?.restartCount ?? 0),
    started: false,
    state: stateOf(input, record, old),
    lastState: {},
    ...(resources.requests ? { allocatedResources: resources.requests } : {}),
    resources: {
      ...(resources.limits ? { limits: resources.limits } : {}),
      ...(resources.requests ? { requests: resources.requests } : {}),
    },
    ...volumeMounts(container),
  }
  if (record.state === 'unknown' && old?.state?.running) status.restartCount = old.restartCount + 1
  if (record.user)
    status.user = {
      linux: {
        uid: record.user.uid,
        gid: record.user.gid,
        ...(record.user.supplementalGroups.length > 0
          ? { supplementalGroups: [...record.user.supplementalGroups] }
          : {}),
      },
    }
  return status
}

function stateOf(
  input: ContainerStatusInput,
  record: ContainerRecord,
  old: ContainerStatus | undefined,
): ContainerState {
  switch (record.state) {
    case 'running':
      return { running: { startedAt: formatTime(record.startedAt) } }
    case 'exited':
      return {
        terminated: {
          exitCode: record.exitCode,
          ...(record.reason ? { reason: record.reason } : {}),
          ...(record.message ? { message: record.message } : {}),
          startedAt: formatTime(record.startedAt),
          finishedAt: formatTime(record.finishedAt),
          containerID: `${input.runtimeName}://${record.id}`,
        },
      }
    case 'unknown':
      if (old?.state?.running)
        return {
          terminated: {
            exitCode: 137,
            reason: lostReason,
            message: 'The container could not be located when the pod was terminated',
            startedAt: noTime,
            finishedAt: noTime,
          },
        }
      return { waiting: {} }
    default:
      return { waiting: {} }
  }
}

function volumeMounts(container: Container): Pick<ContainerStatus, 'volumeMounts'> {
  const mounts = container.volumeMounts ?? []
  if (mounts.length === 0) return {}
  return {
    volumeMounts: mounts.map(mount => ({
      name: mount.name,
      mountPath: mount.mountPath,
      ...(mount.readOnly ? { readOnly: true, recursiveReadOnly: 'Disabled' } : {}),
    })),
  }
}
