// When each node was last heard of, by this controller's own clock: the clocks of nodes may be wrong, so only that a
// heartbeat has changed counts, not what it says.

import type { Lease } from '../../api/coordination/v1/lease.ts'
import type { Node, NodeCondition } from '../../api/core/v1/node.ts'
import type { Clock } from '../../machinery/env/env.ts'
import { formatTime, timeOf } from '../../machinery/time.ts'

/** A node that has never said that it is ready, or not, gets a little longer. */
const startupGraceMs = 60_000
const graceMs = 50_000

interface Heard {
  /** By the wall clock: the first may be the node's creation. */
  at: number
  heartbeat: string | undefined
  lease: string | undefined
}

const judged = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']

export class Heartbeats {
  readonly #clock: Clock
  readonly #heard = new Map<string, Heard>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The node's status may have been posted. */
  status(node: Node): void {
    const name = node.metadata.name ?? ''
    const ready = readyOf(node)
    const heard = this.#heard.get(name)
    if (!heard) {
      const at = ready ? this.#clock.now() : (timeOf(node.metadata.creationTimestamp) ?? this.#clock.now())
      this.#heard.set(name, { at, heartbeat: ready?.lastHeartbeatTime, lease: undefined })
    } else if (ready?.lastHeartbeatTime !== heard.heartbeat) {
      heard.at = this.#clock.now()
      heard.heartbeat = ready?.lastHeartbeatTime
    }
  }

  lease({ metadata, spec }: Lease): void {
    const heard = this.#heard.get(metadata.name ?? '')
    const renewed = spec?.renewTime
    if (!renewed || heard?.lease === renewed) return
    if (heard) {
      heard.at = this.#clock.now()
      heard.lease = renewed
    } else this.#heard.set(metadata.name ?? '', { at: this.#clock.now(), heartbeat: undefined, lease: renewed })
  }

  /** How much of the grace period is left; less than zero: none. */
  remainingMs(node: Node): number {
    this.status(node)
    const grace = readyOf(node) ? graceMs : startupGraceMs
    return this.#heard.get(node.metadata.name ?? '')!.at + grace - this.#clock.now()
  }

  /** All nodes were silent, so it was not their fault: every one of them has its whole grace period again. */
  startAnew(): void {
    for (const heard of this.#heard.values()) heard.at = this.#clock.now()
  }

  forget(name: string): void {
    this.#heard.delete(name)
  }
}

function readyOf({ status }: Node): NodeCondition | undefined {
  return status.conditions?.find(({ type }) => type === 'Ready')
}

/** The conditions of a node that is silent: nothing is known of it. undefined when that it is ready says so already. */
export function unknownConditions(node: Node, now: number): NodeCondition[] | undefined {
  const at = formatTime(now)
  if (readyOf(node)?.status === 'Unknown') return undefined
  const conditions = [...(node.status.conditions ?? [])]
  for (const type of judged) {
    const index = conditions.findIndex(condition => condition.type === type)
    const before = conditions[index]
    if (before?.status === 'Unknown') continue
    if (before)
      conditions[index] = {
        ...before,
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
        lastTransitionTime: at,
      }
    else
      conditions.push({
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastHeartbeatTime: node.metadata.creationTimestamp ?? at,
        lastTransitionTime: at,
      })
  }
  return conditions
}
