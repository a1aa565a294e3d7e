// Checks of IP addresses and CIDR blocks in objects (apimachinery util/validation/ip.go). Fields that are older than the
// strict rules (`…ForLegacyField`) may be written in any form that means one thing only; newer ones must be canonical.

import { type FieldError, invalid } from '../field-error.ts'
import type { FieldPath } from '../field-path.ts'
import { quote } from '../go-text.ts'
import { type CIDR, formatCIDR, formatIP, parseCIDR, parseIP } from '../ip.ts'

const badIP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
const badCIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'
const badInterface = 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'

const notCanonical = (path: FieldPath, value: string, canonical: string): FieldError =>
  invalid(path, value, `must be in canonical form (${quote(canonical)})`)

/** `valid`: values that the stored object has already, and may keep. */
export function isValidIPForLegacyField(path: FieldPath, value: string, valid: readonly string[] = []): FieldError[] {
  if (valid.includes(value)) return []
  const address = parseIP(value)
  if (!address) return [invalid(path, value, badIP)]
  const errors: FieldError[] = []
  if (address.leadingZeros) errors.push(invalid(path, value, 'must not have leading 0s'))
  else if (address.mapped) errors.push(invalid(path, value, 'must not be an IPv4-mapped IPv6 address'))
  return errors
}

export function isValidIP(path: FieldPath, value: string): FieldError[] {
  const errors = isValidIPForLegacyField(path, value)
  if (errors.length > 0) return errors
  const canonical = formatIP(parseIP(value)!.bytes)
  return value === canonical ? [] : [notCanonical(path, value, canonical)]
}

export function isValidCIDRForLegacyField(path: FieldPath, value: string, valid: readonly string[] = []): FieldError[] {
  if (valid.includes(value)) return []
  const cidr = parseCIDR(value)
  if (!cidr) return [invalid(path, value, badCIDR)]
  const problem = problemOf(cidr)
  return problem ? [invalid(path, value, problem)] : []
}

function problemOf(cidr: CIDR): string | undefined {
  if (cidr.leadingZeros || cidr.address.leadingZeros) return 'must not have leading 0s in IP or prefix length'
  if (cidr.address.mapped) return 'must not have an IPv4-mapped IPv6 address'
  const stray = cidr.address.bytes.some((byte, index) => byte !== cidr.network[index])
  return stray ? 'must not have bits set beyond the prefix length' : undefined
}

export function isValidCIDR(path: FieldPath, value: string): FieldError[] {
  const errors = isValidCIDRForLegacyField(path, value)
  if (errors.length > 0) return errors
  const canonical = formatCIDR(parseCIDR(value)!)
  return value === canonical ? [] : [notCanonical(path, value, canonical)]
}

/** An address with the length of its subnet, as `ip addr` shows: `192.168.1.5/24`. */
export function isValidInterfaceAddress(path: FieldPath, value: string): FieldError[] {
  const cidr = parseCIDR(value)
  if (!cidr) return [invalid(path, value, badInterface)]
  const canonical = `${formatIP(cidr.address.bytes)}/${cidr.prefixLength}`
  return value === canonical ? [] : [notCanonical(path, value, canonical)]
}

/** Of a field checked with `isValidIPForLegacyField`: what it says is clear, but other software may read it otherwise. */
export function warningsForIP(path: { toString(): string }, value: string): string[] {
  const address = parseIP(value)
  if (!address) return []
  const canonical = formatIP(address.bytes)
  if (address.leadingZeros || address.mapped)
    return [`${path}: non-standard IP address ${quote(value)} is invalid: use ${quote(canonical)}`]
  return address.family === 6 && canonical !== value
    ? [`${path}: IPv6 address ${quote(value)} should be in RFC 5952 canonical format (${quote(canonical)})`]
    : []
}

/** Of a field checked with `isValidCIDRForLegacyField`. */
export function warningsForCIDR(path: { toString(): string }, value: string): string[] {
  const cidr = parseCIDR(value)
  if (!cidr) return []
  const warnings: string[] = []
  const { address } = cidr
  const canonical = formatCIDR(cidr)
  if (address.bytes.some((byte, index) => byte !== cidr.network[index])) {
    const single = `${formatIP(address.bytes)}/${address.bytes.length * 8}`
    warnings.push(
      `${path}: CIDR value ${quote(value)} is ambiguous in this context (should be ${quote(canonical)} or ${quote(single)}?)`,
    )
  }
  if (cidr.leadingZeros || address.leadingZeros || address.mapped)
    warnings.push(`${path}: non-standard CIDR value ${quote(value)} is invalid: use ${quote(canonical)}`)
  if (warnings.length === 0 && cidr.family === 6 && canonical !== value)
    warnings.push(
      `${path}: IPv6 CIDR value ${quote(value)} should be in RFC 5952 canonical format (${quote(canonical)})`,
    )
  return warnings
}
