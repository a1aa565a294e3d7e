// The API server answers anything with something (`test/api/wire/fuzzing.ts`): 100,000 requests with bodies, paths,
// selectors, patches and protobuf that nobody meant to send. FUZZ_SEED tries others.

import { describeFuzzing } from '../api/wire/fuzzing.ts'

const patience = 600_000

describeFuzzing({
  seed: Number(process.env['FUZZ_SEED'] ?? 1),
  rounds: 75_000,
  patience,
  readers: false,
})
