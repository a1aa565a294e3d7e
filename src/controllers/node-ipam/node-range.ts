// The parts of one cluster range that nodes can have, and which of them are taken.

import { addressInCIDR, type CIDR, cidrContains, formatIP, parseCIDR, parseIP } from '../../machinery/ip.ts'

const sizes = { 4: 24, 6: 64 }

export class NodeRange {
  readonly #cidr: CIDR
  readonly #size: number
  readonly #count: number
  readonly #taken = new Set<string>()
  #next = 0

  constructor(cidr: CIDR, bits: number) {
    this.#cidr = cidr
    this.#size = sizes[cidr.family]
    if (this.#size < bits) throw new RangeError('the range of pods is smaller than a node’s part of it')
    this.#count = 2 ** Math.min(16, this.#size - bits)
  }

  /** The next free part after the one that was given last; undefined when there is none. */
  next(): string | undefined {
    const step = 1n << BigInt((this.#cidr.family === 4 ? 32 : 128) - this.#size)
    for (let tried = 0; tried < this.#count; tried++) {
      const index = (this.#next + tried) % this.#count
      const address = addressInCIDR(this.#cidr, BigInt(index) * step)
      const part = `${formatIP(address!.bytes)}/${this.#size}`
      if (this.#taken.has(part)) continue
      this.#taken.add(part)
      this.#next = (index + 1) % this.#count
      return part
    }
    return undefined
  }

  occupy(part: string): void {
    const address = parseIP(part.split('/')[0]!)
    if (address && cidrContains(this.#cidr, address)) this.#taken.add(part)
  }

  release(part: string): void {
    this.#taken.delete(part)
  }
}

export function nodeRange(text: string): NodeRange {
  const cidr = parseCIDR(text)
  if (!cidr) throw new RangeError(`${text} is no range of addresses`)
  return new NodeRange(cidr, Number(text.split('/')[1]))
}
