// Containers that nothing runs: CRI's interface, states, timings and errors, in memory and on the clock of an `Env`.
//
// Comes in: the same requests as for a real runtime. Goes out: sandboxes with addresses of a pod network, containers that
// are created, run and exit, logs, and an honest word wherever a program would have to be there. What a container does
// follows from its command, where that is one of the simulated shell's (`sleep 5; exit 1`), or from its pod's annotations:
//
//     simulated.k8ts.dev/run: 'sleep 30; exit 1'            in place of the command of every container
//     simulated.k8ts.dev/run.<container>: 'oom'             in place of the command of that one
//     simulated.k8ts.dev/ignore-stop: 'true'                goes on until it is killed
//
// In such a script `unhealthy` and `healthy` turn its probes, and `oom` ends it as the kernel would.

import type { Env } from '../../machinery/env/env.ts'
import { complete } from '../../machinery/proto/message.ts'
import { type ContainerRuntime, type InProcessContainers, RuntimeError } from './container-runtime.ts'
import { LinuxContainerConfig } from './cri/container.ts'
import type { ContainerEventType } from './cri/container-requests.ts'
import { PodSandboxConfig } from './cri/pod-sandbox.ts'
import { PodSandboxStats } from './cri/stats.ts'
import { PodAddresses } from './simulated/addresses.ts'
import { SimulatedContainer } from './simulated/container.ts'
import {
  defaultDelays,
  directionsFor,
  type SimulatedDelays,
  type SimulatedRuntimeOptions,
} from './simulated/directions.ts'
import { noStreaming, notFound, reserved } from './simulated/errors.ts'
import { EventBroadcast } from './simulated/events.ts'
import { execute, executeToEnd } from './simulated/exec.ts'
import { type MountedFiles, nothingMounted } from './simulated/files.ts'
import { SimulatedImages } from './simulated/images.ts'
import { LabelledObjects } from './simulated/labelled.ts'
import { forwardToSimulation } from './simulated/ports.ts'
import * as statuses from './simulated/statuses.ts'

export type { SimulatedDelays, SimulatedRuntimeOptions }

export const simulatedVersion = '1.0.0'

export class SimulatedRuntime implements ContainerRuntime {
  readonly endpoint = 'simulated'
  readonly inProcess: InProcessContainers
  readonly #env: Env
  readonly #delays: SimulatedDelays
  readonly #mounted: MountedFiles
  readonly #images = new SimulatedImages()
  readonly #sandboxes = new LabelledObjects<statuses.SimulatedSandbox>()
  /** By name, of which there may be only one. */
  readonly #sandboxIds = new Map<string, string>()
  readonly #containers = new LabelledObjects<SimulatedContainer>()
  readonly #events = new EventBroadcast()
  #addresses: PodAddresses

