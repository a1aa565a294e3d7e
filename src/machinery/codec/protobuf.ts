// Kubernetes' protobuf encoding of declared kinds, byte for byte as upstream's generated code (gogo-proto) writes it.
//
// What upstream writes: whatever is no pointer, list or map, zero or not; fields in order of their numbers; maps in order
// of their keys; numbers of a list one by one. Comes in or goes out: objects in normal form (`decode.ts`).

import { compareText } from '../go-text.ts'
import { setKey } from '../own-value.ts'
import type { FieldSchema, ObjectSchema, TypeNode } from '../schema/schema.ts'
import { decodeObject } from './decode.ts'
import { encodeEnvelope } from './protobuf-envelope.ts'
import { fixed64Type, lengthType, ProtobufError, Reader, varintType } from './protobuf-reader.ts'
import { ReverseWriter } from './protobuf-writer.ts'
import { readWellKnown, writeWellKnown } from './well-known-messages.ts'

export {
  decodeEnvelope,
  type Envelope,
  encodeEnvelope,
  encodeListEnvelope,
  encodeWatchFrame,
  isProtobufEnvelope,
  unframed,
} from './protobuf-envelope.ts'
export { ProtobufError } from './protobuf-reader.ts'

type Json = Record<string, any>

const writer = new ReverseWriter()

/** The message itself, without an envelope. */
export function encodeProtobuf(schema: ObjectSchema, object: unknown): Uint8Array {
  try {
    writeMessage(schema, object as Json)
    return writer.take()
  } catch (error) {
    writer.reset()
    throw error
  }
}

/** Throws a ProtobufError for what is no encoding of the kind. The type is the envelope's, set by the caller. */
export function decodeProtobuf<T = any>(
  schema: ObjectSchema & { readonly __value?: T },
  bytes: Uint8Array,
  type?: { readonly apiVersion?: string; readonly kind?: string },
): T {
  const raw: Json = {}
  if (type?.kind) raw['kind'] = type.kind
  if (type?.apiVersion) raw['apiVersion'] = type.apiVersion
  try {
    readMessage(messageOf(schema), new Reader(bytes), raw)
    // Zeros that JSON would leave out, the order of fields and what is always there: the same rules as for JSON.
    return decodeObject<T>(schema, raw, { mode: 'Ignore' }).object
  } catch (error) {
    if (error instanceof ProtobufError) throw error
    // A quantity that is none, a time out of range, raw JSON that is not JSON.
    throw new ProtobufError((error as Error).message, { cause: error })
  }
}

/** An object with its type, in its envelope. */
export function encodeObjectEnvelope(
  schema: ObjectSchema,
  object: { readonly apiVersion?: string; readonly kind?: string },
): Uint8Array {
  return encodeEnvelope(object, encodeProtobuf(schema, object))
}

// ---- compiled messages ---------------------------------------------------------------------------------------------

/** A field of a message, with its tag ready to be written. */
interface MessageField {
  readonly name: string
  readonly node: TypeNode
  readonly number: number
  /** Go's nil is possible: nothing is written for what is absent. */
  readonly nullable: boolean
  /** Its message's fields stand in the parent in JSON. */
  readonly inline: boolean
  /** JSON leaves a zero out, so it need not be kept when it is read. */
  readonly dropsZero: boolean
}

interface Message {
  readonly goName: string
  /** From the highest number to the lowest: the order of writing. */
  readonly descending: readonly MessageField[]
  readonly byNumber: ReadonlyMap<number, MessageField>
}

const messages = new WeakMap<ObjectSchema, Message>()

function messageOf(schema: ObjectSchema): Message {
  let message = messages.get(schema)
  if (!message) {
    const fields = schema.message.map(messageField).sort((a, b) => b.number - a.number)
    message = {
      goName: schema.name.split('.').at(-1)!,
      descending: fields,
      byNumber: new Map(fields.map(field => [field.number, field])),
    }
    messages.set(schema, message)
  }
  return message
}

function messageField(field: FieldSchema): MessageField {
  const { type } = field.node
  return {
    name: field.name,
    node: field.node,
    number: field.number,
    nullable: field.inline !== true && (field.presence === 'pointer' || type === 'bytes' || type === 'either'),
    inline: field.inline === true,
    dropsZero: field.presence === 'omitempty',
  }
}

