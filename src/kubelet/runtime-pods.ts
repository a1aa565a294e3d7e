// Reads what a runtime has of the kubelet's pods, from CRI into the kubelet's own terms.
//
// Comes in: a `ContainerRuntime`. Goes out: for PLEG the state of every container and sandbox in two calls; for a sync
// the whole status of one pod.

import {
  containerHashAnnotation,
  containerNameLabel,
  ownerLabel,
  podNameLabel,
  podNamespaceLabel,
  podUidLabel,
  restartCountAnnotation,
  terminationMessagePathAnnotation,
  terminationMessagePolicyAnnotation,
} from './container-labels.ts'
import type { ContainerRuntime } from './runtime/container-runtime.ts'
import { RuntimeError } from './runtime/container-runtime.ts'
import type { ContainerStatus, ContainerState as CriState } from './runtime/cri/container.ts'
import type { PodSandboxStatus } from './runtime/cri/pod-sandbox.ts'
import type { ContainerRecord, ContainerState, RuntimePodStatus, SandboxRecord } from './runtime-state.ts'
import { writtenIn } from './server/container-log.ts'
import type { VolumeHost } from './volumes/volume-host.ts'

const states: Record<CriState, ContainerState> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
  CONTAINER_UNKNOWN: 'unknown',
}

/** A pod as two list calls show it: enough to see that something changed. */
export interface ListedPod {
  readonly uid: string
  readonly name: string
  readonly namespace: string
  /** Which kubelet made it; '' for those of others. */
  readonly owner: string
  readonly containers: ReadonlyMap<
    string,
    { readonly name: string; readonly state: ContainerState; readonly createdAt: number }
  >
  readonly sandboxes: ReadonlyMap<string, { readonly ready: boolean; readonly createdAt: number }>
}

/** Every pod, or the one with this uid. */
export async function listPods(runtime: ContainerRuntime, podUid?: string): Promise<Map<string, ListedPod>> {
  const request = podUid === undefined ? {} : { filter: { labelSelector: { [podUidLabel]: podUid } } }
  const [{ items }, { containers }] = await Promise.all([
    runtime.listPodSandbox(request),
    runtime.listContainers(request),
  ])
  interface Open extends ListedPod {
    containers: Map<string, { name: string; state: ContainerState; createdAt: number }>
    sandboxes: Map<string, { ready: boolean; createdAt: number }>
  }
  const pods = new Map<string, Open>()
  const podOf = (labels: Readonly<Record<string, string>>): Open | undefined => {
    const uid = labels[podUidLabel]
    // Something else's, on a runtime that others use too.
    if (!uid) return undefined
    let pod = pods.get(uid)
    if (!pod) {
      pod = {
        uid,
        name: labels[podNameLabel] ?? '',
        namespace: labels[podNamespaceLabel] ?? '',
        owner: labels[ownerLabel] ?? '',
        containers: new Map(),
        sandboxes: new Map(),
      }
      pods.set(uid, pod)
    }
    return pod
  }
  for (const sandbox of items)
    podOf(sandbox.labels)?.sandboxes.set(sandbox.id, {
      ready: sandbox.state === 'SANDBOX_READY',
      createdAt: milliseconds(sandbox.createdAt),
    })
  for (const container of containers)
    podOf(container.labels)?.containers.set(container.id, {
      name: container.labels[containerNameLabel] ?? '',
      state: states[container.state],
      createdAt: milliseconds(container.createdAt),
    })
  return pods
}

