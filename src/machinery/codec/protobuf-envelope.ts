// The envelope around an object in protobuf: the bytes `k8s\0`, then a runtime.Unknown that carries its type beside it.

import { ProtobufError, Reader } from './protobuf-reader.ts'
import { ReverseWriter } from './protobuf-writer.ts'

const writer = new ReverseWriter()

const magic = Uint8Array.of(0x6b, 0x38, 0x73, 0x00)

export interface Envelope {
  readonly apiVersion: string
  readonly kind: string
  readonly raw: Uint8Array
  readonly contentEncoding: string
  readonly contentType: string
}

export function isProtobufEnvelope(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && magic.every((byte, index) => bytes[index] === byte)
}

export function encodeEnvelope(
  type: { readonly apiVersion?: string; readonly kind?: string },
  raw: Uint8Array,
): Uint8Array {
  writer.string('')
  writer.byte(0x22)
  writer.string('')
  writer.byte(0x1a)
  writer.bytes(raw)
  writer.byte(0x12)
  const end = writer.written
  writer.string(type.kind ?? '')
  writer.byte(0x12)
  writer.string(type.apiVersion ?? '')
  writer.byte(0x0a)
  writer.varint(writer.written - end)
  writer.byte(0x0a)
  for (let index = magic.length - 1; index >= 0; index--) writer.byte(magic[index]!)
  return writer.take()
}

/** Throws a ProtobufError, in upstream's words where it has its own. */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length === 0) throw new ProtobufError('empty data')
  if (!isProtobufEnvelope(bytes))
    throw new ProtobufError(
      `provided data does not appear to be a protobuf message, expected prefix [${magic.join(' ')}]`,
    )
  if (bytes.length === 4) throw new ProtobufError('empty body')
  const reader = new Reader(bytes.subarray(4))
  const envelope = {
    apiVersion: '',
    kind: '',
    raw: new Uint8Array() as Uint8Array,
    contentEncoding: '',
    contentType: '',
  }
  while (!reader.done) {
    const tag = reader.varint()
    if (tag === 0x0a)
      reader.message(() => {
        while (!reader.done) {
          const inner = reader.varint()
          if (inner === 0x0a) envelope.apiVersion = reader.string()
          else if (inner === 0x12) envelope.kind = reader.string()
          else reader.skip(inner & 7)
        }
      })
    else if (tag === 0x12) envelope.raw = reader.bytes()
    else if (tag === 0x1a) envelope.contentEncoding = reader.string()
    else if (tag === 0x22) envelope.contentType = reader.string()
    else reader.skip(tag & 7)
  }
  return envelope
}
