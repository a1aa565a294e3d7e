// Which seeds a run tries, and what there is to read of one that failed. SEEDS=1-500 says which, SEEDS=42 one of them
// alone; SIM_TRACE=1 adds every request to its story.

import type { Outcome, SimulationOptions } from './simulation.ts'

/** One seed in so many is watched for an hour at rest; the others for some minutes. */
const watchedLong = 25
const hourMs = 3_600_000

/** What SEEDS says, or this: from and to, both included. */
export function seedsOf(usual: string): number[] {
  const text = process.env['SEEDS'] ?? usual
  const [from = Number.NaN, to = from] = text.split('-').map(Number)
  if (!(from <= to)) throw new RangeError(`SEEDS=${text}: expected a seed, or two with a dash between`)
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

export function optionsFor(seed: number): SimulationOptions {
  return {
    trace: process.env['SIM_TRACE'] !== undefined,
    ...(seed % watchedLong === 0 && { quietMs: hourMs }),
  }
}

export function failureText({ seed, story, hash }: Pick<Outcome, 'seed' | 'story' | 'hash'>): string {
  const again = `SEEDS=${seed} npx vitest run test/sim/faults`
  return `${story.join('\n')}\nhistory ${hash}\nTo run it again: ${again}`
}
