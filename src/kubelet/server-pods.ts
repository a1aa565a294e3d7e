// The kubelet's pods as its HTTPS server sees them.

import type { Pod } from '../api/core/v1/pod.ts'
import type { ContainerRuntime } from './runtime/container-runtime.ts'
import { RuntimeError } from './runtime/container-runtime.ts'
import type { RuntimePodStatus } from './runtime-state.ts'
import { latestContainer, runningContainers } from './runtime-state.ts'
import type { ContainerLogSource } from './server/container-log-source.ts'
import type { PodProvider } from './server/pod-provider.ts'

export interface ServerPodsOptions {
  readonly runtime: ContainerRuntime
  /** Every pod of the node, with the status that was worked out last. */
  pods(): readonly Pod[]
  /** What the runtime had of it when it was looked at last. */
  runtimeStatus(podUid: string): RuntimePodStatus | undefined
}

export class ServerPods implements PodProvider {
  readonly #options: ServerPodsOptions

  constructor(options: ServerPodsOptions) {
    this.#options = options
  }

  pods(): readonly Pod[] {
    return this.#options.pods()
  }

  runningPods(): readonly Pod[] {
    return this.pods().filter(pod => {
      const status = this.#runtimeStatus(pod)
      return status !== undefined && runningContainers(status).length > 0
    })
  }

  podByName(namespace: string, name: string): Pod | undefined {
    return this.pods().find(({ metadata }) => metadata.name === name && metadata.namespace === namespace)
  }

  containerId(namespace: string, pod: string, container: string): string | undefined {
    const status = this.#statusByName(namespace, pod)
    return status ? latestContainer(status, container)?.id : undefined
  }

  sandboxId(namespace: string, pod: string): string | undefined {
    return this.#statusByName(namespace, pod)?.sandboxes[0]?.id
  }

  async containerLog(containerId: string): Promise<ContainerLogSource | undefined> {
    const { runtime } = this.#options
    try {
      if (runtime.inProcess) return { memory: runtime.inProcess.containerLog(containerId) }
      const { status } = await runtime.containerStatus({ containerId })
      return status?.logPath ? { path: status.logPath } : undefined
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'NotFound') return undefined
      throw error
    }
  }

  async containerRunning(containerId: string): Promise<boolean> {
    try {
      const { status } = await this.#options.runtime.containerStatus({ containerId })
      return status?.state === 'CONTAINER_RUNNING'
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'NotFound') return false
      throw error
    }
  }

  #runtimeStatus(pod: Pod): RuntimePodStatus | undefined {
    return this.#options.runtimeStatus(pod.metadata.uid ?? '')
  }

  #statusByName(namespace: string, name: string): RuntimePodStatus | undefined {
    const pod = this.podByName(namespace, name)
    return pod && this.#runtimeStatus(pod)
  }
}
