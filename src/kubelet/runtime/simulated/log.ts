// The log of a simulated container, in the format in which CRI runtimes write log files:
// `2026-01-01T00:00:00.000000000Z stdout F a line`, with P in place of F for a line that is not at its end yet.

import type { Clock } from '../../../machinery/env/env.ts'
import type { ContainerLog } from '../container-runtime.ts'

/** What a script may write before the rest is dropped: nobody rotates logs that are in memory. */
const LIMIT = 4 * 1024 * 1024

const encoder = new TextEncoder()

export class SimulatedLog implements ContainerLog {
  readonly #clock: Clock
  #bytes = new Uint8Array(0)
  #length = 0
  #full = false
  readonly #callbacks = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  read(offset: number): Uint8Array {
    return this.#bytes.slice(Math.min(offset, this.#length), this.#length)
  }

  onWrite(callback: () => void): () => void {
    this.#callbacks.add(callback)
    return () => void this.#callbacks.delete(callback)
  }

  write(stream: 'stdout' | 'stderr', text: string): void {
    if (this.#full || text === '') return
    const time = timestamp(this.#clock.now())
    const lines = text.split('\n')
    const unfinished = lines.pop()!
    let entry = lines.map(line => `${time} ${stream} F ${line}\n`).join('')
    if (unfinished !== '') entry += `${time} ${stream} P ${unfinished}\n`
    this.#append(encoder.encode(entry))
    if (this.#length < LIMIT) return
    this.#append(encoder.encode(`${time} stderr F simulated container: the log ends here, at ${LIMIT} bytes\n`))
    this.#full = true
  }

  #append(more: Uint8Array): void {
    if (this.#length + more.length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(256, this.#bytes.length * 2, this.#length + more.length))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.#bytes.set(more, this.#length)
    this.#length += more.length
    for (const callback of [...this.#callbacks]) callback()
  }
}

/** RFC 3339 with the nine decimals that runtimes write. */
export const timestamp = (milliseconds: number): string => new Date(milliseconds).toISOString().replace('Z', '000000Z')
