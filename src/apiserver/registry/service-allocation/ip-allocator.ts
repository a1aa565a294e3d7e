// Which addresses of the Services' range are taken. As upstream, addresses nobody asked for by name come from the upper
// part of the range, so that the lower part stays free for those that are asked for (KEP-3070).

import type { Random } from '../../../machinery/env/env.ts'
import {
  addressInCIDR,
  type CIDR,
  cidrContains,
  cidrSize,
  formatCIDR,
  formatIP,
  parseCIDR,
  parseIP,
} from '../../../machinery/ip.ts'

export class AllocationError extends Error {}

const most = 1n << 16n

export class IPAllocator {
  readonly #cidr: CIDR
  readonly #random: Random
  readonly #taken = new Map<string, string>()
  /** Usable addresses stand at the offsets 1 … last. */
  readonly #last: number
  readonly #reserved: number

  constructor(range: string, random: Random) {
    const cidr = parseCIDR(range)
    if (!cidr) throw new Error(`${range} is no range of addresses`)
    this.#cidr = cidr
    this.#random = random
    const size = cidrSize(cidr)
    const counted = Number(cidr.family === 6 && size > most ? most : size)
    // The network's own address is not used, nor is IPv4's broadcast address.
    this.#last = Math.max(1, cidr.family === 4 ? counted - 2 : counted - 1)
    this.#reserved = Math.min(Math.max(16, counted >> 4), 256, this.#last >> 1)
  }

  get family(): 'IPv4' | 'IPv6' {
    return this.#cidr.family === 4 ? 'IPv4' : 'IPv6'
  }

  get range(): string {
    return formatCIDR(this.#cidr)
  }

  /** Takes one address for the owner; throws what upstream says when it can't be had. */
  allocate(text: string, owner: string): void {
    const address = parseIP(text)
    if (!address || !cidrContains(this.#cidr, address))
      throw new AllocationError('the provided network does not match the current range')
    const key = formatIP(address.bytes)
    if (this.#taken.has(key)) throw new AllocationError('provided IP is already allocated')
    this.#taken.set(key, owner)
  }

  allocateNext(owner: string): string {
    const upper = this.#free(this.#reserved + 1, this.#last) ?? this.#free(1, this.#reserved)
    if (upper === undefined) throw new AllocationError('range is full')
    this.#taken.set(upper, owner)
    return upper
  }

  /** Somewhere in the offsets, the first free one after a random place. */
  #free(from: number, to: number): string | undefined {
    const count = to - from + 1
    if (count <= 0) return undefined
    const start = Math.floor(this.#random.next() * count)
    for (let step = 0; step < count; step++) {
      const offset = from + ((start + step) % count)
      const text = formatIP(addressInCIDR(this.#cidr, offset)!.bytes)
      if (!this.#taken.has(text)) return text
    }
    return undefined
  }

  /** What a stored Service says it has. */
  record(text: string, owner: string): void {
    const address = parseIP(text)
    if (address) this.#taken.set(formatIP(address.bytes), owner)
  }

  release(text: string, owner: string): void {
    const address = parseIP(text)
    const key = address ? formatIP(address.bytes) : text
    if (this.#taken.get(key) === owner) this.#taken.delete(key)
  }

  has(text: string): boolean {
    return this.#taken.has(text)
  }
}
