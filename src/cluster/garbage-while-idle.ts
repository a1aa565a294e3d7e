// When V8 has had little to do for 8 seconds, it walks the whole heap for memory to give back, and again after each little
// bit of work: nine tenths of what an idle cluster costs. A minute of quiet is soon enough.

import { setFlagsFromString } from 'node:v8'

const quietMs = 60_000

/** For processes that run for long. */
export function collectLessWhileIdle(): void {
  setFlagsFromString(`--gc-memory-reducer-start-delay-ms=${quietMs}`)
}
