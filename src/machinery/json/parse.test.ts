import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonSyntaxError, parseJson } from './parse.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const parse = (text: string) => parseJson(bytes(text), { duplicates: true })

describe('duplicate fields', () => {
  test.each([
    ['{"a":1,"a":2}', ['duplicate field "a"']],
    ['{"spec":{"replicas":1,"x":{"y":[]},"replicas":2}}', ['duplicate field "spec.replicas"']],
    [
      '{"spec":{"containers":[{"name":"a"},{"image":"x","image":"y"}]}}',
      ['duplicate field "spec.containers[1].image"'],
    ],
    ['{"a":1,"a":2,"a":3}', ['duplicate field "a"']],
    ['{"a":{"b":1},"a":{"b":2,"b":3}}', ['duplicate field "a"', 'duplicate field "a.b"']],
    ['{"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":1}]}', []],
    ['{"a":"\\":{","b":":::"}', []],
    ['{"\\u0061":1,"a":2}', ['duplicate field "a"']],
    ['{"__proto__":1,"__proto__":2}', ['duplicate field "__proto__"']],
    [' [ ] ', []],
  ])('in %s', (text, expected) => {
    expect(parse(text).duplicates).toEqual(expected)
  })

  test('are not looked for unless asked', () => {
    expect(parseJson(bytes('{"a":1,"a":2}'), { duplicates: false })).toEqual({ value: { a: 2 }, duplicates: [] })
  })
})

describe('what is no JSON, in the words of encoding/json', () => {
  test.each([
    ['', 'unexpected end of JSON input', 0],
    ['{', 'unexpected end of JSON input', 1],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string", 8],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string", 2],
    ['{"a" 1}', "invalid character '1' after object key", 6],
    ['{"a":1 "b"}', "invalid character '\"' after object key:value pair", 8],
    ['[1 2]', "invalid character '2' after array element", 4],
    ['[1,]', "invalid character ']' looking for beginning of value", 4],
    ['{} x', "invalid character 'x' after top-level value", 4],
    ['<html>', "invalid character '<' looking for beginning of value", 1],
    ["'a'", "invalid character '\\'' looking for beginning of value", 1],
    ['"a\nb"', "invalid character '\\n' in string literal", 3],
    ['"\\x"', "invalid character 'x' in string escape code", 3],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape", 6],
    ['tru ', "invalid character ' ' in literal true (expecting 'e')", 4],
    ['nil', "invalid character 'i' in literal null (expecting 'u')", 2],
    ['-', 'unexpected end of JSON input', 1],
    ['-a', "invalid character 'a' in numeric literal", 2],
    ['01', "invalid character '1' after top-level value", 2],
    ['1.x', "invalid character 'x' after decimal point in numeric literal", 3],
    ['1ex', "invalid character 'x' in exponent of numeric literal", 3],
    ['é', "invalid character 'Ã' looking for beginning of value", 1],
  ])('%j', (text, message, offset) => {
    let error: unknown
    try {
      parse(text)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(JsonSyntaxError)
    expect(error).toMatchObject({ message, offset })
  })

  test('nesting has an end', () => {
    expect(() => parse('['.repeat(5000) + ']'.repeat(5000))).toThrow("invalid character '[' exceeded max depth")
    expect(parse('['.repeat(900) + ']'.repeat(900)).duplicates).toEqual([])
  })
})

test('any JSON is read as JSON.parse reads it, without false alarms', () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: 'binary' }), text => {
      const parsed = parse(text)
      expect(asNumbers(parsed.value)).toEqual(JSON.parse(text))
      expect(parsed.duplicates).toEqual([])
    }),
  )
})

/** As JavaScript's own reader has them. */
function asNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(asNumbers)
  if (typeof value !== 'object' || value === null) return value
  const out = { ...value } as Record<string, unknown>
  for (const key of Object.keys(out)) out[key] = asNumbers(out[key])
  return out
}

test('a broken text is refused exactly when JSON.parse refuses it', () => {
  fc.assert(
    fc.property(
      fc.json(),
      fc.nat(),
      fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '1', 'e', '-', '\\', 'n'),
      (text, at, character) => {
        const position = at % (text.length + 1)
        const broken = text.slice(0, position) + character + text.slice(position + 1)
        let valid = true
        try {
          JSON.parse(broken)
        } catch {
          valid = false
        }
        if (valid) expect(() => parse(broken)).not.toThrow()
        else expect(() => parse(broken)).toThrow(JsonSyntaxError)
      },
    ),
  )
})
