// The checks that validations of many kinds are made of. Each adds what it finds to the errors it is given, so that a
// valid object costs neither lists nor paths.

import { type FieldError, invalid, notSupported, required } from '../field-error.ts'
import type { FieldPath } from '../field-path.ts'
import { parseIP } from '../ip.ts'
import {
  isDNS1123Label,
  isDNS1123Subdomain,
  isInRange,
  isPortName,
  isPortNumber,
  isQualifiedName,
  type NameCheck,
  nameIsDNSSubdomain,
} from './names.ts'
import { immutableMessage, notNegativeMessage, validateImmutableField } from './object-meta.ts'

export type Errors = FieldError[]

function messages(found: readonly string[], value: unknown, path: FieldPath, errors: Errors): void {
  for (const message of found) errors.push(invalid(path, value, message))
}

export function checkDNSLabel(value: string, path: FieldPath, errors: Errors): void {
  messages(isDNS1123Label(value), value, path, errors)
}

export function checkDNSSubdomain(value: string, path: FieldPath, errors: Errors): void {
  messages(isDNS1123Subdomain(value), value, path, errors)
}

export function checkQualifiedName(value: string, path: FieldPath, errors: Errors): void {
  messages(isQualifiedName(value), value, path, errors)
}

/** A name that follows the rule. */
export function checkName(value: string, rule: NameCheck, path: FieldPath, errors: Errors): void {
  messages(rule(value, false), value, path, errors)
}

/** The name of another object that has to be there. */
export function checkObjectName(value: string | undefined, path: FieldPath, errors: Errors): void {
  if (!value) errors.push(required(path))
  else messages(nameIsDNSSubdomain(value, false), value, path, errors)
}

export function checkNonnegative(value: number | undefined, path: FieldPath, field: string, errors: Errors): void {
  if (value !== undefined && value < 0) errors.push(invalid(path.child(field), value, notNegativeMessage))
}

export function checkRequired(value: unknown, path: FieldPath, field: string, errors: Errors): void {
  if (value === undefined || value === '' || value === null) errors.push(required(path.child(field)))
}

/** One of the values, which is given in upstream's order (mostly sorted). */
export function checkOneOf(
  value: string | undefined,
  supported: readonly string[],
  path: FieldPath,
  field: string,
  errors: Errors,
): void {
  if (value === undefined || value === '') errors.push(required(path.child(field)))
  else if (!supported.includes(value)) errors.push(notSupported(path.child(field), value, supported))
}

/** As `checkOneOf`, of a field that may be left out. */
export function checkIfGiven(
  value: string | undefined,
  supported: readonly string[],
  path: FieldPath,
  field: string,
  errors: Errors,
): void {
  if (value !== undefined && !supported.includes(value)) errors.push(notSupported(path.child(field), value, supported))
}

export function checkPort(port: number | undefined, path: FieldPath, field: string, errors: Errors): void {
  const value = port ?? 0
  if (value >= 1 && value <= 65535) return
  messages(isPortNumber(value), value, path.child(field), errors)
}

export function checkPortOrName(
  port: number | string | undefined,
  path: FieldPath,
  field: string,
  errors: Errors,
): void {
  if (typeof port === 'string') {
    const found = isPortName(port)
    if (found.length > 0) messages(found, port, path.child(field), errors)
  } else checkPort(port, path, field, errors)
}

export function checkRange(
  value: number | undefined,
  low: number,
  high: number,
  path: FieldPath,
  field: string,
  errors: Errors,
): void {
  if (value === undefined || (value >= low && value <= high)) return
  messages(isInRange(value, low, high), value, path.child(field), errors)
}

export function checkImmutable(
  next: unknown,
  previous: unknown,
  path: FieldPath,
  errors: Errors,
  detail: string = immutableMessage,
): void {
  for (const error of validateImmutableField(next, previous, path))
    errors.push(detail === immutableMessage ? error : invalid(path, next, detail))
}

/** Addresses that mean the machine itself or its link make no sense for others. */
export function checkNonSpecialIP(text: string, path: FieldPath, errors: Errors): void {
  const address = parseIP(text)
  if (!address) {
    errors.push(invalid(path, text, 'must be a valid IP address'))
    return
  }
  const { bytes, family } = address
  const zeros = (count: number): boolean => bytes.subarray(0, count).every(byte => byte === 0)
  const add = (detail: string): void => {
    errors.push(invalid(path, text, detail))
  }
  if (zeros(bytes.length)) add(`may not be unspecified (${text})`)
  if (family === 4 ? bytes[0] === 127 : zeros(15) && bytes[15] === 1)
    add('may not be in the loopback range (127.0.0.0/8, ::1/128)')
  if (family === 4 ? bytes[0] === 169 && bytes[1] === 254 : bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80)
    add('may not be in the link-local range (169.254.0.0/16, fe80::/10)')
  if (
    family === 4 ? bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0 : bytes[0] === 0xff && (bytes[1]! & 0x0f) === 2
  )
    add('may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)')
}
