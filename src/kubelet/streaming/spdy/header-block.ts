// SPDY/3 header blocks: name/value lists, compressed by one zlib stream per direction that lives as long as the
// connection. Node's zlib streams are asynchronous, and frames must be handled in order, so each block is coded by a
// one-shot raw (de)flate that is handed the stream's history as its dictionary. That is the same stream, byte for byte
// decodable by any peer, because every block ends on a sync flush, as every SPDY implementation's does.

import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { headerDictionary, headerDictionaryId } from './header-dictionary.ts'
import { SpdyError } from './spdy-error.ts'

/** Names in lower case; a name that is repeated has its values joined by NUL on the wire and by ', ' here. */
export type SpdyHeaders = Readonly<Record<string, string>>

/** What zlib remembers: its window. */
const windowSize = 32 * 1024
/** A decompressed block may not exceed this: a few headers are all that any peer sends. */
export const maxHeaderBlockSize = 256 * 1024

const zlibHeaderSize = 6

export class HeaderCompressor {
  #history: Buffer = headerDictionary
  #started = false

  compress(headers: SpdyHeaders): Buffer {
    const block = encodeHeaders(headers)
    const deflated = deflateRawSync(block, { dictionary: this.#history, finishFlush: constants.Z_SYNC_FLUSH })
    this.#history = remember(this.#history, block)
    if (this.#started) return deflated
    this.#started = true
    const zlibHeader = Buffer.alloc(zlibHeaderSize)
    // Deflate, 32K window, preset dictionary, default level; then which dictionary.
    zlibHeader.writeUInt16BE(0x78bb)
    zlibHeader.writeUInt32BE(headerDictionaryId, 2)
    return Buffer.concat([zlibHeader, deflated])
  }
}

export class HeaderDecompressor {
  #history: Buffer = headerDictionary
  #started = false

  decompress(compressed: Buffer): SpdyHeaders {
    let deflated = compressed
    if (!this.#started) {
      checkZlibHeader(compressed)
      deflated = compressed.subarray(zlibHeaderSize)
      this.#started = true
    }
    let block: Buffer
    try {
      block = inflateRawSync(deflated, {
        dictionary: this.#history,
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: maxHeaderBlockSize,
      })
    } catch (error) {
      throw new SpdyError('PROTOCOL_ERROR', 'header block cannot be decompressed', { cause: error })
    }
    this.#history = remember(this.#history, block)
    return decodeHeaders(block)
  }
}

function checkZlibHeader(bytes: Buffer): void {
  const valid =
    bytes.length >= zlibHeaderSize &&
    (bytes[0]! & 0x0f) === 8 &&
    bytes.readUInt16BE() % 31 === 0 &&
    (bytes[1]! & 0x20) !== 0 &&
    bytes.readUInt32BE(2) === headerDictionaryId
  if (!valid)
    throw new SpdyError('PROTOCOL_ERROR', 'header block does not begin a zlib stream with the SPDY/3 dictionary')
}

function remember(history: Buffer, block: Buffer): Buffer {
  if (block.length >= windowSize) return Buffer.from(block.subarray(block.length - windowSize))
  const kept = history.subarray(Math.max(0, history.length + block.length - windowSize))
  return Buffer.concat([kept, block])
}

export function encodeHeaders(headers: SpdyHeaders): Buffer {
  const parts: Buffer[] = [uint32(Object.keys(headers).length)]
  for (const [name, value] of Object.entries(headers)) {
    for (const text of [name.toLowerCase(), value]) {
      const bytes = Buffer.from(text)
      parts.push(uint32(bytes.length), bytes)
    }
  }
  return Buffer.concat(parts)
}

export function decodeHeaders(block: Buffer): SpdyHeaders {
  let at = 0
  const number = (): number => {
    if (at + 4 > block.length) throw new SpdyError('PROTOCOL_ERROR', 'header block is cut short')
    at += 4
    return block.readUInt32BE(at - 4)
  }
  const text = (): string => {
    const length = number()
    if (at + length > block.length) throw new SpdyError('PROTOCOL_ERROR', 'header block is cut short')
    at += length
    return block.toString('utf8', at - length, at)
  }
  const headers: Record<string, string> = Object.create(null)
  const count = number()
  for (let i = 0; i < count; i++) {
    const name = text()
    if (name === '') throw new SpdyError('PROTOCOL_ERROR', 'header without a name')
    if (name in headers) throw new SpdyError('PROTOCOL_ERROR', `header ${name} given twice`)
    headers[name.toLowerCase()] = text().replaceAll('\0', ', ')
  }
  if (at !== block.length) throw new SpdyError('PROTOCOL_ERROR', 'header block is longer than its headers')
  return headers
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
