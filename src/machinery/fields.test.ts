import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fieldSelectorOf, parseFieldSelector } from './fields.ts'

describe('a field selector', () => {
  const pod: Record<string, string> = { 'metadata.name': 'web', 'status.phase': 'Running' }
  const read = (field: string) => pod[field] ?? ''

  test.each([
    ['', true],
    ['metadata.name=web', true],
    ['metadata.name==web', true],
    ['metadata.name!=web', false],
    ['metadata.name=web,status.phase!=Failed', true],
    ['spec.nodeName=', true],
    ['spec.nodeName!=', false],
  ])('%j matches: %j', (text, expected) => {
    expect(parseFieldSelector(text).matches(read)).toBe(expected)
  })

  test('stands in the order of its terms', () => {
    expect(parseFieldSelector('b=1,a!=2').toString()).toBe('a!=2,b=1')
    expect(parseFieldSelector('b=1').requiredValue('b')).toBe('1')
    expect(parseFieldSelector('b!=1').requiredValue('b')).toBeUndefined()
  })

  test('any value survives being written and read', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), value => {
        const text = fieldSelectorOf([{ field: 'a', operator: '=', value }]).toString()
        expect(parseFieldSelector(text).terms).toEqual([{ field: 'a', operator: '=', value }])
      }),
    )
  })

  test.each([
    ['foo', "invalid selector: 'foo'; can't understand 'foo'"],
    ['a=b\\x', 'invalid field selector: invalid escape sequence: \\x'],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
  ])('%j is none', (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(new Error(message))
  })
})
