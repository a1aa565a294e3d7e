// The order of keys in YAML, and its numbers, as go-yaml v2 writes them.

/** Letters after whatever else, and digits as the numbers that they are: a2 before a10. */
export function inNaturalOrder(keys: readonly string[]): string[] {
  return keys.length < 2 ? [...keys] : keys.toSorted(compareNaturally)
}

const letter = /\p{L}/u
const digit = /\p{Nd}/u

function compareNaturally(left: string, right: string): number {
  const a = [...left]
  const b = [...right]
  for (let at = 0; at < a.length && at < b.length; at++) {
    if (a[at] === b[at]) continue
    const first = a[at]!
    const second = b[at]!
    const byCode = first.codePointAt(0)! - second.codePointAt(0)!
    const isLetter = letter.test(first)
    const otherIsLetter = letter.test(second)
    if (isLetter && otherIsLetter) return byCode
    if (isLetter || otherIsLetter) return otherIsLetter ? -1 : 1
    // After digits that are no zeros, a zero counts.
    const start = (first === '0' || second === '0') && followsNumber(a, at) ? 1n : 0n
    const [number, end] = numberAt(a, at, start)
    const [otherNumber, otherEnd] = numberAt(b, at, start)
    if (number !== otherNumber) return number < otherNumber ? -1 : 1
    return end !== otherEnd ? end - otherEnd : byCode
  }
  return a.length - b.length
}

function followsNumber(characters: readonly string[], at: number): boolean {
  for (let before = at - 1; before >= 0 && digit.test(characters[before]!); before--)
    if (characters[before] !== '0') return true
  return false
}

function numberAt(characters: readonly string[], at: number, start: bigint): [number: bigint, end: number] {
  let number = start
  let end = at
  for (; end < characters.length && digit.test(characters[end]!); end++)
    number = BigInt.asIntN(64, number * 10n + BigInt(characters[end]!.codePointAt(0)! - 0x30))
  return [number, end]
}

/** Whole numbers as they are, others as Go's shortest %g. */
export function writtenNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value)
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power >= -4 && power < 6) return String(value)
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}
