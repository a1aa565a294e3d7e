// The probes of all pods on the node.
//
// Comes in: each pod and what the runtime has of it, at every sync. Goes out: whether a container has started, is ready
// and is alive; and a call to sync a pod again when that changed.

import type { Container } from '../../api/core/v1/container.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import type { Env } from '../../machinery/env/env.ts'
import type { ProbeOutcome, ProbeResults } from '../pod-actions.ts'
import type { PodEvents } from '../pod-events.ts'
import { isRestartableInitContainer } from '../pod-spec.ts'
import type { Readiness } from '../pod-status.ts'
import type { ContainerRuntime } from '../runtime/container-runtime.ts'
import { latestContainer, type RuntimePodStatus } from '../runtime-state.ts'
import type { ProbeNetwork } from './handlers.ts'
import { type ProbeType, ProbeWorker } from './probe-worker.ts'

export interface ProbeManagerOptions {
  readonly env: Env
  readonly runtime: ContainerRuntime
  readonly network: ProbeNetwork
  readonly events: PodEvents
  changed(podUid: string): void
}

interface PodProbes {
  pod: Pod
  podIp: string
  readonly workers: Map<string, ProbeWorker>
}

const kinds = [
  ['Startup', 'startupProbe'],
  ['Readiness', 'readinessProbe'],
  ['Liveness', 'livenessProbe'],
] as const satisfies readonly (readonly [ProbeType, keyof Container])[]

export class ProbeManager implements Readiness {
  readonly #options: ProbeManagerOptions
  readonly #pods = new Map<string, PodProbes>()

  constructor(options: ProbeManagerOptions) {
    this.#options = options
  }

  /** Starts what is to be probed, and tells the probes which containers run now. */
  observe(pod: Pod, runtime: RuntimePodStatus): void {
    const uid = pod.metadata?.uid ?? ''
    const probed = [
      ...(pod.spec?.initContainers ?? []).filter(isRestartableInitContainer),
      ...(pod.spec?.containers ?? []),
    ].filter(container => kinds.some(([, field]) => container[field]))
    if (probed.length === 0) return
    let entry = this.#pods.get(uid)
    if (!entry) {
      entry = { pod, podIp: '', workers: new Map() }
      this.#pods.set(uid, entry)
    }
    entry.pod = pod
    entry.podIp = runtime.ips[0] ?? pod.status?.podIP ?? ''
    for (const container of probed) {
      const record = latestContainer(runtime, container.name)
      const said = pod.status?.containerStatuses?.find(status => status.name === container.name)
      const wasReady = said?.ready === true && said.containerID?.endsWith(`://${record?.id}`) === true
      for (const [type] of kinds) this.#worker(entry, uid, container, type)?.observe(record, wasReady)
    }
  }

  /** A pod that is ending is still asked whether it is ready, but no longer killed for its health. */
  stopLivenessAndStartup(podUid: string): void {
    for (const [key, worker] of this.#pods.get(podUid)?.workers ?? []) if (!key.startsWith('Readiness/')) worker.stop()
  }

  forgetPod(podUid: string): void {
    for (const worker of this.#pods.get(podUid)?.workers.values() ?? []) worker.stop()
    this.#pods.delete(podUid)
  }

  stop(): void {
    for (const uid of [...this.#pods.keys()]) this.forgetPod(uid)
  }

  /** What the probes of one pod found, by container id. */
  resultsOf(podUid: string): ProbeResults {
    const find = (type: ProbeType, containerId: string): ProbeOutcome | undefined => {
      for (const [key, worker] of this.#pods.get(podUid)?.workers ?? []) {
        const result = key.startsWith(`${type}/`) ? worker.result(containerId) : undefined
        if (result !== undefined) return result
      }
      return undefined
    }
    return {
      liveness: containerId => find('Liveness', containerId),
      startup: containerId => find('Startup', containerId),
    }
  }

  started(pod: Pod, container: Container, containerId: string): boolean {
    if (!container.startupProbe) return true
    return this.#result(pod, container, 'Startup', containerId) === 'success'
  }

  ready(pod: Pod, container: Container, containerId: string): boolean {
    if (!container.readinessProbe) return true
    return this.#result(pod, container, 'Readiness', containerId) === 'success'
  }

  #result(pod: Pod, container: Container, type: ProbeType, containerId: string): ProbeOutcome | undefined {
    return this.#pods
      .get(pod.metadata?.uid ?? '')
      ?.workers.get(`${type}/${container.name}`)
      ?.result(containerId)
  }

  #worker(entry: PodProbes, uid: string, container: Container, type: ProbeType): ProbeWorker | undefined {
    const key = `${type}/${container.name}`
    const existing = entry.workers.get(key)
    if (existing) return existing
    const probe = container[kinds.find(([kind]) => kind === type)![1]]
    if (!probe) return undefined
    const { env, runtime, network, events, changed } = this.#options
    const worker = new ProbeWorker({
      env,
      runtime,
      network,
      events,
      type,
      container,
      probe,
      pod: () => entry.pod,
      podIp: () => entry.podIp,
      hasStarted: containerId =>
        !container.startupProbe || entry.workers.get(`Startup/${container.name}`)?.result(containerId) === 'success',
      changed: () => {
        if (type === 'Startup')
          for (const other of ['Readiness', 'Liveness']) entry.workers.get(`${other}/${container.name}`)?.trigger()
        changed(uid)
      },
    })
    entry.workers.set(key, worker)
    return worker
  }
}
