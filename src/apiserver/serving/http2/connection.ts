// The server's end of an HTTP/2 connection (RFC 9113), for many small requests at once.
//
// Comes in: the bytes of a socket that has agreed on h2. Goes out: a stream for each request, which its handler answers.
// `node:http2` does as much, but a stream of it is a Node stream with its events, ticks and states, which cost a small
// request about as much as everything else that is done for it (bench/README.md).

import type { Duplex } from 'node:stream'
import {
  ConnectionError,
  defaultFrameSize,
  defaultWindow,
  errorCode,
  FrameReader,
  flag,
  frameType,
  largestWindow,
  readUint31,
  setting,
} from './frames.ts'
import { type Field, HpackDecoder } from './hpack/decoder.ts'
import type { HeaderValue } from './hpack/encoder.ts'
import { Outgoing } from './outgoing.ts'
import { RequestHeaders } from './request-headers.ts'
import { Http2Stream, type StreamOwner } from './stream.ts'

export interface Http2Options {
  /** Requests under way at once; more are refused. */
  readonly maxConcurrentStreams: number
  /** Octets of a request's fields; with more it is answered 431. */
  readonly maxHeaderListSize: number
  onRequest(stream: Http2Stream): void
  /** The client has made a mistake that ends the connection, or is gone. */
  onEnd(error: Error | undefined): void
}

/** What a stream may send before its body is read, and the connection before it is told that it may go on. */
const streamWindow = 1 << 20
const connectionWindow = 1 << 24
/** Bytes that a client whose connection ends is trusted to read. */
const lastWords = 1 << 20
/** A client that makes us say more than it reads of small frames alone, or gives up requests over and over. */
const floodLimit = 16 << 20
const resetLimit = 1000
/** Streams that we have reset: their clients may not know yet. */
const rememberedResets = 1000

export class Http2Connection implements StreamOwner {
  readonly #socket: Duplex
  readonly #options: Http2Options
  readonly #outgoing: Outgoing
  readonly #reader: FrameReader
  readonly #decoder = new HpackDecoder()
  readonly #streams = new Map<number, Http2Stream>()
  /** Their clients may not know yet. */
  readonly #reset = new Set<number>()
  /** Requests whose handlers have not answered yet, given up by their clients or not. */
  #handled = 0
  /** Given up by the client before they were answered, less those it has let come to their end. */
  #givenUp = 0
  #lastId = 0
  #ended = false
  #settled = false

  /** A block of headers that is not whole yet. */
  #block: { streamId: number; ends: boolean; pieces: Buffer[]; size: number } | undefined
  /** Requests of the bytes that are being read: their bodies may be among these. */
  #arrived: Http2Stream[] = []

  #receiveWindow = defaultWindow
  /** What each stream's client takes at first. */
  #streamSendWindow = defaultWindow

