// What the server needs to know of the rest of the kubelet.

import type { Pod } from '../../api/core/v1/pod.ts'
import type { ContainerLogSource } from './container-log-source.ts'

export interface PodProvider {
  /** The pods that are bound to this node, with the status that the kubelet last worked out. */
  pods(): readonly Pod[]
  /** The pods that the runtime has containers of. */
  runningPods(): readonly Pod[] | Promise<readonly Pod[]>
  podByName(namespace: string, name: string): Pod | undefined
  /** The runtime's id of the container that runs, or else ran last; without a scheme. */
  containerId(namespace: string, pod: string, container: string): string | undefined
  /** The runtime's id of the pod's sandbox. */
  sandboxId(namespace: string, pod: string): string | undefined
  /** Where the container's log is; undefined when the runtime does not know the container any more. */
  containerLog(containerId: string): ContainerLogSource | undefined | Promise<ContainerLogSource | undefined>
  containerRunning(containerId: string): boolean | Promise<boolean>
}
