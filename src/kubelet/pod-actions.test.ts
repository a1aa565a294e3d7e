import { describe, expect, test } from 'vitest'
import { computePodActions, type PodActions, type ProbeResults } from './pod-actions.ts'
import { testPod } from './testing/node-bench.ts'
import { runtimeOf, type Sketch } from './testing/records.ts'

const noProbes: ProbeResults = { liveness: () => undefined, startup: () => undefined }

/** What is to be done, in short: only what differs from nothing. */
function brief(actions: PodActions) {
  return {
    ...(actions.killPod ? { killPod: true } : {}),
    ...(actions.createSandbox ? { createSandbox: actions.attempt } : {}),
    ...(actions.initContainersToStart.length > 0 ? { init: actions.initContainersToStart } : {}),
    ...(actions.containersToStart.length > 0 ? { start: actions.containersToStart } : {}),
    ...(actions.ephemeralContainersToStart.length > 0 ? { ephemeral: actions.ephemeralContainersToStart } : {}),
    ...(actions.containersToKill.length > 0
      ? { kill: actions.containersToKill.map(({ record, message }) => `${record.id}: ${message}`) }
      : {}),
  }
}

describe('regular containers', () => {
  const containers = [{ name: 'a' }, { name: 'b' }]
  const cases: [string, string, Record<string, Sketch>, object][] = [
    ['all run: nothing to do', 'Always', { a: 'running', b: 'running' }, {}],
    ['none there yet: start all', 'Always', {}, { start: [0, 1] }],
    ['one missing', 'Always', { a: 'running' }, { start: [1] }],
    ['one ended well, Always', 'Always', { a: 'running', b: 0 }, { start: [1] }],
    ['one ended well, OnFailure', 'OnFailure', { a: 'running', b: 0 }, {}],
    ['one failed, OnFailure', 'OnFailure', { a: 'running', b: 1 }, { start: [1] }],
    ['one failed, Never', 'Never', { a: 'running', b: 1 }, {}],
    ['all ended, Never: the pod is over', 'Never', { a: 0, b: 1 }, { killPod: true }],
    ['all ended well, OnFailure: the pod is over', 'OnFailure', { a: 0, b: 0 }, { killPod: true }],
    ['one never came up', 'Always', { a: 'running', b: 'created' }, { start: [1] }],
    [
      'one in an unknown state is killed before it starts again',
      'Always',
      { a: 'running', b: 'unknown' },
      { start: [1], kill: ['b-0: Container is in "unknown" state, try killing it before restart'] },
    ],
    [
      'one whose spec changed',
      'Never',
      { a: 'running', b: { hash: 'other' } },
      { start: [1], kill: ['b-0: Container b definition changed, will be restarted'] },
    ],
  ]
  test.each(cases)('%s', (_, restartPolicy, records, expected) => {
    const pod = testPod('p', { restartPolicy, containers })
    expect(brief(computePodActions(pod, runtimeOf(pod, records), noProbes))).toEqual(expected)
  })

  test.each([
    ['liveness', 'Always', 'Container b failed liveness probe, will be restarted', [1]],
    ['liveness', 'Never', 'Container b failed liveness probe', []],
    ['startup', 'Always', 'Container b failed startup probe, will be restarted', [1]],
  ])('a failed %s probe, %s', (probe, restartPolicy, message, start) => {
    const pod = testPod('p', { restartPolicy, containers })
    const failed = (id: string) => (id === 'b-0' ? ('failure' as const) : undefined)
    const probes = { ...noProbes, [probe]: failed }
    const actions = computePodActions(pod, runtimeOf(pod, { a: 'running', b: 'running' }), probes)
    expect(actions.containersToKill.map(({ message }) => message)).toEqual([message])
    expect(actions.containersToStart).toEqual(start)
    expect(actions.killPod).toBe(false)
  })

  test('a container has the last word on its own restarts', () => {
    const rules = [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }]
    const pod = testPod('p', {
      restartPolicy: 'Never',
      containers: [{ name: 'a' }, { name: 'b', restartPolicy: 'Never', restartPolicyRules: rules }],
    })
    const start = (code: number) =>
      computePodActions(pod, runtimeOf(pod, { a: 'running', b: code }), noProbes).containersToStart
    expect(start(42)).toEqual([1])
    expect(start(41)).toEqual([])
  })
})

