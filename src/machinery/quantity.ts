// resource.Quantity: exact fixed-point numbers with a suffix (`100m`, `1.5Gi`, `12e6`), parsed, calculated with and
// written in canonical form as upstream does (apimachinery api/resource).
//
// A quantity is value × 10^scale and remembers the family of its suffix. Most fit a JavaScript number exactly; those
// that don't are bigints. Immutable, so that parsed ones can be shared.

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent'

const formatMessage = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
const suffixMessage = "unable to parse quantity's suffix"
const numericMessage = 'unable to parse numeric part of quantity'

const decimalSuffixes: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
}
const decimalSuffixOf = new Map(Object.entries(decimalSuffixes).map(([suffix, exponent]) => [exponent, suffix]))
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const maxInt64 = (1n << 63n) - 1n

type Amount = number | bigint

export class Quantity {
  readonly format: QuantityFormat
  /** The number is `value` × 10^`scale`; value is a number whenever it is a safe integer. */
  readonly #value: Amount
  readonly #scale: number
  #text: string | undefined

  constructor(value: Amount, scale: number, format: QuantityFormat, text?: string) {
    this.#value = narrow(value)
    this.#scale = scale
    this.format = format
    this.#text = text
  }

  get isZero(): boolean {
    return this.#value === 0
  }

  get sign(): -1 | 0 | 1 {
    return this.#value > 0 ? 1 : this.#value < 0 ? -1 : 0
  }

  /** The whole number, rounded up (away from zero). */
  value(): number {
    return this.scaledValue(0)
  }

  /** A thousandth's count, rounded up (away from zero). */
  milliValue(): number {
    return this.scaledValue(-3)
  }

