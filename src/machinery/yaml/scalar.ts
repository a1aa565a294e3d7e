// What a plain scalar is (go-yaml v2, as sigs.k8s.io/yaml has it): YAML 1.1's booleans and octals, and Go's own notation
// of numbers; no sexagesimals, and times stay text.

import { integerOf, isInt64 } from '../json/numbers.ts'

export type ScalarValue = string | number | bigint | boolean | null

const words = new Map<string, ScalarValue>()
const say = (value: ScalarValue, ...texts: string[]) => {
  for (const text of texts) words.set(text, value)
}
say(true, 'y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON')
say(false, 'n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF')
say(null, '', '~', 'null', 'Null', 'NULL')
say(Number.NaN, '.nan', '.NaN', '.NAN')
say(Number.POSITIVE_INFINITY, '.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF')
say(Number.NEGATIVE_INFINITY, '-.inf', '-.Inf', '-.INF')

const float = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/
/** Go's integers in base 0: decimal, 0x, 0o or a leading zero, 0b. */
const integer = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|([1-9][0-9]*|0))$/

export function resolveScalar(text: string): ScalarValue {
  const word = words.get(text)
  if (word !== undefined) return word
  const first = text.charCodeAt(0)
  const isDigit = first >= 0x30 && first <= 0x39
  if (first === 0x2e) return float.test(text) ? finite(text) : text
  if (!isDigit && first !== 0x2b && first !== 0x2d) return text
  const plain = text.replaceAll('_', '')
  const match = integer.exec(plain)
  if (match) {
    const [, sign, hexadecimal, octal, binary, decimal] = match
    const digits = hexadecimal ? `0x${hexadecimal}` : octal ? `0o${octal}` : binary ? `0b${binary}` : decimal!
    return integerOf(digits, sign === '-')
  }
  return float.test(plain) ? finite(plain, text) : text
}

/** A number that no double holds is text. */
function finite(text: string, otherwise = text): ScalarValue {
  const value = Number(text)
  return Number.isFinite(value) ? value : otherwise
}

export type ScalarTag = 'str' | 'bool' | 'int' | 'float' | 'null' | 'timestamp'

/** What kind of value it is, in YAML's names. */
export function tagOfValue(value: ScalarValue): ScalarTag {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'str'
  return isInt64(value) ? 'int' : 'float'
}
