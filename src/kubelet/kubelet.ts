// The node agent: makes real, on one machine, the pods that are bound to its node.
//
// Comes in: the pods whose spec.nodeName is this node (`client`), and what the container runtime has (`runtime`, CRI v1).
// Goes out: calls to the runtime, volumes under `rootDir`, and to the API server the Node, its Lease, the pods' status
// and events. The way of a pod: an informer → `pod-workers.ts` (one worker each) → `pod-handlers.ts` (its stages) →
// `pod-sync.ts` (what to start and stop, decided in `pod-actions.ts`) → `pod-status.ts` → `status-manager.ts`. What
// containers do by themselves is noticed by `pleg.ts`. The server on port 10250 is in `server/`.
//
// A simulated node is this same class over the simulated runtime, with volumes in memory: cheap enough for hundreds in
// one process, and deterministic on virtual time. Its node says in a label and in its nodeInfo that it is one.

import { readFile } from 'node:fs/promises'
import { type Node, nodes } from '../api/core/v1/node.ts'
import { type Pod, type PodCondition, pods } from '../api/core/v1/pod.ts'
import { services } from '../api/core/v1/service.ts'
import { runtimeClasses } from '../api/node/v1/runtimeclass.ts'
import { release } from '../api/release.ts'
import type { Client } from '../client/client.ts'
import { ComponentEventRecorder } from '../client/event-recorder.ts'
import { InformerFactory } from '../client/informer.ts'
import { deepEqual } from '../machinery/deep-equal.ts'
import type { Env, Timer } from '../machinery/env/env.ts'
import { kubeletOwner } from './container-labels.ts'
import { Garbage } from './garbage.ts'
import { ImageManager } from './images.ts'
import { LogRotation } from './log-rotation.ts'
import { simulatedMachine, thisMachine } from './machine.ts'
import { NodeLease } from './node-lease.ts'
import { type NodeDescription, nodeAllocatable, nodeLabels } from './node-object.ts'
import { registerNode } from './node-registration.ts'
import { NodeStatusUpdater } from './node-status.ts'
import { ObjectSource } from './object-source.ts'
import { Pleg } from './pleg.ts'
import { removePodCgroup } from './pod-cgroups.ts'
import { parseResolvConf, type ResolverConfig } from './pod-dns.ts'
import { PodEvents } from './pod-events.ts'
import { KubeletPodHandlers } from './pod-handlers.ts'
import { isTerminalPhase } from './pod-spec.ts'
import { PodSync } from './pod-sync.ts'
import { PodWorkers } from './pod-workers.ts'
import { type ProbeNetwork, simulatedNetwork } from './probes/handlers.ts'
import { nodeNetwork } from './probes/node-network.ts'
import { ProbeManager } from './probes/probe-manager.ts'
import { ReasonCache } from './reason-cache.ts'
import type { ContainerRuntime } from './runtime/container-runtime.ts'
import { readPodStatus } from './runtime-pods.ts'
import { podCgroup } from './sandbox-config.ts'
import type { PodProvider } from './server/pod-provider.ts'
import { ServerPods } from './server-pods.ts'
import { StatusManager } from './status-manager.ts'
import { restoredPod, Terminator } from './termination.ts'
import { DiskVolumeHost } from './volumes/disk-volume-host.ts'
import { MemoryVolumeHost } from './volumes/memory-volume-host.ts'
import { TokenManager } from './volumes/service-account-token.ts'
import type { VolumeHost } from './volumes/volume-host.ts'
import { VolumeManager } from './volumes/volume-manager.ts'

export const kubeletVersion = release.gitVersion
export const kubeletPort = 10250

