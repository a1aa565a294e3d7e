// SPDY/3.1 frames. `FrameEncoder` makes their bytes, `FrameDecoder` takes bytes as they come and gives frames; each
// holds its direction's header compression, so frames must be encoded in the order in which they are sent.

import { HeaderCompressor, HeaderDecompressor, type SpdyHeaders } from './header-block.ts'
import { SpdyError } from './spdy-error.ts'

export const settingIds = { MAX_CONCURRENT_STREAMS: 4, INITIAL_WINDOW_SIZE: 7 } as const

export type Frame =
  | {
      readonly type: 'SYN_STREAM'
      readonly streamId: number
      readonly headers: SpdyHeaders
      readonly fin?: boolean
      readonly unidirectional?: boolean
    }
  | { readonly type: 'SYN_REPLY'; readonly streamId: number; readonly headers: SpdyHeaders; readonly fin?: boolean }
  | { readonly type: 'HEADERS'; readonly streamId: number; readonly headers: SpdyHeaders; readonly fin?: boolean }
  | { readonly type: 'RST_STREAM'; readonly streamId: number; readonly status: number }
  | { readonly type: 'SETTINGS'; readonly settings: readonly { readonly id: number; readonly value: number }[] }
  | { readonly type: 'PING'; readonly id: number }
  | { readonly type: 'GOAWAY'; readonly lastStreamId: number; readonly status: number }
  | { readonly type: 'WINDOW_UPDATE'; readonly streamId: number; readonly delta: number }
  /** A long data frame may be decoded as several, of which only the last has the fin. */
  | { readonly type: 'DATA'; readonly streamId: number; readonly data: Uint8Array; readonly fin?: boolean }

const typeNumbers = {
  SYN_STREAM: 1,
  SYN_REPLY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  HEADERS: 8,
  WINDOW_UPDATE: 9,
} as const

const version = 3
const headSize = 8
const finFlag = 0x01
const unidirectionalFlag = 0x02
const mask31 = 0x7fffffff
/** The longest control frame that is taken. Data frames have no limit of their own: they are passed on in pieces. */
export const maxControlFrameSize = 64 * 1024

export class FrameEncoder {
  readonly #compressor = new HeaderCompressor()

  encode(frame: Frame): Buffer {
    switch (frame.type) {
      case 'DATA': {
        const head = Buffer.alloc(headSize)
        head.writeUInt32BE(frame.streamId & mask31)
        head.writeUInt32BE((((frame.fin ? finFlag : 0) << 24) | frame.data.length) >>> 0, 4)
        return Buffer.concat([head, frame.data])
      }
      case 'SYN_STREAM': {
        const flags = (frame.fin ? finFlag : 0) | (frame.unidirectional ? unidirectionalFlag : 0)
        // Stream, associated stream (none), priority 0 and slot 0.
        const ids = Buffer.alloc(10)
        ids.writeUInt32BE(frame.streamId & mask31)
        return control(frame.type, flags, ids, this.#compressor.compress(frame.headers))
      }
      case 'SYN_REPLY':
      case 'HEADERS':
        return control(
          frame.type,
          frame.fin ? finFlag : 0,
          words(frame.streamId),
          this.#compressor.compress(frame.headers),
        )
      case 'RST_STREAM':
        return control(frame.type, 0, words(frame.streamId, frame.status))
      case 'PING':
        return control(frame.type, 0, words(frame.id))
      case 'GOAWAY':
        return control(frame.type, 0, words(frame.lastStreamId, frame.status))
      case 'WINDOW_UPDATE':
        return control(frame.type, 0, words(frame.streamId, frame.delta))
      case 'SETTINGS':
        return control(
          frame.type,
          0,
          words(frame.settings.length, ...frame.settings.flatMap(({ id, value }) => [id & 0xffffff, value])),
        )
    }
  }
}

function control(type: keyof typeof typeNumbers, flags: number, ...payload: Buffer[]): Buffer {
  const head = Buffer.alloc(headSize)
  const length = payload.reduce((sum, part) => sum + part.length, 0)
  head.writeUInt16BE(0x8000 | version)
  head.writeUInt16BE(typeNumbers[type], 2)
  head.writeUInt32BE(((flags << 24) | length) >>> 0, 4)
  return Buffer.concat([head, ...payload])
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value >>> 0, 4 * index)
  })
  return bytes
}

export class FrameDecoder {
  readonly #decompressor = new HeaderDecompressor()
  #pending: Buffer = Buffer.alloc(0)
  /** The data frame whose payload is being passed on. */
  #data: { streamId: number; fin: boolean; remaining: number } | undefined
  /** Bytes left of a control frame of an unknown type, which the protocol says to ignore. */
  #skip = 0