  /** How many 10^scale it takes, rounded up (away from zero). */
  scaledValue(scale: number): number {
    return Number(this.#at(scale).value)
  }

  #at(scale: number): { value: Amount; exact: boolean } {
    const shift = this.#scale - scale
    if (shift === 0) return { value: this.#value, exact: true }
    if (shift > 0) {
      if (typeof this.#value === 'number' && shift <= 15) {
        const product = this.#value * 10 ** shift
        if (Number.isSafeInteger(product)) return { value: product, exact: true }
      }
      return { value: narrow(BigInt(this.#value) * 10n ** BigInt(shift)), exact: true }
    }
    if (typeof this.#value === 'number' && shift >= -15) {
      const unit = 10 ** -shift
      const exact = this.#value % unit === 0
      const quotient = Math.trunc(this.#value / unit)
      return { value: exact ? quotient : quotient + this.sign, exact }
    }
    const unit = 10n ** BigInt(-shift)
    const value = BigInt(this.#value)
    const exact = value % unit === 0n
    return { value: narrow(exact ? value / unit : value / unit + BigInt(this.sign)), exact }
  }

  compare(other: Quantity): -1 | 0 | 1 {
    if (this.sign !== other.sign) return this.sign < other.sign ? -1 : 1
    const [left, right] = this.#scale === other.#scale ? [this.#value, other.#value] : this.#aligned(other)
    return left < right ? -1 : left > right ? 1 : 0
  }

  equals(other: Quantity): boolean {
    return this.compare(other) === 0
  }

  /** Both amounts at the smaller scale. */
  #aligned(other: Quantity): [Amount, Amount, number] {
    const scale = Math.min(this.#scale, other.#scale)
    return [this.#at(scale).value, other.#at(scale).value, scale]
  }

  /** The sum has this one's suffix family, or the other's if this is zero. */
  add(other: Quantity): Quantity {
    if (other.isZero && !this.isZero) return this
    return this.#combine(other, 1)
  }

  sub(other: Quantity): Quantity {
    if (other.isZero && !this.isZero) return this
    return this.#combine(other, -1)
  }

  #combine(other: Quantity, sign: 1 | -1): Quantity {
    const format = this.isZero ? other.format : this.format
    const [left, right, scale] = this.isZero ? ([0, other.#value, other.#scale] as const) : this.#aligned(other)
    if (typeof left === 'number' && typeof right === 'number') {
      const sum = left + sign * right
      if (Number.isSafeInteger(sum)) return new Quantity(sum, scale, format)
    }
    return new Quantity(BigInt(left) + BigInt(sign) * BigInt(right), scale, format)
  }

  multiply(factor: number | bigint): Quantity {
    if (typeof this.#value === 'number' && typeof factor === 'number') {
      const product = this.#value * factor
      if (Number.isSafeInteger(product)) return new Quantity(product, this.#scale, this.format)
    }
    return new Quantity(BigInt(this.#value) * BigInt(factor), this.#scale, this.format)
  }

  negate(): Quantity {
    return new Quantity(-this.#value, this.#scale, this.format)
  }

  /** Rounded up (away from zero) to a multiple of 10^scale. */
  roundUp(scale: number): Quantity {
    if (this.#scale >= scale) return this
    return new Quantity(this.#at(scale).value, scale, this.format)
  }

  /** Close, not exact: for ratios and scores. */
  toNumber(): number {
    return Number(this.#value) * 10 ** this.#scale
  }

  withFormat(format: QuantityFormat): Quantity {
    return format === this.format ? this : new Quantity(this.#value, this.#scale, format)
  }

  /** The canonical text. (A text that upstream takes for canonical when it parses it is kept as it was written.) */
  toString(): string {
    this.#text ??= this.#canonical()
    return this.#text
  }

  toJSON(): string {
    return this.toString()
  }

  #canonical(): string {
    if (this.isZero) return '0'
    if (this.format === 'BinarySI') {
      const whole = this.#at(0)
      // Small or broken amounts would lose precision as binary ones.
      if (whole.exact && (whole.value <= -1024 || whole.value >= 1024)) return binaryText(whole.value)
    }
    let value = this.#value
    let exponent = this.#scale
    while (isMultiple(value, 1000)) {
      value = typeof value === 'number' ? value / 1000 : narrow(value / 1000n)
      exponent += 3
    }
    while (isMultiple(value, 10)) {
      value = typeof value === 'number' ? value / 10 : narrow(value / 10n)
      exponent++
    }
    const excess = ((exponent % 3) + 3) % 3
    const digits = `${value}${'0'.repeat(excess)}`
    exponent -= excess
    if (this.format !== 'DecimalExponent') {
      const suffix = decimalSuffixOf.get(exponent)
      // Upstream prints numbers beyond its suffixes without any; here they keep their size.
      if (suffix !== undefined) return digits + suffix
    }
    return exponent === 0 ? digits : `${digits}e${exponent}`
  }
}

function narrow(value: Amount): Amount {
  if (typeof value === 'number') return value === 0 ? 0 : value
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}

function isMultiple(value: Amount, of: number): boolean {
  return typeof value === 'number' ? value % of === 0 : value % BigInt(of) === 0n
}

function binaryText(whole: Amount): string {
  let value = whole
  let power = 0
  while (power < 6 && isMultiple(value, 1024)) {
    value = typeof value === 'number' ? value / 1024 : narrow(value / 1024n)
    power++
  }
  return `${value}${binarySuffixes[power]}`
}

const parsed = new Map<string, Quantity>()
const remembered = 4096

/** Throws an Error with upstream's message. */
export function parseQuantity(text: string): Quantity {
  const known = parsed.get(text)
  if (known) return known
  const quantity = parse(text)
  if (parsed.size >= remembered) parsed.clear()
  if (text.length <= 32) parsed.set(text, quantity)
  return quantity
}

/** What upstream makes of the text when it reads and writes it again. Throws an Error with upstream's message. */
export function canonicalQuantity(text: string): string {
  return parseQuantity(text).toString()
}

const shape = /^([+-]?)(0*)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*)([-+]?\d*)$/

function parse(text: string): Quantity {
  if (text === '') throw new Error(formatMessage)
  if (text === '0') return new Quantity(0, 0, 'DecimalSI', '0')
  const match = shape.exec(text)
  if (!match) throw new Error(formatMessage)
  const [, sign = '', zeros = '', whole = '', fraction = '', letters = '', trailing = ''] = match
  const suffix = letters + trailing
  const { format, exponent } = interpretSuffix(suffix)

  // Upstream's scanner takes a number without digits for zero, except before the biggest suffixes.
  if (zeros + whole + fraction === '' && (suffix === 'Pi' || suffix === 'Ei')) throw new Error(numericMessage)
  const digits = whole + fraction
  const magnitude = BigInt(digits === '' ? '0' : digits)
  let value = sign === '-' ? -magnitude : magnitude
  let scale = -fraction.length
  if (format === 'BinarySI') value <<= BigInt(exponent)
  else scale += exponent
  if (value === 0n) return new Quantity(0, 0, format, keepsText(text, format, whole, fraction, exponent, scale))

  const kept = keepsText(text, format, whole, fraction, exponent, scale)
  if (kept !== undefined) return new Quantity(value, scale, format, kept)
  let quantity = new Quantity(value, scale, format).roundUp(-9)
  if (format === 'BinarySI') {
    const max = new Quantity(maxInt64, 0, format)
    if (quantity.compare(max) > 0) quantity = max
    else if (quantity.compare(max.negate()) < 0) quantity = max.negate()
    const one = new Quantity(1, 0, format)
    if (quantity.compare(one) < 0 && quantity.compare(one.negate()) > 0) quantity = quantity.withFormat('DecimalSI')
  }
  return quantity
}

function interpretSuffix(suffix: string): { format: QuantityFormat; exponent: number } {
  if (Object.hasOwn(decimalSuffixes, suffix)) return { format: 'DecimalSI', exponent: decimalSuffixes[suffix]! }
  const power = binarySuffixes.indexOf(suffix)
  if (power > 0) return { format: 'BinarySI', exponent: power * 10 }
  if (/^[eE][+-]?\d{1,4}$/.test(suffix)) return { format: 'DecimalExponent', exponent: Number(suffix.slice(1)) }
  throw new Error(suffixMessage)
}

/**
 * Upstream keeps the text as it was written when a quick look finds it canonical. The look is not thorough (`+5`, `005`
 * and `1.500` pass), but what it keeps is what clients see again.
 */
function keepsText(
  text: string,
  format: QuantityFormat,
  whole: string,
  fraction: string,
  exponent: number,
  scale: number,
): string | undefined {
  const numerator = whole === '' ? '0' : whole
  const shifted = numerator + fraction
  if (format === 'BinarySI') {
    if (fraction !== '' || 15 - numerator.length - Math.trunc((exponent * 3) / 10) - 1 < 0) return undefined
    return (Number(numerator) & 7) !== 0 ? text : undefined
  }
  if (shifted.length > 18 || scale < -9) return undefined
  return scale % 3 === 0 && !shifted.endsWith('000') && shifted[0] !== '0' ? text : undefined
}

export const zeroQuantity = new Quantity(0, 0, 'DecimalSI', '0')

export function quantityOf(value: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
  return new Quantity(value, 0, format)
}

export function milliQuantity(value: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
  return new Quantity(value, -3, format)
}
