// What the pod workers do at each stage of a pod's life: sync it, end it, clean up after it.
//
// Comes in: the pod, from its worker. Goes out: its containers as they should be, its volumes, and its status, which is
// computed anew from what the runtime has before and after everything that is done.

import type { Pod, PodStatus } from '../api/core/v1/pod.ts'
import { secondsInMs } from '../machinery/duration.ts'
import type { Env } from '../machinery/env/env.ts'
import { formatTime, timeOf } from '../machinery/time.ts'
import { type AdmissionNode, admitPod } from './pod-admission.ts'
import type { PodEvents } from './pod-events.ts'
import { isTerminalPhase } from './pod-spec.ts'
import { generatePodStatus } from './pod-status.ts'
import type { PodSync } from './pod-sync.ts'
import type { PodHandlers, SyncVerdict } from './pod-workers.ts'
import type { ProbeManager } from './probes/probe-manager.ts'
import type { ReasonCache } from './reason-cache.ts'
import type { ContainerRuntime } from './runtime/container-runtime.ts'
import { readPodStatus } from './runtime-pods.ts'
import type { RuntimePodStatus } from './runtime-state.ts'
import type { StatusManager } from './status-manager.ts'
import type { Terminator } from './termination.ts'
import type { VolumeHost } from './volumes/volume-host.ts'
import { MountError, type VolumeManager } from './volumes/volume-manager.ts'

export interface PodHandlersOptions {
  readonly env: Env
  readonly runtime: ContainerRuntime
  readonly runtimeName: string
  readonly host: VolumeHost
  readonly events: PodEvents
  readonly reasons: ReasonCache
  readonly probes: ProbeManager
  readonly podSync: PodSync
  readonly terminator: Terminator
  readonly volumes: VolumeManager
  readonly statuses: StatusManager
  readonly hostIps: readonly string[]
  readonly allocatable: Readonly<Record<string, string>>
  /** The node as pods may ask for it. Labels are read from the API server when `fresh`. */
  node(fresh: boolean): Promise<AdmissionNode>
  removeCgroup(pod: Pod): Promise<void>
  /** Removes the pod's dead containers, sandboxes and logs. */
  removeRemains(podUid: string): Promise<void>
}

const failedSyncMs = 10_000
const firstMountRetryMs = 500
const longestMountRetryMs = 122_000

export class KubeletPodHandlers implements PodHandlers {
  readonly #options: PodHandlersOptions
  readonly #seenAt = new Map<string, string>()
  readonly #mountRetryMs = new Map<string, number>()
  /** The pods this node has taken in, that have not ended. */
  readonly #admitted = new Map<string, Pod>()
  /** Those it has not taken in: there is nothing of them here to report. */
  readonly #rejected = new Set<string>()
  /** What the runtime had of each pod when it was looked at last. */
  readonly #last = new Map<string, RuntimePodStatus>()

  constructor(options: PodHandlersOptions) {
    this.#options = options
  }

  lastStatus(podUid: string): RuntimePodStatus | undefined {
    return this.#last.get(podUid)
  }

