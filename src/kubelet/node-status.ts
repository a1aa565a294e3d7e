// Keeps the node's status current: computed every 10 seconds, sent when it is not what the API server has, and every
// 5 minutes. So what others make of the node while it is silent does not outlast the silence.

import { type Node, type NodeStatus, nodes } from '../api/core/v1/node.ts'
import type { Client } from '../client/client.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import type { Env, Timer } from '../machinery/env/env.ts'
import { type NodeDescription, nodeConditions, nodeFacts, nodeImages } from './node-object.ts'
import { sameValue } from './pod-status-patch.ts'
import type { ContainerRuntime } from './runtime/container-runtime.ts'

export interface NodeStatusOptions {
  readonly client: Client
  readonly env: Env
  readonly runtime: ContainerRuntime
  readonly description: NodeDescription
  readonly events: EventRecorder
  /** The node as the API server has it, as far as is known here. */
  current(): Node | undefined
  /** What else keeps the node from being ready. */
  unhealthy(): string | undefined
  /** How often the status is computed. */
  readonly updateMs: number
}

export const reportMs = 300_000
/** So often in a row before the next round. */
const attempts = 5

const eventOf: Record<string, readonly [whenFalse: string, whenTrue: string]> = {
  MemoryPressure: ['NodeHasSufficientMemory', 'NodeHasInsufficientMemory'],
  DiskPressure: ['NodeHasNoDiskPressure', 'NodeHasDiskPressure'],
  PIDPressure: ['NodeHasSufficientPID', 'NodeHasInsufficientPID'],
  Ready: ['NodeNotReady', 'NodeReady'],
}

export class NodeStatusUpdater {
  readonly #options: NodeStatusOptions
  readonly #facts: NodeStatus
  #reportedAt: number | undefined
  #timer: Timer | undefined
  #underway: Promise<void> | undefined
  #stopped = false

  constructor(options: NodeStatusOptions) {
    this.#options = options
    this.#facts = nodeFacts(options.description)
  }

  async compute(before: NodeStatus | undefined): Promise<NodeStatus> {
    const { runtime, env } = this.#options
    const notReady = await this.#notReady()
    const listed = await runtime.listImages({}).catch(() => undefined)
    const images = listed ? nodeImages(listed.images) : before?.images
    return {
      ...this.#facts,
      ...withForeignResources(this.#facts, before),
      conditions: nodeConditions(before?.conditions, notReady, env.clock.now()),
      ...(images?.length ? { images } : {}),
    }
  }

  /** `registered`: the object as the API server has it. */
  start(registered: Node): void {
    this.#tell(undefined, registered.status)
    void this.update()
  }

  stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    return this.#underway ?? Promise.resolve()
  }

  /** Looks now; what is under way is not doubled. */
  update(): Promise<void> {
    this.#underway ??= this.#update().finally(() => {
      this.#underway = undefined
      this.#timer?.cancel()
      if (!this.#stopped)
        this.#timer = this.#options.env.clock.setTimeout(() => void this.update(), this.#options.updateMs)
    })
    return this.#underway
  }

  async #update(): Promise<void> {
    const { client, description, env, current } = this.#options
    for (let attempt = 0; attempt < attempts && !this.#stopped; attempt++) {
      try {
        // Whoever has just been refused knows too little: it asks the server itself.
        const known = attempt === 0 ? current() : undefined
        return await this.#try(known ?? (await client.resource(nodes).get(description.name)))
      } catch (error) {
        const fields = { node: description.name, error: (error as Error).message }
        env.log.warn('Error updating node status, will retry', fields)
      }
    }
  }

  async #try({ status: before }: Node): Promise<void> {
    const { client, description, env } = this.#options
    const status = await this.compute(before)
    const due = this.#reportedAt === undefined || env.clock.monotonic() - this.#reportedAt >= reportMs
    if ((!due && sameValue(withoutHeartbeats(before), withoutHeartbeats(status))) || this.#stopped) return
    const patch = {
      status: {
        ...status,
        // What is not said stays.
        ...(before.images && !status.images && { images: null }),
        // Merged by type, and so would keep addresses this node no longer has.
        addresses: [{ $patch: 'replace' }, ...(status.addresses ?? [])],
      },
    }
    await client
      .resource(nodes)
      .patch(description.name, 'application/strategic-merge-patch+json', patch, { subresource: 'status' })
    this.#reportedAt = env.clock.monotonic()
    this.#tell(before, status)
  }

  async #notReady(): Promise<string | undefined> {
    const { runtime, unhealthy } = this.#options
    try {
      const { status } = await runtime.status({})
      const conditions = status?.conditions ?? []
      for (const [type, what] of [
        ['RuntimeReady', 'container runtime not ready'],
        ['NetworkReady', 'container runtime network not ready'],
      ]) {
        const found = conditions.find(condition => condition.type === type)
        if (found && !found.status) return `${what}: ${type}=false reason:${found.reason} message:${found.message}`
      }
    } catch (error) {
      return `container runtime is down: ${(error as Error).message}`
    }
    return unhealthy()
  }

  #tell(before: NodeStatus | undefined, after: NodeStatus): void {
    const { events, description } = this.#options
    const { name } = description
    for (const condition of after.conditions ?? []) {
      const old = before?.conditions?.find(({ type }) => type === condition.type)
      if (old?.status === condition.status) continue
      const reason = eventOf[condition.type]?.[condition.status === 'True' ? 1 : 0]
      if (reason)
        events.event({ kind: 'Node', name, uid: name }, 'Normal', reason, `Node ${name} status is now: ${reason}`)
    }
  }
}

/** Resources that others have declared on the node stay, and pods may have them. */
function withForeignResources(facts: NodeStatus, before: NodeStatus | undefined) {
  const foreign = Object.entries(before?.capacity ?? {}).filter(([name]) => !(name in (facts.capacity ?? {})))
  if (foreign.length === 0) return undefined
  const added = Object.fromEntries(foreign)
  return { capacity: { ...facts.capacity, ...added }, allocatable: { ...facts.allocatable, ...added } }
}

function withoutHeartbeats(status: NodeStatus): unknown {
  const { conditions, addresses, capacity, allocatable, nodeInfo, daemonEndpoints, images } = status
  return {
    addresses,
    capacity,
    allocatable,
    nodeInfo,
    daemonEndpoints,
    images,
    // Only ours: others have conditions on the node as well.
    conditions: (conditions ?? [])
      .filter(({ type }) => type in eventOf)
      .map(({ type, status, reason, message }) => ({ type, status, reason, message })),
  }
}
