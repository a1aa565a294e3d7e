// Quantities as plain numbers, rounded up as upstream's Value and MilliValue do.

import { parseQuantity } from '../machinery/quantity.ts'

export function quantityValue(text: string): number {
  return Number(parseQuantity(text).value())
}

export function milliValue(text: string): number {
  return Number(parseQuantity(text).milliValue())
}
