import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as p from './message.ts'
import { decodeMessage, encodeMessage, MalformedMessageError } from './wire.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const unhex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

const Color = p.enumeration('RED', 'GREEN', 'BLUE')
const Inner = p.message({ name: p.string(1), weight: p.uint64(2) })
const Outer = p.message({
  text: p.string(1),
  raw: p.bytes(2),
  flag: p.bool(3),
  small: p.int32(4),
  big: p.int64(5),
  ratio: p.double(6),
  color: p.oneOf(7, Color),
  inner: p.embed(8, Inner),
  inners: p.list(9, Inner),
  numbers: p.list(10, 'int64'),
  labels: p.stringMap(11),
  names: p.list(12, 'string'),
  far: p.string(2000),
})

describe('a field on the wire', () => {
  test.each([
    ['text', { text: 'testing' }, '0a0774657374696e67'],
    ['a varint of two bytes', { small: 150 }, '209601'],
    ['minus one, as ten bytes', { small: -1 }, '20ffffffffffffffffff01'],
    ['an int64 above 2^32', { big: 2 ** 40 + 5 }, '2885808080802' + '0'],
    ['a double', { ratio: 1.5 }, '31000000000000f83f'],
    ['an enumeration by number', { color: 'BLUE' as const }, '3802'],
    ['an embedded message', { inner: { name: 'a' } }, '42030a0161'],
    ['an empty embedded message, which differs from none', { inner: {} }, '4200'],
    ['a packed list', { numbers: [1, 300] }, '520301ac02'],
    ['a map entry', { labels: { k: 'v' } }, '5a060a016b120176'],
    ['a number of two bytes', { far: 'x' }, '827d0178'],
    ['zero values are not written', { text: '', small: 0, flag: false, color: 'RED' as const, names: [] }, ''],
  ])('%s', (_what, value, wire) => {
    expect(hex(encodeMessage(Outer, value))).toBe(wire)
    expect(decodeMessage(Outer, unhex(wire))).toEqual(p.complete(Outer, value))
  })
})

describe('reading', () => {
  test('absent scalars are zero, absent lists and maps empty, absent messages undefined', () => {
    const { inner, ...rest } = decodeMessage(Outer, new Uint8Array())
    expect(inner).toBeUndefined()
    expect(rest).toMatchObject({ text: '', flag: false, small: 0, color: 'RED', inners: [], labels: {}, names: [] })
  })

  test('fields nobody declared are skipped, whatever their wire type', () => {
    // 100: varint, 101: fixed64, 102: length-delimited, 103: fixed32, then text.
    const wire = `a00601${'a906'}0102030405060708${'b206'}020102${'bd06'}01020304${'0a0161'}`
    expect(decodeMessage(Outer, unhex(wire)).text).toBe('a')
  })

  test('an unpacked list is read as a packed one is', () => {
    expect(decodeMessage(Outer, unhex('50015002')).numbers).toEqual([1, 2])
  })

  test('an enumeration number without a name is kept as its digits and written back', () => {
    const value = decodeMessage(Outer, unhex('3809'))
    expect(value.color).toBe('9')
    expect(hex(encodeMessage(Outer, value))).toBe('3809')
  })

  test.each([
    ['cut short in a length', '0a05'],
    ['cut short in a varint', '2096'],
    ['of another wire type', '0801'],
    ['of a wire type out of use', '0b'],
    ['a varint without an end', `20${'ff'.repeat(11)}`],
  ])('bytes that are %s are refused', (_what, wire) => {
    expect(() => decodeMessage(Outer, unhex(wire))).toThrow(MalformedMessageError)
  })
})

test('an unknown enumeration name is refused at writing', () => {
  expect(() => encodeMessage(Outer, { color: 'PINK' as 'RED' })).toThrow('"PINK" is none of RED, GREEN, BLUE')
})

test('what is written is read again, for any value', () => {
  const inner = fc.record({ name: fc.string({ unit: 'grapheme' }), weight: fc.nat() })
  const outer = fc.record({
    text: fc.string({ unit: 'grapheme' }),
    raw: fc.uint8Array(),
    flag: fc.boolean(),
    small: fc.integer(),
    big: fc.maxSafeInteger(),
    ratio: fc.double({ noNaN: true }).map(value => (value === 0 ? 0 : value)),
    color: fc.constantFrom('RED' as const, 'GREEN' as const, 'BLUE' as const),
    inner,
    inners: fc.array(inner),
    numbers: fc.array(fc.maxSafeInteger()),
    labels: fc.dictionary(
      fc.string().filter(key => key !== '__proto__'),
      fc.string(),
      { noNullPrototype: true },
    ),
    names: fc.array(fc.string()),
    far: fc.string(),
  })
  fc.assert(
    fc.property(outer, value => {
      expect(decodeMessage(Outer, encodeMessage(Outer, value))).toEqual(value)
    }),
  )
})
