// Clusters from seeds, with faults: every one comes to rest, and the same seed is the same story.

import { expect, test } from 'vitest'
import { describeSeeds } from './seeds.ts'
import { simulate } from './simulation.ts'

describeSeeds(0)

test('the same seed is the same run', async () => {
  const first = await simulate(7)
  const second = await simulate(7)
  expect(second.story).toEqual(first.story)
  expect(second.hash).toBe(first.hash)
})
