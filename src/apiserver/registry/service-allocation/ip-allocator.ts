// Which addresses of one family Services have, and which ranges more are taken from: every ready ServiceCIDR is one. As
// upstream, addresses nobody asked for by name come from the upper part of a range, so that the lower part stays free for
// those that are asked for (KEP-3070).

import type { Random } from '../../../machinery/env/env.ts'
import {
  addressInCIDR,
  type CIDR,
  cidrContains,
  cidrSize,
  formatCIDR,
  formatIP,
  type IPAddress,
  parseCIDR,
  parseIP,
} from '../../../machinery/ip.ts'

export class AllocationError extends Error {}

const most = BigInt(Number.MAX_SAFE_INTEGER)

/** KEP-3070: how much of a range is kept for those who ask for an address. */
function reservedOf(size: number): number {
  return size <= 16 ? 0 : Math.min(Math.max(16, Math.floor(size / 16)), 256)
}

/** One range, and where in it there may be addresses. */
class AddressRange {
  readonly cidr: CIDR
  readonly #first: number
  /** Usable addresses stand at the offsets first … last. */
  readonly #last: number
  readonly #reserved: number

  constructor(cidr: CIDR) {
    this.cidr = cidr
    const size = cidrSize(cidr)
    const counted = Number(size > most ? most : size)
    // The network's own address is not used, nor is IPv4's broadcast address.
    this.#first = 1
    this.#last = Math.max(1, cidr.family === 4 ? counted - 2 : counted - 1)
    this.#reserved = reservedOf(counted)
  }

  /** The network's own address and IPv4's broadcast address are in the range, and nobody's. */
  isUsable(address: IPAddress): boolean {
    const key = formatIP(address.bytes)
    if (key === formatIP(this.cidr.network)) return false
    return this.cidr.family === 6 || cidrSize(this.cidr) <= 2n || key !== this.#at(this.#last + 1)
  }

  next(taken: ReadonlyMap<string, string>, random: Random): string | undefined {
    const dynamic = this.#first + this.#reserved
    return this.#free(dynamic, this.#last, taken, random) ?? this.#free(this.#first, dynamic - 1, taken, random)
  }

  /** Somewhere in the offsets, the first free one after a random place. */
  #free(from: number, to: number, taken: ReadonlyMap<string, string>, random: Random): string | undefined {
    const count = to - from + 1
    if (count <= 0) return undefined
    const start = Math.floor(random.next() * count)
    for (let step = 0; step < count; step++) {
      const text = this.#at(from + ((start + step) % count))
      if (!taken.has(text)) return text
    }
    return undefined
  }

  #at(offset: number): string {
    return formatIP(addressInCIDR(this.cidr, offset)!.bytes)
  }
}

export class IPAllocator {
  readonly family: 'IPv4' | 'IPv6'
  readonly #random: Random
  readonly #taken = new Map<string, string>()
  #ranges: AddressRange[]

  constructor(range: string, random: Random) {
    const cidr = parseCIDR(range)
    if (!cidr) throw new Error(`${range} is no range of addresses`)
    this.family = cidr.family === 4 ? 'IPv4' : 'IPv6'
    this.#ranges = [new AddressRange(cidr)]
    this.#random = random
  }

  /** From now on, new addresses come from these. What is taken stays so. */
  setRanges(cidrs: readonly CIDR[]): void {
    const known = new Map(this.#ranges.map(range => [formatCIDR(range.cidr), range]))
    this.#ranges = cidrs.map(cidr => known.get(formatCIDR(cidr)) ?? new AddressRange(cidr))
  }

  /** Takes one address for the owner; throws what upstream says when it can't be had. */
  allocate(text: string, owner: string): void {
    const address = parseIP(text)
    const range = address && this.#ranges.find(({ cidr }) => cidrContains(cidr, address))
    if (!range) throw new AllocationError('the provided network does not match the current range')
    const key = formatIP(address.bytes)
    if (!range.isUsable(address))
      throw new AllocationError(
        `the provided IP (${key}) is not in the valid range. The range of valid IPs is ${formatCIDR(range.cidr)}`,
      )
    if (this.#taken.has(key)) throw new AllocationError('provided IP is already allocated')
    this.#taken.set(key, owner)
  }

  allocateNext(owner: string): string {
    for (const range of this.#ranges) {
      const address = range.next(this.#taken, this.#random)
      if (address === undefined) continue
      this.#taken.set(address, owner)
      return address
    }
    throw new AllocationError('range is full')
  }

  /** What a dry run is given: an address asked for must be of a range, any other is the first range's own. */
  allocateForDryRun(text: string | undefined): string {
    const ranges = this.#ranges.map(({ cidr }) => cidr)
    if (!text && ranges[0]) return formatIP(ranges[0].network)
    const address = parseIP(text ?? '')
    if (!text || !address || !ranges.some(cidr => cidrContains(cidr, address)))
      throw new AllocationError('the provided network does not match the current range')
    return text
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
