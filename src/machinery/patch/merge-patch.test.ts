import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deepFreeze } from '../deep-freeze.ts'
import { applyMergePatch, createMergePatch } from './merge-patch.ts'

describe('a merge patch', () => {
  // The table of RFC 7386, as far as it is about objects.
  test.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j patched by %j is %j', (target, patch, expected) => {
    deepFreeze(target)
    expect(applyMergePatch<object>(target, patch)).toEqual(expected)
  })

  test('is an object', () => {
    for (const patch of [null, 1, 'a', []]) expect(() => applyMergePatch({}, patch)).toThrow('Invalid JSON Patch')
  })

  test('that was created makes the one out of the other', () => {
    const json = fc.dictionary(
      fc.string({ maxLength: 2 }),
      fc.letrec<{ value: unknown }>(tie => ({
        value: fc.oneof(
          { maxDepth: 3 },
          fc.integer(),
          fc.string({ maxLength: 2 }),
          fc.array(fc.integer(), { maxLength: 3 }),
          fc.dictionary(fc.string({ maxLength: 2 }), tie('value'), { maxKeys: 4 }),
        ),
      })).value,
      { maxKeys: 4 },
    )
    fc.assert(
      fc.property(json, json, (original, modified) => {
        expect(applyMergePatch<object>(original, createMergePatch(original, modified))).toEqual(modified)
        expect(createMergePatch(original, original)).toEqual({})
      }),
    )
  })
})
