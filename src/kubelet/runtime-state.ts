// What a runtime has of one pod, in the kubelet's terms: the sandboxes and containers of every attempt, newest first.
// `runtime-pods.ts` reads it from CRI; everything that decides (pod-actions, pod-status, garbage) only looks at this.

export type ContainerState = 'created' | 'running' | 'exited' | 'unknown'

/** One attempt at one container. Times are milliseconds since the Unix epoch, 0 when the thing hasn't happened. */
export interface ContainerRecord {
  readonly id: string
  readonly name: string
  readonly sandboxId: string
  readonly state: ContainerState
  readonly restartCount: number
  /** Of the spec it was made from (`io.kubernetes.container.hash`). */
  readonly hash: string
  readonly createdAt: number
  readonly startedAt: number
  readonly finishedAt: number
  readonly exitCode: number
  readonly reason: string
  readonly message: string
  readonly image: string
  readonly imageRef: string
  readonly logPath: string
  readonly user?: { readonly uid: number; readonly gid: number; readonly supplementalGroups: readonly number[] }
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export interface SandboxRecord {
  readonly id: string
  readonly attempt: number
  readonly ready: boolean
  readonly createdAt: number
  readonly hostNetwork: boolean
  readonly ips: readonly string[]
}

export interface RuntimePodStatus {
  readonly uid: string
  readonly name: string
  readonly namespace: string
  readonly sandboxes: readonly SandboxRecord[]
  readonly containers: readonly ContainerRecord[]
  /** Of the newest sandbox, when it is ready. */
  readonly ips: readonly string[]
}

export function emptyPodStatus(uid: string, name: string, namespace: string): RuntimePodStatus {
  return { uid, name, namespace, sandboxes: [], containers: [], ips: [] }
}

/** The newest attempt at the container. */
export function latestContainer(status: RuntimePodStatus, name: string): ContainerRecord | undefined {
  return status.containers.find(container => container.name === name)
}

export function runningContainers(status: RuntimePodStatus): ContainerRecord[] {
  return status.containers.filter(container => container.state === 'running')
}
