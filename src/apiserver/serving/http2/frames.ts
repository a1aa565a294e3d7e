// HTTP/2's frames on the wire (RFC 9113, sections 4 and 6): their numbers, their heads, and cutting what arrives into them.

export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const flag = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const

export const setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const

export const errorCode = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  enhanceYourCalm: 0xb,
} as const

/** The whole connection is at an end: GOAWAY. */
export class ConnectionError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** What a client says first. */
export const preface: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** Octets of a frame's head. */
export const headLength = 9
/** The largest payload of a frame before anything else is agreed on, and the largest we take. */
export const defaultFrameSize = 16_384
export const defaultWindow = 65_535
export const largestWindow = 2 ** 31 - 1

/** Returns the position behind it. */
export function writeHead(
  bytes: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  bytes[at] = length >>> 16
  bytes[at + 1] = length >>> 8
  bytes[at + 2] = length
  bytes[at + 3] = type
  bytes[at + 4] = flags
  return writeUint32(bytes, at + 5, streamId)
}

/** Returns the position behind it. */
export function writeUint32(bytes: Buffer, at: number, value: number): number {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
  return at + 4
}

export const readUint31 = (bytes: Buffer, at: number): number =>
  ((bytes[at]! & 0x7f) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!

/** A frame's payload is `bytes` from `start` to `end`; it is the receiver's to keep. */
export type TakeFrame = (
  type: number,
  flags: number,
  streamId: number,
  bytes: Buffer,
  start: number,
  end: number,
) => void

/** Cuts what arrives, in pieces of any size, into frames. */
export class FrameReader {
  readonly #take: TakeFrame
  #pieces: Buffer[] = []
  #have = 0
  /** With fewer bytes there is nothing to do. */
  #need: number = preface.length
  #begun = false

  constructor(take: TakeFrame) {
    this.#take = take
  }

  /** Throws a ConnectionError. */
  push(piece: Buffer): void {
    let bytes = piece
    if (this.#have > 0) {
      this.#pieces.push(piece)
      this.#have += piece.length
      if (this.#have < this.#need) return
      bytes = Buffer.concat(this.#pieces, this.#have)
      this.#pieces = []
      this.#have = 0
    }
    const rest = this.#cut(bytes)
    if (rest === bytes.length) return
    this.#pieces.push(rest === 0 ? bytes : bytes.subarray(rest))
    this.#have = bytes.length - rest
  }

  /** Returns where an unfinished frame begins. */
  #cut(bytes: Buffer): number {
    let at = 0
    if (!this.#begun) {
      const length = Math.min(bytes.length, preface.length)
      if (preface.compare(bytes, 0, length, 0, length) !== 0)
        throw new ConnectionError(errorCode.protocolError, 'the connection does not begin as HTTP/2 does')
      if (length < preface.length) return 0
      this.#begun = true
      at = preface.length
    }
    while (bytes.length - at >= headLength) {
      const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
      if (length > defaultFrameSize)
        throw new ConnectionError(
          errorCode.frameSizeError,
          `a frame of ${length} bytes, the largest is ${defaultFrameSize}`,
        )
      const start = at + headLength
      const end = start + length
      if (end > bytes.length) {
        this.#need = headLength + length
        return at
      }
      this.#take(bytes[at + 3]!, bytes[at + 4]!, readUint31(bytes, at + 5), bytes, start, end)
      at = end
    }
    this.#need = headLength
    return at
  }
}