  constructor(env: Env, options: SimulatedRuntimeOptions = {}) {
    this.#env = env
    this.#delays = { ...defaultDelays, ...options.delays }
    this.#mounted = options.mounted ?? nothingMounted
    this.#addresses = new PodAddresses(options.podCidr ?? '10.244.0.0/24')
    this.inProcess = {
      containerLog: containerId => this.#container(containerId).log,
      exec: async (request, streams) => execute(this.#running(request.containerId, 'exec in'), request, streams),
      attach: async (request, streams) => this.#running(request.containerId, 'attach').attach(streams),
      portForward: (podSandboxId, port, stream) => {
        const { config, containers } = this.#sandbox(podSandboxId)
        return forwardToSimulation(config, [...containers], port, stream)
      },
      probe: containerId => {
        const container = this.#container(containerId)
        const healthy = container.state === 'CONTAINER_RUNNING' && container.healthy
        return { healthy, output: `simulated container: ${healthy ? 'healthy' : 'unhealthy'}` }
      },
    }
  }

  // ---- the runtime -------------------------------------------------------------------------------------------------

  version: ContainerRuntime['version'] = async () => ({
    version: '0.1.0',
    runtimeName: 'simulated',
    runtimeVersion: simulatedVersion,
    runtimeApiVersion: 'v1',
  })

  status: ContainerRuntime['status'] = async () => ({
    status: {
      conditions: ['RuntimeReady', 'NetworkReady'].map(type => ({ type, status: true, reason: '', message: '' })),
    },
    info: {},
    runtimeHandlers: [{ name: '', features: { recursiveReadOnlyMounts: true, userNamespaces: true } }],
    features: { supplementalGroupsPolicy: true, userNamespacesHostNetwork: false },
  })

  runtimeConfig: ContainerRuntime['runtimeConfig'] = async () => ({ linux: { cgroupDriver: 'CGROUPFS' } })

  updateRuntimeConfig: ContainerRuntime['updateRuntimeConfig'] = async ({ runtimeConfig }) => {
    const podCidr = runtimeConfig?.networkConfig?.podCidr
    if (podCidr && podCidr !== this.#addresses.cidr) this.#addresses = new PodAddresses(podCidr)
    return {}
  }

  // ---- sandboxes ---------------------------------------------------------------------------------------------------

  runPodSandbox: ContainerRuntime['runPodSandbox'] = async ({ config, runtimeHandler = '' }, options) => {
    const full = complete(PodSandboxConfig, config ?? {})
    const key = statuses.sandboxName(full)
    const double = this.#sandboxIds.get(key)
    if (double !== undefined) throw reserved('sandbox', key, double)
    const hostNetwork = full.linux?.securityContext?.namespaceOptions?.network === 'NODE'
    const sandbox: statuses.SimulatedSandbox = {
      id: this.#newId(),
      config: full,
      runtimeHandler,
      createdAt: this.#env.clock.now(),
      state: 'SANDBOX_NOTREADY',
      address: hostNetwork ? '' : this.#addresses.take(),
      containers: new Set(),
    }
    this.#sandboxes.add(sandbox)
    this.#sandboxIds.set(key, sandbox.id)
    try {
      await this.#delay('runPodSandbox', options?.signal)
    } catch (error) {
      this.#removeSandbox(sandbox)
      throw error
    }
    sandbox.state = 'SANDBOX_READY'
    this.#tell('CONTAINER_STARTED_EVENT', sandbox.id, sandbox)
    return { podSandboxId: sandbox.id }
  }

  stopPodSandbox: ContainerRuntime['stopPodSandbox'] = async ({ podSandboxId = '' }) => {
    const sandbox = this.#sandboxes.get(podSandboxId)
    if (!sandbox) return {}
    await Promise.all(Array.from(sandbox.containers, container => this.#stop(container, 0)))
    this.#addresses.release(sandbox.address)
    sandbox.address = ''
    if (sandbox.state === 'SANDBOX_READY') this.#tell('CONTAINER_STOPPED_EVENT', podSandboxId, sandbox)
    sandbox.state = 'SANDBOX_NOTREADY'
    return {}
  }

  removePodSandbox: ContainerRuntime['removePodSandbox'] = async ({ podSandboxId = '' }) => {
    const sandbox = this.#sandboxes.get(podSandboxId)
    if (!sandbox) return {}
    await this.stopPodSandbox({ podSandboxId })
    this.#removeSandbox(sandbox)
    this.#tell('CONTAINER_DELETED_EVENT', podSandboxId, sandbox)
    return {}
  }

  podSandboxStatus: ContainerRuntime['podSandboxStatus'] = async ({ podSandboxId = '' }) => {
    const sandbox = this.#sandbox(podSandboxId)
    return {
      status: statuses.sandboxStatus(sandbox),
      info: {},
      containersStatuses: Array.from(sandbox.containers, container => this.#containerStatus(container)),
      timestamp: statuses.nanoseconds(this.#env.clock.now()),
    }
  }

  listPodSandbox: ContainerRuntime['listPodSandbox'] = async ({ filter }) => ({
    items: this.#sandboxes
      .matching(filter?.labelSelector)
      .filter(
        ({ id, state }) =>
          (!filter?.id || filter.id === id) && (!filter?.state || (filter.state.state ?? 'SANDBOX_READY') === state),
      )
      .map(statuses.listedSandbox),
  })

  updatePodSandboxResources: ContainerRuntime['updatePodSandboxResources'] = async ({ podSandboxId = '' }) => {
    this.#sandbox(podSandboxId)
    return {}
  }

  // ---- containers --------------------------------------------------------------------------------------------------

  createContainer: ContainerRuntime['createContainer'] = async ({ podSandboxId = '', config = {} }, options) => {
    const sandbox = this.#sandbox(podSandboxId)
    await this.#delay('createContainer', options?.signal)
    if (sandbox.state !== 'SANDBOX_READY') {
      throw new RuntimeError('Unknown', `failed to get sandbox container task: no running task found: ${podSandboxId}`)
    }
    const { name = '', attempt = 0 } = config.metadata ?? {}
    const double = [...sandbox.containers].find(
      ({ config: { metadata } }) => metadata?.name === name && metadata.attempt === attempt,
    )
    if (double) throw reserved('container', `${name}_${attempt}`, double.id)
    const reference = config.image?.image ?? ''
    const image = this.#images.find(reference)
    if (!image) {
      throw new RuntimeError('NotFound', `failed to resolve image "${reference}": not found`)
    }
    const container: SimulatedContainer = new SimulatedContainer(this.#newId(), podSandboxId, image.id, config, {
      env: this.#env,
      hostname: sandbox.config.hostname,
      directions: directionsFor(name, sandbox.config.annotations),
      mounted: this.#mounted,
      exited: () => this.#tell('CONTAINER_STOPPED_EVENT', container.id, sandbox),
    })
    this.#containers.add(container)
    sandbox.containers.add(container)
    this.#tell('CONTAINER_CREATED_EVENT', container.id, sandbox)
    return { containerId: container.id }
  }

  startContainer: ContainerRuntime['startContainer'] = async ({ containerId = '' }, options) => {
    const container = this.#container(containerId)
    await this.#delay('startContainer', options?.signal)
    if (container.state !== 'CONTAINER_CREATED' || !this.#containers.has(containerId)) {
      throw new RuntimeError(
        'Unknown',
        `failed to set starting state for container "${containerId}": container is in ${container.state} state`,
      )
    }
    container.start()
    this.#tell('CONTAINER_STARTED_EVENT', containerId, this.#sandbox(container.podSandboxId))
    return {}
  }

  stopContainer: ContainerRuntime['stopContainer'] = async ({ containerId = '', timeout = 0 }) => {
    const container = this.#containers.get(containerId)
    if (container) await this.#stop(container, timeout * 1000)
    return {}
  }

  removeContainer: ContainerRuntime['removeContainer'] = async ({ containerId = '' }) => {
    const container = this.#containers.get(containerId)
    if (!container) return {}
    await this.#stop(container, 0)
    this.#containers.delete(container)
    const sandbox = this.#sandboxes.get(container.podSandboxId)
    sandbox?.containers.delete(container)
    if (sandbox) this.#tell('CONTAINER_DELETED_EVENT', containerId, sandbox)
    return {}
  }

  containerStatus: ContainerRuntime['containerStatus'] = async ({ containerId }) => ({
    status: this.#containerStatus(this.#container(containerId)),
    info: {},
  })

  listContainers: ContainerRuntime['listContainers'] = async ({ filter }) => ({
    containers: this.#containers
      .matching(filter?.labelSelector)
      .filter(
        ({ id, podSandboxId, state }) =>
          (!filter?.id || filter.id === id) &&
          (!filter?.podSandboxId || filter.podSandboxId === podSandboxId) &&
          (!filter?.state || (filter.state.state ?? 'CONTAINER_CREATED') === state),
      )
      .map(statuses.listedContainer),
  })

  updateContainerResources: ContainerRuntime['updateContainerResources'] = async ({ containerId, linux }) => {
    const { config } = this.#container(containerId)
    const given = Object.entries(linux ?? {}).filter(([, value]) => value !== undefined && value !== 0 && value !== '')
    const resources = { ...config.linux?.resources, ...Object.fromEntries(given) }
    config.linux = complete(LinuxContainerConfig, { ...config.linux, resources })
    return {}
  }

  reopenContainerLog: ContainerRuntime['reopenContainerLog'] = async ({ containerId }) => {
    this.#running(containerId, 'reopen the log of')
    return {}
  }

  execSync: ContainerRuntime['execSync'] = async ({ containerId, cmd, timeout = 0 }) => {
    const container = this.#running(containerId, 'exec in')
    const result = await executeToEnd(container, { containerId, cmd }, this.#env, timeout * 1000)
    if (!result) {
      throw new RuntimeError(
        'DeadlineExceeded',
        `failed to exec in container: timeout ${timeout}s exceeded: context deadline exceeded`,
      )
    }
    return result
  }

  exec: ContainerRuntime['exec'] = async () => noStreaming()
  attach: ContainerRuntime['attach'] = async () => noStreaming()
  portForward: ContainerRuntime['portForward'] = async () => noStreaming()

  // ---- measurements ------------------------------------------------------------------------------------------------

  containerStats: ContainerRuntime['containerStats'] = async ({ containerId }) => ({
    stats: statuses.containerStats(this.#container(containerId), this.#env.clock.now()),
  })

  listContainerStats: ContainerRuntime['listContainerStats'] = async ({ filter }) => ({
    stats: this.#containers
      .matching(filter?.labelSelector)
      .filter(
        ({ id, podSandboxId, state }) =>
          state === 'CONTAINER_RUNNING' &&
          (!filter?.id || filter.id === id) &&
          (!filter?.podSandboxId || filter.podSandboxId === podSandboxId),
      )
      .map(container => statuses.containerStats(container, this.#env.clock.now())),
  })

  podSandboxStats: ContainerRuntime['podSandboxStats'] = async ({ podSandboxId = '' }) => ({
    stats: this.#sandboxStats(this.#sandbox(podSandboxId)),
  })

  listPodSandboxStats: ContainerRuntime['listPodSandboxStats'] = async ({ filter }) => ({
    stats: this.#sandboxes
      .matching(filter?.labelSelector)
      .filter(({ id, state }) => state === 'SANDBOX_READY' && (!filter?.id || filter.id === id))
      .map(sandbox => this.#sandboxStats(sandbox)),
  })

  getContainerEvents: ContainerRuntime['getContainerEvents'] = signal => this.#events.subscribe(signal)

  // ---- images ------------------------------------------------------------------------------------------------------

  listImages: ContainerRuntime['listImages'] = async ({ filter }) => {
    const wanted = filter?.image?.image
    if (!wanted) return { images: this.#images.list() }
    const image = this.#images.find(wanted)
    return { images: image ? [image] : [] }
  }

  imageStatus: ContainerRuntime['imageStatus'] = async ({ image }) => ({
    image: this.#images.find(image?.image ?? ''),
    info: {},
  })

  pullImage: ContainerRuntime['pullImage'] = async ({ image = {} }, options) => {
    await this.#delay('pullImage', options?.signal)
    return { imageRef: this.#images.pull(image) }
  }

  removeImage: ContainerRuntime['removeImage'] = async ({ image }) => {
    this.#images.remove(image?.image ?? '')
    return {}
  }

  imageFsInfo: ContainerRuntime['imageFsInfo'] = async () => {
    const now = this.#env.clock.now()
    const used = this.#images.list().reduce((sum, { size }) => sum + size, 0)
    return {
      imageFilesystems: [statuses.filesystemUsage(now, used)],
      containerFilesystems: [statuses.filesystemUsage(now)],
    }
  }

  /** Ends every container, so that none of their timers is left. */
  close(): void {
    for (const container of this.#containers.values()) container.kill()
  }

  // ---- inside ------------------------------------------------------------------------------------------------------

  #newId(): string {
    return Buffer.from(this.#env.random.bytes(32)).toString('hex')
  }

  async #delay(what: keyof SimulatedDelays, signal?: AbortSignal): Promise<void> {
    if (this.#delays[what] > 0) await this.#env.clock.sleep(this.#delays[what], signal)
  }

  async #stop(container: SimulatedContainer, gracePeriod: number): Promise<void> {
    if (container.state === 'CONTAINER_RUNNING') await this.#delay('stopContainer')
    await container.stop(gracePeriod)
  }

  #sandbox(id: string): statuses.SimulatedSandbox {
    const sandbox = this.#sandboxes.get(id)
    if (!sandbox) throw notFound('sandbox', id)
    return sandbox
  }

  #container(id = ''): SimulatedContainer {
    const container = this.#containers.get(id)
    if (!container) throw notFound('container', id)
    return container
  }

  #running(id: string | undefined, what: string): SimulatedContainer {
    const container = this.#container(id)
    if (container.state !== 'CONTAINER_RUNNING') {
      throw new RuntimeError('Unknown', `failed to ${what} container: container is in ${container.state} state`)
    }
    return container
  }

  #containerStatus(container: SimulatedContainer) {
    const directory = this.#sandboxes.get(container.podSandboxId)?.config.logDirectory ?? ''
    return statuses.containerStatus(container, `${directory}/${container.config.logPath}`)
  }

  #sandboxStats(sandbox: statuses.SimulatedSandbox) {
    const { id, config } = sandbox
    const { metadata, labels, annotations } = config
    const containers = Array.from(sandbox.containers, each => statuses.containerStats(each, this.#env.clock.now()))
    return complete(PodSandboxStats, { attributes: { id, metadata, labels, annotations }, linux: { containers } })
  }

  #removeSandbox(sandbox: statuses.SimulatedSandbox): void {
    for (const container of sandbox.containers) this.#containers.delete(container)
    sandbox.containers.clear()
    this.#addresses.release(sandbox.address)
    this.#sandboxes.delete(sandbox)
    this.#sandboxIds.delete(statuses.sandboxName(sandbox.config))
  }

  #tell(containerEventType: ContainerEventType, containerId: string, sandbox: statuses.SimulatedSandbox): void {
    this.#events.send(() => ({
      containerId,
      containerEventType,
      createdAt: statuses.nanoseconds(this.#env.clock.now()),
      podSandboxStatus: statuses.sandboxStatus(sandbox),
      containersStatuses: Array.from(sandbox.containers, container => this.#containerStatus(container)),
    }))
  }
}
