import { beforeEach, describe, expect, test } from 'vitest'
import type { Container, Probe } from '../../api/core/v1/container.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import { settledEnv } from '../../client/testing/settled-env.ts'
import type { VirtualEnv } from '../../machinery/env/virtual-env.ts'
import { PodEvents } from '../pod-events.ts'
import { type ContainerRuntime, RuntimeError } from '../runtime/container-runtime.ts'
import { testPod } from '../testing/node-bench.ts'
import { runtimeOf } from '../testing/records.ts'
import { simulatedNetwork } from './handlers.ts'
import { type ProbeType, ProbeWorker } from './probe-worker.ts'

let env: VirtualEnv
/** What the container answers, one after the other; the last one stays. */
let answers: ('ok' | 'no' | 'late' | 'broken')[]
let asked: number[]
let events: string[]
let changes: number
let started: boolean
let worker: ProbeWorker

const pod = testPod('p')
const record = (id = 'main-0', more: object = {}) =>
  runtimeOf(pod, { main: { id, state: 'running', ...more } }).containers[0]!

beforeEach(() => {
  env = settledEnv()
  answers = ['ok']
  asked = []
  events = []
  changes = 0
  started = true
})

function probing(type: ProbeType, probe: Partial<Probe> = {}): ProbeWorker {
  const runtime = {
    execSync: async () => {
      asked.push(env.clock.monotonic() / 1000)
      const answer = answers.length > 1 ? answers.shift()! : answers[0]!
      if (answer === 'late') throw new RuntimeError('DeadlineExceeded', 'timed out')
      if (answer === 'broken') throw new RuntimeError('Unknown', 'no such container')
      const stdout = Buffer.from(answer === 'ok' ? 'fine' : 'not well')
      return { stdout, stderr: new Uint8Array(), exitCode: answer === 'ok' ? 0 : 1 }
    },
  } as unknown as ContainerRuntime
  const recorder = {
    event: (_: unknown, type: string, reason: string, message: string) => events.push(`${type} ${reason}: ${message}`),
  } as unknown as EventRecorder
  worker = new ProbeWorker({
    env,
    runtime,
    network: simulatedNetwork,
    events: new PodEvents(recorder),
    type,
    container: pod.spec.containers[0] as Container,
    probe: { exec: { command: ['check', 'it'] }, periodSeconds: 10, ...probe } as Probe,
    pod: () => pod,
    podIp: () => '10.0.0.1',
    hasStarted: () => started,
    changed: () => changes++,
  })
  return worker
}

describe('before the first answer', () => {
  test.each([
    ['Readiness', false, 'failure'],
    ['Readiness', true, 'success'],
    ['Liveness', false, 'success'],
    ['Startup', false, 'unknown'],
  ] as const)('%s (ready before: %s) is %s', (type, ready, result) => {
    probing(type, { initialDelaySeconds: 60 }).observe(record(), ready)
    expect(worker.result('main-0')).toBe(result)
    expect(worker.result('other')).toBeUndefined()
  })
})

describe('when it asks', () => {
  test('at once, then every period', async () => {
    probing('Readiness').observe(record(), false)
    await env.clock.advance(25_000)
    expect(asked).toEqual([0, 10, 20])
    expect([worker.result('main-0'), changes]).toEqual(['success', 1])
  })

  test('not before the initial delay', async () => {
    probing('Readiness', { initialDelaySeconds: 15 }).observe(record(), false)
    await env.clock.advance(26_000)
    expect(asked).toEqual([15, 25])
  })

  test('not before the container has started up', async () => {
    started = false
    probing('Liveness').observe(record(), false)
    await env.clock.advance(15_000)
    expect(asked).toEqual([])
    started = true
    worker.trigger()
    await env.clock.advance(1000)
    expect(asked).toEqual([15])
  })

  test('no more once the container has ended', async () => {
    probing('Readiness').observe(record(), false)
    await env.clock.advance(5000)
    worker.observe(record('main-0', { state: 'exited' }), false)
    await env.clock.advance(60_000)
    expect(asked).toEqual([0])
    expect(worker.result('main-0')).toBe('failure')
  })
})

describe('thresholds', () => {
  test('failures count only in a row', async () => {
    answers = ['ok', 'no', 'no', 'ok', 'no', 'no', 'no']
    probing('Readiness', { failureThreshold: 3 }).observe(record(), false)
    await env.clock.advance(55_000)
    expect(worker.result('main-0')).toBe('success')
    await env.clock.advance(10_000)
    expect(worker.result('main-0')).toBe('failure')
  })

  test('so do successes', async () => {
    probing('Readiness', { successThreshold: 2 }).observe(record(), false)
    await env.clock.advance(5000)
    expect(worker.result('main-0')).toBe('failure')
    await env.clock.advance(10_000)
    expect(worker.result('main-0')).toBe('success')
  })
})

test('after a failed liveness probe it waits for the next container', async () => {
  answers = ['no', 'ok']
  probing('Liveness', { failureThreshold: 1 }).observe(record(), false)
  await env.clock.advance(60_000)
  expect(asked).toEqual([0])
  expect(worker.result('main-0')).toBe('failure')
  worker.observe(record('main-1'), false)
  await env.clock.advance(1000)
  expect(asked).toEqual([0, 60])
  expect(worker.result('main-1')).toBe('success')
})

describe('what it says', () => {
  test.each([
    ['no', 'Warning Unhealthy: Liveness probe failed: not well'],
    ['late', 'Warning Unhealthy: Liveness probe failed: command timed out: "check it" timed out after 1s'],
    [
      'broken',
      'Warning Unhealthy: Liveness probe errored and resulted in unknown state: rpc error: code = Unknown desc = no such container',
    ],
  ] as const)('%s', async (answer, message) => {
    answers = [answer]
    probing('Liveness').observe(record(), false)
    await env.clock.advance(1000)
    expect(events).toEqual([message])
  })

  test('an error is no answer', async () => {
    answers = ['broken']
    probing('Liveness', { failureThreshold: 1 }).observe(record(), false)
    await env.clock.advance(30_000)
    expect(worker.result('main-0')).toBe('success')
    // Three attempts each time.
    expect(asked).toHaveLength(12)
  })
})
