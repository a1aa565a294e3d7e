// Objects that expire (events) are bound to a lease. As upstream does, one lease serves all objects of about the same
// age, so that a flood of events isn't a flood of leases.

import type { ServerContext } from '../server-context.ts'

const reuseMilliseconds = 60_000
const reuseObjects = 1000

interface Current {
  readonly id: Promise<number>
  readonly since: number
  objects: number
}

const current = new WeakMap<ServerContext, Map<number, Current>>()

export function leaseFor(server: ServerContext, ttlSeconds: number): Promise<number> {
  let byTTL = current.get(server)
  if (!byTTL) {
    byTTL = new Map()
    current.set(server, byTTL)
  }
  const now = server.env.clock.monotonic()
  let lease = byTTL.get(ttlSeconds)
  if (!lease || now - lease.since > reuseMilliseconds || lease.objects >= reuseObjects) {
    const id = server.store.grantLease(ttlSeconds + reuseMilliseconds / 1000).then(granted => granted.id)
    lease = { id, since: now, objects: 0 }
    byTTL.set(ttlSeconds, lease)
  }
  lease.objects++
  return lease.id
}
