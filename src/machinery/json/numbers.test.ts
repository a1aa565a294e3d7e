import { expect, test } from 'vitest'
import { NumberLiteral, withoutLiterals } from './numbers.ts'
import { parseJson } from './parse.ts'
import { readJson } from './read.ts'
import { goJson, jsonText } from './write.ts'

const parse = (text: string, literals = false) => parseJson(Buffer.from(text), { duplicates: true, literals })

test.each<[text: string, value: unknown]>([
  ['9007199254740991', 9007199254740991],
  ['9007199254740992', 9007199254740992n],
  ['-9007199254740993', -9007199254740993n],
  ['9223372036854775807', 9223372036854775807n],
  ['-9223372036854775808', -9223372036854775808n],
  ['9223372036854775808', 2 ** 63],
  ['123456789012345678901234567890', 1.2345678901234568e29],
  ['9007199254740993.0', 9007199254740992],
  ['1e17', 1e17],
  ['0.5', 0.5],
])('%s is read as %s', (text, value) => {
  for (const [whole, expected] of [
    [text, value],
    [`{"a":[ ${text} ,${text}]}`, { a: [value, value] }],
    [`[{"${text}":${text}\n}, "${text}", "\\"${text}"]`, [{ [text]: value }, text, `"${text}`]],
  ] as const) {
    expect(readJson(whole)).toEqual(expected)
    expect(parse(whole).value).toEqual(expected)
  }
})

test('a text that is looked through for long numbers is read as it is, wherever they stand', () => {
  for (let before = 0; before < 40; before++) {
    const text = `["${'x'.repeat(before)}",9007199254740993,"9007199254740993",true,false,null,{},[],{"__proto__":1}]`
    const value = readJson(text) as unknown[]
    expect(value.slice(1, 3)).toEqual([9007199254740993n, '9007199254740993'])
    expect(jsonText(value)).toBe(text)
  }
})

test.each<[text: string, literal: string | undefined]>([
  ['1', undefined],
  ['1.5', undefined],
  ['-0', undefined],
  ['9007199254740993', undefined],
  ['1.0', '1.0'],
  ['1.50', '1.50'],
  ['1e3', '1e3'],
  ['1E400', '1E400'],
  ['9223372036854775808', '9223372036854775808'],
])('of %s the text is kept where it says more: %s', (text, literal) => {
  const { value } = parse(`{"a":[${text}]}`, true)
  const [item] = (value as { a: unknown[] }).a
  if (literal === undefined) expect(item).not.toBeInstanceOf(NumberLiteral)
  else expect(item).toEqual(new NumberLiteral(literal))
})

test('literals become numbers; what no float holds is refused', () => {
  expect(withoutLiterals(parse('{"a":[1.0,{"b":1e3}]}', true).value)).toEqual({ a: [1, { b: 1000 }] })
  expect(() => withoutLiterals(parse('[1e400]', true).value)).toThrow(
    'json: cannot unmarshal number 1e400 into Go value of type float64',
  )
})

test('repeated keys are told of beside literals', () => {
  expect(parse('{"a":1.0,"a":2.0}', true).duplicates).toEqual(['duplicate field "a"'])
})

test.each<[text: string, value: unknown]>([
  [
    '"\\u003ca href=\\"x\\"\\u003e\\u0026\\u2028\\u2029é\\u0007\\b\\f\\t\u007f/"',
    '<a href="x">&\u2028\u2029é\u0007\b\f\t\u007f/',
  ],
  ['{"a":9007199254740993,"c":[null,"\\u003c"]}', { a: 9007199254740993n, b: undefined, c: [undefined, '<'] }],
  ['1e+21', 1e21],
  ['1e-7', 1e-7],
  ['100000000000000000000', 1e20],
  ['null', undefined],
])('%s is how Go writes it', (text, value) => {
  expect(goJson(value)).toBe(text)
})

test('indented as JSON.stringify does, with or without large numbers', () => {
  const value = { a: [1, { b: [] }], c: {}, d: 'x' }
  expect(goJson({ ...value, e: 2n ** 60n }, 2)).toBe(
    JSON.stringify({ ...value, e: 0 }, null, 2).replace('"e": 0', '"e": 1152921504606846976'),
  )
})
