import { expect, test } from 'vitest'
import { certificateSigningRequestCells } from './certificatesigningrequest.columns.ts'

const now = Date.parse('2026-01-02T00:00:00Z')
const metadata = { name: 'r', creationTimestamp: '2026-01-01T00:00:00Z' }
const conditions = (...types: string[]) => ({ conditions: types.map(type => ({ type, status: 'True' })) })

test.each<[string, object]>([
  ['Pending', {}],
  ['Approved', conditions('Approved')],
  ['Approved,Issued', { ...conditions('Approved'), certificate: 'YQ==' }],
  ['Denied', conditions('Approved', 'Denied')],
  ['Approved,Failed', conditions('Approved', 'Failed')],
])('%s: %j', (condition, status) => {
  const spec = { signerName: 's.io/x', username: 'u', expirationSeconds: 3600 }
  const cells = certificateSigningRequestCells({ metadata, spec, status } as any, now)
  expect(cells).toEqual(['r', '24h', 's.io/x', 'u', '60m', condition])
})

test('what is not asked for is <none>', () => {
  const cells = certificateSigningRequestCells({ metadata, spec: {}, status: {} } as any, now)
  expect(cells.slice(2, 5)).toEqual(['<none>', '', '<none>'])
})
