import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fieldErrorMessage } from '../field-error.ts'
import { root } from '../field-path.ts'
import { addressInCIDR, cidrContains, cidrSize, formatCIDR, formatIP, parseCIDR, parseIP } from '../ip.ts'
import {
  isDomainPrefixedKey,
  isDomainPrefixedPath,
  isFullyQualifiedDomainName,
  isFullyQualifiedName,
} from './domain-names.ts'
import {
  isValidCIDR,
  isValidCIDRForLegacyField,
  isValidInterfaceAddress,
  isValidIP,
  isValidIPForLegacyField,
} from './ip.ts'

const path = root('ip')
const details = (errors: readonly { readonly detail: string }[]) => errors.map(error => error.detail)

describe('an IP address', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['010.002.003.004', '10.2.3.4'],
    ['::', '::'],
    ['::1', '::1'],
    ['fe80:0:0:0:0:0:0:0abc', 'fe80::abc'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
  ])('%s is %s', (text, canonical) => {
    expect(formatIP(parseIP(text)!.bytes)).toBe(canonical)
  })

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.3.-4',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    'g::',
    '1.2.3.4::',
    'fe80::1%eth0',
    '::12345',
    '1:2:3:4:5:6:7::8',
  ])('%j is none', text => {
    expect(parseIP(text)).toBeUndefined()
  })

  test('survives being written and read', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), text => {
        const address = parseIP(text)!
        expect(parseIP(formatIP(address.bytes))?.bytes).toEqual(address.bytes)
      }),
    )
  })
})

describe('a CIDR block', () => {
  test('has a network, a size, and addresses', () => {
    const cidr = parseCIDR('10.244.3.7/22')!
    expect(formatCIDR(cidr)).toBe('10.244.0.0/22')
    expect(cidrSize(cidr)).toBe(1024n)
    expect(cidrContains(cidr, parseIP('10.244.3.255')!)).toBe(true)
    expect(cidrContains(cidr, parseIP('10.244.4.0')!)).toBe(false)
    expect(cidrContains(cidr, parseIP('::1')!)).toBe(false)
    expect(formatIP(addressInCIDR(cidr, 257)!.bytes)).toBe('10.244.1.1')
    expect(addressInCIDR(cidr, 1024)).toBeUndefined()
    expect(formatCIDR(parseCIDR('fd00:1::5/33')!)).toBe('fd00:1::/33')
  })

  test.each(['10.0.0.0', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/a', '10.0.0/8'])('%j is none', text => {
    expect(parseCIDR(text)).toBeUndefined()
  })
})

describe('in an object', () => {
  test.each([
    ['10.9.8.7', [], []],
    ['010.9.8.7', ['must not have leading 0s'], ['must not have leading 0s']],
    ['::ffff:1.2.3.4', ['must not be an IPv4-mapped IPv6 address'], ['must not be an IPv4-mapped IPv6 address']],
    ['FE80::1', [], ['must be in canonical form ("fe80::1")']],
    [
      'x',
      ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
      ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ],
  ])('address %s', (text, legacy, strict) => {
    expect(details(isValidIPForLegacyField(path, text))).toEqual(legacy)
    expect(details(isValidIP(path, text))).toEqual(strict)
    expect(isValidIPForLegacyField(path, text, [text])).toEqual([])
  })

  test.each([
    ['10.9.8.0/24', [], []],
    [
      '10.9.8.1/24',
      ['must not have bits set beyond the prefix length'],
      ['must not have bits set beyond the prefix length'],
    ],
    [
      '10.9.8.0/024',
      ['must not have leading 0s in IP or prefix length'],
      ['must not have leading 0s in IP or prefix length'],
    ],
    [
      '::ffff:1.2.3.0/120',
      ['must not have an IPv4-mapped IPv6 address'],
      ['must not have an IPv4-mapped IPv6 address'],
    ],
    ['2001:DB8::/64', [], ['must be in canonical form ("2001:db8::/64")']],
    [
      'x',
      ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
      ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
    ],
  ])('block %s', (text, legacy, strict) => {
    expect(details(isValidCIDRForLegacyField(path, text))).toEqual(legacy)
    expect(details(isValidCIDR(path, text))).toEqual(strict)
  })

  test('an interface address', () => {
    expect(isValidInterfaceAddress(path, '192.168.1.5/24')).toEqual([])
    expect(details(isValidInterfaceAddress(path, '::ffff:192.168.0.1/120'))).toEqual([
      'must be in canonical form ("192.168.0.1/24")',
    ])
  })

  test('names with domains', () => {
    const messages = [
      ...isFullyQualifiedName(path, 'a.b'),
      ...isFullyQualifiedName(path, 'a.b.c'),
      ...isFullyQualifiedDomainName(path, 'a.b.'),
      ...isFullyQualifiedDomainName(path, 'a'),
      ...isDomainPrefixedPath(path, 'acme.io/foo/bar'),
      ...isDomainPrefixedPath(path, 'acme.io'),
      ...isDomainPrefixedPath(path, 'acme.io/a b'),
      ...isDomainPrefixedKey(path, 'acme.io/foo'),
      ...isDomainPrefixedKey(path, 'foo'),
    ].map(fieldErrorMessage)
    expect(messages).toEqual([
      'ip: Invalid value: "a.b": should be a domain with at least three segments separated by dots',
      'ip: Invalid value: "a": should be a domain with at least two segments separated by dots',
      'ip: Invalid value: "acme.io": must be a domain-prefixed path (such as "acme.io/foo")',
      `ip: Invalid value: "a b": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')`,
      'ip: Invalid value: "foo": must be a domain-prefixed key (such as "acme.io/foo")',
    ])
  })
})