  constructor(socket: Duplex, options: Http2Options) {
    this.#socket = socket
    this.#options = options
    this.#outgoing = new Outgoing(socket, stream => this.#sentAll(stream))
    this.#reader = new FrameReader((type, flags, id, bytes, start, end) =>
      this.#frame(type, flags, id, bytes, start, end),
    )
    this.#greet()
    socket.on('data', (piece: Buffer) => this.#read(piece))
    socket.on('error', error => this.#end(error))
    socket.on('close', () => this.#end(undefined))
  }

  /** Says goodbye and ends the connection, with what is under way on it. */
  close(): void {
    if (this.#ended) return
    this.#outgoing.goAway(this.#lastId, errorCode.noError, '')
    this.#end(undefined)
  }

  // ---- What comes in -------------------------------------------------------------------------------------------------

  #read(piece: Buffer): void {
    if (this.#ended) return
    try {
      this.#reader.push(piece)
      if (this.#outgoing.pending > floodLimit)
        throw new ConnectionError(errorCode.enhanceYourCalm, 'the client does not read what it asks for')
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error
      this.#outgoing.goAway(this.#lastId, error.code, error.message)
      this.#end(error)
    }
    const arrived = this.#arrived
    if (arrived.length === 0) return
    this.#arrived = []
    for (const stream of arrived) {
      if (stream.closed) continue
      this.#handled++
      this.#options.onRequest(stream)
    }
  }

  #frame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (this.#ended) return
    if (!this.#settled && (type !== frameType.settings || (flags & flag.ack) !== 0))
      throw protocolError('settings come first')
    if (this.#block && (type !== frameType.continuation || id !== this.#block.streamId))
      throw protocolError('a block of headers is interrupted')
    switch (type) {
      case frameType.data:
        return void this.#data(flags, id, bytes, start, end)
      case frameType.headers:
        return void this.#headers(flags, id, bytes, start, end)
      case frameType.priority:
        if (id === 0) throw protocolError('a priority of no stream')
        if (end - start !== 5) return void this.#streamError(id, errorCode.frameSizeError)
        if (readUint31(bytes, start) === id) this.#streamError(id, errorCode.protocolError)
        return
      case frameType.rstStream:
        return void this.#rstStream(id, end - start)
      case frameType.settings:
        return void this.#settings(flags, id, bytes, start, end)
      case frameType.pushPromise:
        throw protocolError('a client makes no promises')
      case frameType.ping:
        if (id !== 0) throw protocolError('a ping on a stream')
        if (end - start !== 8) throw frameSizeError('a ping has eight octets')
        if ((flags & flag.ack) === 0) this.#outgoing.frame(frameType.ping, flag.ack, 0, bytes.subarray(start, end))
        return
      case frameType.goAway:
        if (id !== 0) throw protocolError('a stream does not go away')
        return
      case frameType.windowUpdate:
        return void this.#windowUpdate(id, bytes, start, end)
      case frameType.continuation:
        return void this.#continuation(flags, bytes, start, end)
      default:
        // Extensions that we do not know.
        return
    }
  }

  #data(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id === 0) throw protocolError('data of no stream')
    const length = end - start
    this.#receiveWindow -= length
    if (this.#receiveWindow < 0)
      throw new ConnectionError(errorCode.flowControlError, 'more data than the window takes')
    if (this.#receiveWindow < connectionWindow / 2) {
      this.#outgoing.windowUpdate(0, connectionWindow - this.#receiveWindow)
      this.#receiveWindow = connectionWindow
    }
    const padding = (flags & flag.padded) !== 0 ? paddingOf(bytes, start, end) : 0
    const from = (flags & flag.padded) !== 0 ? start + 1 : start
    const stream = this.#streams.get(id)
    const ends = (flags & flag.endStream) !== 0
    if (!stream || stream.ended) return void this.#late(id, ends)
    stream.receiveWindow -= length
    if (stream.receiveWindow < 0) return void this.#streamError(id, errorCode.flowControlError)
    const piece = end - padding > from ? bytes.subarray(from, end - padding) : undefined
    if (!stream.receive(piece, ends)) return void this.#streamError(id, errorCode.protocolError)
  }

  /** Something of a stream that is closed, at least on the client's side. */
  #late(id: number, ends: boolean): void {
    if (id > this.#lastId) throw protocolError(`stream ${id} has not begun`)
    if (this.#reset.has(id)) {
      if (ends) this.#reset.delete(id)
      return
    }
    const stream = this.#streams.get(id)
    if (stream) return void this.#streamError(id, errorCode.streamClosed)
    throw new ConnectionError(errorCode.streamClosed, `stream ${id} is closed`)
  }

  #headers(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id % 2 === 0) throw protocolError('the streams of a client have odd numbers')
    let from = start
    let to = end
    if ((flags & flag.padded) !== 0) {
      to -= paddingOf(bytes, start, end)
      from += 1
    }
    if ((flags & flag.priority) !== 0) {
      if (to - from < 5) throw frameSizeError('a priority is cut')
      if (readUint31(bytes, from) === id) throw protocolError('a stream depends on itself')
      from += 5
    }
    const ends = (flags & flag.endStream) !== 0
    if ((flags & flag.endHeaders) !== 0) return void this.#wholeBlock(id, ends, bytes, from, to)
    this.#block = { streamId: id, ends, pieces: [bytes.subarray(from, to)], size: to - from }
  }

  #continuation(flags: number, bytes: Buffer, start: number, end: number): void {
    const block = this.#block
    if (!block) throw protocolError('a continuation of nothing')
    block.pieces.push(bytes.subarray(start, end))
    block.size += end - start
    // Empty pieces count as well: there is no use in them.
    if (block.size > this.#options.maxHeaderListSize * 2 || block.pieces.length > 1024)
      throw new ConnectionError(errorCode.enhanceYourCalm, 'a block of headers has no end')
    if ((flags & flag.endHeaders) === 0) return
    this.#block = undefined
    this.#wholeBlock(block.streamId, block.ends, Buffer.concat(block.pieces), 0, block.size)
  }

  #wholeBlock(id: number, ends: boolean, bytes: Buffer, start: number, end: number): void {
    const headers = new RequestHeaders()
    // Also of a stream that is not wanted: the next block depends on it.
    this.#decoder.decode(bytes, start, end, (field: Field) => headers.add(field))
    const known = this.#streams.get(id)
    if (known && !known.ended) {
      if (!ends || !headers.areTrailers) return void this.#streamError(id, errorCode.protocolError)
      if (!known.receive(undefined, true)) return void this.#streamError(id, errorCode.protocolError)
      return
    }
    if (id <= this.#lastId) return void this.#late(id, ends)
    this.#lastId = id
    const tooLarge = headers.size > this.#options.maxHeaderListSize
    const request = headers.request()
    if (!request) return void this.#refuse(id, ends, errorCode.protocolError)
    if (Math.max(this.#streams.size, this.#handled) >= this.#options.maxConcurrentStreams)
      return void this.#refuse(id, ends, errorCode.refusedStream)
    const stream = new Http2Stream(id, request, this, streamWindow, this.#streamSendWindow)
    this.#streams.set(id, stream)
    if (ends && !stream.receive(undefined, true)) return void this.#streamError(id, errorCode.protocolError)
    if (!tooLarge) this.#arrived.push(stream)
    else {
      this.#handled++
      stream.respond(431, {}, [])
    }
  }

  #refuse(id: number, ends: boolean, code: number): void {
    if (!ends) this.#remember(id)
    this.#outgoing.reset(id, code)
  }

  #rstStream(id: number, length: number): void {
    if (id === 0) throw protocolError('a reset of no stream')
    if (length !== 4) throw frameSizeError('a reset has four octets')
    if (id > this.#lastId) throw protocolError(`stream ${id} has not begun`)
    this.#reset.delete(id)
    const stream = this.#streams.get(id)
    if (!stream) return
    // To end a watch is no sign of ill will.
    if (!stream.begun) this.#givenUp++
    stream.close()
    if (this.#givenUp > resetLimit) throw new ConnectionError(errorCode.enhanceYourCalm, 'too many requests given up')
  }

  #settings(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id !== 0) throw protocolError('settings of a stream')
    if ((flags & flag.ack) !== 0) {
      if (end > start) throw frameSizeError('an acknowledgement is empty')
      return
    }
    if ((end - start) % 6 !== 0) throw frameSizeError('settings have six octets each')
    this.#settled = true
    for (let at = start; at < end; at += 6) {
      const key = (bytes[at]! << 8) | bytes[at + 1]!
      const value = bytes.readUInt32BE(at + 2)
      if (key === setting.headerTableSize) this.#outgoing.encoder.limit(value)
      else if (key === setting.enablePush && value > 1) throw protocolError('to push is 0 or 1')
      else if (key === setting.maxFrameSize && (value < defaultFrameSize || value > 0xff_ffff))
        throw protocolError(`frames of ${value} octets`)
      else if (key === setting.initialWindowSize) this.#resizeWindows(value)
    }
    this.#outgoing.frame(frameType.settings, flag.ack, 0)
  }

  #resizeWindows(size: number): void {
    if (size > largestWindow) throw new ConnectionError(errorCode.flowControlError, `a window of ${size}`)
    const more = size - this.#streamSendWindow
    this.#streamSendWindow = size
    for (const stream of this.#streams.values()) {
      stream.sendWindow += more
      if (stream.sendWindow > largestWindow) throw new ConnectionError(errorCode.flowControlError, 'a window overflows')
      if (more > 0) this.#outgoing.resume(stream)
    }
    this.#outgoing.pump()
  }

  #windowUpdate(id: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) throw frameSizeError('an update of a window has four octets')
    if (id > this.#lastId) throw protocolError(`stream ${id} has not begun`)
    const octets = readUint31(bytes, start)
    if (id === 0) {
      if (octets === 0) throw protocolError('a window grows by nothing')
      return void this.#outgoing.widen(octets)
    }
    if (octets === 0) return void this.#streamError(id, errorCode.protocolError)
    const stream = this.#streams.get(id)
    if (!stream) return
    stream.sendWindow += octets
    if (stream.sendWindow > largestWindow) return void this.#streamError(id, errorCode.flowControlError)
    this.#outgoing.resume(stream)
    this.#outgoing.pump()
  }

  #streamError(id: number, code: number): void {
    if (id > this.#lastId) throw protocolError(`stream ${id} has not begun`)
    const stream = this.#streams.get(id)
    if (stream) return void stream.reset(code)
    this.#outgoing.reset(id, code)
  }

  // ---- What goes out -------------------------------------------------------------------------------------------------

  sendHeaders(stream: Http2Stream, status: number, headers: Readonly<Record<string, HeaderValue | undefined>>): void {
    if (!this.#ended) this.#outgoing.headers(stream, status, headers)
  }

  sendData(stream: Http2Stream): void {
    if (!this.#ended) this.#outgoing.data(stream)
  }

  #sentAll(stream: Http2Stream): void {
    // Whatever the client still sends of its request is for nobody (RFC 9113, 8.1).
    if (!stream.ended) return void stream.reset(errorCode.noError)
    if (this.#givenUp > 0) this.#givenUp--
    stream.close()
  }

  sendReset(stream: Http2Stream, code: number): void {
    if (!stream.ended) this.#remember(stream.id)
    this.#outgoing.reset(stream.id, code)
  }

  #remember(id: number): void {
    this.#reset.add(id)
    if (this.#reset.size > rememberedResets) for (const oldest of this.#reset) return void this.#reset.delete(oldest)
  }

  sendWindow(stream: Http2Stream, octets: number): void {
    this.#outgoing.windowUpdate(stream.id, octets)
  }

  closed(stream: Http2Stream): void {
    this.#streams.delete(stream.id)
    this.#outgoing.forget(stream)
  }

  answered(): void {
    this.#handled--
  }

  #greet(): void {
    const { maxConcurrentStreams, maxHeaderListSize } = this.#options
    const settings: readonly (readonly [key: number, value: number])[] = [
      [setting.maxConcurrentStreams, maxConcurrentStreams],
      [setting.initialWindowSize, streamWindow],
      [setting.maxHeaderListSize, maxHeaderListSize],
    ]
    const payload = Buffer.alloc(settings.length * 6)
    for (const [index, [key, value]] of settings.entries()) {
      payload.writeUInt16BE(key, index * 6)
      payload.writeUInt32BE(value, index * 6 + 2)
    }
    this.#outgoing.frame(frameType.settings, 0, 0, payload)
    this.#outgoing.windowUpdate(0, connectionWindow - this.#receiveWindow)
    this.#receiveWindow = connectionWindow
  }

  #end(error: Error | undefined): void {
    if (this.#ended) return
    this.#ended = true
    this.#outgoing.flush()
    for (const stream of this.#streams.values()) stream.close()
    // What is said last should arrive; but a client that does not read, or does not close its end, is not waited for.
    if (this.#outgoing.pending > lastWords) this.#socket.destroy()
    else this.#socket.end(() => this.#socket.destroy())
    this.#options.onEnd(error)
  }
}

/** Octets at a frame's end that mean nothing. */
function paddingOf(bytes: Buffer, start: number, end: number): number {
  const length = end > start ? bytes[start]! : 0
  if (end - start < length + 1) throw protocolError('more padding than there is room for')
  return length
}

const protocolError = (message: string) => new ConnectionError(errorCode.protocolError, message)
const frameSizeError = (message: string) => new ConnectionError(errorCode.frameSizeError, message)
