// Protobuf as it lies on the wire, read without knowing any message: field numbers and what is in them. So neither server's
// own idea of a message is trusted.

import { normaliseText } from './normalise.ts'

const magic = Buffer.from('k8s\0')

/** A message, or those of a watch, each after its length. */
export function readProtobuf(bytes: Buffer, stream: boolean): unknown {
  if (!stream) return value(bytes)
  const frames: unknown[] = []
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at)
    frames.push(value(bytes.subarray(at + 4, end)))
    at = end
  }
  return frames
}

/** Text, a message, or bytes: what they read like. */
function value(bytes: Buffer): unknown {
  if (bytes.subarray(0, 4).equals(magic)) return { k8s: value(bytes.subarray(4)) }
  const text = bytes.toString()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what tells a message
  if (/^(?![\n\r\t])[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]*$/.test(text))
    return /^\d+$/.test(text) ? '<digits>' : normaliseText(text)
  return message(bytes) ?? bytes.toString('hex')
}

/** The fields in their order, or undefined when this is no message. */
function message(bytes: Buffer): readonly unknown[] | undefined {
  const fields: unknown[] = []
  let at = 0
  const varint = (): bigint | undefined => {
    let read = 0n
    for (let shift = 0n; at < bytes.length && shift < 70n; shift += 7n) {
      const byte = bytes[at++]!
      read |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return read
    }
    return undefined
  }
  while (at < bytes.length) {
    const tag = varint()
    if (tag === undefined || tag >> 3n === 0n) return undefined
    const [number, type] = [Number(tag >> 3n), Number(tag & 7n)]
    if (type === 0) {
      const read = varint()
      if (read === undefined) return undefined
      fields.push({ [number]: near(read) ? '<seconds>' : isNodePort(read) ? '<node port>' : String(read) })
    } else if (type === 2) {
      const length = varint()
      if (length === undefined || at + Number(length) > bytes.length) return undefined
      fields.push({ [number]: value(bytes.subarray(at, at + Number(length))) })
      at += Number(length)
    } else if (type === 1 || type === 5) {
      const length = type === 1 ? 8 : 4
      if (at + length > bytes.length) return undefined
      fields.push({ [number]: bytes.subarray(at, at + length).toString('hex') })
      at += length
    } else return undefined
  }
  return fields
}

/** A time of this run. */
const near = (seconds: bigint): boolean => Math.abs(Number(seconds) - Date.now() / 1000) < 3600

/** Chosen by chance. */
const isNodePort = (value: bigint): boolean => value >= 30_000n && value <= 32_767n
