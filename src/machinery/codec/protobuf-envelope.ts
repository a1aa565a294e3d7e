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
  writeType(type)
  return writer.take()
}

/** The magic bytes and the TypeMeta: what stands before the object. */
function writeType(type: { readonly apiVersion?: string; readonly kind?: string }): void {
  const end = writer.written
  writer.string(type.kind ?? '')
  writer.byte(0x12)
  writer.string(type.apiVersion ?? '')
  writer.byte(0x0a)
  writer.varint(writer.written - end)
  writer.byte(0x0a)
  writer.raw(magic)
}

/** WatchEvent{type = 1, object = 2: RawExtension{raw = 1}} as a frame of a stream: its length (4 bytes) before it. */
export function encodeWatchFrame(type: string, object: Uint8Array): Uint8Array {
  writer.bytes(object)
  writer.byte(0x0a)
  writer.varint(writer.written)
  writer.byte(0x12)
  writer.string(type)
  writer.byte(0x0a)
  const length = writer.written
  for (let shift = 0; shift < 32; shift += 8) writer.byte((length >>> shift) & 0xff)
  return writer.take()
}

/** The message of such a frame, where each has a message of its own. */
export const unframed = (frame: Uint8Array): Uint8Array => frame.subarray(4)

/**
 * A list in its envelope, in pieces: the encoded items are passed on as they are. `metadataFirst` says which of the two
 * is field 1 (it is the metadata in every list but the oldest PartialObjectMetadataList).
 */
export function encodeListEnvelope(
  type: { readonly apiVersion: string; readonly kind: string },
  metadata: Uint8Array,
  items: readonly Uint8Array[],
  metadataFirst = true,
): Uint8Array[] {
  const metadataField = tagged(metadataFirst ? 0x0a : 0x12, metadata.length)
  const itemTag = metadataFirst ? 0x12 : 0x0a
  const content: Uint8Array[] = metadataFirst ? [metadataField, metadata] : []
  for (const item of items) content.push(tagged(itemTag, item.length), item)
  if (!metadataFirst) content.push(metadataField, metadata)
  let length = 0
  for (const piece of content) length += piece.length
  return [envelopeHead(type, length), ...content, envelopeTail]
}

/** contentEncoding and contentType, both empty. */
const envelopeTail = Uint8Array.of(0x1a, 0x00, 0x22, 0x00)

function envelopeHead(type: { readonly apiVersion: string; readonly kind: string }, rawLength: number): Uint8Array {
  writer.varint(rawLength)
  writer.byte(0x12)
  writeType(type)
  return writer.take()
}

function tagged(tag: number, length: number): Uint8Array {
  writer.varint(length)
  writer.byte(tag)
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
