// The nodes of a simulated cluster, which come, die, fall silent and go; and the storage on their disks.

import { nodes } from '../../src/api/core/v1/node.ts'
import type { ControlPlane } from '../../src/cluster/control-plane.ts'
import {
  type HostPathStorage,
  hostPathServiceAccount,
  type StorageNode,
  startHostPathStorage,
} from '../../src/cluster/host-path-provisioner.ts'
import { ClusterNode, simulation } from '../../src/cluster/node.ts'
import type { VirtualEnv } from '../../src/machinery/env/virtual-env.ts'
import { clientAs, serviceAccountUser } from './controller-managers.ts'
import type { FaultyTransports } from './faulty-transport.ts'

export interface SimulatedNode {
  readonly name: string
  readonly kubelet: string
  options: Parameters<typeof ClusterNode.start>[1]
  running: ClusterNode | undefined
}

const capacity = { cpu: '2', memory: '8Gi', pods: '60' }

export class SimulatedNodes {
  readonly #env: VirtualEnv
  readonly #plane: ControlPlane
  readonly #faults: FaultyTransports
  readonly all: SimulatedNode[] = []
  /** Also of nodes that are gone: somebody cleans up their disks. */
  readonly #storage = new Map<string, StorageNode>()
  #provisioner: HostPathStorage | undefined
  #number = 0

  constructor(env: VirtualEnv, plane: ControlPlane, faults: FaultyTransports) {
    this.#env = env
    this.#plane = plane
    this.#faults = faults
  }

  async startStorage(): Promise<void> {
    this.#provisioner = await startHostPathStorage({
      env: this.#env,
      admin: this.#plane.client(),
      client: clientAs(this.#plane, this.#faults, 'host-path-provisioner', serviceAccountUser(hostPathServiceAccount)),
      node: name => this.#storage.get(name),
      anyNode: () => undefined,
    })
  }

  /** Another one, which is not started yet. */
  add(): SimulatedNode {
    const number = ++this.#number
    const podCIDR = `10.244.${number}.0/24`
    const name = `node-${number}`
    const node: SimulatedNode = {
      name,
      kubelet: `kubelet/${name}`,
      options: {
        name,
        ...simulation(this.#env, podCIDR),
        rootDir: '/simulated',
        podCIDR,
        address: `192.168.0.${number}`,
        capacity,
      },
      running: undefined,
    }
    this.all.push(node)
    return node
  }

  /** Nothing runs there any more when it comes back. */
  forgetContainers(node: SimulatedNode): void {
    node.options = { ...node.options, ...simulation(this.#env, node.options.podCIDR!) }
  }

  async start(node: SimulatedNode): Promise<void> {
    node.running = await ClusterNode.start(this.#plane, node.options)
    this.#storage.set(node.name, node.running.storage)
  }

  ofKubelet(component: string): SimulatedNode | undefined {
    return this.all.find(({ kubelet }) => component === kubelet)
  }

  async remove(node: SimulatedNode): Promise<void> {
    this.all.splice(this.all.indexOf(node), 1)
    this.#faults.kill(node.kubelet)
    await node.running?.stop()
    await this.#plane.client().resource(nodes).delete(node.name)
  }

  async stop(): Promise<void> {
    await this.#provisioner?.stop()
    for (const node of this.all) await node.running?.stop()
  }
}
