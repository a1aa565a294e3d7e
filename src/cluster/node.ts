// One node of a cluster: its kubelet and the kubelet's server, over a container runtime.

import type { Duplex } from 'node:stream'
import { systemPrivilegedGroup } from '../apiserver/user.ts'
import { Kubelet } from '../kubelet/kubelet.ts'
import type { ContainerRuntime } from '../kubelet/runtime/container-runtime.ts'
import { SimulatedRuntime } from '../kubelet/runtime/simulated-runtime.ts'
import { KubeletServer } from '../kubelet/server/kubelet-server.ts'
import type { PodProvider } from '../kubelet/server/pod-provider.ts'
import { CriStreamingRuntime } from '../kubelet/streaming/cri-streaming-runtime.ts'
import { duplexPair } from '../kubelet/streaming/duplex-pair.ts'
import { InProcessStreamingRuntime } from '../kubelet/streaming/in-process-streaming-runtime.ts'
import { DiskVolumeHost } from '../kubelet/volumes/disk-volume-host.ts'
import { MemoryVolumeHost } from '../kubelet/volumes/memory-volume-host.ts'
import type { VolumeHost } from '../kubelet/volumes/volume-host.ts'
import type { Env } from '../machinery/env/env.ts'
import type { ControlPlane } from './control-plane.ts'
import type { StorageNode } from './host-path-provisioner.ts'
import { simulatedUsage } from './simulated-usage.ts'

export interface NodeOptions {
  readonly name: string
  readonly runtime: ContainerRuntime
  readonly simulated: boolean
  readonly rootDir: string
  readonly podCIDR: string
  readonly address: string
  /** What its pods ask for names; the machine's own resolvers when absent. */
  readonly clusterDNS?: readonly string[]
  /** Listen there (0 picks a port); in-process only when absent. */
  readonly port?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly capacity?: Readonly<Record<string, string>>
  /** Where pods' volumes are, when it isn't this machine's disk. */
  readonly volumeHost?: VolumeHost
}

export class ClusterNode {
  readonly name: string
  readonly #plane: ControlPlane
  readonly #kubelet: Kubelet
  readonly #server: KubeletServer
  readonly runtime: ContainerRuntime
  readonly storage: StorageNode

  private constructor(plane: ControlPlane, options: NodeOptions, kubelet: Kubelet, server: KubeletServer) {
    this.name = options.name
    this.#plane = plane
    this.#kubelet = kubelet
    this.#server = server
    this.runtime = options.runtime
    this.storage = {
      name: options.name,
      host: options.volumeHost ?? new DiskVolumeHost(plane.env),
      directory: `${options.rootDir}/host-path`,
    }
  }

  static async start(plane: ControlPlane, options: NodeOptions): Promise<ClusterNode> {
    const { env } = plane
    const { runtime } = options
    const credentials = options.port === undefined ? undefined : plane.pki.node(options.name, [options.address])
    let kubelet: Kubelet | undefined
    const pods = podsOf(() => kubelet!.podProvider)
    const server = new KubeletServer({
      env,
      nodeName: options.name,
      pods,
      runtime: runtime.inProcess
        ? new InProcessStreamingRuntime(runtime.inProcess)
        : new CriStreamingRuntime(runtime, env.clock),
      stats: options.simulated ? simulatedUsage(runtime, pods, env.clock) : runtime,
      // Only the API server's kubelet client, and the administrators, come this way.
      auth: {
        authorize: user => user.groups.includes(systemPrivilegedGroup) || user.name === 'kube-apiserver-kubelet-client',
      },
      tls: credentials && {
        cert: credentials.serving.certificate,
        key: credentials.serving.privateKey,
        clientCa: plane.pki.certificateAuthority.certificate,
      },
    })
    const port = options.port === undefined ? 10250 : (await server.listen('0.0.0.0', options.port)).port
    kubelet = new Kubelet({
      nodeName: options.name,
      runtime,
      client: plane.nodeClient(options.name),
      env,
      simulated: options.simulated,
      rootDir: options.rootDir,
      podCIDR: options.podCIDR,
      clusterDNS: options.clusterDNS,
      addresses: [{ type: 'InternalIP', address: options.address }],
      labels: options.labels,
      capacity: options.capacity,
      volumeHost: options.volumeHost,
      port,
    })
    plane.addKubelet(options.name, () => connectTo(server))
    const node = new ClusterNode(plane, options, kubelet, server)
    try {
      await kubelet.start()
    } catch (error) {
      await node.stop()
      throw error
    }
    return node
  }

  /** Stops the agent; what it runs goes on running. */
  async stop(): Promise<void> {
    this.#plane.removeKubelet(this.name)
    await this.#kubelet.stop()
    await this.#server.close()
  }
}

/** A simulated node: its runtime, whose containers read the volumes that the kubelet keeps in memory. */
export function simulation(env: Env, podCIDR: string): Pick<NodeOptions, 'runtime' | 'volumeHost' | 'simulated'> {
  const volumeHost = new MemoryVolumeHost()
  return { simulated: true, volumeHost, runtime: new SimulatedRuntime(env, { podCidr: podCIDR, mounted: volumeHost }) }
}

/** The kubelet is made after its server, whose port it reports. */
function podsOf(provider: () => PodProvider): PodProvider {
  return {
    pods: () => provider().pods(),
    runningPods: () => provider().runningPods(),
    podByName: (namespace, name) => provider().podByName(namespace, name),
    containerId: (namespace, pod, container) => provider().containerId(namespace, pod, container),
    sandboxId: (namespace, pod) => provider().sandboxId(namespace, pod),
    containerLog: id => provider().containerLog(id),
    containerRunning: id => provider().containerRunning(id),
  }
}

function connectTo(server: KubeletServer): Duplex {
  const [ours, theirs] = duplexPair()
  server.serveConnection(theirs, { name: 'kube-apiserver-kubelet-client', groups: [systemPrivilegedGroup] })
  return ours
}
