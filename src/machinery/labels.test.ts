import { describe, expect, test } from 'vitest'
import { deepFreeze } from './deep-freeze.ts'
import { everything, formatLabels, labelSelectorFrom, nothing, parseLabelSelector, selectorFromSet } from './labels.ts'

describe('a selector reads back in canonical form', () => {
  test.each([
    ['', ''],
    ['a=b', 'a=b'],
    ['a==b', 'a==b'],
    ['b!=c,a', 'a,b!=c'],
    ['!a', '!a'],
    ['x in (foo,,baz),y,z notin ()', 'x in (,baz,foo),y,z notin ()'],
    ['x in (in,notin)', 'x in (in,notin)'],
    ['a=', 'a='],
    ['a>1,b<2', 'a>1,b<2'],
    [' a = b , c ', 'a=b,c'],
    ['in', 'in'],
    ['example.com/a in (b)', 'example.com/a in (b)'],
  ])('%j is %j', (text, canonical) => {
    expect(parseLabelSelector(text).toString()).toBe(canonical)
  })
})

describe('what a selector matches', () => {
  test.each([
    ['a=b', { a: 'b' }, true],
    ['a=b', { a: 'c' }, false],
    ['a=b', {}, false],
    ['a!=b', {}, true],
    ['a!=b', { a: 'b' }, false],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['a in (b,c)', { a: 'c' }, true],
    ['a notin (b,c)', { a: 'c' }, false],
    ['a notin (b,c)', {}, true],
    ['a>5', { a: '6' }, true],
    ['a>5', { a: 'x' }, false],
    ['a<5', { a: '-3' }, true],
    ['a=b,c', { a: 'b' }, false],
    ['toString', {}, false],
  ] as [string, Record<string, string>, boolean][])('%j of %j: %j', (text, labels, expected) => {
    expect(parseLabelSelector(text).matches(labels)).toBe(expected)
  })
})

describe('what is no selector', () => {
  test.each([
    ['a=b=c', "found '=', expected: ',' or 'end of string'"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a,', "found '', expected: identifier after ','"],
    ['=a', "found '=', expected: !, identifier, or 'end of string'"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    [
      'a>x',
      "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
    [
      'a=-b',
      "unable to parse requirement: values[0][a]: Invalid value: \"-b\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ],
    [
      '_a',
      "unable to parse requirement: <nil>: Invalid value: \"_a\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ],
  ])('%j', (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(new Error(message))
  })
})

describe('metav1.LabelSelector', () => {
  test('absent matches nothing, empty everything', () => {
    expect(labelSelectorFrom(undefined)).toBe(nothing)
    expect(labelSelectorFrom({})).toBe(everything)
    expect(nothing.matches({ a: 'b' })).toBe(false)
    expect(everything.matches(undefined)).toBe(true)
  })

  test('expressions and labels are all required', () => {
    const selector = labelSelectorFrom({
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['b', 'a'] },
        { key: 'old', operator: 'DoesNotExist' },
      ],
    })
    expect(selector.toString()).toBe('app=web,!old,tier in (a,b)')
    expect(selector.matches({ app: 'web', tier: 'a' })).toBe(true)
    expect(selector.matches({ app: 'web', tier: 'a', old: '' })).toBe(false)
    expect(selector.requiredValue('app')).toBe('web')
    expect(selector.requiredValue('tier')).toBeUndefined()
  })

  test('of a frozen object is made once, of another each time', () => {
    const frozen = deepFreeze({ matchLabels: { app: 'web' } })
    expect(labelSelectorFrom(frozen)).toBe(labelSelectorFrom(frozen))
    const open = Object.freeze({ matchLabels: { app: 'web' } })
    expect(labelSelectorFrom(open).matches({ app: 'db' })).toBe(false)
    open.matchLabels.app = 'db'
    expect(labelSelectorFrom(open).matches({ app: 'db' })).toBe(true)
  })

  test('errors', () => {
    expect(() => labelSelectorFrom({ matchExpressions: [{ key: 'a', operator: 'Foo' }] })).toThrow(
      '"Foo" is not a valid label selector operator',
    )
    expect(() => labelSelectorFrom({ matchExpressions: [{ key: 'a', operator: 'In' }] })).toThrow(
      "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
    )
  })
})

test('a set of labels is a selector, and text', () => {
  expect(selectorFromSet({ b: '2', a: '1' }).toString()).toBe('a=1,b=2')
  expect(selectorFromSet({}).empty).toBe(true)
  expect(formatLabels({ b: '2', a: '1' })).toBe('a=1,b=2')
  expect(formatLabels(undefined)).toBe('<none>')
})
