// IP addresses and CIDR blocks as values: parsed as leniently as upstream does (leading zeros in IPv4 count as decimal),
// written in canonical form (RFC 5952).

export interface IPAddress {
  readonly family: 4 | 6
  /** 4 or 16 of them. An IPv4-mapped IPv6 address is an IPv4 one, as in Go. */
  readonly bytes: Uint8Array
  /** It was written as IPv6, `::ffff:1.2.3.4`. */
  readonly mapped: boolean
  /** An octet was written with zeros before it: other software may read that as octal. */
  readonly leadingZeros: boolean
}

export interface CIDR {
  readonly family: 4 | 6
  /** As written, with the bits beyond the prefix. */
  readonly address: IPAddress
  /** The address with those bits cleared. */
  readonly network: Uint8Array
  readonly prefixLength: number
  /** The prefix length was written with zeros before it. */
  readonly leadingZeros: boolean
}

/** Undefined for what is no address. Zones (`fe80::1%eth0`) are none. */
export function parseIP(text: string): IPAddress | undefined {
  if (!text.includes(':')) {
    const found = parseOctets(text)
    return found && { family: 4, bytes: found.bytes, mapped: false, leadingZeros: found.leadingZeros }
  }
  const found = parseGroups(text)
  if (!found) return undefined
  const { bytes, leadingZeros } = found
  const mapped = bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every(byte => byte === 0)
  return mapped
    ? { family: 4, bytes: bytes.slice(12), mapped, leadingZeros }
    : { family: 6, bytes, mapped, leadingZeros }
}

function parseOctets(text: string): { bytes: Uint8Array; leadingZeros: boolean } | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  const bytes = new Uint8Array(4)
  let leadingZeros = false
  for (const [index, part] of parts.entries()) {
    if (!/^\d{1,7}$/.test(part) || Number(part) > 255) return undefined
    if (part.length > 1 && part.startsWith('0')) leadingZeros = true
    bytes[index] = Number(part)
  }
  return { bytes, leadingZeros }
}

function parseGroups(text: string): { bytes: Uint8Array; leadingZeros: boolean } | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  let leadingZeros = false
  const read = (half: string): number[] | undefined => {
    if (half === '') return []
    const out: number[] = []
    const groups = half.split(':')
    for (const [index, group] of groups.entries()) {
      if (group.includes('.')) {
        const octets = index === groups.length - 1 ? parseOctets(group) : undefined
        if (!octets) return undefined
        leadingZeros ||= octets.leadingZeros
        out.push(...octets.bytes)
      } else {
        if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined
        const value = Number.parseInt(group, 16)
        out.push(value >> 8, value & 0xff)
      }
    }
    return out
  }
  const [head, tail] = [read(halves[0]!), read(halves[1] ?? '')]
  if (!head || !tail || (halves[0]!.includes('.') && halves.length === 2)) return undefined
  const missing = 16 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined
  return { bytes: Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]), leadingZeros }
}

/** `10.0.0.1`, `fe80::1`. */
export function formatIP(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups: number[] = []
  for (let index = 0; index < 16; index += 2) groups.push((bytes[index]! << 8) | bytes[index + 1]!)
  // The longest run of two or more zero groups, the first of equals, is left out.
  let [start, length] = [-1, 1]
  for (let index = 0; index < 8; index++) {
    let end = index
    while (end < 8 && groups[end] === 0) end++
    if (end - index > length) [start, length] = [index, end - index]
    index = Math.max(index, end)
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map(group => group.toString(16))
      .join(':')
  return start < 0 ? hex(0, 8) : `${hex(0, start)}::${hex(start + length, 8)}`
}

/** Undefined for what is no CIDR block. */
export function parseCIDR(text: string): CIDR | undefined {
  const slash = text.indexOf('/')
  if (slash < 0) return undefined
  const address = parseIP(text.slice(0, slash))
  const length = text.slice(slash + 1)
  if (!address || !/^\d{1,7}$/.test(length)) return undefined
  // A mapped address has the prefix of the IPv6 one it was written as.
  const prefixLength = Number(length) - (address.mapped ? 96 : 0)
  if (Number(length) > (address.family === 6 || address.mapped ? 128 : 32)) return undefined
  return {
    family: address.family,
    address,
    network: mask(address.bytes, Math.max(0, prefixLength)),
    prefixLength: Math.max(0, prefixLength),
    leadingZeros: length.length > 1 && length.startsWith('0'),
  }
}

function mask(bytes: Uint8Array, prefixLength: number): Uint8Array {
  return bytes.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefixLength - index * 8))) & 0xff)
}

/** `10.0.0.0/24`: the network, without the bits beyond its prefix. */
export function formatCIDR(cidr: CIDR): string {
  return `${formatIP(cidr.network)}/${cidr.prefixLength}`
}

export function cidrContains(cidr: CIDR, address: IPAddress): boolean {
  if (cidr.family !== address.family) return false
  return mask(address.bytes, cidr.prefixLength).every((byte, index) => byte === cidr.network[index])
}

/** How many addresses the block has. */
export function cidrSize(cidr: CIDR): bigint {
  return 1n << BigInt(cidr.network.length * 8 - cidr.prefixLength)
}

/** The block's address at this offset; undefined beyond its end. */
export function addressInCIDR(cidr: CIDR, offset: bigint | number): IPAddress | undefined {
  const by = BigInt(offset)
  if (by < 0n || by >= cidrSize(cidr)) return undefined
  let value = cidr.network.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) + by
  const bytes = new Uint8Array(cidr.network.length)
  for (let index = bytes.length - 1; index >= 0; index--) {
    bytes[index] = Number(value & 0xffn)
    value >>= 8n
  }
  return { family: cidr.family, bytes, mapped: false, leadingZeros: false }
}
