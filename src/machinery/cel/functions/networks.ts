// IP addresses and blocks of them. Stricter than the API's old fields: no leading zeros, no IPv4 within IPv6.

import { quote } from '../../go-text.ts'
import { type CIDR, cidrContains, formatIP, type IPAddress, parseCIDR, parseIP } from '../../ip.ts'
import { CelRuntimeError } from '../errors.ts'
import { type Overload, overload } from '../overload.ts'
import { OpaqueValue, type Value } from '../values.ts'

class IPValue extends OpaqueValue {
  readonly typeName = 'net.IP'
  readonly address: IPAddress
  constructor(address: IPAddress) {
    super()
    this.address = address
  }
  override equals(other: Value): boolean {
    return other instanceof IPValue && Buffer.compare(this.address.bytes, other.address.bytes) === 0
  }
  override get costSize(): number {
    return this.address.bytes.length
  }
  override toString(): string {
    return formatIP(this.address.bytes)
  }
}

class CIDRValue extends OpaqueValue {
  readonly typeName = 'net.CIDR'
  readonly cidr: CIDR
  constructor(cidr: CIDR) {
    super()
    this.cidr = cidr
  }
  override equals(other: Value): boolean {
    return other instanceof CIDRValue && other.toString() === this.toString()
  }
  override get costSize(): number {
    return Math.ceil(this.cidr.prefixLength / 8)
  }
  override toString(): string {
    return `${formatIP(this.cidr.address.bytes)}/${this.cidr.prefixLength}`
  }
}

/** The address, or what is wrong with the text. */
function readIP(text: string): IPAddress | string {
  if (text.includes('%')) return `IP address ${quote(text)} with zone value is not allowed`
  const address = parseIP(text)
  if (!address || address.leadingZeros)
    return `IP Address ${quote(text)} parse error during conversion from string: ${addressError(text)}`
  if (address.mapped) return `IPv4-mapped IPv6 address ${quote(text)} is not allowed`
  return address
}

/** Go's netip has many more reasons; these are the usual ones. */
function addressError(text: string): string {
  const wrong = (reason: string): string => `ParseAddr(${quote(text)}): ${reason}`
  if (text.includes(':'))
    return wrong(
      text.startsWith(':') && !text.startsWith('::')
        ? 'each colon-separated field must have at least one digit'
        : 'unexpected character',
    )
  if (!text.includes('.')) return wrong('unable to parse IP')
  const parts = text.split('.')
  if (parts.some(part => part === '')) return wrong('IPv4 field must have at least one digit')
  if (parts.some(part => !/^\d+$/.test(part))) return wrong('unexpected character')
  if (parts.some(part => part.length > 1 && part.startsWith('0')))
    return wrong('IPv4 field has octet with leading zero')
  if (parts.some(part => Number(part) > 255)) return wrong('IPv4 field has value >255')
  return wrong(parts.length < 4 ? 'IPv4 address too short' : 'IPv4 address too long')
}

function parseIPValue(text: string): IPValue {
  const address = readIP(text)
  if (typeof address === 'string') throw new CelRuntimeError(address)
  return new IPValue(address)
}

function readCIDR(text: string): CIDR | string {
  const parse = (reason: string): string =>
    `network address parse error during conversion from string: netip.ParsePrefix(${quote(text)}): ${reason}`
  const slash = text.lastIndexOf('/')
  if (slash < 0) return parse("no '/'")
  const cidr = parseCIDR(text)
  if (!cidr || cidr.address.leadingZeros || cidr.leadingZeros) {
    const address = parseIP(text.slice(0, slash))
    if (!address || address.leadingZeros) return parse(addressError(text.slice(0, slash)))
    const length = text.slice(slash + 1)
    return parse(
      /^(?:0|[1-9]\d*)$/.test(length) ? 'prefix length out of range' : `bad bits after slash: ${quote(length)}`,
    )
  }
  if (cidr.address.mapped) return `IPv4-mapped IPv6 address ${quote(text)} is not allowed`
  return cidr
}

function parseCIDRValue(text: string): CIDRValue {
  const cidr = readCIDR(text)
  if (typeof cidr === 'string')
    throw new CelRuntimeError(`network address parse error during conversion from string: ${cidr}`)
  return new CIDRValue(cidr)
}

