// The sending half of a connection: frames, and whose turn it is when not everything can go out at once.

import type { Duplex } from 'node:stream'
import {
  ConnectionError,
  defaultFrameSize,
  defaultWindow,
  errorCode,
  flag,
  frameType,
  headLength,
  largestWindow,
  writeHead,
  writeUint32,
} from './frames.ts'
import { type HeaderValue, HpackEncoder } from './hpack/encoder.ts'
import { Output } from './output.ts'
import type { Http2Stream } from './stream.ts'

/** Bytes that may wait in the socket: more stay in their streams, so that each knows how far behind its client is. */
const socketLimit = 1 << 20

const nothing = new Uint8Array()

export class Outgoing {
  readonly encoder = new HpackEncoder()
  readonly #output: Output
  readonly #sentAll: (stream: Http2Stream) => void
  /** Octets of data that the client takes, of all streams together. */
  #window = defaultWindow
  /** With something to send that nothing but the connection holds up; whose turn is next comes first. */
  readonly #ready = new Set<Http2Stream>()
  #congested = false

  /** `sentAll` is told when a stream's answer is whole on its way. */
  constructor(socket: Duplex, sentAll: (stream: Http2Stream) => void) {
    this.#output = new Output(socket)
    this.#sentAll = sentAll
    socket.on('drain', () => {
      this.#congested = false
      this.pump()
    })
  }

  /** Bytes that the system has not taken yet. */
  get pending(): number {
    return this.#output.pending
  }

  flush(): void {
    this.#output.flush()
  }

  // ---- Frames of few octets ------------------------------------------------------------------------------------------

  frame(type: number, flags: number, id: number, payload: Uint8Array = nothing): void {
    const at = this.#output.reserve(headLength + payload.length)
    const { bytes } = this.#output
    bytes.set(payload, writeHead(bytes, at, payload.length, type, flags, id))
  }

  windowUpdate(id: number, octets: number): void {
    this.#number(frameType.windowUpdate, id, octets)
  }

  reset(id: number, code: number): void {
    this.#number(frameType.rstStream, id, code)
  }

  #number(type: number, id: number, value: number): void {
    const at = this.#output.reserve(headLength + 4)
    const { bytes } = this.#output
    writeUint32(bytes, writeHead(bytes, at, 4, type, 0, id), value)
  }

  goAway(lastId: number, code: number, reason: string): void {
    const payload = Buffer.concat([Buffer.alloc(8), Buffer.from(reason)])
    writeUint32(payload, writeUint32(payload, 0, lastId), code)
    this.frame(frameType.goAway, 0, 0, payload)
  }

  // ---- Answers -------------------------------------------------------------------------------------------------------

  /** The head of an answer, which is all of it when the stream is finished and nothing is pending. */
  headers(stream: Http2Stream, status: number, headers: Readonly<Record<string, HeaderValue | undefined>>): void {
    const ends = stream.finished && stream.pending === 0
    const block = this.encoder.encode(status, headers)
    let flags = ends ? flag.endStream : 0
    let type: number = frameType.headers
    for (let from = 0; from < block.length; from += defaultFrameSize) {
      const to = Math.min(block.length, from + defaultFrameSize)
      if (to === block.length) flags |= flag.endHeaders
      this.frame(type, flags, stream.id, block.subarray(from, to))
      type = frameType.continuation
      flags = 0
    }
    if (ends) this.#sentAll(stream)
  }

  /** There is more in a stream's queue, or it is finished. */
  data(stream: Http2Stream): void {
    // Others wait for the connection: this one waits behind them.
    if (this.#ready.size > 0) {
      this.#ready.add(stream)
      return
    }
    while (this.#piece(stream));
    if (stream.pending > 0 && stream.sendWindow > 0) this.#ready.add(stream)
  }

  forget(stream: Http2Stream): void {
    this.#ready.delete(stream)
  }

  /** The client takes so many octets more of all streams together. Throws a ConnectionError. */
  widen(octets: number): void {
    this.#window += octets
    if (this.#window > largestWindow) throw new ConnectionError(errorCode.flowControlError, 'the window overflows')
    this.pump()
  }

  /** A stream's window has grown: it may go on. */
  resume(stream: Http2Stream): void {
    if (stream.pending > 0) this.#ready.add(stream)
  }

  /** Sends what can be sent, a frame of each stream in turn. */
  pump(): void {
    for (const stream of this.#ready) {
      if (this.#window <= 0 || this.#isCongested()) return
      // At its end again, if there is more.
      this.#ready.delete(stream)
      if (this.#piece(stream)) this.#ready.add(stream)
    }
  }

  #isCongested(): boolean {
    if (!this.#congested && this.#output.pending > socketLimit) {
      // What the socket has by itself, it tells when it is rid of it.
      this.#output.flush()
      this.#congested = this.#output.pending > socketLimit
    }
    return this.#congested
  }

  /** A frame from a stream's queue. False: it can't be sent now, or there is no more. */
  #piece(stream: Http2Stream): boolean {
    const piece = stream.queue[0]
    if (!piece) {
      if (stream.finished && !stream.closed) {
        this.frame(frameType.data, flag.endStream, stream.id)
        this.#sentAll(stream)
      }
      return false
    }
    const window = Math.min(this.#window, stream.sendWindow)
    if (window <= 0 || this.#isCongested()) return false
    const length = Math.min(piece.length - stream.sent, window, defaultFrameSize)
    const ends = stream.finished && length === stream.pending
    const whole = length === piece.length
    this.frame(
      frameType.data,
      ends ? flag.endStream : 0,
      stream.id,
      whole ? piece : piece.subarray(stream.sent, stream.sent + length),
    )
    this.#window -= length
    stream.sendWindow -= length
    stream.pending -= length
    stream.sent += length
    if (stream.sent === piece.length) {
      stream.queue.shift()
      stream.sent = 0
    }
    if (!ends) return stream.pending > 0 || stream.finished
    this.#sentAll(stream)
    return false
  }
}
