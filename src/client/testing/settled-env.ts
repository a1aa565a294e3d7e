// A virtual `Env` for this room's tests: time moves by hand, and everything that is due settles in between.

import type { Logger } from '../../machinery/env/env.ts'
import { type VirtualEnv, virtualEnv } from '../../machinery/env/virtual-env.ts'

export function settledEnv(options: { seed?: number; log?: Logger } = {}): VirtualEnv {
  return virtualEnv({ ...options, settle })
}

/** Lets every promise that can go on go on: some turns of the microtask queue are not enough for long chains. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve()
}