function wireTypeOf(node: TypeNode): number {
  switch (node.type) {
    case 'boolean':
    case 'int32':
    case 'int64':
      return varintType
    case 'double':
      return fixed64Type
    default:
      return lengthType
  }
}

function writeTag(number: number, node: TypeNode): void {
  writer.varint(number * 8 + wireTypeOf(node))
}

// ---- writing -------------------------------------------------------------------------------------------------------

function writeMessage(schema: ObjectSchema, object: Json): void {
  for (const field of messageOf(schema).descending) {
    const value = field.inline ? object : object[field.name]
    writeField(field, value)
  }
}

function writeField({ node, number, nullable }: MessageField, value: any): void {
  if (node.type === 'list' && !node.wrapped) {
    if (!value) return
    for (let index = value.length - 1; index >= 0; index--) {
      writeValue(node.item, value[index])
      writeTag(number, node.item)
    }
    return
  }
  if (node.type === 'map') {
    if (value) writeMap(node.value, number, value)
    return
  }
  if (value === undefined || value === null) {
    if (nullable || node.type === 'list') return
  } else if ((node.type === 'bytes' && value === '') || (node.type === 'list' && value.length === 0)) return
  writeValue(node, value)
  writeTag(number, node)
}

function writeMap(node: TypeNode, number: number, value: Json): void {
  const keys = Object.keys(value).sort(compareText)
  for (let index = keys.length - 1; index >= 0; index--) {
    const key = keys[index]!
    const end = writer.written
    writeValue(node, value[key])
    writeTag(2, node)
    writer.string(key)
    writer.byte(0x0a)
    writer.varint(writer.written - end)
    writer.varint(number * 8 + lengthType)
  }
}

/** Everything after the tag; absent values as Go's zero. */
function writeValue(node: TypeNode, value: any): void {
  switch (node.type) {
    case 'string':
      writer.string(value ?? '')
      break
    case 'boolean':
      writer.byte(value ? 1 : 0)
      break
    case 'int32':
      writer.varint(value ?? 0)
      break
    case 'int64':
      if (typeof value === 'bigint') writer.bigVarint(value)
      else writer.varint(value ?? 0)
      break
    case 'double':
      writer.double(value ?? 0)
      break
    case 'bytes':
      writer.bytes(Buffer.from(value ?? '', 'base64'))
      break
    case 'object': {
      const schema = node.of()
      const end = writer.written
      if (schema.alias) writeField(aliasField(schema.alias), value)
      else writeMessage(schema, value ?? {})
      writer.varint(writer.written - end)
      break
    }
    case 'list': {
      const end = writer.written
      for (let index = (value?.length ?? 0) - 1; index >= 0; index--) {
        writeValue(node.item, value[index])
        writeTag(1, node.item)
      }
      writer.varint(writer.written - end)
      break
    }
    case 'map':
      throw new ProtobufError('a map cannot stand in a list or another map')
    case 'either':
      writeEither(node, value)
      break
    default: {
      const end = writer.written
      writeWellKnown(node, value, writer)
      writer.varint(writer.written - end)
    }
  }
}

function aliasField(node: TypeNode): MessageField {
  return { name: '', node, number: 1, nullable: true, inline: false, dropsZero: false }
}

function writeEither(node: TypeNode & { type: 'either' }, value: any): void {
  const end = writer.written
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  const object: MessageField = {
    name: '',
    node: { type: 'object', of: node.of },
    number: node.ofNumber,
    nullable: true,
    inline: false,
    dropsZero: false,
  }
  // A schema in the place of a boolean allows.
  const other = isObject ? (node.or.type === 'boolean' ? true : undefined) : value
  const or: MessageField = {
    name: '',
    node: node.or,
    number: node.orNumber,
    nullable: false,
    inline: false,
    dropsZero: false,
  }
  const parts: [MessageField, any][] = [
    [object, isObject ? value : undefined],
    [or, other],
  ]
  parts.sort(([a], [b]) => b.number - a.number)
  for (const [field, part] of parts) writeField(field, part)
  writer.varint(writer.written - end)
}

// ---- reading -------------------------------------------------------------------------------------------------------