export async function readPodStatus(
  runtime: ContainerRuntime,
  volumes: VolumeHost,
  pod: { readonly uid: string; readonly name: string; readonly namespace: string },
): Promise<RuntimePodStatus> {
  const filter = { labelSelector: { [podUidLabel]: pod.uid } }
  const [listedSandboxes, listedContainers] = await Promise.all([
    runtime.listPodSandbox({ filter }),
    runtime.listContainers({ filter }),
  ])
  const sandboxes: SandboxRecord[] = []
  const containers: ContainerRecord[] = []
  await Promise.all([
    ...listedSandboxes.items.map(async ({ id }) => {
      const answer = await unlessGone(runtime.podSandboxStatus({ podSandboxId: id }))
      if (answer?.status) sandboxes.push(sandboxRecord(answer.status))
    }),
    ...listedContainers.containers.map(async ({ id, podSandboxId }) => {
      const answer = await unlessGone(runtime.containerStatus({ containerId: id }))
      if (answer?.status) containers.push(await containerRecord(answer.status, podSandboxId, runtime, volumes))
    }),
  ])
  sandboxes.sort((a, b) => b.createdAt - a.createdAt || b.attempt - a.attempt)
  containers.sort((a, b) => b.createdAt - a.createdAt || b.restartCount - a.restartCount)
  const newest = sandboxes[0]
  return { ...pod, sandboxes, containers, ips: newest?.ready ? newest.ips : [] }
}

/** What was listed may be gone by the time it is asked about. */
async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'NotFound') return undefined
    throw error
  }
}

function sandboxRecord(status: PodSandboxStatus): SandboxRecord {
  const ips = [status.network?.ip ?? '', ...(status.network?.additionalIps ?? []).map(({ ip }) => ip)]
  return {
    id: status.id,
    attempt: status.metadata?.attempt ?? 0,
    ready: status.state === 'SANDBOX_READY',
    createdAt: milliseconds(status.createdAt),
    hostNetwork: status.linux?.namespaces?.options?.network === 'NODE',
    ips: ips.filter(ip => ip !== ''),
  }
}

async function containerRecord(
  status: ContainerStatus,
  sandboxId: string,
  runtime: ContainerRuntime,
  volumes: VolumeHost,
): Promise<ContainerRecord> {
  const user = status.user?.linux
  return {
    id: status.id,
    name: status.labels[containerNameLabel] ?? status.metadata?.name ?? '',
    sandboxId,
    state: states[status.state],
    restartCount: Number(status.annotations[restartCountAnnotation] ?? status.metadata?.attempt ?? 0),
    hash: status.annotations[containerHashAnnotation] ?? '',
    createdAt: milliseconds(status.createdAt),
    startedAt: milliseconds(status.startedAt),
    finishedAt: milliseconds(status.finishedAt),
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.state === 'CONTAINER_EXITED' ? await terminationMessage(status, runtime, volumes) : status.message,
    image: imageName(status),
    imageRef: status.imageRef,
    logPath: status.logPath,
    labels: status.labels,
    annotations: status.annotations,
    ...(user ? { user } : {}),
  }
}

/** As the runtime names it; where it only knows a digest, as the pod names it. */
function imageName({ image }: ContainerStatus): string {
  const name = image?.image ?? ''
  return name === '' || name.startsWith('sha256:') ? image?.userSpecifiedImage || name : name
}

const messageLimit = 4096
const logFallbackBytes = 2048
const logFallbackLines = 80

/** What the container left in its termination log; when it failed and asked for that, the end of its output. */
async function terminationMessage(
  status: ContainerStatus,
  runtime: ContainerRuntime,
  volumes: VolumeHost,
): Promise<string> {
  const path = status.annotations[terminationMessagePathAnnotation]
  const mount = path ? status.mounts.find(candidate => candidate.containerPath === path) : undefined
  const left = mount?.hostPath ? await volumes.readTail(mount.hostPath, messageLimit) : undefined
  if (left) return left
  const fallback = status.annotations[terminationMessagePolicyAnnotation] === 'FallbackToLogsOnError'
  if (!fallback || status.exitCode === 0) return status.message
  const log = runtime.inProcess
    ? Buffer.from(runtime.inProcess.containerLog(status.id).read(0)).toString('utf8')
    : await volumes.readTail(status.logPath, 64 * 1024)
  if (!log) return status.message
  const lines = log
    .split('\n')
    .filter(line => line !== '')
    .slice(-logFallbackLines)
    .map(line => `${line}\n`)
  return writtenIn(Buffer.from(lines.join('')))
    .subarray(-logFallbackBytes)
    .toString()
}

/** CRI's nanoseconds in the milliseconds of everything here. */
function milliseconds(nanoseconds: number): number {
  return nanoseconds / 1e6
}
