import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, test } from 'vitest'
import { defaultBindAddress, firstAddress } from './machine-address.ts'

const ipv4 = (address: string, internal = false): NetworkInterfaceInfo => ({
  ...{ address, internal, family: 'IPv4', netmask: '255.255.255.0', mac: '00:00:00:00:00:00', cidr: `${address}/24` },
})
const ipv6 = (address: string): NetworkInterfaceInfo => ({ ...ipv4(address), family: 'IPv6', scopeid: 0 })

const routes = (...lines: string[]) =>
  ['Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT', ...lines, ''].join('\n')
const toItsOwn = (name: string) => `${name}\t0002F40A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0`
const outward = (name: string) => `${name}\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0`

describe('the address of the machine', () => {
  const loopback = { lo: [ipv4('127.0.0.1', true)] }
  const bridge = { cni0: [ipv4('10.244.2.1')] }
  const network = { eth0: [ipv6('fe80::1'), ipv4('192.0.2.2')] }

  test.each([
    ['is that of the first interface', { ...loopback, ...network, ...bridge }, '', '192.0.2.2'],
    ['is that of the default route', { ...bridge, ...network }, routes(toItsOwn('cni0'), outward('eth0')), '192.0.2.2'],
    ['is an IPv4 address', { tun0: [ipv6('2001:db8::1')], ...network }, routes(outward('tun0')), '192.0.2.2'],
    ['is another where the default route has none', { ...bridge }, routes(outward('ppp0')), '10.244.2.1'],
    ['is the loopback without a network', loopback, routes(), '127.0.0.1'],
  ])('%s', (_what, interfaces, table, address) => {
    expect(firstAddress(interfaces, table)).toBe(address)
  })
})

test('the API server listens where pods reach it, and nowhere else without them', () => {
  expect(defaultBindAddress(true)).toBe('0.0.0.0')
  expect(defaultBindAddress(false)).toBe('127.0.0.1')
})
