// Semantic versions (semver.org 2.0), strict, or with `normalize` as leniently as people write them.

import { CelRuntimeError } from '../errors.ts'
import { type Overload, overload } from '../overload.ts'
import { OpaqueValue, type Value } from '../values.ts'

class SemverValue extends OpaqueValue {
  readonly typeName = 'kubernetes.Semver'
  readonly numbers: readonly [major: bigint, minor: bigint, patch: bigint]
  readonly prerelease: readonly string[]

  constructor(numbers: SemverValue['numbers'], prerelease: readonly string[]) {
    super()
    this.numbers = numbers
    this.prerelease = prerelease
  }
  override equals(other: Value): boolean {
    return other instanceof SemverValue && compare(this, other) === 0
  }
}

const order = (left: bigint | string, right: bigint | string): number => (left < right ? -1 : left > right ? 1 : 0)

function compare(left: SemverValue, right: SemverValue): number {
  for (const index of [0, 1, 2] as const) {
    const numbers = order(left.numbers[index], right.numbers[index])
    if (numbers !== 0) return numbers
  }
  const [a, b] = [left.prerelease, right.prerelease]
  // A release stands above what led to it.
  if (a.length === 0 || b.length === 0) return Math.sign(b.length - a.length)
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const parts = comparePart(a[index]!, b[index]!)
    if (parts !== 0) return parts
  }
  return Math.sign(a.length - b.length)
}

function comparePart(left: string, right: string): number {
  const [leftNumber, rightNumber] = [/^\d+$/.test(left), /^\d+$/.test(right)]
  if (leftNumber && rightNumber) return order(BigInt(left), BigInt(right))
  if (leftNumber !== rightNumber) return leftNumber ? -1 : 1
  return order(left, right)
}

const maxUint64 = (1n << 64n) - 1n

function parse(text: string): SemverValue {
  const fail = (message: string): never => {
    throw new CelRuntimeError(message)
  }
  if (text === '') return fail('Version string empty')
  const parts = text.split('.')
  if (parts.length < 3) return fail('No Major.Minor.Patch elements found')
  const rest = parts.slice(2).join('.')
  const number = (name: string, digits: string): bigint => {
    if (!/^\d+$/.test(digits)) {
      const shown = JSON.stringify(digits)
      return fail(
        digits === '' && name === 'Patch'
          ? `strconv.ParseUint: parsing "": invalid syntax`
          : `Invalid character(s) found in ${name.toLowerCase()} number ${shown}`,
      )
    }
    if (digits.length > 1 && digits.startsWith('0'))
      return fail(`${name} number must not contain leading zeroes ${JSON.stringify(digits)}`)
    const value = BigInt(digits)
    return value > maxUint64 ? fail(`strconv.ParseUint: parsing ${JSON.stringify(digits)}: value out of range`) : value
  }
  const plus = rest.indexOf('+')
  const build = plus < 0 ? undefined : rest.slice(plus + 1)
  const beforeBuild = plus < 0 ? rest : rest.slice(0, plus)
  const dash = beforeBuild.indexOf('-')
  const prerelease = dash < 0 ? undefined : beforeBuild.slice(dash + 1)
  const numbers = [
    number('Major', parts[0]!),
    number('Minor', parts[1]!),
    number('Patch', dash < 0 ? beforeBuild : beforeBuild.slice(0, dash)),
  ] as const
  for (const part of prerelease?.split('.') ?? []) {
    if (part === '') return fail('Prerelease is empty')
    if (!/^[0-9A-Za-z-]+$/.test(part)) return fail(`Invalid character(s) found in prerelease ${JSON.stringify(part)}`)
    if (/^0\d+$/.test(part))
      return fail(`Numeric PreRelease version must not contain leading zeroes ${JSON.stringify(part)}`)
  }
  for (const part of build?.split('.') ?? []) {
    if (part === '') return fail('Build meta data is empty')
    if (!/^[0-9A-Za-z-]+$/.test(part))
      return fail(`Invalid character(s) found in build meta data ${JSON.stringify(part)}`)
  }
  return new SemverValue(numbers, prerelease?.split('.') ?? [])
}

/** `v1.2`, `01.2.3` as 1.2.0, 1.2.3. */
function normalized(text: string): string {
  const [major = '', minor, ...rest] = text.replace(/^v/, '').split('.')
  const given = [major, minor, rest.length > 0 ? rest.join('.') : undefined].filter(part => part !== undefined)
  const parts = given.map(part => {
    if (part.length <= 1) return part
    const stripped = part.replace(/^0+/, '')
    return /^\d/.test(stripped) ? stripped : `0${stripped}`
  })
  if (parts.length < 3) {
    if (/[+-]/.test(parts.at(-1)!)) throw new CelRuntimeError('short version cannot contain PreRelease/Build meta data')
    while (parts.length < 3) parts.push('0')
  }
  return parts.join('.')
}

const read = (text: string, normalize = false): SemverValue => parse(normalize ? normalized(text) : text)

function isSemver(text: string, normalize = false): boolean {
  try {
    read(text, normalize)
    return true
  } catch {
    return false
  }
}

const type = 'kubernetes.Semver'
export const versionFunctions: readonly Overload[] = [
  overload('string_to_semver', `semver(string): ${type}`, read),
  overload('string_bool_to_semver', `semver(string, bool): ${type}`, read),
  overload('is_semver_string', 'isSemver(string): bool', isSemver),
  overload('is_semver_string_bool', 'isSemver(string, bool): bool', isSemver),
  overload(
    'semver_is_greater_than',
    `(${type}).isGreaterThan(${type}): bool`,
    (a: SemverValue, b: SemverValue) => compare(a, b) > 0,
  ),
  overload(
    'semver_is_less_than',
    `(${type}).isLessThan(${type}): bool`,
    (a: SemverValue, b: SemverValue) => compare(a, b) < 0,
  ),
  overload('semver_compare_to', `(${type}).compareTo(${type}): int`, (a: SemverValue, b: SemverValue) =>
    BigInt(compare(a, b)),
  ),
  overload('semver_major', `(${type}).major(): int`, ({ numbers }: SemverValue) => numbers[0]),
  overload('semver_minor', `(${type}).minor(): int`, ({ numbers }: SemverValue) => numbers[1]),
  overload('semver_patch', `(${type}).patch(): int`, ({ numbers }: SemverValue) => numbers[2]),
]
