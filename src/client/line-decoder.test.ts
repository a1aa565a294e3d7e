import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineDecoder } from './line-decoder.ts'

function decode(chunks: Iterable<Uint8Array>) {
  const lines: string[] = []
  const decoder = new LineDecoder(line => lines.push(line))
  for (const chunk of chunks) decoder.write(chunk)
  return { lines, pending: decoder.pending }
}

test('lines come out the same however the bytes are cut', () => {
  const line = fc.string({ unit: 'grapheme', minLength: 1 }).filter(text => !text.includes('\n') && text.trim() !== '')
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (lines, sizes) => {
      const bytes = Buffer.from(lines.map(text => `${text}\n`).join(''))
      const chunks: Uint8Array[] = []
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = sizes[turn % sizes.length]!
        chunks.push(bytes.subarray(at, at + size))
        at += size
      }
      expect(decode(chunks)).toEqual({ lines, pending: false })
    }),
  )
})

test.each([
  { text: '', lines: [], pending: false },
  { text: '\n\n', lines: [], pending: false },
  { text: 'a\n\nb\r\n', lines: ['a', 'b\r'], pending: false },
  { text: 'a\nb', lines: ['a'], pending: true },
])('$text', ({ text, lines, pending }) => {
  expect(decode([Buffer.from(text)])).toEqual({ lines, pending })
})
