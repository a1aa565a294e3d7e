// Two Duplexes, each of which reads what the other writes: a connection without a socket, for peers in one process.

import { Duplex } from 'node:stream'

class PairedDuplex extends Duplex {
  other: PairedDuplex | undefined
  #resume: (() => void) | undefined

  constructor() {
    super({ allowHalfOpen: true })
  }

  override _read(): void {
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const other = this.other
    if (!other || other.destroyed) {
      done(new Error('write EPIPE'))
      return
    }
    if (other.push(chunk)) done()
    else other.#resume = done
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.other && !this.other.destroyed) this.other.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const other = this.other
    this.#resume?.()
    this.#resume = undefined
    if (other && !other.destroyed) {
      // As a closed socket: what was sent can still be read, then comes the end, and writing fails.
      if (!other.readableEnded && !this.writableFinished) other.push(null)
    }
    done(error)
  }
}

export function duplexPair(): [Duplex, Duplex] {
  const left = new PairedDuplex()
  const right = new PairedDuplex()
  left.other = right
  right.other = left
  return [left, right]
}
