// Amounts of resources are kept to a thousandth: finer ones are rounded up.

import { parseQuantity } from '../../../machinery/quantity.ts'

const milli = -3

export function roundUpQuantities(list: Record<string, string>): void {
  for (const name in list) {
    const text = list[name]!
    // In canonical form only what is finer than a thousandth ends so.
    if (text.endsWith('u') || text.endsWith('n')) list[name] = parseQuantity(text).roundUp(milli).toString()
  }
}
