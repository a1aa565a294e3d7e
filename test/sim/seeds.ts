// A file's share of the seeds, each a test.

import { describe, expect, test } from 'vitest'
import { failureText, optionsFor, seedsOf } from './seed-range.ts'
import { simulate } from './simulation.ts'

/** In how many files the seeds are split, for as many threads to share them. */
const shards = 4

export function describeSeeds(shard: number): void {
  const seeds = seedsOf('1-72').filter(seed => seed % shards === shard)
  describe('a cluster comes to rest, and is right then, after', () => {
    test.skipIf(seeds.length === 0).each(seeds)('seed %i', { timeout: 120_000 }, async seed => {
      const outcome = await simulate(seed, optionsFor(seed))
      expect(outcome.violations, failureText(outcome)).toEqual([])
    })
  })
}
