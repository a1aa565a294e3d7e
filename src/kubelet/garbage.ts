// Clears away what no pod needs any more: dead containers, old sandboxes, directories and logs of pods that are gone.
//
// Comes in: what the runtime has, and which pods are still here. Goes out: everything else, removed. Of each container
// the newest dead attempt stays, for its status and `kubectl logs --previous`. Pods that another kubelet made are left
// alone: a runtime may serve several.

import type { Env } from '../machinery/env/env.ts'
import type { ContainerRuntime } from './runtime/container-runtime.ts'
import { type ListedPod, listPods } from './runtime-pods.ts'
import type { VolumeHost } from './volumes/volume-host.ts'

export interface GarbageOptions {
  readonly env: Env
  readonly runtime: ContainerRuntime
  readonly host: VolumeHost
  readonly rootDir: string
  readonly podLogsDir: string
  /** The mark of this kubelet's own. */
  readonly owner: string
  /** The pod is one of this node's, or still has a worker. */
  isKnown(podUid: string): boolean
  /** Stops a pod that runs here though nothing knows it. */
  stopOrphan(pod: ListedPod): Promise<void>
}

export class Garbage {
  readonly #options: GarbageOptions

  constructor(options: GarbageOptions) {
    this.#options = options
  }

  /** One round. Failures are logged and tried again in the next. */
  async collect(): Promise<void> {
    const { runtime, isKnown, host, rootDir, podLogsDir, owner } = this.#options
    const pods = await listPods(runtime)
    for (const pod of pods.values())
      await this.#attempt('cannot remove a dead pod', async () => {
        if (isKnown(pod.uid)) await this.#prune(pod)
        else if (pod.owner === owner) await this.#removeOrphan(pod)
      })
    for (const uid of await host.list(`${rootDir}/pods`))
      if (!isKnown(uid) && !pods.has(uid))
        await this.#attempt('cannot remove a pod directory', () => host.remove(`${rootDir}/pods/${uid}`))
    for (const name of await host.list(podLogsDir)) {
      const uid = name.split('_').at(-1) ?? ''
      if (!isKnown(uid) && !pods.has(uid))
        await this.#attempt('cannot remove a log directory', () => host.remove(`${podLogsDir}/${name}`))
    }
  }

  /** All that is left of a pod whose object is gone and whose containers have ended. */
  async removePod(podUid: string): Promise<void> {
    const { runtime, host, podLogsDir } = this.#options
    const pod = (await listPods(runtime, podUid)).get(podUid)
    if (!pod || [...pod.containers.values()].some(({ state }) => state === 'running')) return
    await this.#removeAll(pod)
    await host.remove(`${podLogsDir}/${pod.namespace}_${pod.name}_${pod.uid}`)
  }

  async #removeOrphan(pod: ListedPod): Promise<void> {
    await this.#options.stopOrphan(pod)
    await this.#removeAll(pod)
  }

  async #removeAll(pod: ListedPod): Promise<void> {
    const { runtime } = this.#options
    for (const containerId of pod.containers.keys()) await runtime.removeContainer({ containerId })
    for (const podSandboxId of pod.sandboxes.keys()) {
      await runtime.stopPodSandbox({ podSandboxId })
      await runtime.removePodSandbox({ podSandboxId })
    }
  }

  async #prune(pod: ListedPod): Promise<void> {
    const { runtime } = this.#options
    const newestFirst = [...pod.containers].sort(([, a], [, b]) => b.createdAt - a.createdAt)
    const kept = new Set<string>()
    for (const [containerId, { name, state }] of newestFirst) {
      if (state === 'running' || state === 'created') continue
      if (kept.has(name)) await this.#removeWithLog(containerId)
      kept.add(name)
    }
    const sandboxes = [...pod.sandboxes].sort(([, a], [, b]) => b.createdAt - a.createdAt)
    if (sandboxes.length < 2) return
    const { containers } = await runtime.listContainers({})
    const used = new Set(containers.map(({ podSandboxId }) => podSandboxId))
    for (const [podSandboxId, { ready }] of sandboxes.slice(1))
      if (!ready && !used.has(podSandboxId)) await runtime.removePodSandbox({ podSandboxId })
  }

  /** The log first: a container that is gone tells nobody where it was. */
  async #removeWithLog(containerId: string): Promise<void> {
    const { runtime, host } = this.#options
    const { status } = await runtime.containerStatus({ containerId })
    const path = status?.logPath ?? ''
    const slash = path.lastIndexOf('/')
    if (slash > 0 && !runtime.inProcess) {
      const [directory, file] = [path.slice(0, slash), path.slice(slash + 1)]
      // With those that were moved aside.
      for (const name of await host.list(directory))
        if (name === file || name.startsWith(`${file}.`)) await host.remove(`${directory}/${name}`)
    }
    await runtime.removeContainer({ containerId })
  }

  async #attempt(message: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#options.env.log.warn(message, { error: (error as Error).message })
    }
  }
}
