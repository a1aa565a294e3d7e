// Which node ports are taken. Ports nobody asked for by number come from the upper part of the range (KEP-3668).

import type { Random } from '../../../machinery/env/env.ts'
import { AllocationError } from './ip-allocator.ts'

/** What takes ports; those of a dry run are given to nobody. */
export interface Ports {
  allocate(port: number, owner: string): void
  allocateNext(owner: string): number
  release(port: number, owner: string): void
}

/** Upstream neither looks for a free port in a dry run nor minds the range: what it shows stands above it. */
export function dryRunPorts(real: PortAllocator): Ports {
  const taken = new Set<number>()
  return {
    allocate(port) {
      if (real.has(port) || taken.has(port)) throw new AllocationError('provided port is already allocated')
      taken.add(port)
    },
    allocateNext() {
      const port = taken.size === 0 ? aboveTheRange + 1 : Math.max(0, ...taken) + 1
      // Its ports are int32.
      const shown = port | 0
      taken.add(shown)
      return shown
    },
    release() {},
  }
}

const aboveTheRange = 32768

export class PortAllocator implements Ports {
  readonly #first: number
  readonly #last: number
  readonly #reserved: number
  readonly #random: Random
  readonly #taken = new Map<number, string>()

  constructor([first, last]: readonly [number, number], random: Random) {
    this.#first = first
    this.#last = last
    this.#random = random
    const size = last - first + 1
    this.#reserved = size <= 16 ? 0 : Math.min(Math.max(16, size >> 5), 128)
  }

  allocate(port: number, owner: string): void {
    if (port < this.#first || port > this.#last)
      throw new AllocationError(
        `provided port is not in the valid range. The range of valid ports is ${this.#first}-${this.#last}`,
      )
    if (this.#taken.has(port)) throw new AllocationError('provided port is already allocated')
    this.#taken.set(port, owner)
  }

  allocateNext(owner: string): number {
    const dynamic = this.#first + this.#reserved
    const port = this.#free(dynamic, this.#last) ?? this.#free(this.#first, dynamic - 1)
    if (port === undefined) throw new AllocationError('range is full')
    this.#taken.set(port, owner)
    return port
  }

  #free(from: number, to: number): number | undefined {
    const count = to - from + 1
    if (count <= 0) return undefined
    const start = Math.floor(this.#random.next() * count)
    for (let step = 0; step < count; step++) {
      const port = from + ((start + step) % count)
      if (!this.#taken.has(port)) return port
    }
    return undefined
  }

  record(port: number, owner: string): void {
    this.#taken.set(port, owner)
  }

  release(port: number, owner: string): void {
    if (this.#taken.get(port) === owner) this.#taken.delete(port)
  }

  has(port: number): boolean {
    return this.#taken.has(port)
  }
}
