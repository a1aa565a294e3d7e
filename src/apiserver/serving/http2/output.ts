// What a connection has to say, gathered into few large writes: each costs a TLS record and a call into the system.

import type { Duplex } from 'node:stream'

const smallest = 16 * 1024
const largest = 256 * 1024

export class Output {
  readonly #socket: Duplex
  /** Bytes for the wire are written here, from what `reserve` returns on. */
  bytes: Buffer = Buffer.alloc(0)
  #from = 0
  #to = 0
  #next = smallest
  #flushing = false

  constructor(socket: Duplex) {
    this.#socket = socket
  }

  /** Bytes that the system has not taken yet. */
  get pending(): number {
    return this.#socket.writableLength + this.#to - this.#from
  }

  /** Room for so many bytes in `bytes`: where it begins. They are sent at the end of this turn. */
  reserve(length: number): number {
    if (this.#to + length > this.bytes.length) {
      this.#write()
      this.bytes = Buffer.allocUnsafeSlow(Math.max(length, this.#next))
      this.#from = 0
      this.#to = 0
      // A long answer is under way: larger pieces from now on.
      this.#next = Math.min(this.#next * 2, largest)
    }
    const at = this.#to
    this.#to += length
    if (!this.#flushing) {
      this.#flushing = true
      process.nextTick(() => {
        this.#flushing = false
        this.flush()
      })
    }
    return at
  }

  flush(): void {
    this.#write()
    this.#next = smallest
  }

  /** The bytes are the socket's now: nothing is written over them. */
  #write(): void {
    if (this.#to === this.#from) return
    const piece = this.bytes.subarray(this.#from, this.#to)
    this.#from = this.#to
    if (!this.#socket.destroyed && !this.#socket.writableEnded) this.#socket.write(piece)
  }
}