describe('the sandbox', () => {
  test.each<[string, string, Record<string, Sketch>, object[], object]>([
    ['none yet', 'Always', {}, [], { killPod: true, createSandbox: 0, start: [0] }],
    [
      'not ready any more',
      'Always',
      { main: 137 },
      [{ ready: false }],
      { killPod: true, createSandbox: 1, start: [0] },
    ],
    ['without an address', 'Always', {}, [{ ips: [] }], { killPod: true, createSandbox: 1, start: [0] }],
    ['two ready ones', 'Always', {}, [{}, {}], { killPod: true, createSandbox: 2, start: [0] }],
    ['of another network', 'Always', {}, [{ hostNetwork: true }], { killPod: true, createSandbox: 1, start: [0] }],
    ['gone after a run that is over (Never)', 'Never', { main: 1 }, [{ ready: false }], { killPod: true }],
    ['gone after success (OnFailure)', 'OnFailure', { main: 0 }, [{ ready: false }], { killPod: true }],
    [
      'gone after a failure (OnFailure)',
      'OnFailure',
      { main: 1 },
      [{ ready: false }],
      { killPod: true, createSandbox: 1, start: [0] },
    ],
  ])('%s', (_, restartPolicy, records, sandboxes, expected) => {
    const pod = testPod('p', { restartPolicy })
    expect(brief(computePodActions(pod, runtimeOf(pod, records, sandboxes), noProbes))).toEqual(expected)
  })

  test('a new one starts with the first init container', () => {
    const pod = testPod('p', { initContainers: [{ name: 'i' }, { name: 'j' }] })
    const runtime = runtimeOf(pod, { i: 0, j: 0, main: 137 }, [{ ready: false }])
    expect(brief(computePodActions(pod, runtime, noProbes))).toEqual({ killPod: true, createSandbox: 1, init: [0] })
  })
})

describe('init containers', () => {
  const initContainers = [{ name: 'i' }, { name: 'j' }, { name: 'k' }]
  test.each<[string, string, Record<string, Sketch>, object]>([
    ['the first first', 'Always', {}, { init: [0] }],
    ['one at a time', 'Always', { i: 'running' }, {}],
    ['then the next', 'Always', { i: 0 }, { init: [1] }],
    ['also when earlier ones are forgotten', 'Always', { j: 0 }, { init: [2] }],
    ['a failed one again', 'OnFailure', { i: 0, j: 1 }, { init: [1] }],
    ['a failed one ends the pod (Never)', 'Never', { i: 0, j: 1 }, { killPod: true }],
    ['one that did not come up again', 'Always', { i: 0, j: 'created' }, { init: [1] }],
    ['after the last the others', 'Always', { i: 0, j: 0, k: 0 }, { start: [0] }],
    ['not again once the others run', 'Always', { main: 'running' }, {}],
    [
      'an unknown one is killed first',
      'Always',
      { i: 'unknown' },
      { init: [0], kill: ['i-0: Init container is in "unknown" state, try killing it before restart'] },
    ],
  ])('%s', (_, restartPolicy, records, expected) => {
    const pod = testPod('p', { restartPolicy, initContainers })
    expect(brief(computePodActions(pod, runtimeOf(pod, records), noProbes))).toEqual(expected)
  })
})

describe('sidecars', () => {
  const initContainers = [
    { name: 'proxy', restartPolicy: 'Always' },
    { name: 'setup' },
    { name: 'logs', restartPolicy: 'Always', startupProbe: { exec: { command: ['true'] } } },
  ]
  test.each<[string, Record<string, Sketch>, 'success' | 'failure' | undefined, object]>([
    ['the first starts first', {}, undefined, { init: [0] }],
    ['the next follows while it runs', { proxy: 'running' }, undefined, { init: [1] }],
    [
      'a dead one starts again beside a running init container',
      { proxy: 1, setup: 'running' },
      undefined,
      { init: [0] },
    ],
    ['the last starts after the init container', { proxy: 'running', setup: 0 }, undefined, { init: [2] }],
    ['the others wait for its startup probe', { proxy: 'running', setup: 0, logs: 'running' }, undefined, {}],
    ['and start once it has started', { proxy: 'running', setup: 0, logs: 'running' }, 'success', { start: [0] }],
    [
      'a failed startup probe restarts it',
      { proxy: 'running', setup: 0, logs: 'running' },
      'failure',
      { init: [2], kill: ['logs-0: Init container logs failed startup probe'] },
    ],
    ['dead ones come back while the pod runs', { proxy: 1, main: 'running' }, 'success', { init: [0, 2] }],
    [
      'none keeps a finished pod alive',
      { proxy: 'running', setup: 0, logs: 'running', main: 0 },
      'success',
      { killPod: true },
    ],
  ])('%s', (_, records, startup, expected) => {
    const pod = testPod('p', { restartPolicy: 'OnFailure', initContainers })
    const probes = { ...noProbes, startup: () => startup }
    expect(brief(computePodActions(pod, runtimeOf(pod, records), probes))).toEqual(expected)
  })
})

test('ephemeral containers start once, whatever became of them', () => {
  const pod = testPod('p', { ephemeralContainers: [{ name: 'debug' }, { name: 'again' }] })
  const runtime = runtimeOf(pod, { main: 'running', debug: 1 })
  expect(brief(computePodActions(pod, runtime, noProbes))).toEqual({ ephemeral: [1] })
})
