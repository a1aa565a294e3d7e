// What runs in such a process (`seed-process.ts`): it answers each seed that it is sent with the outcome.

import { optionsFor } from './seed-range.ts'
import { simulate } from './simulation.ts'

process.on('message', (seed: number) => {
  void simulate(seed, optionsFor(seed)).then(
    outcome => process.send!(outcome),
    error => process.send!({ seed, violations: [(error as Error).stack], hash: '', story: [] }),
  )
})
