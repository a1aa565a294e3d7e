// HPACK (RFC 7541), the receiving half: blocks of bytes become fields, with the help of what the connection has seen before.

import { ConnectionError, errorCode } from '../frames.ts'
import { decodeHuffman } from './huffman.ts'
import { staticTable } from './static-table.ts'

/** A header field. Those of the tables are shared by all requests that refer to them. */
export interface Field {
  readonly name: string
  readonly value: string
  /** What it takes of a table (RFC 7541, 4.1). */
  readonly size: number
}

const staticFields: readonly Field[] = staticTable.map(([name, value]) => field(name, value))

function field(name: string, value: string): Field {
  return { name, value, size: Buffer.byteLength(name) + Buffer.byteLength(value) + 32 }
}

export class HpackDecoder {
  /** What the client may use at most: as we said, or as nobody has said otherwise. */
  readonly #largest: number
  #limit: number
  /** The oldest first; those before `#oldest` are evicted. */
  #fields: Field[] = []
  #oldest = 0
  #size = 0
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #end = 0

  constructor(largest = 4096) {
    this.#largest = largest
    this.#limit = largest
  }

  /** Tells `take` every field of a whole block. Throws a ConnectionError: nobody knows the table afterwards. */
  decode(bytes: Buffer, start: number, end: number, take: (field: Field) => void): void {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    let begun = false
    while (this.#at < end) {
      const first = bytes[this.#at]!
      if (first >= 0x80) {
        take(this.#field(this.#integer(7)))
        begun = true
      } else if (first >= 0x40) {
        const added = this.#literal(6)
        this.#add(added)
        take(added)
        begun = true
      } else if (first >= 0x20) {
        if (begun) throw broken('a table changes its size within a block')
        this.#resize(this.#integer(5))
      } else {
        take(this.#literal(4))
        begun = true
      }
    }
  }

  #field(index: number): Field {
    if (index <= staticFields.length) {
      if (index === 0) throw broken('a field has no number')
      return staticFields[index - 1]!
    }
    const position = this.#fields.length - (index - staticFields.length)
    if (position < this.#oldest) throw broken(`there is no field ${index}`)
    return this.#fields[position]!
  }

  #literal(prefix: 4 | 6): Field {
    const index = this.#integer(prefix)
    const name = index === 0 ? this.#string() : this.#field(index).name
    return field(name, this.#string())
  }

  #string(): string {
    if (this.#at >= this.#end) throw broken('a string is missing')
    const coded = this.#bytes[this.#at]! >= 0x80
    const length = this.#integer(7)
    const start = this.#at
    this.#at += length
    if (this.#at > this.#end) throw broken('a string is cut')
    if (!coded) return this.#bytes.toString('utf8', start, this.#at)
    const text = decodeHuffman(this.#bytes, start, this.#at)
    if (text === undefined) throw broken('a string is not coded as HPACK codes strings')
    return text
  }

  /** A number whose first `prefix` bits share an octet with others (5.1). */
  #integer(prefix: number): number {
    const all = (1 << prefix) - 1
    let value = this.#bytes[this.#at++]! & all
    if (value < all) return value
    for (let shift = 0; ; shift += 7) {
      if (this.#at >= this.#end) throw broken('a number is cut')
      if (shift > 21) throw broken('a number is too large')
      const octet = this.#bytes[this.#at++]!
      value += (octet & 0x7f) << shift
      if (octet < 0x80) return value
    }
  }

  #resize(limit: number): void {
    if (limit > this.#largest) throw broken(`a table of ${limit} octets, the largest is ${this.#largest}`)
    this.#limit = limit
    this.#evict(limit)
  }

  #add(added: Field): void {
    this.#evict(this.#limit - added.size)
    if (added.size > this.#limit) return
    this.#fields.push(added)
    this.#size += added.size
  }

  #evict(size: number): void {
    while (this.#size > size && this.#oldest < this.#fields.length) this.#size -= this.#fields[this.#oldest++]!.size
    if (this.#oldest < 64 || this.#oldest * 2 < this.#fields.length) return
    this.#fields = this.#fields.slice(this.#oldest)
    this.#oldest = 0
  }
}

const broken = (message: string) => new ConnectionError(errorCode.compressionError, message)
