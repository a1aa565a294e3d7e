// Where a request came from: what proxies say in their headers, then the peer itself (apimachinery util/net.SourceIPs).

import { isIP } from 'node:net'
import type { RequestContext } from '../request.ts'

export function sourceAddresses({ headers, remoteAddress }: RequestContext): string[] {
  const first = (name: string): string => {
    const value = headers[name]
    return (Array.isArray(value) ? value.join(',') : value) ?? ''
  }
  const addresses: string[] = []
  for (const part of first('x-forwarded-for').split(',')) {
    const address = addressOf(part.trim())
    if (address) addresses.push(address)
  }
  const real = addressOf(first('x-real-ip').trim())
  if (real && !addresses.includes(real)) addresses.push(real)
  const peer = addressOf(remoteAddress)
  if (peer && addresses[addresses.length - 1] !== peer) addresses.push(peer)
  return addresses
}

/** As Go writes it: an IPv4 address in IPv6 clothes is an IPv4 address. */
function addressOf(text: string): string | undefined {
  const address = text.startsWith('::ffff:') && isIP(text.slice(7)) === 4 ? text.slice(7) : text
  return isIP(address) === 0 ? undefined : address
}
