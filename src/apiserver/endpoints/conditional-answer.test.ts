import { expect, test } from 'vitest'
import { conditional } from './conditional-answer.ts'

const page = { status: 200, contentType: 'application/json', headers: { etag: '"a"' }, body: Buffer.from('{}') }
const modified = Date.parse('2026-01-01T00:00:00Z')

test.each([
  [{}, 200],
  [{ 'if-none-match': '"a"' }, 304],
  [{ 'if-none-match': 'W/"a"' }, 304],
  [{ 'if-none-match': '"b", "a"' }, 304],
  [{ 'if-none-match': '*' }, 304],
  [{ 'if-none-match': 'a' }, 200],
  [{ 'if-none-match': '"b"' }, 200],
  [{ 'if-match': '"b"' }, 412],
  [{ 'if-match': '"a"' }, 200],
  [{ 'if-match': 'W/"a"' }, 412],
  [{ 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' }, 304],
  [{ 'if-modified-since': 'Fri, 01 Jan 2010 00:00:00 GMT' }, 200],
  [{ 'if-modified-since': 'nonsense' }, 200],
  // The tag says more than the time.
  [{ 'if-none-match': '"b"', 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' }, 200],
])('%j: %i', (headers, status) => {
  expect(conditional({ headers } as never, page, modified).status).toBe(status)
})
