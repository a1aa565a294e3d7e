// The protocol-buffer wire format for messages declared with `message.ts`: `encodeMessage` and `decodeMessage`.
// Zero values are not written, fields nobody declared are skipped, packed and unpacked lists are both read.

import { type Decoded, type Init, type Message, type MessageField, type MessageFields, zeroOf } from './message.ts'

const VARINT = 0
const FIXED64 = 1
const LENGTH = 2
const FIXED32 = 5

/** The bytes are no encoding of the message: cut short, or of a wire type that its field cannot have. */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError'
}

export function encodeMessage<M extends Message<any>>(type: M, value: Init<M>): Uint8Array {
  const writer = new Writer()
  writeFields(writer, type, value as Record<string, any>)
  return writer.finish()
}

export function decodeMessage<M extends Message<any>>(type: M, encoded: Uint8Array): Decoded<M> {
  return readFields(new Reader(encoded, 0, encoded.length), type) as Decoded<M>
}

// ---- writing -------------------------------------------------------------------------------------------------------

const utf8Encoder = new TextEncoder()
const utf8Decoder = new TextDecoder()

class Writer {
  #buffer = new Uint8Array(256)
  #length = 0

  varint(value: number): void {
    // Negative integers stand as 64-bit two's complement, and bit operations stop at 32 bits: both leave the fast path.
    if (value < 0) {
      this.#bigVarint(BigInt.asUintN(64, BigInt(Math.trunc(value))))
      return
    }
    while (value >= 0x80) {
      this.byte((value % 0x80) | 0x80)
      value = Math.floor(value / 0x80)
    }
    this.byte(value)
  }

  #bigVarint(value: bigint): void {
    while (value >= 0x80n) {
      this.byte(Number(value & 0x7fn) | 0x80)
      value >>= 7n
    }
    this.byte(Number(value))
  }

  tag(number: number, wireType: number): void {
    this.varint(number * 8 + wireType)
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length)
    this.#reserve(value.length)
    this.#buffer.set(value, this.#length)
    this.#length += value.length
  }

  double(value: number): void {
    this.#reserve(8)
    new DataView(this.#buffer.buffer).setFloat64(this.#length, value, true)
    this.#length += 8
  }

  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length)
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return
    const grown = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + more))
    grown.set(this.#buffer)
    this.#buffer = grown
  }
}

function writeFields(writer: Writer, type: Message, value: Record<string, any>): void {
  for (const [name, field] of Object.entries(type.fields)) {
    const given = value[name]
    if (given === undefined || given === null) continue
    if (field.shape === 'single') {
      if (!isZero(field, given)) writeItem(writer, field, given)
    } else if (field.shape === 'map') {
      for (const [key, item] of Object.entries(given as Record<string, string>)) {
        const entry = new Writer()
        entry.tag(1, LENGTH)
        entry.bytes(utf8Encoder.encode(key))
        entry.tag(2, LENGTH)
        entry.bytes(utf8Encoder.encode(item))
        writer.tag(field.number, LENGTH)
        writer.bytes(entry.finish())
      }
    } else if (isPackable(field)) {
      if (given.length === 0) continue
      const packed = new Writer()
      for (const item of given) writeNumeric(packed, field, item)
      writer.tag(field.number, LENGTH)
      writer.bytes(packed.finish())
    } else {
      for (const item of given) writeItem(writer, field, item)
    }
  }
}

function writeItem(writer: Writer, field: MessageField, value: any): void {
  if (isPackable(field)) {
    writer.tag(field.number, field.type === 'double' ? FIXED64 : VARINT)
    writeNumeric(writer, field, value)
    return
  }
  writer.tag(field.number, LENGTH)
  if (field.type === 'string') writer.bytes(utf8Encoder.encode(value))
  else if (field.type === 'bytes') writer.bytes(value)
  else writer.bytes(encodeMessage(field.type as Message, value))
}

function writeNumeric(writer: Writer, field: MessageField, value: any): void {
  if (field.type === 'double') writer.double(value)
  else if (field.type === 'bool') writer.byte(value ? 1 : 0)
  else if (typeof field.type === 'object' && 'names' in field.type) writer.varint(enumNumber(field.type.names, value))
  else writer.varint(value)
}

function enumNumber(names: readonly string[], name: string): number {
  const number = names.indexOf(name)
  if (number >= 0) return number
  // A number this declaration has no name for was read as its digits, and goes back as it came.
  if (/^\d+$/.test(name)) return Number(name)
  throw new TypeError(`"${name}" is none of ${names.join(', ')}`)
}

const isPackable = (field: MessageField): boolean =>
  field.type !== 'string' && field.type !== 'bytes' && !(typeof field.type === 'object' && 'fields' in field.type)

