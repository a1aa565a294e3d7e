// What is true of every cluster that has come to rest, whatever happened to it before.

import type { Client } from '../../src/client/client.ts'
import { jobChecks } from './invariants/jobs.ts'
import { nodeChecks } from './invariants/nodes.ts'
import { objectChecks } from './invariants/objects.ts'
import { serviceChecks } from './invariants/services.ts'
import { workloadChecks } from './invariants/workloads.ts'
import { type Cached, readWorld } from './invariants/world.ts'

const checks = [...objectChecks, ...workloadChecks, ...jobChecks, ...serviceChecks, ...nodeChecks]

/** What is wrong, one line each, by one reading of the cluster. */
export async function violations(client: Client, cached: Cached): Promise<string[]> {
  const world = await readWorld(client)
  const found: string[] = []
  for (const check of checks) for await (const violation of check(world, cached)) found.push(violation)
  return found
}
