// One SPDY stream as a Node Duplex. Ending the writable side sends FIN; destroying it early sends RST_STREAM; a peer's
// RST_STREAM ends it and destroys it, without an error (`resetBy` says so).

import { Duplex } from 'node:stream'
import type { SpdyHeaders } from './header-block.ts'
import type { ResetStatus } from './spdy-error.ts'

/** What a stream needs of its connection. */
export interface StreamTransport {
  send(stream: SpdyStream, data: Uint8Array, fin: boolean, done: (error?: Error | null) => void): void
  consumed(stream: SpdyStream, bytes: number): void
  reset(stream: SpdyStream, status: ResetStatus): void
  finished(stream: SpdyStream): void
}

export class SpdyStream extends Duplex {
  readonly id: number
  readonly headers: SpdyHeaders
  /** The RST_STREAM status with which the peer ended this stream, if it did. */
  resetBy: number | undefined
  readonly #transport: StreamTransport
  #inbox: Uint8Array[] = []
  #wanted = false
  #finReceived = false
  #finSent = false
  #ended = false
  #resetStatus: ResetStatus = 'CANCEL'

  constructor(
    transport: StreamTransport,
    id: number,
    headers: SpdyHeaders,
    fin: { readonly received: boolean; readonly sent: boolean },
  ) {
    super({ allowHalfOpen: true })
    this.#transport = transport
    this.id = id
    this.headers = headers
    // Whoever cares listens; a stream that dies with its connection must not take the process with it.
    this.on('error', () => {})
    if (fin.received) this.receive(new Uint8Array(0), true)
    if (fin.sent) {
      this.#finSent = true
      this.end()
    }
  }

  /** Ends the stream at once, telling the peer why. */
  reset(status: ResetStatus): void {
    this.#resetStatus = status
    this.destroy()
  }

  /** Called by the connection with what the peer sent. */
  receive(data: Uint8Array, fin: boolean): void {
    if (data.length > 0) {
      // The peer may not write after its FIN; what comes for a stream that nobody reads any more is dropped.
      if (this.#finReceived || this.destroyed) this.#transport.consumed(this, data.length)
      else this.#inbox.push(data)
    }
    if (fin) this.#finReceived = true
    if (this.#wanted || fin) this.#drain()
  }

  /**
   * Called by the connection when the peer has reset the stream, or is gone. Go peers reset what is still open when they
   * close a connection, and read a reset as the end: what came before can still be read. Then the stream is destroyed.
   */
  receiveReset(status: number): void {
    if (this.resetBy !== undefined || this.destroyed) return
    this.resetBy = status
    const isRead = this.readableFlowing !== null || this.listenerCount('readable') > 0
    if (this.readableEnded || (!isRead && this.#inbox.length === 0 && this.readableLength === 0)) {
      this.destroy()
      return
    }
    this.once('end', () => this.destroy())
    this.receive(new Uint8Array(0), true)
  }

  /** Whether the peer may still send data. */
  get finReceived(): boolean {
    return this.#finReceived
  }

  /** Whether our last data is on its way. */
  get finSent(): boolean {
    return this.#finSent
  }

  override _read(): void {
    this.#wanted = true
    this.#drain()
  }

  #drain(): void {
    while (this.#wanted && this.#inbox.length > 0) {
      const data = this.#inbox.shift()!
      this.#wanted = this.push(data)
      this.#transport.consumed(this, data.length)
    }
    if (this.#finReceived && this.#inbox.length === 0 && !this.#ended) {
      this.#ended = true
      this.push(null)
    }
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#transport.send(this, chunk, false, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#finSent) {
      done()
      return
    }
    this.#finSent = true
    this.#transport.send(this, new Uint8Array(0), true, done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const left = this.#inbox.reduce((sum, data) => sum + data.length, 0)
    this.#inbox = []
    if (left > 0) this.#transport.consumed(this, left)
    const over = this.#finReceived && this.#finSent
    if (this.resetBy === undefined && !over) this.#transport.reset(this, this.#resetStatus)
    this.#transport.finished(this)
    done(error)
  }
}
