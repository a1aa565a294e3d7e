// The messages that stand for a single JSON value: Time, MicroTime, Duration, Quantity, IntOrString, and what carries
// raw JSON (RawExtension, FieldsV1, apiextensions JSON).

import { formatDuration, parseDuration } from '../duration.ts'
import { readJson } from '../json/read.ts'
import { jsonText } from '../json/write.ts'
import type { TypeNode } from '../schema/schema.ts'
import { timeFromParts, timeParts } from '../time.ts'
import type { Reader } from './protobuf-reader.ts'
import type { ReverseWriter } from './protobuf-writer.ts'

/** The message's content, without its length. Absent values as Go's zero. */
export function writeWellKnown(node: TypeNode, value: any, writer: ReverseWriter): void {
  switch (node.type) {
    case 'time':
    case 'microTime': {
      if (value === undefined || value === null) return
      const { seconds, nanos } = timeParts(value)
      writer.varint(node.type === 'time' ? 0 : nanos - (nanos % 1000))
      writer.byte(0x10)
      writer.varint(seconds)
      writer.byte(0x08)
      break
    }
    case 'duration':
      writer.bigVarint(value ? parseDuration(value) : 0n)
      writer.byte(0x08)
      break
    case 'quantity':
      writer.string(value ?? '0')
      writer.byte(0x0a)
      break
    case 'intOrString': {
      const text = typeof value === 'string'
      writer.string(text ? value : '')
      writer.byte(0x1a)
      writer.varint(text ? 0 : (value ?? 0))
      writer.byte(0x10)
      writer.byte(text ? 1 : 0)
      writer.byte(0x08)
      break
    }
    case 'any':
      if (value === undefined || value === null) return
      writer.bytes(Buffer.from(jsonText(value)))
      writer.byte(0x0a)
      break
    default:
      throw new Error(`no message stands for ${node.type}`)
  }
}

/** Reads to the end of the message; undefined for Go's zero where JSON has none. */
export function readWellKnown(node: TypeNode, reader: Reader): unknown {
  if (node.type === 'duration') return readDuration(reader)
  const fields = new Map<number, number | Buffer>()
  while (!reader.done) {
    const tag = reader.varint()
    if ((tag & 7) === 0) fields.set(tag >> 3, reader.varint())
    else if ((tag & 7) === 2) fields.set(tag >> 3, reader.bytes())
    else reader.skip(tag & 7)
  }
  const number = (at: number): number => {
    const value = fields.get(at)
    return typeof value === 'number' ? value : 0
  }
  const bytes = (at: number): Buffer | undefined => {
    const value = fields.get(at)
    return typeof value === 'object' ? value : undefined
  }
  switch (node.type) {
    case 'time':
    case 'microTime':
      return fields.size === 0 ? undefined : timeFromParts(number(1), number(2), node.type === 'microTime')
    case 'quantity':
      return bytes(1)?.toString() || '0'
    case 'intOrString':
      return number(1) === 1 ? (bytes(3)?.toString() ?? '') : number(2) | 0
    case 'any': {
      const raw = bytes(1)
      return raw && raw.length > 0 ? readJson(raw.toString()) : undefined
    }
    default:
      throw new Error(`no message stands for ${node.type}`)
  }
}

/** Nanoseconds need all 64 bits. */
function readDuration(reader: Reader): string {
  let nanoseconds = 0n
  while (!reader.done) {
    const tag = reader.varint()
    if (tag === 0x08) nanoseconds = reader.bigVarint()
    else reader.skip(tag & 7)
  }
  return formatDuration(nanoseconds)
}
