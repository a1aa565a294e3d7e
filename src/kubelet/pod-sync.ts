// Brings one pod from what it is to what it should be: carries out what `pod-actions.ts` decided.
//
// Comes in: the pod, what the runtime has of it, where its volumes are. Goes out: a `SyncOutcome`: what failed, and when
// it is worth another try. Why a container could not start goes to the reason cache, and from there into its status.

import type { Container } from '../api/core/v1/container.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import type { Service } from '../api/core/v1/service.ts'
import type { Env } from '../machinery/env/env.ts'
import { Backoff, formatWait } from './backoff.ts'
import { containerConfig } from './container-config.ts'
import { type ConfigSource, ContainerConfigError, containerEnvironment } from './container-env.ts'
import { containerHash } from './container-labels.ts'
import { linuxResources } from './container-resources.ts'
import type { PodSurroundings } from './downward-api.ts'
import { type ImageVolumes, imageVolumesOf, pullImageVolumes } from './image-volumes.ts'
import { ImageError, type ImageManager } from './images.ts'
import { runHook } from './lifecycle-hooks.ts'
import { computePodActions, type PodActions, type ProbeResults } from './pod-actions.ts'
import type { ClusterDns, ResolverConfig } from './pod-dns.ts'
import type { PodEvents } from './pod-events.ts'
import { allContainers, podFullName } from './pod-spec.ts'
import { sameValue } from './pod-status-patch.ts'
import type { ProbeNetwork } from './probes/handlers.ts'
import { pullCredentials } from './pull-secrets.ts'
import type { ReasonCache } from './reason-cache.ts'
import type { ContainerRuntime } from './runtime/container-runtime.ts'
import type { PodSandboxConfig } from './runtime/cri/pod-sandbox.ts'
import type { LinuxContainerResources } from './runtime/cri/shared.ts'
import { latestContainer, type RuntimePodStatus } from './runtime-state.ts'
import { sandboxConfig } from './sandbox-config.ts'
import type { Terminator } from './termination.ts'
import type { VolumeHost } from './volumes/volume-host.ts'
import type { MountedVolume } from './volumes/volume-manager.ts'

export interface PodSyncOptions {
  readonly env: Env
  readonly runtime: ContainerRuntime
  readonly network: ProbeNetwork
  readonly events: PodEvents
  readonly reasons: ReasonCache
  readonly images: ImageManager
  readonly terminator: Terminator
  readonly config: ConfigSource
  readonly host: VolumeHost
  readonly dns: ClusterDns
  readonly podLogsDir: string
  readonly owner: string
  readonly seccompRoot: string
  readonly cgroupRoot: string
  readonly machineMemory: number
  hostResolver(): ResolverConfig
  services(): readonly Service[]
  runtimeHandler(pod: Pod): Promise<string>
}

export interface PodSyncInput {
  readonly pod: Pod
  readonly runtime: RuntimePodStatus
  readonly probes: ProbeResults
  readonly volumes: ReadonlyMap<string, MountedVolume>
  readonly podDirectory: string
  /** Of the node; the pod's own addresses are filled in here. */
  readonly around: PodSurroundings
  readonly seenAt: string
  /** The pod is to end: start nothing more. */
  readonly signal: AbortSignal
}

export interface SyncOutcome {
  /** Something was done: the runtime has something else of the pod now. */
  readonly acted: boolean
  readonly failures: readonly string[]
  /** Milliseconds until a container that is held back may start. */
  readonly retryAfter?: number
}

/** Why a container didn't start, as its status says it. */
class StartError extends Error {
  override readonly name = 'StartError'
  readonly reason: string

  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}

interface Sandbox {
  readonly id: string
  readonly config: PodSandboxConfig
  readonly ips: readonly string[]
}

export class PodSync {
  readonly #options: PodSyncOptions
  readonly #backoff = new Backoff()
  /** The limits each running container was given, by pod and container id. */
  readonly #limits = new Map<string, Map<string, LinuxContainerResources>>()

