import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  any,
  boolean,
  bytes,
  double,
  duration,
  either,
  eitherOf,
  int32,
  int64,
  intOrString,
  list,
  map,
  microTime,
  object,
  quantity,
  ref,
  string,
  time,
  wrappedList,
} from '../schema/schema.ts'
import { decodeObject } from './decode.ts'
import { decodeEnvelope, decodeProtobuf, encodeEnvelope, encodeProtobuf, ProtobufError } from './protobuf.ts'

const hex = (value: Uint8Array) => Buffer.from(value).toString('hex')
const unhex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))

const Inner = object('io.k8s.test.v1.Inner', { name: string(1), on: boolean(2) })
const Source = object('io.k8s.test.v1.Source', { path: string(1), deep: ref(2, Inner) })

describe('a field on the wire', () => {
  const one = (field: Parameters<typeof object>[1][string]) => object('io.k8s.test.v1.One', { f: field })
  test.each<[string, ReturnType<typeof one>, unknown, string]>([
    ['text', one(string(1)), 'hé', '0a 03 68c3a9'],
    ['text that is absent', one(string(1)), undefined, '0a 00'],
    ['a pointer that is absent', one(string(1).pointer()), undefined, ''],
    ['a pointer to nothing', one(string(1).pointer()), '', '0a 00'],
    ['a number', one(int32(2)), 300, '10 ac02'],
    ['a negative number', one(int32(2)), -1, '10 ffffffffffffffffff01'],
    ['a long number', one(int64(2)), 2 ** 53, '10 8080808080808010'],
    ['the largest number', one(int64(2)), 2n ** 63n - 1n, '10 ffffffffffffffff7f'],
    ['the least number', one(int64(2)), -(2n ** 63n), '10 80808080808080808001'],
    ['yes', one(boolean(3)), true, '18 01'],
    ['no', one(boolean(3)), undefined, '18 00'],
    ['a fraction', one(double(4)), 1.5, '21 000000000000f83f'],
    ['bytes', one(bytes(5)), 'aGk=', '2a 02 6869'],
    ['no bytes', one(bytes(5)), undefined, ''],
    ['a high field number', one(string(17)), 'a', '8a01 01 61'],
    ['a message', one(ref(1, Inner)), { name: 'a' }, '0a 05 0a0161 1000'],
    ['a message that is always there', one(ref(1, Inner).always()), undefined, '0a 04 0a00 1000'],
    ['a list', one(list(1, 'string')), ['a', ''], '0a0161 0a00'],
    ['numbers, one by one', one(list(1, 'int32')), [1, 2], '0801 0802'],
    ['a list of messages', one(list(1, Inner)), [{ on: true }], '0a 04 0a00 1001'],
    ['a wrapped list', one(wrappedList(1, 'string')), ['a'], '0a 03 0a0161'],
    ['a map in order of its keys', one(map(1, 'string')), { b: '2', a: '1' }, '0a06 0a0161 120131 0a06 0a0162 120132'],
    ['a map of bytes', one(map(1, 'bytes')), { a: '' }, '0a05 0a0161 1200'],
    ['a map of quantities', one(map(1, 'quantity')), { a: '1' }, '0a08 0a0161 1203 0a0131'],
    ['a quantity', one(quantity(1)), '100m', '0a 06 0a04 3130306d'],
    ['no quantity', one(quantity(1).always()), undefined, '0a 03 0a01 30'],
    ['a number or text: a number', one(intOrString(1)), 80, '0a 06 0800 1050 1a00'],
    ['a number or text: text', one(intOrString(1)), 'http', '0a 0a 0801 1000 1a04 68747470'],
    ['a time', one(time(1)), '2008-01-01T01:01:01Z', '0a 08 08 cda1e6bb04 10 00'],
    ['no time', one(time(1)), undefined, '0a 00'],
    ['a precise time', one(microTime(1)), '1970-01-01T00:00:01.000002Z', '0a 05 0801 10d00f'],
    ['a duration', one(duration(1)), '1µs', '0a 03 08e807'],
    ['raw JSON', one(any(1)), { a: 1 }, '0a 09 0a07 7b2261223a317d'],
  ])('%s', (_name, schema, value, bytesExpected) => {
    const encoded = encodeProtobuf(schema, value === undefined ? {} : { f: value })
    expect(hex(encoded)).toBe(bytesExpected.replaceAll(' ', ''))
    expect(decodeProtobuf(schema, encoded)).toEqual(
      decodeObject(schema, value === undefined ? {} : { f: value }).object,
    )
  })

  test('inline structs are messages on the wire and flat in JSON', () => {
    const Volume = object('io.k8s.test.v1.Volume', { name: string(1), source: ref(2, () => Source).inline() })
    const encoded = encodeProtobuf(Volume, { name: 'a', path: '/x' })
    expect(hex(encoded)).toBe('0a0161' + '1204' + '0a022f78')
    expect(decodeProtobuf(Volume, encoded)).toEqual({ name: 'a', path: '/x' })
  })

  test('either an object or a flag', () => {
    const Props = object('io.k8s.test.v1.Props', {
      extra: either(1, eitherOf('io.k8s.test.v1.InnerOrBool', { object: [2, () => Inner], or: [1, 'boolean'] })),
    })
    expect(hex(encodeProtobuf(Props, { extra: false }))).toBe('0a02' + '0800')
    expect(hex(encodeProtobuf(Props, { extra: { name: 'a' } }))).toBe('0a09' + '0801' + '1205' + '0a01611000')
    for (const extra of [true, false, { name: 'a' }])
      expect(decodeProtobuf(Props, encodeProtobuf(Props, { extra }))).toEqual({ extra })
  })
})

