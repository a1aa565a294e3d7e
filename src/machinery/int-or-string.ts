// intstr.IntOrString: a number, or text that is a percentage or a name.

import { quote } from './go-text.ts'

export type IntOrString = number | string

/** A percentage of the total (rounded up or down), or the plain number. Throws an Error with upstream's message. */
export function scaledValueFromPercent(value: IntOrString | undefined, total: number, roundUp: boolean): number {
  if (value === undefined || value === null) throw new Error('nil value for IntOrString')
  if (typeof value === 'number') return value
  const percent = parsePercent(value)
  const scaled = (percent * total) / 100
  return roundUp ? Math.ceil(scaled) : Math.floor(scaled)
}

function parsePercent(text: string): number {
  const invalid = (why: string): Error => new Error(`invalid value for IntOrString: ${why}`)
  if (!text.endsWith('%')) throw invalid('invalid type: string is not a percentage')
  const digits = text.slice(0, -1)
  if (!/^[+-]?\d+$/.test(digits))
    throw invalid(`invalid value ${quote(text)}: strconv.Atoi: parsing ${quote(digits)}: invalid syntax`)
  return Number(digits)
}

/** `25%`: undefined for what is none. */
export function percentOf(value: IntOrString | undefined): number | undefined {
  return typeof value === 'string' && /^[0-9]+%$/.test(value) ? Number(value.slice(0, -1)) : undefined
}

/** The number, also of text that is one; 0 otherwise. */
export function intValue(value: IntOrString | undefined): number {
  if (typeof value === 'number') return value
  return value !== undefined && /^[+-]?\d+$/.test(value) ? Number(value) : 0
}

/** As a flag or a template gives it: a number where the text is one. */
export function parseIntOrString(text: string): IntOrString {
  const value = Number(text)
  return /^[+-]?\d+$/.test(text) && value >= -2147483648 && value <= 2147483647 ? value : text
}
