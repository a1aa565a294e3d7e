// Resource quantities.

import { parseQuantity, type Quantity, quantityOf } from '../../quantity.ts'
import { CelRuntimeError } from '../errors.ts'
import { type Overload, overload } from '../overload.ts'
import { OpaqueValue, type Value } from '../values.ts'

class QuantityValue extends OpaqueValue {
  readonly typeName = 'kubernetes.Quantity'
  readonly quantity: Quantity
  /** Decimals as written: with any, a quantity is no integer, whatever its value. */
  readonly decimals: number

  constructor(quantity: Quantity, decimals: number) {
    super()
    this.quantity = quantity
    this.decimals = decimals
  }
  override equals(other: Value): boolean {
    return other instanceof QuantityValue && this.quantity.compare(other.quantity) === 0
  }
  override toJson(): unknown {
    return this.quantity.toString()
  }
}

const decimalsOf: Readonly<Record<string, number>> = { n: 9, u: 6, m: 3, k: -3, M: -6, G: -9, T: -12, P: -15, E: -18 }

function decimals(text: string): number {
  const [, fraction = '', suffix = ''] = /^[+-]?\d*\.?(\d*)(.*)$/.exec(text)!
  const exponent = /^[eE]([+-]?\d+)$/.exec(suffix)
  return Math.max(0, fraction.length + (exponent ? -Number(exponent[1]) : (decimalsOf[suffix] ?? 0)))
}

function parse(text: string): QuantityValue {
  try {
    return new QuantityValue(parseQuantity(text), decimals(text))
  } catch (error) {
    throw new CelRuntimeError((error as Error).message)
  }
}

function isQuantity(text: string): boolean {
  try {
    parseQuantity(text)
    return true
  } catch {
    return false
  }
}

const largestInt = quantityOf((1n << 63n) - 1n)
const smallestInt = quantityOf(-(1n << 63n))
const isInteger = ({ quantity, decimals }: QuantityValue): boolean =>
  decimals === 0 && quantity.compare(largestInt) <= 0 && quantity.compare(smallestInt) >= 0

function asInteger(value: QuantityValue): bigint {
  if (!isInteger(value)) throw new CelRuntimeError('cannot convert value to integer')
  return BigInt(value.quantity.value())
}

const combine =
  (how: (a: Quantity, b: Quantity) => Quantity) =>
  (a: QuantityValue, b: QuantityValue | bigint): QuantityValue =>
    b instanceof QuantityValue
      ? new QuantityValue(how(a.quantity, b.quantity), Math.max(a.decimals, b.decimals))
      : new QuantityValue(how(a.quantity, quantityOf(b, 'DecimalExponent')), a.decimals)
const add = combine((a, b) => a.add(b))
const sub = combine((a, b) => a.sub(b))
const compare = (a: QuantityValue, b: QuantityValue): number => a.quantity.compare(b.quantity)
const sign = ({ quantity }: QuantityValue): bigint => BigInt(quantity.sign)

const type = 'kubernetes.Quantity'
export const quantityFunctions: readonly Overload[] = [
  overload('string_to_quantity', `quantity(string): ${type}`, parse),
  overload('is_quantity_string', 'isQuantity(string): bool', isQuantity),
  // Documented as a method; upstream's declaration makes it a function.
  overload('quantity_sign', `sign(${type}): int`, sign),
  overload(
    'quantity_is_greater_than',
    `(${type}).isGreaterThan(${type}): bool`,
    (a: QuantityValue, b: QuantityValue) => compare(a, b) > 0,
  ),
  overload(
    'quantity_is_less_than',
    `(${type}).isLessThan(${type}): bool`,
    (a: QuantityValue, b: QuantityValue) => compare(a, b) < 0,
  ),
  overload('quantity_compare_to', `(${type}).compareTo(${type}): int`, (a: QuantityValue, b: QuantityValue) =>
    BigInt(compare(a, b)),
  ),
  overload('quantity_get_float', `(${type}).asApproximateFloat(): double`, ({ quantity }: QuantityValue) =>
    quantity.toNumber(),
  ),
  overload('quantity_get_int', `(${type}).asInteger(): int`, asInteger),
  overload('quantity_is_integer', `(${type}).isInteger(): bool`, isInteger),
  overload('quantity_add', `(${type}).add(${type}): ${type}`, add),
  overload('quantity_add_int', `(${type}).add(int): ${type}`, add),
  overload('quantity_sub', `(${type}).sub(${type}): ${type}`, sub),
  overload('quantity_sub_int', `(${type}).sub(int): ${type}`, sub),
]
