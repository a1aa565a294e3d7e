import { expect, test } from 'vitest'
import { int32, list, map, object, ref, string } from '../schema/schema.ts'
import { atomOf } from './atom.ts'
import { atomicParts } from './atomic-parts.ts'

const Port = object('Port', { port: int32(1), args: list(2, 'string') })
const Whole = object('Whole', { a: string(1) }, { atomic: true })
const Part = object('Part', { a: string(1) })
const Thing = object('Thing', {
  labels: map(2, 'string'),
  data: map(3, 'string').mapType('atomic'),
  args: list(4, 'string'),
  tags: list(5, 'string').listType('set'),
  ports: list(6, Port).listType('map', 'port'),
  whole: ref(7, Whole),
  part: ref(8, Part),
})

test.each<[object, string[]]>([
  [{ labels: { a: '1' }, tags: ['a'], ports: [{ port: 1 }], part: { a: '1' } }, []],
  [{ args: ['a'] }, ['.args']],
  [{ data: { a: '1' } }, ['.data']],
  [{ whole: { a: '1' } }, ['.whole']],
  [{ ports: [{ port: 1 }, { port: 2, args: [] }] }, ['.ports[1].args']],
])('%j', (value, paths) => {
  expect(atomicParts(atomOf(Thing), value)).toEqual(paths)
})
