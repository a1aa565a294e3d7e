import { beforeEach, describe, expect, test } from 'vitest'
import type { Pod } from '../api/core/v1/pod.ts'
import { settledEnv } from '../client/testing/settled-env.ts'
import type { VirtualEnv } from '../machinery/env/virtual-env.ts'
import { PodWorkers, type SyncVerdict } from './pod-workers.ts'
import { testPod } from './testing/node-bench.ts'

let env: VirtualEnv
let calls: string[]
let workers: PodWorkers
let sync: (pod: Pod, signal: AbortSignal, looking: () => void) => Promise<SyncVerdict>
let terminate: (signal: AbortSignal) => Promise<void>

beforeEach(() => {
  env = settledEnv()
  calls = []
  sync = async () => ({ terminal: false })
  terminate = async () => {}
  const seconds = () => Math.round(env.clock.monotonic() / 1000)
  workers = new PodWorkers({
    env,
    resyncMs: 60_000,
    stopWithinMs: 5000,
    handlers: {
      sync: (pod, signal, looking) => {
        calls.push(`${seconds()} sync`)
        return sync(pod, signal, looking)
      },
      terminate: (pod, { signal, graceSeconds }) => {
        calls.push(`${seconds()} terminate ${graceSeconds ?? pod.metadata.deletionGracePeriodSeconds ?? '-'}`)
        return terminate(signal)
      },
      cleanUp: async () => void calls.push(`${seconds()} cleanUp`),
      forget: uid => void calls.push(`${seconds()} forget ${uid}`),
    },
  })
})

const deleted = (grace: number) =>
  testPod('p', {}, { deletionTimestamp: '2026-01-01T00:01:00Z', deletionGracePeriodSeconds: grace })
const uid = 'uid-of-p'

test('a pod goes from syncing to finished, and is forgotten with its object', async () => {
  workers.update(testPod('p'))
  await env.clock.advance(1000)
  expect(workers.state(uid)).toBe('syncing')
  workers.update(deleted(30))
  await env.clock.advance(1000)
  expect(workers.state(uid)).toBe('finished')
  workers.remove(uid)
  expect(workers.state(uid)).toBeUndefined()
  expect(calls).toEqual(['0 sync', '1 terminate 30', '1 cleanUp', `2 forget ${uid}`])
})

test.each([
  { hinted: 'before the last look', early: true, unfinished: false, calls: ['0 sync'] },
  { hinted: 'before the last look, with more to do', early: true, unfinished: true, calls: ['0 sync', '1 sync'] },
  { hinted: 'after the last look', early: false, unfinished: false, calls: ['0 sync', '1 sync'] },
])('a hint that comes $hinted', async ({ early, unfinished, calls: expected }) => {
  sync = async (_pod, _signal, looking) => {
    sync = async () => ({ terminal: false })
    if (early) workers.hint(uid)
    looking()
    if (!early) workers.hint(uid)
    await env.clock.sleep(1000)
    return { terminal: false, unfinished }
  }
  workers.update(testPod('p'))
  await env.clock.advance(2000)
  expect(calls).toEqual(expected)
})

test('a pod that has run its course is cleaned up without being deleted', async () => {
  sync = async () => ({ terminal: true })
  workers.update(testPod('p'))
  await env.clock.advance(200_000)
  expect(calls).toEqual(['0 sync', '0 terminate -', '0 cleanUp'])
})

test('a pod whose object is gone is ended and forgotten', async () => {
  workers.update(testPod('p'))
  await env.clock.advance(1000)
  workers.remove(uid)
  await env.clock.advance(1000)
  expect(calls).toEqual(['0 sync', '1 terminate -', '1 cleanUp', `1 forget ${uid}`])
})

test('never two things at once: what comes meanwhile is one more turn', async () => {
  let running = 0
  sync = async () => {
    running++
    expect(running).toBe(1)
    await env.clock.sleep(1000)
    running--
    return { terminal: false }
  }
  workers.update(testPod('p'))
  for (let i = 0; i < 5; i++) workers.hint(uid)
  await env.clock.advance(10_000)
  expect(calls).toEqual(['0 sync', '1 sync'])
})

describe('timing', () => {
  test('a pod is synced again now and then', async () => {
    workers.update(testPod('p'))
    await env.clock.advance(180_000)
    expect(calls.length).toBeGreaterThanOrEqual(3)
    expect(calls.length).toBeLessThanOrEqual(4)
  })

  test('or when its sync asks for it', async () => {
    sync = async () => ({ terminal: false, again: 5000 })
    workers.update(testPod('p'))
    await env.clock.advance(11_000)
    expect(calls).toEqual(['0 sync', '5 sync', '10 sync'])
  })

  test('a failure is tried again in 10 s', async () => {
    let failures = 1
    terminate = async () => {
      if (failures-- > 0) throw new Error('no')
    }
    workers.update(deleted(30))
    await env.clock.advance(20_000)
    expect(calls).toEqual(['0 terminate 30', '10 terminate 30', '10 cleanUp'])
  })
})

test('a deletion breaks off the sync that is under way', async () => {
  sync = (_, signal) => env.clock.sleep(600_000, signal).then(() => ({ terminal: false }))
  workers.update(testPod('p'))
  await env.clock.advance(1000)
  workers.update(deleted(30))
  await env.clock.advance(1000)
  expect(calls).toEqual(['0 sync', '1 terminate 30', '1 cleanUp'])
})

test('less grace breaks off the stopping, more does not', async () => {
  terminate = signal => env.clock.sleep(30_000, signal)
  workers.update(deleted(60))
  await env.clock.advance(1000)
  workers.update(deleted(90))
  await env.clock.advance(1000)
  workers.update(deleted(5))
  await env.clock.advance(1000)
  expect(calls).toEqual(['0 terminate 60', '2 terminate 5'])
})

test('stopping lets go of everything', async () => {
  sync = (_, signal) => env.clock.sleep(600_000, signal).then(() => ({ terminal: false }))
  workers.update(testPod('p'))
  await env.clock.advance(1000)
  await workers.stop()
  await env.clock.advance(600_000)
  expect(calls).toEqual(['0 sync'])
})
