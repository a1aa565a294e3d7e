// The process that crash.test.ts kills: it writes to a store with many writes in flight and says on stdout, line by
// line, what was acknowledged and what it is about to take away. Run as `load` until it is killed, as `fill` until
// nothing more can be written.

import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { virtualEnv } from '../machinery/env/virtual-env.ts'
import { openEmbeddedStore } from './embedded-store.ts'
import type { Store } from './store.ts'

/** Bytes of any length that tell whether they are whole: noise and its digest. */
export function sealed(seed: string): Uint8Array {
  const digest = createHash('sha256').update(seed).digest()
  const noise = Buffer.alloc((digest.readUInt16BE(0) % 9000) + 1, digest)
  return Buffer.concat([noise, createHash('sha256').update(noise).digest()])
}

export function isWhole(value: Uint8Array): boolean {
  const digest = createHash('sha256').update(value.subarray(0, -32)).digest()
  return digest.compare(value.subarray(-32)) === 0
}

const say = (line: string) => writeSync(1, `${line}\n`)

/** Creates, updates and deletes keys: says "put <key> <revision>" when that is certain, "deleting <key>" before. */
async function churn(store: Store, prefix: string): Promise<void> {
  for (let round = 1; ; round++) {
    const key = `${prefix}${round % 50}`
    const modRevision = (await store.get(key)).item?.modRevision ?? 0
    if (modRevision > 0 && round % 7 === 0) {
      say(`deleting ${key}`)
      await store.txn({ type: 'delete', key }, { modRevision })
      continue
    }
    const result = await store.txn({ type: 'put', key, value: sealed(`${key} ${round}`) }, { modRevision })
    say(`put ${key} ${result.revision}`)
  }
}

/** Binds five keys to a lease and revokes it: all of them must go, or none. */
async function leases(store: Store, prefix: string): Promise<void> {
  for (let round = 1; ; round++) {
    const { id: lease } = await store.grantLease(1000)
    const group = `${prefix}${lease}/`
    const value = sealed(group)
    const puts = [1, 2, 3, 4, 5].map(n => store.txn({ type: 'put', key: group + n, value, lease }, { modRevision: 0 }))
    await Promise.all(puts)
    say(`bound ${group}`)
    if (round % 2 === 0) continue
    await store.revokeLease(lease)
    say(`revoked ${group}`)
  }
}

async function compaction(store: Store): Promise<void> {
  for (;;) {
    const before = store.revision
    while (store.revision < before + 200) await store.grantLease(1000)
    await store.compact(store.revision - 50)
  }
}

async function fill(store: Store): Promise<void> {
  const seen: number[] = []
  store.watch('', 0, { events: events => seen.push(...events.map(event => event.revision)), closed() {} })
  let written = 0
  let refused: Error | undefined
  while (!refused) {
    const value = sealed(`${written}`)
    const keys = [0, 1, 2].map(n => `/fill/${written}/${n}`)
    const writes = keys.map(key => store.txn({ type: 'put', key, value }, { modRevision: 0 }))
    for (const result of await Promise.allSettled(writes)) {
      if (result.status === 'fulfilled') written++
      else refused = result.reason as Error
    }
  }
  const { count, revision } = await store.range('')
  const { name, message } = refused
  say(JSON.stringify({ name, message, written, count, revision, seen: seen.length, newestSeen: seen.at(-1) }))
  await store.close()
}

const [mode, directory, seed] = process.argv.slice(2)
if (mode === 'load' || mode === 'fill') {
  const store = await openEmbeddedStore({ env: virtualEnv({ seed: Number(seed) }), directory })
  if (mode === 'fill') await fill(store)
  else {
    const churns = Array.from({ length: 14 }, (_, worker) => churn(store, `/churn/${worker}/`))
    await Promise.all([...churns, leases(store, '/leased/'), compaction(store)])
  }
}
