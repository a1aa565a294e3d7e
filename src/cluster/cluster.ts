// A whole cluster in the caller's process, for tests: no disk, no sockets, simulated nodes, virtual time.
//
//     const cluster = await Cluster.start({ nodes: 3 })
//     await cluster.apply(manifest)
//     await cluster.clock.advance('10m')
//     await cluster.stop()

import type { Client } from '../client/client.ts'
import { durationMilliseconds } from '../machinery/duration.ts'
import type { Logger } from '../machinery/env/env.ts'
import { type VirtualEnv, virtualEnv } from '../machinery/env/virtual-env.ts'
import { applyManifest } from './apply-manifest.ts'
import { ControlPlane, type ControlPlaneOptions } from './control-plane.ts'
import { type HostPathStorage, startHostPathStorage } from './host-path-provisioner.ts'
import { ClusterNode, simulation } from './node.ts'
import { storageOf } from './node-storage.ts'
import { eventLoopTurn } from './system-env.ts'

export interface ClusterOptions
  extends Pick<
    ControlPlaneOptions,
    | 'staticTokens'
    | 'authentication'
    | 'listen'
    | 'requests'
    | 'controllers'
    | 'withoutControllers'
    | 'withoutScheduler'
    | 'metricsServer'
  > {
  /** How many simulated nodes; one unless said otherwise. */
  readonly nodes?: number
  /** Comes with the default class `standard`, whose volumes are on the nodes, as `k8ts up` does. */
  readonly hostPathStorage?: boolean
  readonly seed?: number
  /** Milliseconds since the epoch at which the cluster's time starts. */
  readonly start?: number
  readonly log?: Logger
}

/** Event loop turns that are given to whatever is under way before time moves on. */
const settlingTurns = 12

async function settle(): Promise<void> {
  for (let turn = 0; turn < settlingTurns; turn++) await eventLoopTurn()
}

/** Virtual time that waits for whatever a cluster in this process has under way. */
export function clusterEnv(options: Pick<ClusterOptions, 'seed' | 'start' | 'log'> = {}): VirtualEnv {
  return virtualEnv({ ...options, settle })
}

export class Cluster {
  readonly plane: ControlPlane
  readonly #env: VirtualEnv
  readonly nodes: ClusterNode[] = []
  #storage: HostPathStorage | undefined
  /** The administrator's client. */
  readonly client: Client

  private constructor(plane: ControlPlane, env: VirtualEnv) {
    this.plane = plane
    this.#env = env
    this.client = plane.client()
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const env = clusterEnv(options)
    const plane = await ControlPlane.start({ ...options, env })
    const cluster = new Cluster(plane, env)
    for (let index = 0; index < (options.nodes ?? 1); index++) await cluster.addNode()
    if (options.hostPathStorage) cluster.#storage = await startHostPathStorage(storageOf(plane, cluster.nodes))
    await settle()
    return cluster
  }

  get env(): VirtualEnv {
    return this.#env
  }

  /** Time as the cluster knows it: it moves when told to. */
  get clock(): { now(): number; advance(by: string | number): Promise<void> } {
    const { clock } = this.#env
    return {
      now: () => clock.now(),
      advance: by => clock.advance(typeof by === 'number' ? by : durationMilliseconds(by)),
    }
  }

  async addNode(
    options: { readonly name?: string; readonly capacity?: Readonly<Record<string, string>> } = {},
  ): Promise<ClusterNode> {
    const number = this.nodes.length + 1
    const podCIDR = `10.244.${number - 1}.0/24`
    const node = await ClusterNode.start(this.plane, {
      name: options.name ?? `simulated-${number}`,
      ...simulation(this.#env, podCIDR),
      rootDir: '/simulated',
      podCIDR,
      address: `192.168.0.${number}`,
      capacity: options.capacity,
    })
    this.nodes.push(node)
    return node
  }

  /** Creates or updates every object of a YAML or JSON manifest. */
  apply(manifest: string): Promise<void> {
    return applyManifest(this.client, manifest)
  }

  /** Moves time until the condition holds; throws after `within` (of the cluster's time). */
  async until(condition: () => boolean | Promise<boolean>, within = '5m'): Promise<void> {
    const end = this.#env.clock.now() + durationMilliseconds(within)
    for (;;) {
      await settle()
      if (await condition()) return
      if (this.#env.clock.now() >= end) throw new Error(`the condition did not hold within ${within}`)
      await this.#env.clock.advance(250)
    }
  }

  async stop(): Promise<void> {
    await this.#storage?.stop()
    for (const node of this.nodes) await node.stop()
    await this.plane.stop()
  }
}
