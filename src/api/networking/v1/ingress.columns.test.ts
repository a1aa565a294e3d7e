import { expect, test } from 'vitest'
import { ingressCells } from './ingress.columns.ts'

const now = Date.parse('2026-01-02T00:00:00Z')
const ingress = (spec: object, addresses: object[] = []): any => ({
  metadata: { name: 'i', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec,
  status: { loadBalancer: { ingress: addresses } },
})
const rules = (...hosts: (string | undefined)[]) => ({ rules: hosts.map(host => ({ host })) })

test.each<[string, object]>([
  ['*', {}],
  ['*', rules(undefined)],
  ['a', rules('a', undefined)],
  ['a,b,c', rules('a', undefined, 'b', 'c')],
  ['a,b,c + 1 more...', rules('a', 'b', 'c', undefined)],
  ['a,b,c + 2 more...', rules('a', 'b', 'c', 'd', 'e')],
])('hosts read %s: %j', (hosts, spec) => {
  expect(ingressCells(ingress(spec), now)).toEqual(['i', '<none>', hosts, '', '80', '24h'])
})

test('an ingress with a class, TLS and addresses', () => {
  const object = ingress({ ingressClassName: 'nginx', tls: [{}] }, [
    { hostname: 'b.io' },
    { ip: '1.1.1.1' },
    { ip: '1.1.1.1' },
  ])
  expect(ingressCells(object, now)).toEqual(['i', 'nginx', '*', '1.1.1.1,b.io', '80, 443', '24h'])
})
