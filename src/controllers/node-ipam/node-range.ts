// The parts of one cluster range that nodes can have, and which of them are taken.

import { addressInCIDR, type CIDR, cidrContains, formatCIDR, formatIP, parseCIDR, parseIP } from '../../machinery/ip.ts'

/** By family. */
export interface NodeCIDRMaskSizes {
  readonly 4?: number
  readonly 6?: number
}

const defaultSizes = { 4: 24, 6: 64 }

/** Told what happens to a range's parts. */
export interface NodeRangeObserver {
  /** So many more are taken; `tries`: how many taken ones were passed over, where one was looked for. */
  taken(parts: number, tries?: number): void
  released(): void
}

export class NodeRange {
  readonly #cidr: CIDR
  readonly #size: number
  readonly #count: number
  readonly #taken = new Set<string>()
  #next = 0
  observer: NodeRangeObserver | undefined

  constructor(cidr: CIDR, bits: number, size?: number) {
    this.#cidr = cidr
    this.#size = size ?? defaultSizes[cidr.family]
    if (this.#size < bits) throw new RangeError('the range of pods is smaller than a node’s part of it')
    this.#count = 2 ** Math.min(16, this.#size - bits)
  }

  get text(): string {
    return formatCIDR(this.#cidr)
  }

  /** How many parts there are. */
  get count(): number {
    return this.#count
  }

  get taken(): number {
    return this.#taken.size
  }

  /** The next free part after the one that was given last; undefined when there is none. */
  next(): string | undefined {
    for (let tried = 0; tried < this.#count; tried++) {
      const index = (this.#next + tried) % this.#count
      const part = this.#part(index)
      if (this.#taken.has(part)) continue
      this.#taken.add(part)
      this.#next = (index + 1) % this.#count
      this.observer?.taken(1, tried)
      return part
    }
    return undefined
  }

  occupy(part: string): void {
    const address = parseIP(part.split('/')[0]!)
    if (address && cidrContains(this.#cidr, address)) this.#take(part)
  }

  /** None of its parts that this range has a share in is given: services have it. */
  exclude(text: string): void {
    const other = parseCIDR(text)
    if (!other || other.family !== this.#cidr.family) return
    for (let index = 0; index < this.#count; index++) {
      const part = parseCIDR(this.#part(index))!
      if (meet(part, other)) this.#take(this.#part(index))
    }
  }

  #take(part: string): void {
    if (this.#taken.has(part)) return
    this.#taken.add(part)
    this.observer?.taken(1)
  }

  #part(index: number): string {
    const step = 1n << BigInt((this.#cidr.family === 4 ? 32 : 128) - this.#size)
    return `${formatIP(addressInCIDR(this.#cidr, BigInt(index) * step)!.bytes)}/${this.#size}`
  }

  release(part: string): void {
    if (this.#taken.delete(part)) this.observer?.released()
  }
}

/** One of two ranges that have anything in common has all of the other. */
const meet = (one: CIDR, other: CIDR): boolean =>
  one.prefixLength <= other.prefixLength
    ? cidrContains(one, { ...other.address, bytes: other.network })
    : cidrContains(other, { ...one.address, bytes: one.network })

/** `sizes`: of the parts, by family, where not as upstream's default. */
export function nodeRange(text: string, sizes: NodeCIDRMaskSizes = {}): NodeRange {
  const cidr = parseCIDR(text)
  if (!cidr) throw new RangeError(`${text} is no range of addresses`)
  return new NodeRange(cidr, Number(text.split('/')[1]), sizes[cidr.family])
}
