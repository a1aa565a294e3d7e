import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  anyElement,
  below,
  difference,
  emptySet,
  type FieldSet,
  fieldSet,
  hasElement,
  hasPath,
  intersection,
  isEmpty,
  isSubset,
  matching,
  overlaps,
  paths,
  readFieldSet,
  recursiveDifference,
  sharedText,
  union,
} from './field-set.ts'
import { fieldElement, keyElement, type PathElement, printPath, valueElement } from './path-element.ts'

const element = fc.oneof(
  fc.constantFrom('a', 'b', 'c', '10', 'ü').map(fieldElement),
  fc.constantFrom('x', 'y').map(name => keyElement([['name', name]])),
  fc.constantFrom<unknown>(1, 20, 3, 'x', true, 'a<b').map(valueElement),
)
const path = fc.array(element, { minLength: 1, maxLength: 4 })
const anySet = fc.array(path, { maxLength: 8 }).map(list => fieldSet(...list))

const key = (of: readonly PathElement[]) => JSON.stringify(of)
const members = (set: FieldSet) => new Set(paths(set).map(key))
const setOf = (keys: Iterable<string>) => [...keys].sort()

describe('the text of a set', () => {
  test('has fields, keys, values and indexes in this order, each sorted by what it says', () => {
    const set = fieldSet(
      ['f:list', 'i:2'],
      ['f:list', valueElement('b')],
      ['f:list', valueElement(10)],
      ['f:list', valueElement(9)],
      ['f:list', keyElement([['port', 443]])],
      ['f:list', keyElement([['port', 80]])],
      ['f:list', 'f:name'],
      ['f:list'],
      ['f:empty'],
    )
    expect(JSON.stringify(set)).toBe(
      '{"f:empty":{},"f:list":{".":{},"f:name":{},"k:{\\"port\\":80}":{},"k:{\\"port\\":443}":{},"v:9":{},"v:10":{},"v:\\"b\\"":{},"i:2":{}}}',
    )
  })

  test.each<[string, unknown, string]>([
    ['nothing', undefined, '{}'],
    ['an order of its own', { 'f:b': {}, 'f:a': { 'f:z': {}, '.': {} } }, '{"f:a":{".":{},"f:z":{}},"f:b":{}}'],
    ['spaces in a key', { 'k:{ "b": 1, "a": "x" }': {} }, '{"k:{\\"a\\":\\"x\\",\\"b\\":1}":{}}'],
    ['a member that says so though it holds nothing', { 'f:a': { '.': {} } }, '{"f:a":{}}'],
    ['an element of a kind nobody knows', { 'x:new': {}, 'f:a': {} }, '{"f:a":{}}'],
    ['null for a member', { 'f:a': null }, '{"f:a":{}}'],
    ['what HTML would take for its own', { 'v:"<"': {} }, '{"v:\\"\\\\u003c\\"":{}}'],
  ])('is normal when it was read with %s', (_, given, text) => {
    const set = readFieldSet(given)
    expect(JSON.stringify(set)).toBe(text)
    expect(sharedText(set)).toBe(text)
  })

  test.each([
    ['a', 'key must be 2 characters long:'],
    ['name', 'missing colon: name'],
    ['i:x', 'strconv.Atoi: parsing "x": invalid syntax'],
  ])('cannot have %s for an element', (text, message) => {
    expect(() => readFieldSet({ [text]: {} })).toThrow(message)
  })

  test.each(['v:', 'k:[1]', 'k:{'])('cannot have %s for an element either', text => {
    expect(() => readFieldSet({ [text]: {} })).toThrow()
  })

  test('says of any set what it is', () => {
    fc.assert(
      fc.property(anySet, set => {
        const read = readFieldSet(JSON.parse(JSON.stringify(set)))
        expect(JSON.stringify(read)).toBe(JSON.stringify(set))
        expect(members(read)).toEqual(members(set))
      }),
    )
  })
})

test.each<[readonly PathElement[], string]>([
  [['f:spec', 'f:replicas'], '.spec.replicas'],
  [['f:c', keyElement([['name', 'a"b']]), 'f:image'], '.c[name="a\\"b"].image'],
  [
    [
      keyElement([
        ['containerPort', 80],
        ['protocol', 'TCP'],
      ]),
    ],
    '[containerPort=80,protocol="TCP"]',
  ],
  [['f:finalizers', valueElement('x/y')], '.finalizers[="x/y"]'],
  [['i:3'], '[3]'],
])('%j is printed %s', (of, text) => expect(printPath(of)).toBe(text))

describe('sets behave as sets of paths', () => {
  const both = (check: (a: FieldSet, b: FieldSet) => void) =>
    fc.assert(
      fc.property(anySet, anySet, (a, b) => {
        check(a, b)
      }),
    )

  test('union', () =>
    both((a, b) => expect(setOf(members(union(a, b)))).toEqual(setOf(new Set([...members(a), ...members(b)])))))

  test('intersection', () =>
    both((a, b) =>
      expect(setOf(members(intersection(a, b)))).toEqual(setOf([...members(a)].filter(of => members(b).has(of)))),
    ))

  test('difference', () =>
    both((a, b) =>
      expect(setOf(members(difference(a, b)))).toEqual(setOf([...members(a)].filter(of => !members(b).has(of)))),
    ))

  test('recursive difference', () =>
    both((a, b) => {
      const gone = paths(b)
      const begins = (of: readonly string[]) => gone.some(prefix => prefix.every((step, index) => of[index] === step))
      const kept = paths(a).filter(of => !begins(of))
      expect(setOf(members(recursiveDifference(a, b)))).toEqual(setOf(kept.map(key)))
    }))

  test('overlaps, subset, empty', () =>
    both((a, b) => {
      expect(overlaps(a, b)).toBe([...members(a)].some(of => members(b).has(of)))
      expect(isSubset(a, b)).toBe([...members(a)].every(of => members(b).has(of)))
      expect(isEmpty(a)).toBe(members(a).size === 0)
    }))

  test('membership', () =>
    fc.assert(
      fc.property(anySet, path, (set, of) => {
        expect(hasPath(set, of)).toBe(members(set).has(key(of)))
        expect(hasElement(set, of[0]!)).toBe(members(set).has(key([of[0]!])))
        const inner = paths(set).filter(each => each.length > 1 && each[0] === of[0])
        expect(setOf(members(below(set, of[0]!)))).toEqual(setOf(inner.map(each => key(each.slice(1)))))
      }),
    ))

  test('every result is in normal form', () =>
    both((a, b) => {
      for (const set of [union(a, b), intersection(a, b), difference(a, b), recursiveDifference(a, b)])
        expect(JSON.stringify(readFieldSet(JSON.parse(JSON.stringify(set))))).toBe(JSON.stringify(set))
    }))
})

test('a pattern keeps what begins with it', () => {
  const container = keyElement([['name', 'main']])
  const set = fieldSet(
    ['f:spec', 'f:containers', container],
    ['f:spec', 'f:containers', container, 'f:image'],
    ['f:spec', 'f:containers', container, 'f:resources', 'f:limits'],
    ['f:status'],
  )
  const kept = matching(set, { 'f:spec': { 'f:containers': { [anyElement]: { 'f:resources': {} } } } })
  expect(paths(kept).map(printPath)).toEqual([
    '.spec.containers[name="main"]',
    '.spec.containers[name="main"].resources.limits',
  ])
  expect(matching(emptySet, {})).toEqual({})
})
