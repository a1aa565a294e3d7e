import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  canonicalQuantity,
  milliQuantity,
  parseQuantity,
  Quantity,
  type QuantityFormat,
  quantityOf,
} from './quantity.ts'

describe('canonical text', () => {
  test.each([
    ['0', '0'],
    ['0Ki', '0'],
    ['0.0', '0'],
    ['1', '1'],
    ['-1', '-1'],
    ['100m', '100m'],
    ['0.1', '100m'],
    ['.5', '500m'],
    ['1.5', '1500m'],
    ['1000m', '1'],
    ['1000', '1k'],
    ['1024', '1024'],
    ['1024Ki', '1Mi'],
    ['1.5Gi', '1536Mi'],
    ['0.5Gi', '512Mi'],
    ['64Mi', '64Mi'],
    ['8Ki', '8Ki'],
    ['1000Ki', '1000Ki'],
    ['1.1Ki', '1126400m'],
    ['0.5Ki', '512'],
    ['12e6', '12e6'],
    ['12E6', '12E6'],
    ['10e2', '1e3'],
    ['1.5e3', '1500'],
    ['100k', '100k'],
    ['1000k', '1M'],
    ['0.1n', '1n'],
    ['-0.1n', '-1n'],
    ['1u', '1u'],
    ['1500n', '1500n'],
    ['1000n', '1u'],
    ['9Ei', '9223372036854775807'],
    ['-9Ei', '-9223372036854775807'],
    ['123456789012345678901234567890', '123456789012345678901234567890'],
    ['1T', '1T'],
    ['1P', '1P'],
    ['1E', '1E'],
  ])('of %s is %s', (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical)
  })

  test.each(['+5', '005', '1.500', '1.Gi', '1e03'])('%s is kept as upstream keeps it', text => {
    expect(canonicalQuantity(text)).toBe(text)
  })
})

describe('what is no quantity', () => {
  const format = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
  test.each([
    ['', format],
    ['1.1.M', format],
    ['1+1.0M', format],
    ['0.1mi', "unable to parse quantity's suffix"],
    ['0.1am', format],
    ['aoeu', format],
    ['.5i', "unable to parse quantity's suffix"],
    ['1i', "unable to parse quantity's suffix"],
    ['-3.01e-', "unable to parse quantity's suffix"],
    [' 1', format],
    ['1 ', format],
    ['Pi', 'unable to parse numeric part of quantity'],
  ])('%j', (text, message) => {
    expect(() => parseQuantity(text)).toThrow(new Error(message))
  })
})

describe('values', () => {
  test.each([
    ['100m', 1, 100],
    ['1500m', 2, 1500],
    ['-1500m', -2, -1500],
    ['1', 1, 1000],
    ['1Gi', 1073741824, 1073741824000],
    ['1n', 1, 1],
    ['2k', 2000, 2_000_000],
    ['0', 0, 0],
  ])('%s rounds up to %d whole and %d thousandths', (text, value, milli) => {
    expect(parseQuantity(text).value()).toBe(value)
    expect(parseQuantity(text).milliValue()).toBe(milli)
  })
})

describe('calculation', () => {
  test.each([
    ['100m', '100m', '200m'],
    ['1Gi', '512Mi', '1536Mi'],
    ['0', '1Gi', '1Gi'],
    ['1Gi', '0', '1Gi'],
    ['1', '1Ki', '1025'],
    ['9223372036854775807', '1', '9223372036854775808'],
    ['1n', '1E', '1000000000000000000000000001n'],
  ])('%s + %s = %s', (left, right, sum) => {
    expect(parseQuantity(left).add(parseQuantity(right)).toString()).toBe(sum)
  })

  test('comparison is exact across scales', () => {
    expect(parseQuantity('1').compare(parseQuantity('1000m'))).toBe(0)
    expect(parseQuantity('1Ki').compare(parseQuantity('1k'))).toBe(1)
    expect(parseQuantity('1E').compare(parseQuantity('1000000000000000001'))).toBe(-1)
    expect(parseQuantity('100m').equals(milliQuantity(100))).toBe(true)
  })

  test('a product keeps the family', () => {
    expect(parseQuantity('512Mi').multiply(2).toString()).toBe('1Gi')
    expect(parseQuantity('250m').multiply(3).toString()).toBe('750m')
  })
})

describe('for any quantity', () => {
  const formats: QuantityFormat[] = ['DecimalSI', 'BinarySI', 'DecimalExponent']
  const quantity = fc
    .tuple(
      fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
      fc.integer({ min: -9, max: 9 }),
      fc.constantFrom(...formats),
    )
    .map(([value, scale, format]) => new Quantity(value, scale, format))
  const small = fc
    .tuple(fc.integer({ min: -10_000, max: 10_000 }), fc.integer({ min: -3, max: 3 }), fc.constantFrom(...formats))
    .map(([value, scale, format]) => new Quantity(value, scale, format))
  const any = fc.oneof(quantity, small)

  test('its text reads back as the same amount, and is canonical', () => {
    fc.assert(
      fc.property(small, value => {
        const text = value.toString()
        expect(parseQuantity(text).compare(value)).toBe(0)
        // A binary amount that no suffix fits is written as a plain number, which is read as a decimal one.
        if (value.format !== 'BinarySI') expect(canonicalQuantity(text)).toBe(text)
      }),
    )
  })

  test('subtraction undoes addition; order does not matter', () => {
    fc.assert(
      fc.property(any, any, (a, b) => {
        expect(a.add(b).sub(b).compare(a)).toBe(0)
        expect(a.add(b).compare(b.add(a))).toBe(0)
        expect(a.sub(b).sign).toBe(a.compare(b))
        expect(a.negate().add(a).isZero).toBe(true)
      }),
    )
  })

  test('rounding goes away from zero and no further than a unit', () => {
    fc.assert(
      fc.property(small, fc.integer({ min: -3, max: 3 }), (value, scale) => {
        const rounded = value.roundUp(scale)
        const unit = new Quantity(1, scale, 'DecimalSI')
        const gap = value.sign < 0 ? value.sub(rounded) : rounded.sub(value)
        expect(gap.sign).toBeGreaterThanOrEqual(0)
        expect(gap.compare(unit)).toBe(-1)
        expect(quantityOf(1).isZero).toBe(false)
      }),
    )
  })
})