function readMessage(message: Message, reader: Reader, out: Json): Json {
  while (!reader.done) {
    const tag = reader.varint()
    const wireType = tag & 7
    const number = Math.floor(tag / 8)
    if (number <= 0) throw new ProtobufError(`proto: ${message.goName}: illegal tag ${number} (wire type ${tag})`)
    const field = message.byNumber.get(number)
    if (field) readField(field, wireType, reader, out)
    else reader.skip(wireType)
  }
  return out
}

function readField(field: MessageField, wireType: number, reader: Reader, out: Json): void {
  const { node, name } = field
  if (field.inline && node.type === 'object') {
    const inner = messageOf(node.of())
    reader.message(() => readMessage(inner, reader, out))
    return
  }
  if (node.type === 'map') {
    expect(wireType, lengthType, name)
    if (!Object.hasOwn(out, name)) out[name] = {}
    const target = out[name] as Json
    reader.message(() => readEntry(node.value, reader, target))
    return
  }
  if (node.type === 'list' && !node.wrapped) {
    if (!Object.hasOwn(out, name)) out[name] = []
    const items = out[name] as unknown[]
    const itemType = wireTypeOf(node.item)
    if (wireType === lengthType && itemType !== lengthType)
      reader.message(() => {
        while (!reader.done) items.push(readValue(node.item, reader))
      })
    else {
      expect(wireType, itemType, name)
      items.push(readValue(node.item, reader))
    }
    return
  }
  expect(wireType, wireTypeOf(node), name)
  const value = readValue(node, reader)
  // Upstream writes every zero there is: most fields of most messages.
  if (value === undefined || (field.dropsZero && (value === '' || value === 0 || value === false))) {
    if (Object.hasOwn(out, name)) delete out[name]
  } else out[name] = value
}

function readEntry(node: TypeNode, reader: Reader, target: Json): void {
  let key = ''
  let value: unknown = null
  while (!reader.done) {
    const tag = reader.varint()
    if (tag === 0x0a) key = reader.string()
    else if (tag >> 3 === 2) {
      expect(tag & 7, wireTypeOf(node), 'value')
      value = readValue(node, reader)
    } else reader.skip(tag & 7)
  }
  // decodeObject makes the zero of the type out of null.
  setKey(target, key, value ?? null)
}

function expect(wireType: number, wanted: number, name: string): void {
  if (wireType !== wanted)
    throw new ProtobufError(
      `proto: wrong wireType = ${wireType} for field ${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    )
}

function readValue(node: TypeNode, reader: Reader): unknown {
  switch (node.type) {
    case 'string':
      return reader.string()
    case 'boolean':
      return reader.varint() !== 0
    case 'int32':
      return reader.varint() | 0
    case 'int64':
      return reader.int64()
    case 'double':
      return reader.double()
    case 'bytes':
      return reader.bytes().toString('base64')
    case 'object': {
      const schema = node.of()
      if (schema.alias) return reader.message(() => readAlias(schema.alias!, reader))
      return reader.message(() => readMessage(messageOf(schema), reader, {}))
    }
    case 'list': {
      return reader.message(() => readAlias({ type: 'list', item: node.item }, reader) ?? [])
    }
    case 'map':
      throw new ProtobufError('a map cannot stand in a list or another map')
    case 'either': {
      const object: MessageField = {
        name: 'object',
        node: { type: 'object', of: node.of },
        number: node.ofNumber,
        nullable: true,
        inline: false,
        dropsZero: false,
      }
      const or: MessageField = {
        name: 'or',
        node: node.or,
        number: node.orNumber,
        nullable: false,
        inline: false,
        dropsZero: false,
      }
      const message: Message = {
        goName: node.definition.split('.').at(-1)!,
        descending: [],
        byNumber: new Map([
          [object.number, object],
          [or.number, or],
        ]),
      }
      const parts = reader.message(() => readMessage(message, reader, {}))
      return parts['object'] ?? parts['or']
    }
    default:
      return reader.message(() => readWellKnown(node, reader))
  }
}

/** A message that stands for its one field. */
function readAlias(node: TypeNode, reader: Reader): unknown {
  const field = aliasField(node)
  return readMessage({ goName: '', descending: [field], byNumber: new Map([[1, field]]) }, reader, {})['']
}
