// When V8 has had little to do for 8 seconds, it walks the whole heap for memory to give back, twice, and again after each
// little bit of work: nine tenths of what an idle cluster costs. What a start leaves behind is not worth that, and
// afterwards a minute of quiet is soon enough.

import { setFlagsFromString } from 'node:v8'
import type { Clock } from '../machinery/env/env.ts'

const quietMs = 60_000

/** For processes that run for long. */
export function collectLessWhileIdle(clock: Clock): void {
  setFlagsFromString(`--gc-memory-reducer-start-delay-ms=${quietMs}`)
  setFlagsFromString('--no-memory-reducer')
  clock.setTimeout(() => setFlagsFromString('--memory-reducer'), quietMs)
}