function isZero(field: MessageField, value: any): boolean {
  if (field.type === 'bytes') return value.length === 0
  if (typeof field.type === 'object') return 'names' in field.type && value === field.type.names[0]
  return value === '' || value === 0 || value === false
}

// ---- reading -------------------------------------------------------------------------------------------------------

class Reader {
  readonly #bytes: Uint8Array
  #at: number
  readonly #end: number

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  get done(): boolean {
    return this.#at >= this.#end
  }

  /** The 64 bits of a varint, as two unsigned halves. */
  varint(): { high: number; low: number } {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte()
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high |= bits >> 4
      } else if (shift < 64) high |= bits << (shift - 32)
      if (byte < 0x80) return { high: high >>> 0, low: low >>> 0 }
    }
    throw new MalformedMessageError('a varint is longer than ten bytes')
  }

  byte(): number {
    if (this.#at >= this.#end) throw new MalformedMessageError('the message is cut short')
    return this.#bytes[this.#at++]!
  }

  bytes(length: number): Uint8Array {
    if (this.#at + length > this.#end) throw new MalformedMessageError('the message is cut short')
    const slice = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return slice
  }

  double(): number {
    const slice = this.bytes(8)
    return new DataView(slice.buffer, slice.byteOffset, 8).getFloat64(0, true)
  }

  lengthDelimited(): Uint8Array {
    return this.bytes(this.varint().low)
  }

  skip(wireType: number): void {
    if (wireType === VARINT) this.varint()
    else if (wireType === FIXED64) this.bytes(8)
    else if (wireType === LENGTH) this.lengthDelimited()
    else if (wireType === FIXED32) this.bytes(4)
    else throw new MalformedMessageError(`wire type ${wireType} is not in use`)
  }
}

function readFields(reader: Reader, type: Message): Record<string, any> {
  const result: Record<string, any> = {}
  for (const [name, field] of Object.entries(type.fields as MessageFields)) {
    const zero = zeroOf(field)
    if (zero !== undefined) result[name] = zero
  }
  while (!reader.done) {
    const tag = reader.varint().low
    const wireType = tag & 7
    const known = type.byNumber.get(tag >>> 3)
    if (!known) reader.skip(wireType)
    else readField(reader, known[1], wireType, result, known[0])
  }
  return result
}

function readField(reader: Reader, field: MessageField, wireType: number, into: Record<string, any>, name: string) {
  if (field.shape === 'map') {
    const entry = readFields(slice(reader, wireType, name), mapEntry)
    into[name][entry.key] = entry.value
  } else if (isPackable(field)) {
    if (field.shape === 'list' && wireType === LENGTH) {
      const packed = slice(reader, wireType, name)
      while (!packed.done) into[name].push(readNumeric(packed, field))
      return
    }
    expect(wireType, field.type === 'double' ? FIXED64 : VARINT, name)
    const value = readNumeric(reader, field)
    if (field.shape === 'list') into[name].push(value)
    else into[name] = value
  } else {
    expect(wireType, LENGTH, name)
    const raw = reader.lengthDelimited()
    const value =
      field.type === 'string'
        ? utf8Decoder.decode(raw)
        : field.type === 'bytes'
          ? raw.slice()
          : readFields(new Reader(raw, 0, raw.length), field.type as Message)
    if (field.shape === 'list') into[name].push(value)
    else into[name] = value
  }
}

const mapEntry: Message = {
  fields: {
    key: { number: 1, type: 'string', shape: 'single' },
    value: { number: 2, type: 'string', shape: 'single' },
  },
  byNumber: new Map([
    [1, ['key', { number: 1, type: 'string', shape: 'single' }]],
    [2, ['value', { number: 2, type: 'string', shape: 'single' }]],
  ]),
}

function slice(reader: Reader, wireType: number, name: string): Reader {
  expect(wireType, LENGTH, name)
  const raw = reader.lengthDelimited()
  return new Reader(raw, 0, raw.length)
}

function expect(actual: number, wanted: number, name: string): void {
  if (actual !== wanted) throw new MalformedMessageError(`field ${name} has wire type ${actual}, not ${wanted}`)
}

function readNumeric(reader: Reader, field: MessageField): unknown {
  if (field.type === 'double') return reader.double()
  const { high, low } = reader.varint()
  if (typeof field.type === 'object' && 'names' in field.type) return field.type.names[low] ?? String(low)
  switch (field.type) {
    case 'bool':
      return low !== 0 || high !== 0
    case 'int32':
      return low | 0
    case 'uint32':
      return low
    case 'int64':
      return high >= 0x80000000 ? -((~high >>> 0) * 2 ** 32 + (~low >>> 0) + 1) : high * 2 ** 32 + low
    default:
      return high * 2 ** 32 + low
  }
}
