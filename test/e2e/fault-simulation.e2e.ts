// Simulated clusters with faults (test/sim), of 500 seeds, on all cores. SEEDS=from-to tries others.

import { availableParallelism } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SeedProcesses } from '../sim/seed-process.ts'
import { failureText, seedsOf } from '../sim/seed-range.ts'

const seeds = seedsOf('1-500')

let processes: SeedProcesses
beforeAll(async () => {
  processes = await SeedProcesses.prepare()
})
afterAll(() => processes.stop())

test(`${seeds.length} clusters come to rest, and are right then`, { timeout: 1_200_000 }, async () => {
  const failures = new Map<number, string>()
  let done = 0
  await processes.run(seeds, availableParallelism(), outcome => {
    done++
    if (outcome.violations.length > 0) failures.set(outcome.seed, failureText(outcome))
  })
  expect(done).toBe(seeds.length)
  expect([...failures.keys()], [...failures.values()].join('\n\n')).toEqual([])
})
