// Which seeds a run tries, and how a seed that fails is shown. SIM_SEEDS says how many, SIM_SEED one of them alone.

import { describe, expect, test } from 'vitest'
import { simulate } from './simulation.ts'

/** In how many files the seeds are split, for as many threads to share them. */
export const shards = 4
const usual = 48
/** One seed in so many is watched for an hour at rest; the others for some minutes. */
const watchedLong = 25
const hourMs = 3_600_000

const alone = process.env['SIM_SEED']
const count = Number(process.env['SIM_SEEDS'] ?? usual)

export function seedsOf(shard: number): number[] {
  if (alone !== undefined) return shard === 0 ? [Number(alone)] : []
  return Array.from({ length: count }, (_, index) => index + 1).filter(seed => seed % shards === shard)
}

export function describeSeeds(shard: number): void {
  describe('a cluster comes to rest, and is right then, after', () => {
    const seeds = seedsOf(shard)
    test.skipIf(seeds.length === 0).each(seeds)('seed %i', { timeout: 60_000 }, async seed => {
      const { violations, story } = await simulate(seed, seed % watchedLong === 0 ? { quietMs: hourMs } : {})
      const again = `SIM_SEED=${seed} npx vitest run test/sim/faults.test.ts`
      expect(violations, `${story.join('\n')}\nTo run it again: ${again}`).toEqual([])
    })
  })
}