  constructor(options: PodSyncOptions) {
    this.#options = options
  }

  async sync(input: PodSyncInput): Promise<SyncOutcome> {
    const { pod, runtime, probes, signal } = input
    const { events, terminator, reasons } = this.#options
    const actions = computePodActions(pod, runtime, probes)
    if (actions.createSandbox && actions.sandboxId !== '')
      events.pod(pod, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.')
    if (actions.killPod) {
      if (runtime.containers.some(({ state }) => state === 'running') || runtime.sandboxes.some(({ ready }) => ready))
        await terminator.killPod(pod, runtime, { signal })
    } else
      for (const { record, message, reason } of actions.containersToKill)
        await terminator.killContainer(pod, record, { message, reason, signal })

    const resized = actions.killPod ? false : await this.#resize(pod, runtime)
    const starting = startsSomething(actions)
    const killed = resized || actions.killPod || actions.containersToKill.length > 0
    if (!starting || signal.aborted) return { acted: killed, failures: [] }

    let sandbox: Sandbox
    try {
      sandbox = actions.createSandbox
        ? await this.#createSandbox(input, actions.attempt)
        : { id: actions.sandboxId, config: this.#sandboxConfig(input, actions.attempt), ips: runtime.ips }
    } catch (error) {
      if (signal.aborted) return { acted: true, failures: [] }
      const message = (error as Error).message
      events.pod(pod, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${message}`)
      return { acted: true, failures: [message] }
    }

    const imageVolumes = await pullImageVolumes(pod, this.#options.images, {
      sandbox: sandbox.config,
      signal,
      credentials: name => pullCredentials(pod, name, this.#options.config),
    })
    const failures: string[] = []
    let retryAfter: number | undefined
    const start = async (container: Container, target?: string): Promise<boolean> => {
      if (signal.aborted) return false
      const uid = pod.metadata?.uid ?? ''
      const wait = this.#heldBack(pod, container, runtime)
      if (wait > 0) {
        retryAfter = Math.min(retryAfter ?? wait, wait)
        return false
      }
      try {
        await this.#startContainer(input, { ...sandbox, imageVolumes }, container, target)
        reasons.delete(uid, container.name)
        return true
      } catch (error) {
        const { reason, message } = startError(error)
        reasons.set(uid, container.name, { reason, message })
        failures.push(`failed to "StartContainer" for "${container.name}" with ${reason}: "${message}"`)
        return false
      }
    }
    for (const index of actions.ephemeralContainersToStart) {
      const container = pod.spec!.ephemeralContainers![index]!
      await start(container as Container, container.targetContainerName)
    }
    for (const index of actions.initContainersToStart) {
      const container = pod.spec!.initContainers![index]!
      if (!(await start(container)) && container.restartPolicy !== 'Always') break
    }
    for (const index of actions.containersToStart) await start(pod.spec!.containers[index]!)
    return { acted: true, failures, ...(retryAfter === undefined ? {} : { retryAfter }) }
  }

  /** Whether the pod, as the runtime has it now, still lacks something that can be done. */
  hasMoreToDo(pod: Pod, runtime: RuntimePodStatus, probes: ProbeResults): boolean {
    const actions = computePodActions(pod, runtime, probes)
    return actions.killPod || actions.containersToKill.length > 0 || startsSomething(actions)
  }

  forgetPod(podUid: string): void {
    this.#backoff.forget(`${podUid}_`)
    this.#options.images.forgetPod(podUid)
    this.#options.reasons.forgetPod(podUid)
    this.#limits.delete(podUid)
  }

  collect(): void {
    this.#backoff.collect(this.#options.env.clock.now())
  }

  /** Gives running containers the limits their pod has now. Those that ran before this kubelet have what they have. */
  async #resize(pod: Pod, status: RuntimePodStatus): Promise<boolean> {
    const uid = pod.metadata.uid ?? ''
    const before = this.#limits.get(uid)
    const now = new Map<string, LinuxContainerResources>()
    let changed = false
    for (const { container } of allContainers(pod)) {
      const record = latestContainer(status, container.name)
      if (record?.state !== 'running') continue
      const linux = linuxResources(pod, container, this.#options.machineMemory)
      const given = before?.get(record.id)
      if (given && !sameValue(given, linux)) {
        await this.#options.runtime.updateContainerResources({ containerId: record.id, linux })
        changed = true
      }
      now.set(record.id, linux)
    }
    this.#limits.set(uid, now)
    return changed
  }

  /** Milliseconds to wait before a container that has ended may start again; 0 when it may now. */
  #heldBack(pod: Pod, container: Container, runtime: RuntimePodStatus): number {
    const last = latestContainer(runtime, container.name)
    if (last?.state !== 'exited') return 0
    const key = `${pod.metadata?.uid}_${container.name}_${containerHash(container)}`
    const now = this.#options.env.clock.now()
    const wait = this.#backoff.remainingSince(key, last.finishedAt, now)
    if (wait <= 0) {
      this.#backoff.next(key, Math.max(last.finishedAt, now))
      return 0
    }
    const name = podFullName(pod)
    this.#options.events.container(
      pod,
      container.name,
      'Warning',
      'BackOff',
      `Back-off restarting failed container ${container.name} in pod ${name}`,
    )
    this.#options.reasons.set(pod.metadata?.uid ?? '', container.name, {
      reason: 'CrashLoopBackOff',
      message: `back-off ${formatWait(this.#backoff.get(key))} restarting failed container=${container.name} pod=${name}`,
    })
    return wait
  }

  #sandboxConfig({ pod, seenAt }: PodSyncInput, attempt: number): PodSandboxConfig {
    const { dns, podLogsDir, cgroupRoot, hostResolver, owner, seccompRoot } = this.#options
    return sandboxConfig({
      pod,
      attempt,
      dns,
      hostResolver: hostResolver(),
      podLogsDir,
      cgroupRoot,
      seenAt,
      owner,
      seccompRoot,
    })
  }

  async #createSandbox(input: PodSyncInput, attempt: number): Promise<Sandbox> {
    const { runtime, host, runtimeHandler } = this.#options
    const config = this.#sandboxConfig(input, attempt)
    await host.makeDirectory(config.logDirectory!, { mode: 0o755 })
    const handler = await runtimeHandler(input.pod)
    const { podSandboxId } = await runtime.runPodSandbox({ config, runtimeHandler: handler }, { signal: input.signal })
    const { status } = await runtime.podSandboxStatus({ podSandboxId })
    const ips = [status?.network?.ip ?? '', ...(status?.network?.additionalIps ?? []).map(({ ip }) => ip)]
    return { id: podSandboxId, config, ips: ips.filter(ip => ip !== '') }
  }

  async #startContainer(
    input: PodSyncInput,
    sandbox: Sandbox & { readonly imageVolumes: ImageVolumes },
    container: Container,
    target?: string,
  ): Promise<void> {
    const { pod, runtime: status } = input
    const { env, runtime, events, images, config, host, network } = this.#options
    const tell = (type: 'Normal' | 'Warning', reason: string, message: string) =>
      events.container(pod, container.name, type, reason, message)
    const imageVolumes = imageVolumesOf(container, sandbox.imageVolumes, ({ reason }) =>
      tell('Warning', 'Failed', `Error: ${reason}`),
    )
    let image: Awaited<ReturnType<ImageManager['ensure']>>
    try {
      image = await images.ensure({
        pod,
        container,
        sandbox: sandbox.config,
        signal: input.signal,
        credentials: name => pullCredentials(pod, name, config),
      })
    } catch (error) {
      if (error instanceof ImageError) tell('Warning', 'Failed', `Error: ${error.reason}`)
      throw error
    }
    const restartCount = this.#nextRestartCount(pod, container, status)
    const podIps = pod.spec?.hostNetwork ? input.around.hostIps : sandbox.ips
    const around = { ...input.around, podIps }
    let made: Awaited<ReturnType<typeof containerConfig>>
    try {
      const environment = await containerEnvironment({
        pod,
        container,
        around,
        config,
        services: this.#options.services(),
      })
      const targetId = target ? latestContainer(status, target)?.id : undefined
      made = await containerConfig({
        pod,
        container,
        restartCount,
        owner: this.#options.owner,
        seccompRoot: this.#options.seccompRoot,
        imageRef: image.ref || image.image,
        imageUser: {
          username: image.details?.username ?? '',
          ...(image.details?.uid ? { uid: image.details.uid.value } : {}),
        },
        environment,
        volumes: input.volumes,
        imageVolumes,
        host,
        podDirectory: input.podDirectory,
        podIps,
        clusterDomain: this.#options.dns.domain,
        machineMemory: this.#options.machineMemory,
        uniqueSuffix: Buffer.from(env.random.bytes(4)).toString('hex'),
        ...(targetId ? { targetContainerId: targetId } : {}),
      })
    } catch (error) {
      const message = (error as Error).message
      tell('Warning', 'Failed', `Error: ${message}`)
      throw new StartError('CreateContainerConfigError', message)
    }
    await host.makeDirectory(`${sandbox.config.logDirectory}/${container.name}`, { mode: 0o755 })
    const containerId = await this.#orFail('CreateContainerError', tell, async () => {
      const request = { podSandboxId: sandbox.id, config: made, sandboxConfig: sandbox.config }
      return (await runtime.createContainer(request)).containerId
    })
    tell('Normal', 'Created', 'Container created')
    const uid = pod.metadata.uid ?? ''
    const limits = this.#limits.get(uid) ?? new Map<string, LinuxContainerResources>()
    this.#limits.set(uid, limits.set(containerId, made.linux?.resources ?? {}))
    await this.#orFail('RunContainerError', tell, () => runtime.startContainer({ containerId }))
    tell('Normal', 'Started', 'Container started')
    const postStart = container.lifecycle?.postStart
    if (!postStart) return
    try {
      const context = {
        runtime,
        network,
        clock: env.clock,
        container,
        containerId,
        podIp: podIps[0] ?? '',
        signal: input.signal,
      }
      await runHook(postStart, context)
    } catch (error) {
      tell('Warning', 'FailedPostStartHook', 'PostStartHook failed')
      tell('Normal', 'Killing', 'FailedPostStartHook')
      await runtime.stopContainer({ containerId, timeout: Number(pod.spec?.terminationGracePeriodSeconds ?? 30) })
      throw new StartError('PostStartHookError', (error as Error).message)
    }
  }

  async #orFail<T>(
    reason: string,
    tell: (type: 'Warning', reason: string, message: string) => void,
    call: () => Promise<T>,
  ): Promise<T> {
    try {
      return await call()
    } catch (error) {
      const message = (error as Error).message
      tell('Warning', 'Failed', `Error: ${message}`)
      throw new StartError(reason, message)
    }
  }

  #nextRestartCount(pod: Pod, container: Container, status: RuntimePodStatus): number {
    const last = latestContainer(status, container.name)
    if (last) return last.restartCount + 1
    // All of its attempts may have been removed with an old sandbox.
    const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]
    const said = statuses.find(candidate => candidate.name === container.name)
    return said?.containerID ? said.restartCount + 1 : 0
  }
}

function startsSomething(actions: PodActions): boolean {
  return (
    actions.createSandbox ||
    actions.initContainersToStart.length > 0 ||
    actions.containersToStart.length > 0 ||
    actions.ephemeralContainersToStart.length > 0
  )
}

function startError(error: unknown): { reason: string; message: string } {
  if (error instanceof StartError || error instanceof ImageError)
    return { reason: error.reason, message: error.message }
  if (error instanceof ContainerConfigError) return { reason: 'CreateContainerConfigError', message: error.message }
  return { reason: 'RunContainerError', message: (error as Error).message }
}
