import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeyIndex, standingRevision } from './key-index.ts'

const version = (revision: number, present = true) => ({
  revision,
  current: present
    ? { key: '', value: new Uint8Array(0), createRevision: revision, modRevision: revision, version: 1, lease: 0 }
    : undefined,
  previous: undefined,
})

function keysOf(index: KeyIndex, prefix: string, from = prefix): string[] {
  const keys: string[] = []
  index.visit(prefix, from, entry => keys.push(entry.key))
  return keys
}

describe('the key index', () => {
  it('visits the keys of a prefix in order, however they came', () => {
    const key = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 4 })
    fc.assert(
      fc.property(fc.uniqueArray(key, { maxLength: 100 }), key, key, (keys, prefix, from) => {
        const [pushed, loaded] = [new KeyIndex(), new KeyIndex()]
        for (const key of keys) pushed.push(key, pushed.get(key), version(2))
        loaded.load(keys.map(key => ({ key, latest: version(2), revisions: [2] })))
        const expected = keys.filter(key => key.startsWith(prefix) && key >= from).sort()
        expect(keysOf(pushed, prefix, from)).toEqual(expected)
        expect(keysOf(loaded, prefix, from)).toEqual(expected)
      }),
      { seed: 36 },
    )
  })

  it('stays sorted over the bounds of its chunks, through insertions and removals', () => {
    const index = new KeyIndex()
    const name = (n: number) => `/k/${String((n * 7919) % 5000).padStart(5, '0')}`
    for (let n = 0; n < 5000; n++) index.push(name(n), index.get(name(n)), version(n + 2))
    for (let n = 0; n < 5000; n += 3) index.push(name(n), index.get(name(n)), version(n + 6000, false))
    index.compact(20_000)
    const left = Array.from({ length: 5000 }, (_, n) => n).filter(n => n % 3 !== 0)
    expect(keysOf(index, '/k/')).toEqual(left.map(name).sort())
    expect(keysOf(index, '/k/', '/k/04990')).toEqual(
      left
        .map(name)
        .sort()
        .filter(key => key >= '/k/04990'),
    )
    for (const n of left) index.pop(name(n))
    expect(keysOf(index, '')).toEqual([])
  })

  it.each([
    // revisions, compacted at, left, where it stands then
    [[2, 4, 6], 3, [2, 4, 6]],
    [[2, 4, 6], 4, [4, 6]],
    [[2, 4, 6], 5, [4, 6]],
    [[2, 4, 6], 9, [6]],
    [[2, -4, 6], 4, [-4, 6]],
    [[2, -4, 6], 5, [6]],
    [[2, -4], 4, [-4]],
    [[2, -4], 5, undefined],
    [[5], 4, [5]],
  ])('of the revisions %j (negative: deletions), compaction at %i leaves %j', (revisions, at, left) => {
    const index = new KeyIndex()
    for (const revision of revisions) index.push('/a', index.get('/a'), version(Math.abs(revision), revision > 0))
    const forgotten = index.compact(at)
    expect(index.get('/a')?.revisions).toEqual(left)
    expect(forgotten.map(id => (id.deletion ? -id.revision : id.revision))).toEqual(
      revisions.slice(0, revisions.length - (left?.length ?? 0)),
    )
  })

  it('knows where a key stood', () => {
    const index = new KeyIndex()
    for (const revision of [3, -5, 8]) index.push('/a', index.get('/a'), version(Math.abs(revision), revision > 0))
    const entry = index.get('/a')!
    expect([2, 3, 4, 5, 7, 8, 99].map(at => standingRevision(entry, at))).toEqual([undefined, 3, 3, -5, -5, 8, 8])
  })
})