  /** Takes the next bytes and calls `sink` for each frame that they complete. Throws a `SpdyError` for a broken one. */
  push(bytes: Uint8Array, sink: (frame: Frame) => void): void {
    const incoming = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#pending = this.#pending.length === 0 ? incoming : Buffer.concat([this.#pending, incoming])
    while (this.#next(sink)) {}
  }

  #next(sink: (frame: Frame) => void): boolean {
    const pending = this.#pending
    if (this.#skip > 0) {
      const skipped = Math.min(this.#skip, pending.length)
      this.#skip -= skipped
      this.#pending = pending.subarray(skipped)
      return this.#pending.length > 0
    }
    if (this.#data) {
      if (pending.length === 0) return false
      const { streamId, fin } = this.#data
      const data = pending.subarray(0, this.#data.remaining)
      this.#pending = pending.subarray(data.length)
      this.#data.remaining -= data.length
      const last = this.#data.remaining === 0
      if (last) this.#data = undefined
      sink({ type: 'DATA', streamId, data, fin: fin && last })
      return true
    }
    if (pending.length < headSize) return false
    const flags = pending[4]!
    const length = pending.readUIntBE(5, 3)
    if ((pending[0]! & 0x80) === 0) {
      const streamId = pending.readUInt32BE() & mask31
      const fin = (flags & finFlag) !== 0
      this.#pending = pending.subarray(headSize)
      if (length === 0) sink({ type: 'DATA', streamId, data: Buffer.alloc(0), fin })
      else this.#data = { streamId, fin, remaining: length }
      return true
    }
    if ((pending.readUInt16BE() & 0x7fff) !== version) {
      throw new SpdyError('UNSUPPORTED_VERSION', 'not a SPDY/3 frame')
    }
    const type = pending.readUInt16BE(2)
    if (!knownTypes.has(type)) {
      this.#pending = pending.subarray(headSize)
      this.#skip = length
      return true
    }
    if (length > maxControlFrameSize) {
      throw new SpdyError('FRAME_TOO_LARGE', `control frame of ${length} bytes`)
    }
    if (pending.length < headSize + length) return false
    const payload = pending.subarray(headSize, headSize + length)
    this.#pending = pending.subarray(headSize + length)
    sink(this.#control(type, flags, payload))
    return true
  }

  #control(type: number, flags: number, payload: Buffer): Frame {
    const fin = (flags & finFlag) !== 0
    switch (type) {
      case typeNumbers.SYN_STREAM: {
        atLeast(payload, 10)
        const headers = this.#decompressor.decompress(payload.subarray(10))
        const unidirectional = (flags & unidirectionalFlag) !== 0
        return { type: 'SYN_STREAM', streamId: payload.readUInt32BE() & mask31, headers, fin, unidirectional }
      }
      case typeNumbers.SYN_REPLY:
      case typeNumbers.HEADERS: {
        atLeast(payload, 4)
        const headers = this.#decompressor.decompress(payload.subarray(4))
        const streamId = payload.readUInt32BE() & mask31
        return { type: type === typeNumbers.HEADERS ? 'HEADERS' : 'SYN_REPLY', streamId, headers, fin }
      }
      case typeNumbers.RST_STREAM:
        atLeast(payload, 8)
        return { type: 'RST_STREAM', streamId: payload.readUInt32BE() & mask31, status: payload.readUInt32BE(4) }
      case typeNumbers.SETTINGS:
        return { type: 'SETTINGS', settings: decodeSettings(payload) }
      case typeNumbers.PING:
        atLeast(payload, 4)
        return { type: 'PING', id: payload.readUInt32BE() }
      case typeNumbers.GOAWAY:
        atLeast(payload, 8)
        return { type: 'GOAWAY', lastStreamId: payload.readUInt32BE() & mask31, status: payload.readUInt32BE(4) }
      default:
        atLeast(payload, 8)
        return {
          type: 'WINDOW_UPDATE',
          streamId: payload.readUInt32BE() & mask31,
          delta: payload.readUInt32BE(4) & mask31,
        }
    }
  }
}

const knownTypes: ReadonlySet<number> = new Set(Object.values(typeNumbers))

function decodeSettings(payload: Buffer): { id: number; value: number }[] {
  atLeast(payload, 4)
  const count = payload.readUInt32BE()
  if (payload.length !== 4 + 8 * count) throw new SpdyError('PROTOCOL_ERROR', 'SETTINGS frame of a wrong length')
  return Array.from({ length: count }, (_, index) => ({
    id: payload.readUIntBE(4 + 8 * index + 1, 3),
    value: payload.readUInt32BE(4 + 8 * index + 4),
  }))
}

function atLeast(payload: Buffer, size: number): void {
  if (payload.length < size) throw new SpdyError('PROTOCOL_ERROR', 'control frame is too short')
}
