// How containers end: hooks, order, grace. On a runtime that only takes note of when it was asked to stop what.

import { beforeEach, describe, expect, test } from 'vitest'
import type { Pod } from '../api/core/v1/pod.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import { settledEnv } from '../client/testing/settled-env.ts'
import type { VirtualEnv } from '../machinery/env/virtual-env.ts'
import { PodEvents } from './pod-events.ts'
import { simulatedNetwork } from './probes/handlers.ts'
import type { ContainerRuntime } from './runtime/container-runtime.ts'
import { type KillRequest, Terminator } from './termination.ts'
import { testPod } from './testing/node-bench.ts'
import { runtimeOf } from './testing/records.ts'

let env: VirtualEnv
let happened: string[]
let terminator: Terminator
/** Seconds each container takes to stop. */
let stopTakes: Record<string, number>
let hookTakes: number

const seconds = () => env.clock.monotonic() / 1000

beforeEach(() => {
  env = settledEnv()
  happened = []
  stopTakes = {}
  hookTakes = 0
  const runtime = {
    stopContainer: async ({ containerId, timeout }: any, { signal }: any = {}) => {
      happened.push(`${seconds()}: stop ${containerId} in ${timeout}s`)
      await env.clock.sleep(Math.min(stopTakes[containerId] ?? 0, timeout) * 1000, signal)
      return {}
    },
    stopPodSandbox: async ({ podSandboxId }: any) => {
      happened.push(`${seconds()}: stop ${podSandboxId}`)
      return {}
    },
    execSync: async ({ cmd }: any, { signal }: any) => {
      happened.push(`${seconds()}: exec ${cmd.join(' ')}`)
      await env.clock.sleep(hookTakes * 1000, signal)
      return { exitCode: cmd[0] === 'fail' ? 1 : 0, stdout: new Uint8Array(), stderr: new Uint8Array() }
    },
  } as unknown as ContainerRuntime
  const recorder = {
    event: (_: unknown, __: string, reason: string, message: string) => happened.push(`${reason}: ${message}`),
  } as unknown as EventRecorder
  terminator = new Terminator({ env, runtime, network: simulatedNetwork, events: new PodEvents(recorder) })
})

async function kill(pod: Pod, records: Record<string, 'running'>, request: KillRequest = {}): Promise<string[]> {
  const done = terminator.killPod(pod, runtimeOf(pod, records), request)
  await env.clock.advance(100_000)
  await done
  return happened.filter(line => !line.startsWith('Killing'))
}

test('containers are stopped side by side, then the sandbox', async () => {
  stopTakes = { 'a-0': 3, 'b-0': 1 }
  const pod = testPod('p', { containers: [{ name: 'a' }, { name: 'b' }] })
  expect(await kill(pod, { a: 'running', b: 'running' })).toEqual([
    '0: stop a-0 in 30s',
    '0: stop b-0 in 30s',
    '3: stop sandbox-0',
  ])
  expect(happened.filter(line => line.startsWith('Killing'))).toEqual([
    'Killing: Stopping container a',
    'Killing: Stopping container b',
  ])
})

describe('the grace period', () => {
  const probe = { exec: { command: ['x'] }, terminationGracePeriodSeconds: 5 }
  test.each<[string, object, object, KillRequest, number]>([
    ['is the pod’s', { terminationGracePeriodSeconds: 60 }, {}, {}, 60],
    ['of its deletion wins', { terminationGracePeriodSeconds: 60 }, { deletionGracePeriodSeconds: 10 }, {}, 10],
    ['of the request wins over both', {}, { deletionGracePeriodSeconds: 10 }, { graceSeconds: 1 }, 1],
    ['is never less than two seconds for a pod', { terminationGracePeriodSeconds: 0 }, {}, {}, 2],
    ['of a liveness probe', { containers: [{ livenessProbe: probe }] }, {}, { reason: 'livenessProbe' }, 5],
    ['of a probe does not count otherwise', { containers: [{ livenessProbe: probe }] }, {}, {}, 30],
  ])('%s', async (_, spec, metadata, request, expected) => {
    const pod = testPod('p', spec, metadata)
    expect((await kill(pod, { main: 'running' }, request))[0]).toBe(`0: stop main-0 in ${expected}s`)
  })
})

describe('a preStop hook', () => {
  const withHook = (preStop: object) => testPod('p', { containers: [{ lifecycle: { preStop } }] })

  test('runs first, and its time counts', async () => {
    hookTakes = 12
    expect(await kill(withHook({ exec: { command: ['drain'] } }), { main: 'running' })).toEqual([
      '0: exec drain',
      '12: stop main-0 in 18s',
      '12: stop sandbox-0',
    ])
  })

  test('is cut off with the grace period, and two seconds remain', async () => {
    hookTakes = 3600
    expect((await kill(withHook({ exec: { command: ['drain'] } }), { main: 'running' }))[1]).toBe(
      '30: stop main-0 in 2s',
    )
  })

  test('may be a wait', async () => {
    expect((await kill(withHook({ sleep: { seconds: 4 } }), { main: 'running' }))[0]).toBe('4: stop main-0 in 26s')
  })

  test('that fails is told of, and changes nothing', async () => {
    const lines = await kill(withHook({ exec: { command: ['fail'] } }), { main: 'running' })
    expect(lines).toContain('FailedPreStopHook: PreStopHook failed')
    expect(lines).toContain('0: stop main-0 in 30s')
  })
})

test('sidecars outlive the containers, the last one goes first', async () => {
  stopTakes = { 'main-0': 4, 'second-0': 2 }
  const sidecar = (name: string) => ({ name, restartPolicy: 'Always' })
  const pod = testPod('p', { initContainers: [sidecar('first'), { name: 'setup' }, sidecar('second')] })
  expect(await kill(pod, { first: 'running', second: 'running', main: 'running' })).toEqual([
    '0: stop main-0 in 30s',
    '4: stop second-0 in 26s',
    '6: stop first-0 in 24s',
    '6: stop sandbox-0',
  ])
})

test('stopping can be broken off, to be taken up with less grace', async () => {
  stopTakes = { 'main-0': 60 }
  const pod = testPod('p', { terminationGracePeriodSeconds: 60 })
  const broken = new AbortController()
  const first = terminator.killPod(pod, runtimeOf(pod, { main: 'running' }), { signal: broken.signal })
  const outcome = first.catch(error => error.message)
  await env.clock.advance(5000)
  broken.abort(new Error('the pod changed'))
  expect(await outcome).toBe('the pod changed')
})

// An error that nobody hears would be the end of the whole process.
test('breaking it off during the preStop hook leaves nothing behind that fails unheard', async () => {
  hookTakes = 20
  const broken = new AbortController()
  const pod = testPod('p', { containers: [{ lifecycle: { preStop: { exec: { command: ['drain'] } } } }] })
  const outcome = terminator
    .killPod(pod, runtimeOf(pod, { main: 'running' }), { signal: broken.signal })
    .catch(error => error.message)
  await env.clock.advance(5000)
  broken.abort(new Error('the pod changed'))
  await env.clock.advance(1000)
  expect(await outcome).toBe('the pod changed')
})
