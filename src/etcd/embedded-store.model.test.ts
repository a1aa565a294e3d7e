// Random histories against a model so simple that it cannot be wrong: a list of everything that ever happened.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { virtualEnv } from '../machinery/env/virtual-env.ts'
import { openEmbeddedStore } from './embedded-store.ts'
import { CompactedError, type KeyValue, type Store } from './store.ts'

type Step =
  | { do: 'put' | 'delete'; key: string; stale: boolean; wait: boolean }
  | { do: 'watch'; prefix: string; back: number }
  | { do: 'range'; prefix: string; from: string; limit: number | undefined; back: number }
  | { do: 'compact'; back: number }
  | { do: 'reopen' }

interface Happened {
  readonly revision: number
  readonly key: string
  readonly put: KeyValue | undefined
  readonly previous: KeyValue | undefined
}

const prefixes = ['', '/a', '/a/', '/b/', '/none']
const key = fc.constantFrom('/a', '/a/1', '/a/2', '/a/20', '/b/1', '/b/é')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('put' as const), key, stale: rarely(), wait: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('delete' as const), key, stale: rarely(), wait: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('watch' as const), prefix: prefix(), back: fc.nat(12) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('range' as const),
      prefix: prefix(),
      from: key,
      limit: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      back: fc.nat(12),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const), back: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
)

function rarely() {
  return fc.nat(4).map(number => number === 0)
}

function prefix() {
  return fc.constantFrom(...prefixes)
}

class Model {
  readonly happened: Happened[] = []
  compacted = 0

  get revision(): number {
    return this.happened.at(-1)?.revision ?? 1
  }

  at(revision: number): Map<string, KeyValue> {
    const state = new Map<string, KeyValue>()
    for (const { key, put, revision: then } of this.happened) {
      if (then > revision) break
      if (put) state.set(key, put)
      else state.delete(key)
    }
    return state
  }

  write(key: string, value: Uint8Array | undefined): number {
    const previous = this.at(this.revision).get(key)
    const revision = this.revision + 1
    const put = value && {
      key,
      value,
      createRevision: previous?.createRevision ?? revision,
      modRevision: revision,
      version: (previous?.version ?? 0) + 1,
      lease: 0,
    }
    this.happened.push({ revision, key, put, previous })
    return revision
  }
}

/** Bytes as text, so that a Buffer and an array of the same bytes are equal. */
const plain = (item: KeyValue | undefined) => item && { ...item, value: Buffer.from(item.value).toString('hex') }

async function check(steps: readonly Step[], directory: string | undefined): Promise<void> {
  const env = virtualEnv()
  let store: Store = await openEmbeddedStore({ env, directory })
  const model = new Model()
  const watches: { prefix: string; after: number; seen: unknown[]; closed?: Error }[] = []
  let writes: Promise<unknown>[] = []
  let counter = 0
  const settle = async () => {
    await Promise.all(writes)
    writes = []
    expect(store.revision).toBe(model.revision)
  }
  for (const step of steps) {
    if (step.do === 'put' || step.do === 'delete') {
      const standing = model.at(model.revision).get(step.key)
      const modRevision = (standing?.modRevision ?? 0) + (step.stale ? 1 : 0)
      const value = Buffer.alloc(1 + (counter % 3) * 2500, ++counter)
      const operation = step.do === 'put' ? { type: step.do, key: step.key, value } : { type: step.do, key: step.key }
      const result = store.txn(operation, { modRevision })
      const empty = step.do === 'delete' && !standing
      const revision = step.stale || empty ? undefined : model.write(step.key, step.do === 'put' ? value : undefined)
      writes.push(
        result.then(answer => {
          expect(answer.committed).toBe(!step.stale)
          if (revision) expect(answer.revision).toBe(revision)
          if (!answer.committed) expect(plain(answer.current)).toEqual(plain(standing))
        }),
      )
      if (step.wait) await settle()
    } else if (step.do === 'watch') {
      const after = Math.max(1, model.compacted, store.revision - step.back)
      const watch: (typeof watches)[number] = { prefix: step.prefix, after, seen: [] }
      watches.push(watch)
      store.watch(step.prefix, after, {
        events: events => {
          for (const { type, key, revision, current, previous } of events) {
            watch.seen.push({ type, key, revision, current: plain(current), previous: plain(previous) })
          }
        },
        closed: reason => {
          watch.closed = reason
        },
      })
    } else if (step.do === 'range') {
      await settle()
      const revision = Math.max(1, model.revision - step.back)
      const answer = store.range(step.prefix, { from: step.from, limit: step.limit, revision })
      if (revision < model.compacted) await expect(answer).rejects.toThrow(CompactedError)
      else {
        const all = [...model.at(revision).values()]
          .filter(item => item.key.startsWith(step.prefix) && item.key >= step.from)
          .sort((a, b) => (a.key < b.key ? -1 : 1))
        const { items, more, count } = await answer
        const expected = all.slice(0, step.limit)
        expect(items.map(plain)).toEqual(expected.map(plain))
        expect({ more, count }).toEqual({ more: expected.length < all.length, count: all.length })
      }
    } else if (step.do === 'compact') {
      await settle()
      const revision = model.revision - step.back
      if (revision <= model.compacted || revision < 2) continue
      await store.compact(revision)
      model.compacted = revision
    } else if (directory) {
      await settle()
      await caughtUp()
      await store.close()
      store = await openEmbeddedStore({ env, directory })
      expect([store.revision, store.compactedRevision]).toEqual([model.revision, model.compacted])
    }
  }
  await settle()
  await caughtUp()
  await store.close()

  /** Every watch has seen its part of history, in order; one that compaction overtook was told. */
  async function caughtUp() {
    for (const watch of watches.splice(0)) {
      const mine = model.happened.filter(({ key, revision }) => revision > watch.after && key.startsWith(watch.prefix))
      for (let turn = 0; turn < 100_000 && watch.seen.length < mine.length && !watch.closed; turn++) {
        await new Promise<void>(resolve => setImmediate(resolve))
      }
      const expected = mine.map(({ key, revision, put, previous }) => ({
        type: put ? 'put' : 'delete',
        key,
        revision,
        current: plain(put),
        previous: plain(previous),
      }))
      if (watch.closed) {
        expect(watch.closed).toBeInstanceOf(CompactedError)
        expect(watch.seen).toEqual(expected.slice(0, watch.seen.length))
      } else expect(watch.seen.map(withoutLostPrevious)).toEqual(expected.map(withoutLostPrevious))
    }
  }

  /** Compaction may have taken what stood before its revision. */
  function withoutLostPrevious(event: any) {
    return event.revision <= model.compacted || event.previous?.modRevision < model.compacted
      ? { ...event, previous: undefined }
      : event
  }
}

describe('the embedded store and the model agree on any history', () => {
  it('without a disk', async () => {
    const steps = fc.array(step, { maxLength: 80 })
    await fc.assert(
      fc.asyncProperty(steps, steps => check(steps, undefined)),
      { numRuns: 300, seed: 36 },
    )
  })

  it('on disk, with restarts', async () => {
    const root = mkdtempSync(join(tmpdir(), 'k8ts-store-model-'))
    let run = 0
    try {
      const steps = fc.array(step, { maxLength: 60 })
      await fc.assert(
        fc.asyncProperty(steps, steps => check(steps, join(root, `${++run}`))),
        { numRuns: 40, seed: 36, endOnFailure: true },
      )
    } finally {
      rmSync(root, { recursive: true })
    }
  })
})
