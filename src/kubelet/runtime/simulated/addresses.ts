// Hands out the addresses of a pod network as the host-local CNI plugin does: one after the other, round the range, the
// first one kept for the gateway.

import { RuntimeError } from '../container-runtime.ts'

export class PodAddresses {
  readonly cidr: string
  readonly #network: number
  readonly #size: number
  readonly #used = new Set<number>()
  #last = 1

  /** IPv4 only. */
  constructor(cidr: string) {
    const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr)
    const numbers = match?.slice(1).map(Number) ?? []
    const prefix = numbers.pop() ?? 33
    if (prefix > 30 || numbers.some(byte => byte > 255)) {
      throw new RuntimeError('InvalidArgument', `"${cidr}" is not an IPv4 pod network with room for pods`)
    }
    this.cidr = cidr
    this.#size = 2 ** (32 - prefix)
    const address = numbers.reduce((sum, byte) => sum * 256 + byte, 0)
    this.#network = address - (address % this.#size)
  }

  take(): string {
    // Neither the network's own address, nor the gateway's, nor the broadcast address.
    for (let tried = 0; tried < this.#size - 3; tried++) {
      this.#last = this.#last >= this.#size - 2 ? 2 : this.#last + 1
      if (this.#used.has(this.#last)) continue
      this.#used.add(this.#last)
      return this.#text(this.#last)
    }
    throw new RuntimeError(
      'Unknown',
      `failed to setup network for sandbox: no IP addresses available in range set: ${this.#text(1)}-${this.#text(this.#size - 2)}`,
    )
  }

  release(address: string): void {
    if (address === '') return
    const host = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0) - this.#network
    this.#used.delete(host)
  }

  #text(host: number): string {
    const address = this.#network + host
    return [24, 16, 8, 0].map(shift => Math.floor(address / 2 ** shift) % 256).join('.')
  }
}
