// Watch events on a protobuf stream: each frame is its length (4 bytes, big-endian) and a metav1.WatchEvent whose object
// is the enveloped object.

function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++
  return length
}

function writeVarint(into: Uint8Array, at: number, value: number): number {
  let rest = value
  let position = at
  for (; rest >= 128; rest = Math.floor(rest / 128)) into[position++] = (rest % 128) | 128
  into[position++] = rest
  return position
}

/** WatchEvent{type = 1, object = 2: RawExtension{raw = 1}}, with its length before it. */
export function encodeWatchFrame(type: string, raw: Uint8Array): Uint8Array {
  const extension = 1 + varintLength(raw.length) + raw.length
  const event = 1 + varintLength(type.length) + type.length + 1 + varintLength(extension) + extension
  const frame = Buffer.allocUnsafe(4 + event)
  let at = frame.writeUInt32BE(event, 0)
  frame[at++] = 0x0a
  at = writeVarint(frame, at, type.length)
  at += frame.write(type, at, 'latin1')
  frame[at++] = 0x12
  at = writeVarint(frame, at, extension)
  frame[at++] = 0x0a
  at = writeVarint(frame, at, raw.length)
  frame.set(raw, at)
  return frame
}