  async sync(pod: Pod, signal: AbortSignal, looking: () => void): Promise<SyncVerdict> {
    const { env, events, podSync, probes, volumes, allocatable, hostIps } = this.#options
    const uid = pod.metadata.uid ?? ''
    if (!this.#seenAt.has(uid)) this.#seenAt.set(uid, formatTime(env.clock.now()))
    const before = await this.#look(pod, false)
    const isOver = isTerminalPhase(before.status.phase)
    if (!isOver && !(await this.#admit(pod, before))) return { terminal: true }
    this.#options.statuses.set(pod, before.status)
    if (isOver) return { terminal: true }
    const deadline = this.#deadline(pod, before.status)
    if (deadline !== undefined && deadline <= 0) return this.#exceeded(pod, before.status)

    const around = { podIps: before.runtime.ips, hostIps, allocatable }
    let mounted: Awaited<ReturnType<VolumeManager['mount']>>
    try {
      mounted = await volumes.mount(pod, around)
      this.#mountRetryMs.delete(uid)
    } catch (error) {
      if (!(error instanceof MountError)) throw error
      if (signal.aborted) return { terminal: false }
      events.pod(pod, 'Warning', 'FailedMount', error.message)
      // What runs goes on with the files it has.
      const wait = this.#mountRetryMs.get(uid) ?? firstMountRetryMs
      this.#mountRetryMs.set(uid, Math.min(wait * 2, longestMountRetryMs))
      return { terminal: false, again: wait }
    }
    const { acted, failures, retryAfter } = await podSync.sync({
      pod,
      runtime: before.runtime,
      probes: probes.resultsOf(uid),
      volumes: mounted,
      podDirectory: volumes.podDirectory(uid),
      around,
      seenAt: this.#seenAt.get(uid)!,
      signal,
    })
    let after = before
    let unfinished = false
    if (acted) {
      looking()
      after = await this.#report(pod, false)
      unfinished = failures.length > 0 || podSync.hasMoreToDo(pod, after.runtime, probes.resultsOf(uid))
    }
    const waits = [retryAfter, deadline, failures.length > 0 ? failedSyncMs * (1 + env.random.next() / 2) : undefined]
    const soonest = Math.min(...waits.filter(wait => wait !== undefined))
    if (failures.length > 0) env.log.info('pod not in its desired state', { pod: pod.metadata.name, failures })
    return {
      terminal: isTerminalPhase(after.status.phase),
      unfinished,
      ...(Number.isFinite(soonest) ? { again: soonest } : {}),
    }
  }

  async terminate(pod: Pod, request: { readonly graceSeconds?: number; readonly signal: AbortSignal }): Promise<void> {
    const { probes, terminator } = this.#options
    if (this.#rejected.has(pod.metadata.uid ?? '')) return
    probes.stopLivenessAndStartup(pod.metadata.uid ?? '')
    const { runtime } = await this.#report(pod, false)
    await terminator.killPod(pod, runtime, request)
    const after = await this.#report(pod, true)
    const running = after.runtime.containers.filter(({ state }) => state === 'running')
    if (running.length > 0)
      throw new Error(`containers still run after they were stopped: ${running.map(({ name }) => name).join(', ')}`)
  }

  async cleanUp(pod: Pod): Promise<void> {
    const { probes, statuses, volumes, removeCgroup } = this.#options
    const uid = pod.metadata.uid ?? ''
    if (!this.#rejected.has(uid)) await this.#report(pod, true)
    probes.forgetPod(uid)
    await volumes.unmount(uid)
    await removeCgroup(pod)
    this.#admitted.delete(uid)
    statuses.finish(pod)
  }

  /** It is no longer in the API: whatever of it still runs takes nobody's place. */
  unbound(podUid: string): void {
    this.#admitted.delete(podUid)
  }

  forget(podUid: string): void {
    const { podSync, probes, statuses, removeRemains, env } = this.#options
    podSync.forgetPod(podUid)
    probes.forgetPod(podUid)
    statuses.forget(podUid)
    for (const map of [this.#seenAt, this.#mountRetryMs, this.#last, this.#admitted, this.#rejected]) map.delete(podUid)
    removeRemains(podUid).catch(error =>
      env.log.warn('cannot remove what is left of a pod', { podUid, error: (error as Error).message }),
    )
  }

  /** Takes the pod in, or fails it. What runs here already has been taken in before. */
  async #admit(pod: Pod, seen: { readonly runtime: RuntimePodStatus; readonly status: PodStatus }): Promise<boolean> {
    const uid = pod.metadata.uid ?? ''
    if (!this.#admitted.has(uid) && seen.runtime.sandboxes.length === 0) {
      const others = [...this.#admitted.values()]
      let rejection = admitPod(pod, others, await this.#options.node(false))
      // Somebody may have labelled the node since.
      if (rejection?.reason === 'NodeAffinity') rejection = admitPod(pod, others, await this.#options.node(true))
      if (rejection) {
        const { reason, message } = rejection
        this.#options.events.pod(pod, 'Warning', reason, message)
        const { qosClass } = seen.status
        this.#rejected.add(uid)
        this.#options.statuses.set(pod, {
          ...(qosClass && { qosClass }),
          phase: 'Failed',
          reason,
          message: `Pod was rejected: ${message}`,
        })
        return false
      }
    }
    this.#admitted.set(uid, pod)
    return true
  }

  /** Looks at the runtime and says what it has. */
  async #report(pod: Pod, terminal: boolean): Promise<{ runtime: RuntimePodStatus; status: PodStatus }> {
    const seen = await this.#look(pod, terminal)
    this.#options.statuses.set(pod, seen.status)
    return seen
  }

  /** `terminal`: nothing of the pod will be started again. */
  async #look(pod: Pod, terminal: boolean): Promise<{ runtime: RuntimePodStatus; status: PodStatus }> {
    const { runtime, host, probes, statuses, reasons, runtimeName, hostIps } = this.#options
    const { uid = '', name = '', namespace = '' } = pod.metadata
    const found = await readPodStatus(runtime, host, { uid, name, namespace })
    this.#last.set(uid, found)
    probes.observe(pod, found)
    const status = generatePodStatus({
      pod,
      runtime: found,
      previous: statuses.get(uid) ?? pod.status ?? {},
      runtimeName,
      reasons,
      readiness: probes,
      hostIps,
      terminal,
    })
    return { runtime: found, status }
  }

  /** Milliseconds until the pod's deadline; undefined when it has none. */
  #deadline(pod: Pod, status: PodStatus): number | undefined {
    const seconds = pod.spec.activeDeadlineSeconds
    const started = timeOf(this.#options.statuses.get(pod.metadata.uid ?? '')?.startTime ?? status.startTime)
    if (seconds === undefined || started === undefined) return undefined
    return started + secondsInMs(seconds) - this.#options.env.clock.now()
  }

  #exceeded(pod: Pod, status: PodStatus): SyncVerdict {
    const message = 'Pod was active on the node longer than the specified deadline'
    this.#options.events.pod(pod, 'Normal', 'DeadlineExceeded', message)
    this.#options.statuses.set(pod, { ...status, phase: 'Failed', reason: 'DeadlineExceeded', message })
    return { terminal: true }
  }
}
