import { describe, expect, test } from 'vitest'
import { writeYaml } from './write.ts'

const words = 'word '.repeat(20)

describe('a text is written as go-yaml does', () => {
  test.each([
    ['plain', 'plain'],
    ['', '""'],
    ['y', '"y"'],
    ['null', '"null"'],
    ['0x10', '"0x10"'],
    ['1:30', '"1:30"'],
    ['2020-01-01', '"2020-01-01"'],
    ['2020-13-01', '2020-13-01'],
    ['<<', '<<'],
    ['- a', "'- a'"],
    ['-a', '-a'],
    ['---', "'---'"],
    ['a: b', "'a: b'"],
    ['a:b', 'a:b'],
    ['a #b', "'a #b'"],
    ["it's: so", "'it''s: so'"],
    [' a', "' a'"],
    ['*', "'*'"],
    ['a\tb', '"a\\tb"'],
    ['\u0001', '"\\x01"'],
    ['\u{1f600}', '"\\U0001F600"'],
    ['a\nb\n', '|\n    a\n    b'],
    ['a\nb', '|-\n    a\n    b'],
    ['a\n\n', '|+\n    a\n'],
    [' a\nb', '|2-\n     a\n    b'],
    ['a \nb', '"a \\nb"'],
    [`${words}end`, `${'word '.repeat(16).trim()}\n    ${'word '.repeat(4)}end`],
    [`key: ${words}end`, `'key: ${'word '.repeat(15).trim()}\n    ${'word '.repeat(5)}end'`],
  ])('%j', (text, expected) => {
    // Two levels deep, so that what follows is seen to be indented.
    expect(writeYaml({ a: { k: text } })).toBe(`a:\n  k: ${expected}\n`)
  })
})

test('keys are in natural order, and sequences stand below their mapping', () => {
  expect(writeYaml({ a10: 1, a2: [{ b: [[1, []], {}], a: null }], A: true, '.': 1.5e-7, b: 1234567.5 })).toBe(
    `.: 1.5e-07
A: true
a2:
- a: null
  b:
  - - 1
    - []
  - {}
a10: 1
b: 1.2345675e+06
`,
  )
})

test('a long key stands after a question mark', () => {
  const key = 'k'.repeat(129)
  expect(writeYaml({ [key]: { a: 1 } })).toBe(`? ${key}\n: a: 1\n`)
})

test('digits of large numbers are kept', () => {
  expect(writeYaml([9007199254740993n, 1e21])).toBe('- 9007199254740993\n- 1e+21\n')
})
