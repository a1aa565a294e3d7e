// The node's heartbeat: a Lease in kube-node-lease, renewed every 10 seconds and good for 40.

import { type Lease, leases } from '../api/coordination/v1/lease.ts'
import type { Node } from '../api/core/v1/node.ts'
import type { Client } from '../client/client.ts'
import type { Env, Timer } from '../machinery/env/env.ts'
import { isAlreadyExists, isNotFound } from '../machinery/status-error.ts'
import { formatMicroTime } from '../machinery/time.ts'

export const leaseDurationSeconds = 40
const renewMs = 10_000
const firstRetryMs = 200
const longestRetryMs = 7000

export class NodeLease {
  readonly #client: Client
  readonly #env: Env
  readonly #node: Node
  #lease: Lease | undefined
  #timer: Timer | undefined
  #wait = firstRetryMs
  #stopped = false

  constructor(client: Client, env: Env, node: Node) {
    this.#client = client
    this.#env = env
    this.#node = node
  }

  start(): void {
    void this.#renew()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  async #renew(): Promise<void> {
    let again = renewMs
    try {
      this.#lease = await this.#write()
      this.#wait = firstRetryMs
    } catch (error) {
      // The next try starts from what the server has.
      this.#lease = undefined
      again = this.#wait
      this.#wait = Math.min(this.#wait * 2, longestRetryMs)
      if (!this.#stopped)
        this.#env.log.warn('cannot renew the node lease', {
          node: this.#node.metadata.name,
          error: (error as Error).message,
        })
    }
    if (!this.#stopped) this.#timer = this.#env.clock.setTimeout(() => void this.#renew(), again)
  }

  async #write(): Promise<Lease> {
    const name = this.#node.metadata.name ?? ''
    const resource = this.#client.resource(leases).namespace('kube-node-lease')
    const renewTime = formatMicroTime(this.#env.clock.now())
    const spec = { holderIdentity: name, leaseDurationSeconds, renewTime }
    const existing = this.#lease ?? (await resource.get(name).catch(ifMissing))
    if (existing) return resource.update({ ...existing, spec: { ...existing.spec, ...spec } })
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name, uid: this.#node.metadata.uid ?? '' }]
    try {
      return await resource.create({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace: 'kube-node-lease', ownerReferences },
        spec,
      })
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      return resource.get(name)
    }
  }
}

function ifMissing(error: unknown): undefined {
  if (!isNotFound(error)) throw error
  return undefined
}
