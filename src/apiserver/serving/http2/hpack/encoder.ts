// HPACK (RFC 7541), the sending half. A field that comes with most answers is told once on a connection and referred to
// afterwards, until the client's table is full; nothing is evicted, so that a field keeps its place. Strings are not
// Huffman coded: bytes are cheaper than time here.

import { http1Fields } from '../http1-fields.ts'
import { staticTable } from './static-table.ts'

export type HeaderValue = string | number | readonly string[]

/** Fields of one connection only: HTTP/2 has none (RFC 9113, 8.2.2). */
const ofHttp1 = -2
/** To be told in full each time: another with every answer. */
const varying = -1

interface Name {
  readonly text: string
  /** In the static table; 0 when it is not there. */
  readonly index: number
  readonly kind: number
}

const names = new Map<string, Name>()
/** Pairs of the static table, by name and value. */
const staticPairs = new Map<string, Map<string, number>>()

for (let position = staticTable.length - 1; position >= 0; position--) {
  const [name, value] = staticTable[position]!
  names.set(name, { text: name, index: position + 1, kind: 0 })
  if (value === '') continue
  const values = staticPairs.get(name)
  if (values) values.set(value, position + 1)
  else staticPairs.set(name, new Map([[value, position + 1]]))
}
for (const text of ['audit-id', 'content-length', 'date', 'etag', 'expires', 'last-modified', 'location', 'warning'])
  names.set(text, { text, index: names.get(text)?.index ?? 0, kind: varying })
for (const text of http1Fields) names.set(text, { text, index: 0, kind: ofHttp1 })

function nameOf(given: string): Name {
  const known = names.get(given)
  if (known) return known
  const text = given.toLowerCase()
  const name = names.get(text) ?? { text, index: 0, kind: 0 }
  // What a server says of itself is a handful; proxied servers may say anything.
  if (names.size < 1000) names.set(given, name)
  return name
}

/** Where the encoded block is: from 0 on. Taken by whoever asked before anybody asks again. */
let block: Buffer = Buffer.allocUnsafeSlow(4096)
let at = 0

export class HpackEncoder {
  /** By name and value: how many fields had been told before. */
  #told = new Map<string, Map<string, number>>()
  #count = 0
  #room = 4096
  /** The client's table has become smaller: its new size, to be told with the next block. */
  #resized: number | undefined

  /** The client's SETTINGS_HEADER_TABLE_SIZE. A larger table than it was at first isn't used. */
  limit(size: number): void {
    if (size >= 4096 && this.#resized === undefined) return
    this.#told.clear()
    this.#count = 0
    this.#resized = Math.min(size, 4096)
    this.#room = this.#resized
  }

  /** The block's bytes; valid until the next call. */
  encode(status: number, headers: Readonly<Record<string, HeaderValue | undefined>>): Buffer {
    at = 0
    if (this.#resized !== undefined) {
      // Whatever the table held is gone on both sides.
      integer(0x20, 5, 0)
      integer(0x20, 5, this.#resized)
      this.#resized = undefined
    }
    this.#field(nameOf(':status'), String(status))
    for (const given in headers) {
      const value = headers[given]
      if (value === undefined) continue
      const name = nameOf(given)
      if (name.kind === ofHttp1) continue
      if (typeof value === 'object') for (const one of value) this.#field(name, one)
      else this.#field(name, typeof value === 'string' ? value : String(value))
    }
    return block.subarray(0, at)
  }

  #field(name: Name, given: string): void {
    // Who proxies for us must not be able to end a field.
    const value = /[\0\r\n]/.test(given) ? given.replaceAll(/[\0\r\n]/g, ' ') : given
    // A number takes six octets at most, a character three.
    const most = (name.text.length + value.length) * 3 + 24
    if (at + most > block.length) {
      const larger = Buffer.allocUnsafeSlow((at + most) * 2)
      block.copy(larger, 0, 0, at)
      block = larger
    }
    if (name.kind === varying) return void literal(0x00, 4, name, value)
    const known = staticPairs.get(name.text)?.get(value)
    if (known !== undefined) return void integer(0x80, 7, known)
    let values = this.#told.get(name.text)
    const position = values?.get(value)
    if (position !== undefined) return void integer(0x80, 7, staticTable.length + this.#count - position)
    const size = name.text.length + Buffer.byteLength(value) + 32
    if (size > this.#room) return void literal(0x00, 4, name, value)
    this.#room -= size
    if (!values) {
      values = new Map()
      this.#told.set(name.text, values)
    }
    values.set(value, this.#count++)
    literal(0x40, 6, name, value)
  }
}

function literal(pattern: number, prefix: number, name: Name, value: string): void {
  integer(pattern, prefix, name.index)
  if (name.index === 0) text(name.text)
  text(value)
}

function text(value: string): void {
  // Most are short: one octet tells the length.
  const length = block.write(value, at + 1)
  if (length < 0x7f) {
    block[at] = length
    at += 1 + length
    return
  }
  integer(0x00, 7, length)
  at += block.write(value, at)
}

function integer(pattern: number, prefix: number, value: number): void {
  const all = (1 << prefix) - 1
  if (value < all) {
    block[at++] = pattern | value
    return
  }
  block[at++] = pattern | all
  let rest = value - all
  while (rest >= 0x80) {
    block[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  block[at++] = rest
}