export interface KubeletOptions {
  readonly nodeName: string
  readonly runtime: ContainerRuntime
  readonly client: Client
  readonly env: Env
  /** Nothing really runs here, and the node says so. */
  readonly simulated: boolean
  /** Everything the kubelet keeps on disk is below it. A simulated one keeps nothing. */
  readonly rootDir: string
  readonly podLogsDir?: string
  readonly podCIDR?: string
  readonly clusterDNS?: readonly string[]
  readonly clusterDomain?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly taints?: NodeDescription['taints']
  /** InternalIP first. The node's name is added as its Hostname. */
  readonly addresses?: readonly { readonly type: string; readonly address: string }[]
  /** In place of what the machine has. */
  readonly capacity?: Readonly<Record<string, string>>
  readonly maxPods?: number
  /** Where the kubelet's server listens. */
  readonly port?: number
  /** Under which pods' cgroups are made; left to the runtime when absent. */
  readonly cgroupRoot?: string
  readonly resolvConf?: string
  readonly volumeHost?: VolumeHost
  readonly network?: ProbeNetwork
}

const resyncMs = 60_000
const simulatedResyncMs = 600_000
const relistMs = 1000
const simulatedRelistMs = 300_000
const nodeStatusMs = 10_000
const garbageMs = 60_000
const stopWithinMs = 5000

export class Kubelet {
  readonly #options: KubeletOptions
  readonly #env: Env
  #parts: Parts | undefined
  #stopping = new AbortController()

  constructor(options: KubeletOptions) {
    this.#options = options
    this.#env = { ...options.env, log: options.env.log.child({ component: 'kubelet', node: options.nodeName }) }
  }

  /** The pods of this node, for the kubelet's server. */
  get podProvider(): PodProvider {
    return new ServerPods({
      runtime: this.#options.runtime,
      pods: () => this.#pods(),
      runtimeStatus: uid => this.#parts?.handlers.lastStatus(uid),
    })
  }

