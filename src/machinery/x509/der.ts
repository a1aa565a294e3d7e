// The few ASN.1 DER forms that an X.509 certificate is made of (X.690). Only writing: reading is node:crypto's and
// `der-reader.ts`'s.

export type Der = Uint8Array

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}

function lengthOf(size: number): Uint8Array {
  if (size < 0x80) return Uint8Array.of(size)
  const bytes: number[] = []
  for (let rest = size; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff)
  return Uint8Array.of(0x80 | bytes.length, ...bytes)
}

function tagged(tag: number, ...parts: readonly Uint8Array[]): Der {
  const content = concat(parts)
  return concat([Uint8Array.of(tag), lengthOf(content.length), content])
}

export const sequence = (...items: readonly Der[]): Der => tagged(0x30, ...items)
export const set = (...items: readonly Der[]): Der => tagged(0x31, ...items)
export const boolean = (value: boolean): Der => tagged(0x01, Uint8Array.of(value ? 0xff : 0))
export const octetString = (content: Uint8Array): Der => tagged(0x04, content)
export const utf8String = (text: string): Der => tagged(0x0c, Buffer.from(text, 'utf8'))
/** Constructed [n] around whole values. */
export const explicit = (number: number, ...items: readonly Der[]): Der => tagged(0xa0 | number, ...items)
/** Primitive [n] in place of a value's own tag. */
export const implicit = (number: number, content: Uint8Array): Der => tagged(0x80 | number, content)

/** A non-negative integer given as big-endian bytes. */
export function integer(bytes: Uint8Array): Der {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const digits = bytes.subarray(start)
  return digits[0]! >= 0x80 ? tagged(0x02, Uint8Array.of(0), digits) : tagged(0x02, digits)
}

export function bitString(content: Uint8Array, unusedBits = 0): Der {
  return tagged(0x03, Uint8Array.of(unusedBits), content)
}

/** Bits numbered from the most significant, as KeyUsage counts them; trailing zero bits are left out. */
export function namedBits(...bits: readonly number[]): Der {
  const highest = Math.max(...bits)
  const bytes = new Uint8Array((highest >> 3) + 1)
  for (const bit of bits) bytes[bit >> 3]! |= 0x80 >> (bit & 7)
  return bitString(bytes, 7 - (highest & 7))
}

export function objectIdentifier(dotted: string): Der {
  const [first, second, ...rest] = dotted.split('.').map(Number)
  const bytes: number[] = []
  for (const arc of [first! * 40 + second!, ...rest]) {
    const groups = [arc & 0x7f]
    for (let remaining = Math.floor(arc / 128); remaining > 0; remaining = Math.floor(remaining / 128))
      groups.unshift((remaining & 0x7f) | 0x80)
    bytes.push(...groups)
  }
  return tagged(0x06, Uint8Array.from(bytes))
}

/** UTCTime until 2049, GeneralizedTime from 2050 on, as RFC 5280 asks; whole seconds. */
export function time(milliseconds: number): Der {
  const digits = new Date(milliseconds).toISOString().replace(/[-:T]/g, '').slice(0, 14)
  return digits < '2050' ? tagged(0x17, Buffer.from(`${digits.slice(2)}Z`)) : tagged(0x18, Buffer.from(`${digits}Z`))
}
