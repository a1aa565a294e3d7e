// Addresses as text, and the names that stand for them: 4.3.2.1.in-addr.arpa, and the nibbles of ip6.arpa.

import { formatIP, parseIP } from '../machinery/ip.ts'

/** As RFC 5952 writes it; undefined for what is no address. */
export function canonicalAddress(text: string): string | undefined {
  const parsed = parseIP(text)
  return parsed && formatIP(parsed.bytes)
}

/** The address in canonical form; undefined for every other name. */
export function addressOfReverseName(name: string): string | undefined {
  const [, four, six] = /^(?:((?:\d{1,3}\.){4})in-addr|((?:[\da-f]\.){32})ip6)\.arpa$/.exec(name) ?? []
  const parts = (four ?? six)?.split('.').slice(0, -1).reverse()
  if (!parts) return undefined
  return canonicalAddress(four ? parts.join('.') : parts.join('').replaceAll(/(.{4})(?=.)/g, '$1:'))
}
