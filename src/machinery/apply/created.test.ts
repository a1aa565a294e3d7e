// What a create owns is written by a walk of its own, for speed: it must say what comparing with an empty object says.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeObject, zeroObject } from '../codec/decode.ts'
import { any, int32, list, map, object, ref, type Schema, string } from '../schema/schema.ts'
import { atomOf } from './atom.ts'
import { compare } from './compare.ts'
import { createdFields } from './created.ts'
import { fieldSet, recursiveDifference, union } from './field-set.ts'

const Item = object('test.Item', {
  name: string(1).required(),
  value: string(2),
  inner: ref(3, (): Schema<any> => Spec),
})
const Spec = object('test.Spec', {
  replicas: int32(1).pointer(),
  required: list(2, Item).listType('map', 'name').required(),
  items: list(3, Item).listType('map', 'name'),
  names: list(4, 'string').listType('set'),
  atomic: list(5, 'string').listType('atomic'),
  labels: map(6, 'string'),
  free: any(7),
})
const Thing = object('test.Thing', {
  apiVersion: string(0),
  spec: ref(1, Spec).always(),
  status: ref(2, Spec).always(),
})

const text = fc.constantFrom('a', 'b', '<', '"', 'ä', 'constructor')
const item = fc.record({ name: text, value: text }, { requiredKeys: ['name'] })
const spec = fc.record(
  {
    replicas: fc.nat(2),
    required: fc.array(item, { maxLength: 3 }),
    items: fc.array(
      fc.record({
        name: text,
        inner: fc.record({ required: fc.array(item, { maxLength: 2 }), labels: fc.dictionary(text, text) }),
      }),
      {
        maxLength: 3,
      },
    ),
    names: fc.array(text),
    atomic: fc.array(text),
    labels: fc.dictionary(text, text),
    free: fc.jsonValue({ maxDepth: 3 }),
  },
  { requiredKeys: [] },
)

const atom = atomOf(Thing)
const empty = zeroObject(Thing)
const unowned = fieldSet(['f:apiVersion'], ['f:status'], ['f:spec', 'f:replicas'])

describe('what a create owns', () => {
  test('is what comparing with an empty object finds', () => {
    fc.assert(
      fc.property(fc.record({ apiVersion: fc.constant('v1'), spec, status: spec }, { requiredKeys: [] }), thing => {
        // Of what was sent empty only the creation knows.
        const created = structuredClone(decodeObject(Thing, thing).object)
        const { added, modified } = compare(atom, empty, created)
        const expected = recursiveDifference(union(added, modified), unowned)
        expect(JSON.stringify(createdFields(atom, empty, created, unowned))).toBe(JSON.stringify(expected))
      }),
      { numRuns: 500 },
    )
  })

  test('is a list that was sent empty, and always is there', () => {
    const owned = (spec: object) =>
      JSON.stringify(createdFields(atom, empty, decodeObject(Thing, { spec }).object, unowned))
    expect(owned({ required: [] })).toBe('{"f:spec":{"f:required":{}}}')
    expect(owned({ required: null })).toBe('{}')
  })

  test('is one set for all objects of one shape', () => {
    const made = (value: string) => decodeObject(Thing, { spec: { labels: { a: value } } }).object
    expect(createdFields(atom, empty, made('1'), unowned)).toBe(createdFields(atom, empty, made('2'), unowned))
  })
})
