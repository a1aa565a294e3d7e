// Amounts by the names of resources: the arithmetic of quotas (upstream: apiserver/pkg/quota/v1/resources.go).

import { parseQuantity, type Quantity, zeroQuantity } from '../../machinery/quantity.ts'

export type Amounts = ReadonlyMap<string, Quantity>

export function amountsOf(list: Readonly<Record<string, string>> | undefined): Map<string, Quantity> {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, parseQuantity(text)]))
}

export const resourceListOf = (amounts: Amounts): Record<string, string> =>
  Object.fromEntries(
    [...amounts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, amount]) => [name, amount.toString()]),
  )

/** The second gives amounts that only it has. */
export function add(one: Amounts, other: Amounts): Map<string, Quantity> {
  const sum = new Map(one)
  for (const [name, amount] of other) sum.set(name, sum.get(name)?.add(amount) ?? amount)
  return sum
}

/** What of the first is left; nothing is less than nothing. */
export function subtract(one: Amounts, other: Amounts): Map<string, Quantity> {
  const difference = new Map<string, Quantity>()
  for (const [name, amount] of one) {
    const left = amount.sub(other.get(name) ?? zeroQuantity)
    difference.set(name, left.sign < 0 ? zeroQuantity : left)
  }
  for (const name of other.keys()) if (!one.has(name)) difference.set(name, zeroQuantity)
  return difference
}

export function mask(amounts: Amounts, names: ReadonlySet<string>): Map<string, Quantity> {
  return new Map([...amounts].filter(([name]) => names.has(name)))
}

export const withoutZeros = (amounts: Amounts): Map<string, Quantity> =>
  new Map([...amounts].filter(([, amount]) => !amount.isZero))

/** The names of which there is more than the limits allow. */
export function exceeding(amounts: Amounts, limits: Amounts): Set<string> {
  const names = new Set<string>()
  for (const [name, amount] of amounts) {
    const limit = limits.get(name)
    if (limit && amount.compare(limit) > 0) names.add(name)
  }
  return names
}

export function sameAmounts(one: Amounts, other: Amounts): boolean {
  if (one.size !== other.size) return false
  for (const [name, amount] of one) if (!other.get(name)?.equals(amount)) return false
  return true
}