const Everything = object('io.k8s.test.v1.Everything', {
  text: string(1),
  count: int32(2).pointer(),
  big: int64(3),
  yes: boolean(4),
  ratio: double(5),
  data: map(6, 'bytes'),
  inner: ref(7, Inner).always(),
  inners: list(8, Inner),
  amounts: map(9, 'quantity'),
  port: intOrString(10),
  names: list(11, 'string'),
  numbers: list(12, 'int64'),
  period: duration(13).pointer(),
  source: ref(14, () => Source).inline(),
  long: map(15, Inner),
})

test('any object survives being encoded and decoded', () => {
  const key = fc.string({ maxLength: 8, unit: 'binary' })
  const inner = fc.record({ name: fc.string({ unit: 'binary' }), on: fc.boolean() }, { requiredKeys: [] })
  const base64 = fc.uint8Array({ maxLength: 40 }).map(value => Buffer.from(value).toString('base64'))
  const value = fc.record(
    {
      text: fc.string({ unit: 'binary', maxLength: 200 }),
      count: fc.integer(),
      big: fc.maxSafeInteger(),
      yes: fc.boolean(),
      ratio: fc.double({ noNaN: true }),
      data: fc.dictionary(key, base64),
      inner,
      inners: fc.array(inner),
      amounts: fc.dictionary(key, fc.constantFrom('1', '100m', '1Gi', '1500m')),
      port: fc.oneof(fc.integer(), fc.string({ minLength: 1 })),
      names: fc.array(fc.string({ unit: 'binary' })),
      numbers: fc.array(fc.maxSafeInteger()),
      period: fc.constantFrom('0s', '1h0m0s', '1.5s'),
      path: fc.string(),
      long: fc.dictionary(key, inner),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(value, given => {
      const { object: normal } = decodeObject(Everything, JSON.parse(JSON.stringify(given)))
      const encoded = encodeProtobuf(Everything, normal)
      // What was sent empty is only noted in JSON.
      expect(decodeProtobuf(Everything, encoded)).toEqual(structuredClone(normal))
      expect(hex(encodeProtobuf(Everything, decodeProtobuf(Everything, encoded)))).toBe(hex(encoded))
    }),
  )
})

test('a message larger than the buffer', () => {
  const text = 'x'.repeat(300_000)
  expect(decodeProtobuf(Everything, encodeProtobuf(Everything, { text, inner: {} })).text).toBe(text)
})

describe('reading', () => {
  test('skips fields it does not know, and takes packed numbers', () => {
    const encoded = unhex('0a0161 f80101 fa0102ffff f9010000000000000000 fd0100000000 6203010203')
    expect(decodeProtobuf(Everything, encoded)).toEqual({ text: 'a', inner: {}, numbers: [1, 2, 3] })
  })

  test.each([
    ['0a05 61', 'unexpected EOF'],
    ['0a', 'unexpected EOF'],
    ['0800', 'proto: wrong wireType = 0 for field Text'],
    ['0200', 'proto: Everything: illegal tag 0 (wire type 2)'],
    ['ff01', 'proto: illegal wireType 7'],
    ['10 ffffffffffffffffffff01', 'proto: integer overflow'],
  ])('%s fails: %s', (bytesGiven, message) => {
    expect(() => decodeProtobuf(Everything, unhex(bytesGiven))).toThrow(new ProtobufError(message))
  })

  test('never fails otherwise than with a ProtobufError', () => {
    const Fragile = object('io.k8s.test.v1.Fragile', {
      at: time(1).pointer(),
      amount: quantity(2).pointer(),
      raw: any(3).pointer(),
      inner: ref(4, Inner),
    })
    const field = fc.tuple(fc.constantFrom(0x0a, 0x12, 0x1a, 0x22), fc.uint8Array({ maxLength: 12 }))
    const message = field.map(([tag, content]) => [tag, content.length + 2, 0x0a, content.length, ...content])
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          message.map(bytes => Uint8Array.from(bytes)),
        ),
        noise => {
          try {
            decodeProtobuf(Fragile, noise)
          } catch (error) {
            expect(error).toBeInstanceOf(ProtobufError)
          }
        },
      ),
    )
  })
})

describe('the envelope', () => {
  test('carries the type', () => {
    const envelope = encodeEnvelope({ apiVersion: 'v1', kind: 'Pod' }, Uint8Array.of(1, 2))
    expect(hex(envelope)).toBe('6b387300' + '0a09' + '0a027631' + '1203506f64' + '12020102' + '1a00' + '2200')
    const { apiVersion, kind, raw } = decodeEnvelope(envelope)
    expect([apiVersion, kind, [...raw]]).toEqual(['v1', 'Pod', [1, 2]])
  })

  test.each([
    ['', 'empty data'],
    ['6b387300', 'empty body'],
    ['7b7d', 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]'],
  ])('%s is none', (bytesGiven, message) => {
    expect(() => decodeEnvelope(unhex(bytesGiven))).toThrow(new ProtobufError(message))
  })
})
