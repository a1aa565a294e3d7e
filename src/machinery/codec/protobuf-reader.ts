// Reads the protobuf wire format. What is malformed is refused in the words of gogo-proto's generated code.

import { narrowInteger } from '../json/numbers.ts'

export const varintType = 0
export const fixed64Type = 1
export const lengthType = 2
export const fixed32Type = 5

/** The bytes are no encoding of the message. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError'
}

export class Reader {
  readonly #buffer: Buffer
  #at: number
  #end: number

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#at = 0
    this.#end = bytes.byteLength
  }

  get done(): boolean {
    return this.#at >= this.#end
  }

  /** The low 53 bits are exact; a negative int64 comes out negative. */
  varint(): number {
    return Number(this.int64())
  }

  /** All 64 bits: a bigint where a number is not exact. */
  int64(): number | bigint {
    let value = 0
    let scale = 1
    for (let count = 0; count < 7; count++) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
    return narrowInteger(this.#rest(BigInt(value)))
  }

  bigVarint(): bigint {
    let big = 0n
    for (let shift = 0n; shift < 49n; shift += 7n) {
      const byte = this.#byte()
      big |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return big
    }
    return this.#rest(big)
  }

  #rest(low: bigint): bigint {
    let big = low
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      big |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asIntN(64, big)
    }
    throw new ProtobufError('proto: integer overflow')
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new ProtobufError('unexpected EOF')
    return this.#buffer[this.#at++]!
  }

  double(): number {
    if (this.#at + 8 > this.#end) throw new ProtobufError('unexpected EOF')
    const value = this.#buffer.readDoubleLE(this.#at)
    this.#at += 8
    return value
  }

  #length(): number {
    const length = this.varint()
    if (length < 0) throw new ProtobufError('proto: negative length found during unmarshaling')
    if (this.#at + length > this.#end) throw new ProtobufError('unexpected EOF')
    return length
  }

  string(): string {
    const length = this.#length()
    if (length === 0) return ''
    const start = this.#at
    this.#at += length
    return this.#buffer.toString('utf8', start, this.#at)
  }

  /** A view, not a copy. */
  bytes(): Buffer {
    const length = this.#length()
    const start = this.#at
    this.#at += length
    return this.#buffer.subarray(start, start + length)
  }

  /** Lets `read` see only the message that begins here. */
  message<T>(read: () => T): T {
    const length = this.#length()
    const outer = this.#end
    this.#end = this.#at + length
    const result = read()
    this.#end = outer
    return result
  }

  skip(wireType: number): void {
    switch (wireType) {
      case varintType:
        this.varint()
        break
      case fixed64Type:
        this.#skipBytes(8)
        break
      case lengthType:
        this.#skipBytes(this.#length())
        break
      case fixed32Type:
        this.#skipBytes(4)
        break
      default:
        throw new ProtobufError(`proto: illegal wireType ${wireType}`)
    }
  }

  #skipBytes(count: number): void {
    if (this.#at + count > this.#end) throw new ProtobufError('unexpected EOF')
    this.#at += count
  }
}
