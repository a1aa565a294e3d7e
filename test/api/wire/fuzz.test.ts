// A share of what `fuzzing.ts` has: `FUZZ_SEED=7 FUZZ_ROUNDS=50000 npx vitest run test/api/wire/fuzz.test.ts` looks further.

import { describeFuzzing } from './fuzzing.ts'

describeFuzzing({
  seed: Number(process.env['FUZZ_SEED'] ?? 20260),
  rounds: Number(process.env['FUZZ_ROUNDS'] ?? 3000),
  // On a busy machine.
  patience: process.env['FUZZ_ROUNDS'] === undefined ? 60_000 : 3_600_000,
  readers: true,
})
