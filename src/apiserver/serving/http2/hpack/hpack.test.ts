import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HpackDecoder } from './decoder.ts'
import { HpackEncoder } from './encoder.ts'
import { decodeHuffman } from './huffman.ts'

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')

function decoded(decoder: HpackDecoder, block: Buffer): string[] {
  const fields: string[] = []
  decoder.decode(block, 0, block.length, ({ name, value }) => fields.push(`${name}: ${value}`))
  return fields
}

describe('requests of RFC 7541, appendix C', () => {
  const requests = [
    [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'],
    [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'],
    [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com', 'custom-key: custom-value'],
  ]
  test.each([
    [
      'C.3, plain',
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
    ],
    [
      'C.4, with Huffman coding',
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
    ],
  ])('%s', (_name, blocks) => {
    const decoder = new HpackDecoder()
    expect(blocks.map(block => decoded(decoder, bytes(block)))).toEqual(requests)
  })
})

test('C.5: answers, in a table of 256 octets that forgets the oldest', () => {
  const decoder = new HpackDecoder(256)
  expect(
    [
      '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '4803 3330 37c1 c0bf',
    ].map(block => decoded(decoder, bytes(block))),
  ).toEqual([
    [
      ':status: 302',
      'cache-control: private',
      'date: Mon, 21 Oct 2013 20:13:21 GMT',
      'location: https://www.example.com',
    ],
    [
      ':status: 307',
      'cache-control: private',
      'date: Mon, 21 Oct 2013 20:13:21 GMT',
      'location: https://www.example.com',
    ],
  ])
  // `:status: 302` had to go; 65 was `cache-control: private` and is no more than that.
  expect(() => decoded(decoder, bytes('c2'))).toThrow('there is no field 66')
})

test.each<[block: string, error: string]>([
  ['80', 'a field has no number'],
  ['be', 'there is no field 62'],
  ['ff ff ff ff ff 0f', 'a number is too large'],
  ['ff', 'a number is cut'],
  ['40', 'a string is missing'],
  ['40 03 61 62', 'a string is cut'],
  ['40 01 61', 'a string is missing'],
  ['82 20', 'a table changes its size within a block'],
  ['3f e2 1f', 'a table of 4097 octets, the largest is 4096'],
  // Eight bits of padding, padding of zeros, and the end of the string within it.
  ['00 82 1f ff 00', 'a string is not coded'],
  ['00 81 18 00', 'a string is not coded'],
  ['00 84 ff ff ff ff 00', 'a string is not coded'],
])('a broken block: %s', (block, error) => {
  expect(() => decoded(new HpackDecoder(), bytes(block))).toThrow(error)
})

test.each([
  ['ffc7', '\0'],
  ['f8', '&'],
  ['', ''],
  // Eight ones are no padding.
  ['f8ff', undefined],
])('Huffman: %s', (hex, text) => {
  expect(decodeHuffman(bytes(hex), 0, hex.length / 2)).toBe(text)
})

const headerName = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/).filter(name => !http1.includes(name))
const http1 = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', '__proto__']
const headerValue = fc.oneof(
  fc.constantFrom('application/json', 'no-cache, private', ''),
  fc.string({ unit: 'grapheme', maxLength: 300 }).map(text => text.replaceAll(/[\0\r\n]/g, ' ')),
  fc.string({ minLength: 120, maxLength: 140 }).map(text => text.replaceAll(/[\0\r\n]/g, ' ')),
)
const answers = fc.array(
  fc.tuple(
    fc.constantFrom(200, 201, 404, 429),
    fc.dictionary(headerName, fc.oneof(headerValue, fc.nat(), fc.array(headerValue, { maxLength: 3 }))),
    fc.option(fc.constantFrom(0, 64, 1000, 4096, 65_536)),
  ),
  { maxLength: 30 },
)

test('what is encoded is decoded, whatever came before, and whatever the size of the table', () => {
  fc.assert(
    fc.property(answers, list => {
      const encoder = new HpackEncoder()
      const decoder = new HpackDecoder()
      for (const [status, headers, size] of list) {
        if (size !== null) encoder.limit(size)
        const expected = [`:status: ${status}`]
        for (const [name, value] of Object.entries(headers))
          for (const one of Array.isArray(value) ? value : [value]) expected.push(`${name}: ${one}`)
        expect(decoded(decoder, encoder.encode(status, headers))).toEqual(expected)
      }
    }),
    { seed: 7541, numRuns: 200 },
  )
})

test('fields of one connection are left out, names are lower case, and a value cannot end its field', () => {
  const block = new HpackEncoder().encode(200, { Connection: 'close', 'X-Of-A-Backend': 'a\r\nb: c', date: undefined })
  expect(decoded(new HpackDecoder(), block)).toEqual([':status: 200', 'x-of-a-backend: a  b: c'])
})

test('a field that comes again takes one octet', () => {
  const encoder = new HpackEncoder()
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-cache, private' }
  expect(encoder.encode(201, headers).length).toBeGreaterThan(30)
  expect(encoder.encode(201, headers).length).toBe(3)
})