const networkOf = (cidr: CIDR): IPAddress => ({ ...cidr.address, bytes: cidr.network })

function containsCIDR(outer: CIDRValue, inner: CIDRValue | string): boolean {
  const { cidr } = typeof inner === 'string' ? parseCIDRValue(inner) : inner
  return outer.cidr.prefixLength <= cidr.prefixLength && cidrContains(outer.cidr, networkOf(cidr))
}

function containsIP(outer: CIDRValue, inner: IPValue | string): boolean {
  return cidrContains(outer.cidr, (typeof inner === 'string' ? parseIPValue(inner) : inner).address)
}

type Kind = (address: { family: 4 | 6; bytes: Uint8Array }) => boolean
const starts = (bytes: Uint8Array, ...wanted: number[]): boolean => wanted.every((byte, index) => bytes[index] === byte)
const isUnspecified: Kind = ({ bytes }) => bytes.every(byte => byte === 0)
const isLoopback: Kind = ({ family, bytes }) =>
  family === 4 ? bytes[0] === 127 : bytes.every((byte, index) => byte === (index === 15 ? 1 : 0))
const isMulticast: Kind = ({ family, bytes }) => (family === 4 ? (bytes[0]! & 0xf0) === 0xe0 : bytes[0] === 0xff)
const isLinkLocalMulticast: Kind = ({ family, bytes }) =>
  family === 4 ? starts(bytes, 224, 0, 0) : bytes[0] === 0xff && (bytes[1]! & 0x0f) === 0x02
const isLinkLocalUnicast: Kind = ({ family, bytes }) =>
  family === 4 ? starts(bytes, 169, 254) : bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80
const isGlobalUnicast: Kind = address =>
  !(address.family === 4 && starts(address.bytes, 255, 255, 255, 255)) &&
  !isUnspecified(address) &&
  !isLoopback(address) &&
  !isMulticast(address) &&
  !isLinkLocalUnicast(address)

const kinds = { isUnspecified, isLoopback, isLinkLocalMulticast, isLinkLocalUnicast, isGlobalUnicast }

export const networkFunctions: readonly Overload[] = [
  overload('string_to_ip', 'ip(string): net.IP', parseIPValue),
  overload('ip_family', '(net.IP).family(): int', ({ address }: IPValue) => BigInt(address.family)),
  overload('ip_is_canonical', 'ip.isCanonical(string): bool', (text: string) => parseIPValue(text).toString() === text),
  ...Object.entries(kinds).map(([name, is]) =>
    overload(`ip_${name}`, `(net.IP).${name}(): bool`, ({ address }: IPValue) => is(address)),
  ),
  overload('is_ip', 'isIP(string): bool', (text: string) => typeof readIP(text) !== 'string'),
  overload('ip_to_string', 'string(net.IP): string', String),
  overload('string_to_cidr', 'cidr(string): net.CIDR', parseCIDRValue),
  overload('cidr_contains_ip_string', '(net.CIDR).containsIP(string): bool', containsIP),
  overload('cidr_contains_ip_ip', '(net.CIDR).containsIP(net.IP): bool', containsIP),
  overload('cidr_contains_cidr_string', '(net.CIDR).containsCIDR(string): bool', containsCIDR),
  overload('cidr_contains_cidr', '(net.CIDR).containsCIDR(net.CIDR): bool', containsCIDR),
  overload('cidr_ip', '(net.CIDR).ip(): net.IP', ({ cidr }: CIDRValue) => new IPValue(cidr.address)),
  overload('cidr_prefix_length', '(net.CIDR).prefixLength(): int', ({ cidr }: CIDRValue) => BigInt(cidr.prefixLength)),
  overload(
    'cidr_masked',
    '(net.CIDR).masked(): net.CIDR',
    ({ cidr }: CIDRValue) => new CIDRValue({ ...cidr, address: networkOf(cidr) }),
  ),
  overload('is_cidr', 'isCIDR(string): bool', (text: string) => typeof readCIDR(text) !== 'string'),
  overload('cidr_to_string', 'string(net.CIDR): string', String),
]
