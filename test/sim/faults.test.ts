// Clusters from seeds, with faults: every one comes to rest. A share of the seeds, as in the other files of this name.

import { describeSeeds } from './seeds.ts'

describeSeeds(0)
