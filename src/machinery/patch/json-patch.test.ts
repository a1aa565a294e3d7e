import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deepFreeze } from '../deep-freeze.ts'
import { applyJsonPatch } from './json-patch.ts'

describe('what an operation makes of a document', () => {
  test.each<[string, object, object[], unknown]>([
    ['add a field', { a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
    ['add replaces', { a: 1 }, [{ op: 'add', path: '/a', value: 2 }], { a: 2 }],
    ['add into a list', { a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
    ['add at the end', { a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
    ['add counts from the end', { a: [1, 2] }, [{ op: 'add', path: '/a/-1', value: 3 }], { a: [1, 2, 3] }],
    ['remove', { a: 1, b: { c: [1, 2] } }, [{ op: 'remove', path: '/b/c/0' }], { a: 1, b: { c: [2] } }],
    ['remove from the end', { a: [1, 2] }, [{ op: 'remove', path: '/a/-1' }], { a: [1] }],
    ['replace', { a: [{ b: 1 }] }, [{ op: 'replace', path: '/a/0/b', value: 2 }], { a: [{ b: 2 }] }],
    ['replace what is not there yet', { a: {} }, [{ op: 'replace', path: '/a/b', value: 2 }], { a: { b: 2 } }],
    ['replace the whole', { a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
    ['move', { a: { b: 1 } }, [{ op: 'move', from: '/a/b', path: '/c' }], { a: {}, c: 1 }],
    ['copy', { a: { b: [1] } }, [{ op: 'copy', from: '/a/b', path: '/c' }], { a: { b: [1] }, c: [1] }],
    [
      'a copy is its own',
      { a: [1] },
      [
        { op: 'copy', from: '/a', path: '/b' },
        { op: 'add', path: '/b/-', value: 2 },
      ],
      { a: [1], b: [1, 2] },
    ],
    [
      'test',
      { a: { b: [1, { c: null }] } },
      [{ op: 'test', path: '/a', value: { b: [1, { c: null }] } }],
      { a: { b: [1, { c: null }] } },
    ],
    ['test for absence', { a: 1 }, [{ op: 'test', path: '/b', value: null }], { a: 1 }],
    [
      'escaped names',
      { 'a/b': { 'm~n': 1 } },
      [{ op: 'replace', path: '/a~1b/m~0n', value: 2 }],
      { 'a/b': { 'm~n': 2 } },
    ],
    ['null is a value', { a: 1 }, [{ op: 'add', path: '/b', value: null }], { a: 1, b: null }],
  ])('%s', (_name, document, patch, expected) => {
    deepFreeze(document)
    deepFreeze(patch)
    expect(applyJsonPatch(document, patch)).toEqual(expected)
  })

  test('a field called __proto__ is a field', () => {
    const out = applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }])
    expect(Object.keys(out)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('what a patch does not touch is shared', () => {
    const document = { a: { deep: 1 }, b: 1 }
    expect(applyJsonPatch(document, [{ op: 'replace', path: '/b', value: 2 }]).a).toBe(document.a)
  })
})

describe('a patch that does not apply', () => {
  test.each<[object[], string]>([
    [
      [{ op: 'add', path: '/b/c', value: 1 }],
      'add operation does not apply: doc is missing path: "/b/c": missing value',
    ],
    [
      [{ op: 'remove', path: '/b' }],
      "error in remove for path: '/b': Unable to remove nonexistent key: b: missing value",
    ],
    [
      [{ op: 'replace', path: '/l/5', value: 1 }],
      'replace operation does not apply: doc is missing key: /l/5: missing value',
    ],
    [
      [{ op: 'add', path: '/l/5', value: 1 }],
      "error in add for path: '/l/5': Unable to access invalid index: 5: invalid index referenced",
    ],
    [[{ op: 'test', path: '/a', value: 2 }], 'testing value /a failed: test failed'],
    [
      [{ op: 'move', from: '/x/y', path: '/b' }],
      'move operation does not apply: doc is missing from path: /x/y: missing value',
    ],
    [[{ op: 'frobnicate', path: '/a' }], 'Unexpected kind: frobnicate'],
    [[{ path: '/a' }], 'Unexpected kind: unknown'],
    [[{ op: 'add', value: 1 }], 'add operation failed to decode path: missing value'],
  ])('%j', (patch, why) => {
    expect(() => applyJsonPatch({ a: 1, l: [1] }, patch)).toThrow(
      expect.objectContaining({
        code: 422,
        message: 'the server rejected our request due to an error in our request',
        cause: expect.objectContaining({ message: why }),
      }),
    )
  })

  test('a patch is a list of operations, not too many', () => {
    expect(() => applyJsonPatch({}, { op: 'add' })).toThrow(
      'json: cannot unmarshal object into Go value of type jsonpatch.Patch',
    )
    expect(() => applyJsonPatch({}, [1])).toThrow(
      'json: cannot unmarshal number into Go value of type jsonpatch.Operation',
    )
    expect(() => applyJsonPatch({}, new Array(10_001).fill({ op: 'test', path: '', value: {} }))).toThrow(
      'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    )
  })
})

test('moving a field there and back changes nothing', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), document => {
      const key = Object.keys(document)[0]!
      const pointer = `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
      const free = `/${'x'.repeat(50)}`
      const out = applyJsonPatch(document, [
        { op: 'move', from: pointer, path: free },
        { op: 'move', from: free, path: pointer },
      ])
      expect(out).toEqual(document)
    }),
  )
})
