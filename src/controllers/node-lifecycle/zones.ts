// How fast nodes may be given up. If many of a zone are lost at once, the fault is more likely the network's than theirs;
// if all nodes of all zones are, it is this side that is cut off, and nobody is sent away.

import type { Node } from '../../api/core/v1/node.ts'
import { TokenBucket } from '../../client/token-bucket.ts'
import type { Clock } from '../../machinery/env/env.ts'
import { conditionStatus } from './taints.ts'

const perSecond = 0.1
const perSecondPartial = 0.01
const largeCluster = 50
const unhealthyShare = 0.55
/** Fewer lost nodes than these are no disruption. */
const minUnhealthy = 3

export type ZoneState = 'Normal' | 'PartialDisruption' | 'FullDisruption'

export function zoneOf({ metadata }: Node): string {
  const region = metadata.labels?.['topology.kubernetes.io/region'] ?? ''
  const zone = metadata.labels?.['topology.kubernetes.io/zone'] ?? ''
  return `${region}:\u0000:${zone}`
}

export function zoneState(nodes: readonly Node[]): ZoneState {
  const lost = nodes.filter(node => conditionStatus(node, 'Ready') !== 'True').length
  if (lost === nodes.length && lost > 0) return 'FullDisruption'
  return lost >= minUnhealthy && lost / nodes.length >= unhealthyShare ? 'PartialDisruption' : 'Normal'
}

/** Nodes with this label say nothing about their zone. */
const excluded = 'node.kubernetes.io/exclude-disruption'

export const countsForZones = ({ metadata }: Node): boolean => metadata.labels?.[excluded] === undefined

export class Zones {
  readonly #clock: Clock
  readonly #buckets = new Map<string, { rate: number; bucket: TokenBucket }>()
  #cutOff = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether all nodes of all zones are lost; `over`: that has just ended. */
  survey(all: readonly Node[]): { cutOff: boolean; over: boolean } {
    const nodes = all.filter(countsForZones)
    const cutOff = nodes.length > 0 && !nodes.some(node => conditionStatus(node, 'Ready') === 'True')
    const over = this.#cutOff && !cutOff
    this.#cutOff = cutOff
    return { cutOff, over }
  }

  /** How long the node must wait to be given up; 0: it may be now. */
  waitMs(node: Node, nodes: readonly Node[]): number {
    const zone = zoneOf(node)
    const members = nodes.filter(other => countsForZones(other) && zoneOf(other) === zone)
    const partial = zoneState(members) === 'PartialDisruption'
    const rate = !partial ? perSecond : members.length > largeCluster ? perSecondPartial : 0
    let known = this.#buckets.get(zone)
    if (known?.rate !== rate) {
      known = { rate, bucket: new TokenBucket(this.#clock, { perSecond: rate, burst: rate > 0 ? 1 : 0 }) }
      this.#buckets.set(zone, known)
    }
    if (known.bucket.tryTake()) return 0
    return rate === 0 ? Number.POSITIVE_INFINITY : 1000 / rate
  }
}
