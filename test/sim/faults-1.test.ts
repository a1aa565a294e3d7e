// A share of the seeds; see faults.test.ts.

import { describeSeeds } from './seeds.ts'

describeSeeds(1)
