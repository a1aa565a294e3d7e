import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findCondition, isConditionTrue, removeCondition, setCondition } from './conditions.ts'
import { deepEqual, semanticEqual } from './deep-equal.ts'
import { deepCopy, deepFreeze } from './deep-freeze.ts'
import { SeededRandom } from './env/virtual-env.ts'
import { byteLength, compareText, goValue, quote } from './go-text.ts'
import { fnv1a32, fnv132, hashObject } from './hash.ts'
import { intValue, parseIntOrString, percentOf, scaledValueFromPercent } from './int-or-string.ts'
import { getControllerOf, isControlledBy, newControllerRef } from './owner-references.ts'
import { generateName, randomSuffix, safeEncodeString } from './random-suffix.ts'

describe('equality', () => {
  test.each<[unknown, unknown, boolean, boolean]>([
    [{ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }, true, true],
    [{ a: 1 }, { a: 1, b: undefined }, true, true],
    [{ a: 1 }, { a: 1, b: null }, false, true],
    [{ a: [] }, {}, false, true],
    [{ a: {} }, { a: [] }, false, true],
    [[1, 2], [2, 1], false, false],
    [{ a: 1 }, { b: 1 }, false, false],
    [{ a: '1' }, { a: 1 }, false, false],
    [{ toString: 1 }, {}, false, false],
    [[], {}, false, true],
    ['', undefined, false, false],
  ])('%j and %j: %j, semantically %j', (a, b, deep, semantic) => {
    expect(deepEqual(a, b)).toBe(deep)
    expect(deepEqual(b, a)).toBe(deep)
    expect(semanticEqual(a, b)).toBe(semantic)
    expect(semanticEqual(b, a)).toBe(semantic)
  })

  test('a copy is equal, and its own', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const copy = deepCopy(deepFreeze(value))
        expect(deepEqual(copy, value)).toBe(true)
        if (typeof value === 'object' && value !== null) expect(copy).not.toBe(value)
      }),
    )
  })
})

describe("Go's texts", () => {
  test.each([
    ['plain', '"plain"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['tab\tnew\nbell\x07', '"tab\\tnew\\nbell\\a"'],
    ['\x00\x7f', '"\\x00\\x7f"'],
    ['é 世', '"é 世"'],
    ['\u00a0\u200b', '"\\u00a0\\u200b"'],
    ['😀\u{e0001}', '"😀\\U000e0001"'],
  ])('%j is quoted as %s', (text, quoted) => {
    expect(quote(text)).toBe(quoted)
  })

  test('values, lengths and order', () => {
    expect(goValue({ b: [1, 'x', null], a: { c: true } })).toBe('map[a:map[c:true] b:[1 x <nil>]]')
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(byteLength(a)).toBe(Buffer.byteLength(a))
        expect(Math.sign(compareText(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
      }),
    )
  })
})

describe('numbers or percentages', () => {
  test.each<[number | string, number, boolean, number]>([
    [5, 10, true, 5],
    ['25%', 10, true, 3],
    ['25%', 10, false, 2],
    ['0%', 10, true, 0],
    ['100%', 7, false, 7],
  ])('%j of %d, rounded up: %j, is %d', (value, total, up, expected) => {
    expect(scaledValueFromPercent(value, total, up)).toBe(expected)
  })

  test('what is neither', () => {
    expect(() => scaledValueFromPercent('5', 10, true)).toThrow(
      'invalid value for IntOrString: invalid type: string is not a percentage',
    )
    expect(() => scaledValueFromPercent('x%', 10, true)).toThrow(
      'invalid value for IntOrString: invalid value "x%": strconv.Atoi: parsing "x": invalid syntax',
    )
    expect([percentOf('5%'), percentOf(5), intValue('7'), intValue('x')]).toEqual([5, undefined, 7, 0])
    expect([parseIntOrString('80'), parseIntOrString('http')]).toEqual([80, 'http'])
  })
})

describe('names', () => {
  test('a seed gives the same name, from an alphabet without vowels', () => {
    expect(randomSuffix(new SeededRandom(1))).toBe(randomSuffix(new SeededRandom(1)))
    expect(generateName('x'.repeat(80), new SeededRandom(1))).toMatch(/^x{58}[bcdfghjklmnpqrstvwxz2456789]{5}$/)
    expect(safeEncodeString('0123456789')).toBe('456789bcdf')
  })

  test('hashes', () => {
    // Published test vectors of FNV in 32 bits.
    expect([fnv1a32(''), fnv1a32('a'), fnv1a32('foobar')]).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968])
    expect([fnv132(''), fnv132('a'), fnv132('foobar')]).toEqual([0x811c9dc5, 0x050c5d7e, 0x31f0b262])
    expect(hashObject({ a: 1, b: { c: 2, d: undefined } })).toBe(hashObject({ b: { c: 2 }, a: 1 }))
    expect(hashObject({ a: 1 })).not.toBe(hashObject({ a: 2 }))
  })
})

test('owners', () => {
  const owner = { metadata: { name: 'web', uid: 'u1' } }
  const reference = newControllerRef(owner, { group: 'apps', version: 'v1', kind: 'ReplicaSet' })
  expect(reference).toEqual({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name: 'web',
    uid: 'u1',
    controller: true,
    blockOwnerDeletion: true,
  })
  const child = { metadata: { ownerReferences: [{ ...reference, controller: false }, reference] } }
  expect(getControllerOf(child)).toBe(reference)
  expect(isControlledBy(child, owner)).toBe(true)
  expect(isControlledBy(child, { metadata: { uid: 'u2' } })).toBe(false)
  expect(isControlledBy({}, { metadata: {} })).toBe(false)
})

describe('conditions', () => {
  const ready = { type: 'Ready', status: 'True', reason: 'A', lastTransitionTime: 't1' }

  test('are added with the time, and found', () => {
    const list = setCondition(undefined, { type: 'Ready', status: 'True' }, 't1')
    expect(list).toEqual([{ type: 'Ready', status: 'True', lastTransitionTime: 't1' }])
    expect(findCondition(list, 'Ready')?.status).toBe('True')
    expect(isConditionTrue(list, 'Other')).toBe(false)
    expect(removeCondition(list, 'Ready')).toEqual([])
  })

  test('keep their time while their status stays', () => {
    expect(setCondition([ready], { type: 'Ready', status: 'True', reason: 'B' }, 't2')).toEqual([
      { type: 'Ready', status: 'True', reason: 'B', lastTransitionTime: 't1' },
    ])
    expect(setCondition([ready], { type: 'Ready', status: 'False', reason: 'B' }, 't2')[0]?.lastTransitionTime).toBe(
      't2',
    )
  })

  test('are the same list when nothing is new', () => {
    const list = [ready]
    expect(setCondition(list, { type: 'Ready', status: 'True', reason: 'A' }, 't2')).toBe(list)
  })
})
