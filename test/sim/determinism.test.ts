// A seed is a history: the same requests with the same bodies at the same times, and the same answers. Whatever ran before
// in the process, and also when nothing did.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { SeedProcesses } from './seed-process.ts'
import { optionsFor } from './seed-range.ts'
import { type Outcome, simulate } from './simulation.ts'

/** One controller manager; two, of which one leads; two, and pods that are measured and scaled. */
const seeds = [3, 7, 16]

let processes: SeedProcesses
beforeAll(async () => {
  processes = await SeedProcesses.prepare()
}, 60_000)
afterAll(() => processes.stop())

test('the same seed is the same history, in whatever order the seeds come', { timeout: 240_000 }, async () => {
  const first = new Map<number, Outcome>()
  for (const seed of seeds) first.set(seed, await simulate(seed, optionsFor(seed)))
  expect(new Set([...first.values()].map(({ hash }) => hash)).size).toBe(seeds.length)
  for (const seed of seeds.toReversed().slice(1)) {
    const again = await simulate(seed, optionsFor(seed))
    expect(again.story).toEqual(first.get(seed)!.story)
    expect(again.hash).toBe(first.get(seed)!.hash)
  }
  // The first of a process each.
  for (const seed of seeds.slice(1))
    await processes.run([seed], 1, ({ hash, story }) => {
      expect(story).toEqual(first.get(seed)!.story)
      expect(hash).toBe(first.get(seed)!.hash)
    })
})
