import { expect, test } from 'vitest'
import type { EndpointSubset } from '../../api/core/v1/endpoints.ts'
import { repacked } from './repacked-subsets.ts'

// Subsets are written `ready / not ready : ports`.

const subset = (text: string): EndpointSubset => {
  const [addresses = '', ports = ''] = text.split(':').map(part => part.trim())
  const [ready = '', notReady = ''] = addresses.split('/').map(part => part.trim())
  const list = (names: string) => names.split(' ').filter(name => name)
  return {
    addresses: list(ready).map(ip => ({ ip })),
    notReadyAddresses: list(notReady).map(ip => ({ ip })),
    ports: list(ports).map(port => ({ port: Number(port) })),
  }
}
const text = ({ addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset) => {
  const ips = (list: typeof addresses) => list.map(({ ip }) => ip).join(' ')
  return `${ips(addresses)} / ${ips(notReadyAddresses)} : ${ports.map(({ port }) => port).join(' ')}`
}

test.each([
  ['nothing', [], []],
  ['one as it is', ['a / b : 80'], ['a / b : 80']],
  ['addresses with the same ports', ['a / : 80', 'b / : 80', ' / c : 80'], ['a b / c : 80']],
  ['ports of the same addresses', ['a b / : 80', 'a b / : 443'], ['a b /  : 80 443']],
  ['ports of other addresses stay apart', ['a / : 80 443', 'b / : 80'], ['a b /  : 80', 'a /  : 443']],
  ['ports of the same address in another state stay apart', ['a / : 80', ' / a : 443'], ['a /  : 80', ' / a : 443']],
  ['an address that is not ready somewhere is not ready', ['a / : 80', ' / a : 80'], [' / a : 80']],
  ['addresses without ports', ['a / : ', 'b / : '], ['a b /  : ']],
])('%s', (_, given, expected) => {
  const tidy = (each: string) => each.replace(/\s+/g, ' ').trim()
  const found = repacked(given.map(subset)).map(text).map(tidy)
  expect(found.sort()).toEqual(expected.map(tidy).sort())
})

test('two pods that have one address are two', () => {
  const address = (uid: string) => ({ ip: '10.0.0.1', targetRef: { kind: 'Pod', uid } })
  const found = repacked([{ addresses: [address('b'), address('a')], ports: [{ port: 80 }] }])
  expect(found).toEqual([{ addresses: [address('a'), address('b')], ports: [{ port: 80 }] }])
})
