// Numbers as Go keeps them. JavaScript's own hold whole numbers up to 2^53 only, and don't remember how they were written.
//
// A whole number beyond that which fits 64 bits is a bigint, everywhere in a value; any other is a number. So a bigint is
// always an int64, and a number beyond 2^53 always a float64.

import { setKey } from '../own-value.ts'

/**
 * A number of a request's body whose text says more than its value: `1.0` and `1e3` are floats to Go, `1e400` is nothing
 * at all. Decoders make values of them; they stand in no object.
 */
export class NumberLiteral {
  /** As it was written. */
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** Not finite when no float64 holds it. */
  get value(): number {
    return Number(this.text)
  }

  toJSON(): number {
    return this.value
  }
}

const [leastInt64, mostInt64] = [-(2n ** 63n), 2n ** 63n - 1n]

export const fitsInt64 = (value: bigint): boolean => value >= leastInt64 && value <= mostInt64

/** As a number where that is exact. */
export function narrowInteger(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** A whole number as int64, or as float64 where it is too large. The digits are those of a literal of JavaScript. */
export function integerOf(digits: string, negative = false): number | bigint {
  // Nobody's integer, and slow to read.
  if (digits.length > 70) return negative ? -Number(digits) : Number(digits)
  const value = negative ? -BigInt(digits) : BigInt(digits)
  return fitsInt64(value) ? narrowInteger(value) : Number(value)
}

/** One more, as Go counts on. */
export function nextInt64(value: number | bigint): number | bigint {
  return narrowInteger(BigInt.asIntN(64, BigInt(value) + 1n))
}

/** What Go would hold as an int64. */
export function isInt64(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || Number.isSafeInteger(value)
}

/** The value with numbers in the place of literals; `otherwise` says what stands for one that no float64 holds. */
export function withoutLiterals(value: unknown, otherwise: (literal: NumberLiteral) => unknown = tooLarge): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof NumberLiteral) return Number.isFinite(value.value) ? value.value : otherwise(value)
  if (Array.isArray(value)) return value.map(item => withoutLiterals(item, otherwise))
  const out: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) setKey(out, key, withoutLiterals(item, otherwise))
  return out
}

function tooLarge({ text }: NumberLiteral): never {
  throw new Error(`json: cannot unmarshal number ${text} into Go value of type float64`)
}