  /** Resolves when the node is registered and its pods are known. Rejects when the runtime does not answer. */
  async start(): Promise<void> {
    if (this.#parts) throw new Error('the kubelet runs already')
    const { runtime, podCIDR } = this.#options
    this.#stopping = new AbortController()
    const { signal } = this.#stopping
    const { runtimeName, runtimeVersion } = await runtime.version({})
    const description = await this.#describe(`${runtimeName}://${runtimeVersion.replace(/^v/, '')}`)
    const parts = await this.#assemble(description, runtimeName)
    this.#parts = parts
    // What runs already is taken over before any pod is looked at.
    await parts.pleg.start()
    const node = await this.#register(parts, description, signal)
    const cidr = podCIDR ?? node.spec.podCIDR
    if (cidr) await runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr: cidr } } })
    await this.#watchPods(parts, signal)
    parts.garbageTimer = this.#env.clock.setInterval(() => void this.#collect(parts), garbageMs)
    void this.#collect(parts)
    parts.logRotation?.start()
  }

  /** Lets go: containers go on, and the next kubelet takes them over. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the kubelet stops'))
    const parts = this.#parts
    if (!parts) return
    this.#parts = undefined
    parts.garbageTimer?.cancel()
    parts.pleg.stop()
    parts.logRotation?.stop()
    parts.lease?.stop()
    parts.probes.stop()
    await Promise.all([parts.nodeStatus.stop(), parts.workers.stop(), parts.informers.stop()])
    parts.statuses.stop()
    parts.recorder.stop()
  }

  async #describe(runtimeVersion: string): Promise<NodeDescription> {
    const { nodeName, simulated, rootDir, addresses, labels, taints, capacity, maxPods, port, podCIDR } = this.#options
    return {
      name: nodeName,
      machine: simulated ? simulatedMachine(this.#env.random.uuid()) : await thisMachine(rootDir),
      runtimeVersion,
      kubeletVersion,
      simulated,
      addresses: [
        ...(addresses ?? [{ type: 'InternalIP', address: '127.0.0.1' }]),
        { type: 'Hostname', address: nodeName },
      ],
      labels: labels ?? {},
      taints: taints ?? [],
      capacity: capacity ?? {},
      maxPods: maxPods ?? 110,
      port: port ?? kubeletPort,
      ...(podCIDR ? { podCIDR } : {}),
    }
  }

  async #assemble(description: NodeDescription, runtimeName: string): Promise<Parts> {
    const { runtime, client, simulated, rootDir, nodeName, clusterDNS, clusterDomain, cgroupRoot } = this.#options
    const env = this.#env
    const podLogsDir = this.#options.podLogsDir ?? `${rootDir}/log/pods`
    const owner = kubeletOwner(nodeName, rootDir)
    const host = this.#options.volumeHost ?? (simulated ? new MemoryVolumeHost() : new DiskVolumeHost(env))
    const network = this.#options.network ?? (simulated ? simulatedNetwork : nodeNetwork(env.clock))
    const resolver = await this.#hostResolver()
    const recorder = new ComponentEventRecorder(client, env, { component: 'kubelet', host: nodeName })
    const events = new PodEvents(recorder)
    const reasons = new ReasonCache()
    const informers = new InformerFactory(client, env)
    const terminator = new Terminator({ env, runtime, network, events })
    const config = new ObjectSource(client)
    const statuses = new StatusManager(client, env)
    const tokens = new TokenManager(client, env)
    const volumes = new VolumeManager({ host, client, config, tokens, rootDir, simulated })
    const hint = (uid: string) => workers.hint(uid)
    const probes = new ProbeManager({ env, runtime, network, events, changed: hint })
    const pleg = new Pleg({
      env,
      runtime,
      relistPeriodMs: simulated ? simulatedRelistMs : relistMs,
      listen: simulated,
      changed: hint,
    })
    // Nothing that runs on a simulated node would read the Services' variables.
    const serviceLister = simulated ? undefined : informers.informer(services).lister
    const podSync = new PodSync({
      env,
      runtime,
      network,
      events,
      reasons,
      images: new ImageManager(runtime, env, events),
      terminator,
      config,
      host,
      dns: { servers: clusterDNS ?? [], domain: clusterDomain ?? 'cluster.local' },
      podLogsDir,
      owner,
      seccompRoot: `${rootDir}/seccomp`,
      cgroupRoot: cgroupRoot ?? '',
      machineMemory: description.machine.memoryBytes,
      hostResolver: () => resolver,
      services: () => serviceLister?.list() ?? [],
      runtimeHandler: pod => this.#runtimeHandler(pod),
    })
    const garbage = new Garbage({
      env,
      runtime,
      host,
      rootDir,
      podLogsDir,
      owner,
      isKnown: uid => workers.state(uid) !== undefined,
      stopOrphan: async pod => {
        const status = await readPodStatus(runtime, host, pod)
        await terminator.killPod(restoredPod(status), status, { graceSeconds: 1 })
      },
    })
    const node = {
      name: nodeName,
      labels: nodeLabels(description),
      allocatable: nodeAllocatable(description),
      operatingSystem: description.machine.operatingSystem,
      kernelVersion: description.machine.kernelVersion,
    }
    const handlers = new KubeletPodHandlers({
      env,
      runtime,
      runtimeName,
      host,
      events,
      reasons,
      probes,
      podSync,
      terminator,
      volumes,
      statuses,
      hostIps: description.addresses.filter(({ type }) => type === 'InternalIP').map(({ address }) => address),
      allocatable: node.allocatable,
      node: async fresh =>
        fresh ? { ...node, labels: (await client.resource(nodes).get(nodeName)).metadata.labels ?? {} } : node,
      removeCgroup: async pod => {
        if (cgroupRoot && !simulated) await removePodCgroup(podCgroup(pod, cgroupRoot))
      },
      removeRemains: uid => garbage.removePod(uid),
    })
    const workers: PodWorkers = new PodWorkers({
      env,
      handlers,
      resyncMs: simulated ? simulatedResyncMs : resyncMs,
      // Virtual time stands still for whoever waits.
      stopWithinMs: simulated ? 0 : stopWithinMs,
    })
    const ownNode = informers.informer(nodes, { fieldSelector: `metadata.name=${nodeName}` }).lister
    const nodeStatus = new NodeStatusUpdater({
      client,
      env,
      runtime,
      description,
      events: recorder,
      current: () => ownNode.get(nodeName),
      unhealthy: () => pleg.unhealthy(),
      updateMs: nodeStatusMs,
    })
    const logRotation = simulated ? undefined : new LogRotation({ env, runtime })
    return { recorder, informers, statuses, probes, pleg, podSync, garbage, handlers, workers, nodeStatus, logRotation }
  }

  async #register(parts: Parts, description: NodeDescription, signal: AbortSignal): Promise<Node> {
    const { client, nodeName } = this.#options
    const about = { kind: 'Node', name: nodeName, uid: nodeName }
    parts.recorder.event(about, 'Normal', 'Starting', 'Starting kubelet.')
    const status = await parts.nodeStatus.compute(undefined)
    const node = await registerNode(client, this.#env, description, status, signal)
    parts.nodeStatus.start(node)
    parts.lease = new NodeLease(client, this.#env, node)
    parts.lease.start()
    return node
  }

  async #watchPods({ informers, workers, handlers, statuses }: Parts, signal: AbortSignal): Promise<void> {
    const informer = informers.informer(pods, { fieldSelector: `spec.nodeName=${this.#options.nodeName}` })
    const changed = (pod: Pod) => {
      statuses.observe(pod)
      workers.update(pod)
    }
    const gone = (pod: Pod) => {
      const { uid = '' } = pod.metadata
      handlers.unbound(uid)
      workers.remove(uid)
    }
    informers.start()
    // Variables for Services need to know them all before the first container starts.
    await informers.synced(signal)
    informer.addHandler({
      added: changed,
      updated: (before, after) => {
        // Deleted and made anew under the same name while nobody looked.
        if (before.metadata.uid !== after.metadata.uid) gone(before)
        if (specOrDeletionChanged(before, after)) changed(after)
        else statuses.observe(after)
      },
      deleted: gone,
    })
  }

  #pods(): Pod[] {
    const parts = this.#parts
    if (!parts) return []
    return parts.workers
      .pods()
      .map(pod => ({ ...pod, status: parts.statuses.get(pod.metadata.uid ?? '') ?? pod.status }))
  }

  async #collect({ garbage, podSync }: Parts): Promise<void> {
    podSync.collect()
    try {
      await garbage.collect()
    } catch (error) {
      if (!this.#stopping.signal.aborted)
        this.#env.log.warn('cannot collect garbage', { error: (error as Error).message })
    }
  }

  async #runtimeHandler(pod: Pod): Promise<string> {
    const name = pod.spec.runtimeClassName
    if (!name) return ''
    return (await this.#options.client.resource(runtimeClasses).get(name)).handler
  }

  async #hostResolver(): Promise<ResolverConfig> {
    const { simulated, resolvConf = '/etc/resolv.conf' } = this.#options
    if (simulated) return { servers: [], searches: [], options: [] }
    return parseResolvConf(await readFile(resolvConf, 'utf8').catch(() => ''))
  }
}

/** Whether more than the status, which is the kubelet's own doing, has changed. */
function specOrDeletionChanged(before: Pod, after: Pod): boolean {
  const a = before.metadata
  const b = after.metadata
  return (
    before.metadata.uid !== after.metadata.uid ||
    a.deletionTimestamp !== b.deletionTimestamp ||
    a.deletionGracePeriodSeconds !== b.deletionGracePeriodSeconds ||
    a.generation === undefined ||
    a.generation !== b.generation ||
    !deepEqual(a.labels, b.labels) ||
    !deepEqual(a.annotations, b.annotations) ||
    isTerminalPhase(before.status.phase) !== isTerminalPhase(after.status.phase) ||
    !deepEqual(gateConditions(before), gateConditions(after))
  )
}

/** Of a status, what others write. */
function gateConditions({ spec: { readinessGates = [] }, status }: Pod): readonly PodCondition[] {
  if (readinessGates.length === 0) return none
  const gates = new Set(readinessGates.map(({ conditionType }) => conditionType))
  return (status.conditions ?? []).filter(({ type }) => gates.has(type))
}

const none: readonly PodCondition[] = []

interface Parts {
  readonly recorder: ComponentEventRecorder
  readonly informers: InformerFactory
  readonly statuses: StatusManager
  readonly probes: ProbeManager
  readonly pleg: Pleg
  readonly podSync: PodSync
  readonly garbage: Garbage
  readonly handlers: KubeletPodHandlers
  readonly workers: PodWorkers
  readonly nodeStatus: NodeStatusUpdater
  readonly logRotation: LogRotation | undefined
  lease?: NodeLease
  garbageTimer?: Timer
}
