import { expect, test } from 'vitest'
import { endpointsCells } from './endpoints.columns.ts'

const now = Date.parse('2026-01-02T00:00:00Z')
const addresses = (...ips: string[]) => ips.map(ip => ({ ip }))
const ports = (...numbers: number[]) => numbers.map(port => ({ port }))

test.each<[object[] | undefined, string]>([
  [undefined, '<none>'],
  [[], '<none>'],
  [[{ notReadyAddresses: addresses('10.0.0.1'), ports: ports(80) }], ''],
  [[{ addresses: addresses('10.0.0.1', '10.0.0.2') }], '10.0.0.1,10.0.0.2'],
  [[{ addresses: addresses('10.0.0.1', 'fd00::1'), ports: ports(80) }], '10.0.0.1:80,[fd00::1]:80'],
  [[{ addresses: addresses('1', '2'), ports: ports(80, 443) }], '1:80,2:80,1:443 + 1 more...'],
  [
    [{ addresses: addresses('1', '2') }, { addresses: addresses('3', '4', '5'), ports: ports(8) }],
    '1,2,3:8 + 2 more...',
  ],
])('%j', (subsets, text) => {
  expect(endpointsCells({ metadata: { name: 'e' }, subsets } as any, now)).toEqual(['e', text, '<unknown>'])
})
