import { describe, expect, test } from 'vitest'
import { any, int32, list, map, object, ref, string } from '../schema/schema.ts'
import { atomicParts, typedMerge } from './typed-merge.ts'

const Port = object('Port', { port: int32(1), protocol: string(2).default('TCP'), name: string(3) })
const Whole = object('Whole', { a: string(1), b: string(2) }, { atomic: true })
const Part = object('Part', { a: string(1), b: string(2) })
const Thing = object('Thing', {
  name: string(1),
  labels: map(2, 'string'),
  data: map(3, 'string').mapType('atomic'),
  args: list(4, 'string'),
  tags: list(5, 'string').listType('set'),
  ports: list(6, Port).listType('map', 'port', 'protocol'),
  whole: ref(7, Whole),
  part: ref(8, Part),
  raw: any(9),
})

test.each<[string, object, object, object]>([
  ['fields', { name: 'a', part: { a: '1' } }, { part: { b: '2' } }, { name: 'a', part: { a: '1', b: '2' } }],
  ['maps', { labels: { a: '1' } }, { labels: { b: '2' } }, { labels: { a: '1', b: '2' } }],
  ['lists as a whole', { args: ['a', 'b'] }, { args: ['c'] }, { args: ['c'] }],
  ['sets by value', { tags: ['a', 'b'] }, { tags: ['b', 'c'] }, { tags: ['a', 'b', 'c'] }],
  [
    'lists of type map by their keys, with the keys’ defaults',
    { ports: [{ port: 1, name: 'a' }, { port: 2 }] },
    {
      ports: [
        { port: 1, protocol: 'TCP', name: 'b' },
        { port: 1, protocol: 'UDP' },
      ],
    },
    { ports: [{ port: 1, protocol: 'TCP', name: 'b' }, { port: 2 }, { port: 1, protocol: 'UDP' }] },
  ],
  ['what has no schema', { raw: { a: { b: 1 } } }, { raw: { a: { c: 2 } } }, { raw: { a: { b: 1, c: 2 } } }],
])('merges %s', (_what, live, patch, merged) => {
  const before = structuredClone(live)
  expect(typedMerge(Thing, live as never, patch as never)).toEqual(merged)
  expect(live).toEqual(before)
})

test('says what is not declared', () => {
  expect(() => typedMerge(Thing, {}, { part: { zip: 1 } })).toThrow('.part.zip: field not declared in schema')
})

describe('finds what stands for a whole', () => {
  test.each<[object, string[]]>([
    [{ name: 'a', labels: { a: '1' }, tags: ['a'], ports: [{ port: 1 }], part: { a: '1' } }, []],
    [{ args: ['a'] }, ['.args']],
    [{ data: { a: '1' } }, ['.data']],
    [{ whole: { a: '1' } }, ['.whole']],
  ])('%j', (patch, paths) => {
    expect(atomicParts(Thing, patch as never)).toEqual(paths)
  })
})
