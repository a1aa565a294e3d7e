import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Endpoint, EndpointSlice } from '../../api/discovery/v1/endpointslice.ts'
import { pack } from './slice-packing.ts'

// Which endpoint goes into which slice. Slices hold three here.

const endpoint = (id: string, ready = true): Endpoint => ({
  addresses: [id],
  conditions: { ready },
  targetRef: { kind: 'Pod', namespace: 'default', name: id },
})
const slice = (...ids: string[]): EndpointSlice => ({
  metadata: { name: ids.join() },
  addressType: 'IPv4',
  endpoints: ids.map(id => endpoint(id)),
  ports: [],
})
const letters = (text: string) => [...text].map(letter => endpoint(letter))
const ids = (endpoints: readonly Endpoint[]) => endpoints.map(({ addresses }) => addresses[0]).join('')

describe('the endpoints', () => {
  test.each<[what: string, slices: string[], wanted: string, create: string[], update: string[], remove: number]>([
    ['first ones fill new slices', [], 'abcdefg', ['abc', 'def', 'g'], [], 0],
    ['a new one goes where there is room', ['abc', 'de'], 'abcdef', [], ['def'], 0],
    ['the fullest slice with room is taken', ['a', 'bc'], 'abcd', [], ['bcd'], 0],
    ['a change that happens anyway takes the new one too', ['abc', 'de'], 'abdef', [], ['abf'], 0],
    ['one that goes leaves the others where they are', ['abc', 'def'], 'bcdef', [], ['bc'], 0],
    ['an empty slice goes', ['abc', 'd'], 'abc', [], [], 1],
    ['a slice that would be empty is used again', ['abc'], 'xyz', [], ['xyz'], 0],
    ['an empty one takes them', ['abc', ''], 'abcd', [], ['d'], 0],
    ['a fuller one than there are to be stays', ['abcde'], 'abcdef', ['f'], [], 0],
    ['nothing new is no change', ['abc', 'd'], 'abcd', [], [], 0],
  ])('%s', (_, slices, wanted, create, update, remove) => {
    const packed = pack(
      slices.map(text => slice(...text)),
      letters(wanted),
      { max: 3 },
    )
    expect(packed.create.map(ids)).toEqual(create)
    expect([...packed.update.values()].map(ids)).toEqual(update)
    expect(packed.remove).toHaveLength(remove)
  })

  test('whose state changes are updated in place', () => {
    const packed = pack([slice('a', 'b'), slice('c')], [endpoint('a'), endpoint('b', false), endpoint('c')], { max: 3 })
    expect([...packed.update.values()]).toEqual([[endpoint('a'), endpoint('b', false)]])
    expect(packed.unchanged).toHaveLength(1)
  })

  test('go first into slices that are written anyway', () => {
    const [full, open] = [slice('a', 'b', 'c'), slice('d')]
    const packed = pack([slice('e', 'f'), full, open], letters('abcdefg'), {
      max: 3,
      mustChange: each => each === open,
    })
    expect([...packed.update].map(([, endpoints]) => ids(endpoints))).toEqual(['dg'])
  })

  test('are all there once, in slices that are not fuller than any was, from whatever state', () => {
    const some = fc.array(fc.integer({ min: 0, max: 30 }).map(String), { maxLength: 12 })
    fc.assert(
      fc.property(
        fc.array(some, { maxLength: 5 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 30 }).map(String)),
        (existing, wanted) => {
          const { create, update, unchanged } = pack(
            existing.map(each => slice(...each)),
            wanted.map(id => endpoint(id)),
            { max: 3 },
          )
          const after = [...create, ...update.values(), ...unchanged.map(({ endpoints }) => endpoints)]
          expect(
            after
              .flat()
              .map(({ addresses }) => addresses[0])
              .sort(),
          ).toEqual([...wanted].sort())
          const fullest = Math.max(3, ...existing.map(each => each.length))
          for (const each of after) expect(each.length).toBeLessThanOrEqual(fullest)
          for (const each of create) expect(each.length > 0 && each.length <= 3).toBe(true)
        },
      ),
    )
  })
})
