import { describe, expect, test } from 'vitest'
import type { Pod, PodStatus } from '../api/core/v1/pod.ts'
import { generatePodStatus } from './pod-status.ts'
import { ReasonCache } from './reason-cache.ts'
import { testPod } from './testing/node-bench.ts'
import { runtimeOf, type Sketch } from './testing/records.ts'

interface Options {
  previous?: PodStatus
  reasons?: ReasonCache
  ready?: boolean
  started?: boolean
  terminal?: boolean
  sandboxes?: object[]
}

function statusOf(pod: Pod, records: Record<string, Sketch | Sketch[]>, options: Options = {}): PodStatus {
  return generatePodStatus({
    pod,
    runtime: runtimeOf(pod, records, options.sandboxes),
    previous: options.previous ?? pod.status,
    runtimeName: 'containerd',
    reasons: options.reasons ?? new ReasonCache(),
    readiness: { ready: () => options.ready ?? true, started: () => options.started ?? true },
    hostIps: ['192.168.1.10'],
    terminal: options.terminal ?? false,
  })
}

const conditions = (status: PodStatus) =>
  Object.fromEntries(
    status.conditions!.map(({ type, status, reason, message }) => [
      type,
      [status, reason, message].filter(Boolean).join(' '),
    ]),
  )

describe('phase', () => {
  const two = [{ name: 'a' }, { name: 'b' }]
  test.each<[string, string, Record<string, Sketch | Sketch[]>, string]>([
    ['nothing there', 'Always', {}, 'Pending'],
    ['one of two runs', 'Always', { a: 'running' }, 'Pending'],
    ['both run', 'Always', { a: 'running', b: 'running' }, 'Running'],
    ['one ended, Always', 'Always', { a: 'running', b: 1 }, 'Running'],
    ['both ended, Always', 'Always', { a: 0, b: 1 }, 'Running'],
    ['both ended well, OnFailure', 'OnFailure', { a: 0, b: 0 }, 'Succeeded'],
    ['one failed, OnFailure', 'OnFailure', { a: 0, b: 1 }, 'Running'],
    ['one runs, one failed, Never', 'Never', { a: 'running', b: 1 }, 'Running'],
    ['both ended well, Never', 'Never', { a: 0, b: 0 }, 'Succeeded'],
    ['one failed, Never', 'Never', { a: 0, b: 2 }, 'Failed'],
  ])('%s: %s', (_, restartPolicy, records, phase) => {
    expect(statusOf(testPod('p', { restartPolicy, containers: two }), records).phase).toBe(phase)
  })

  test.each<[string, Record<string, Sketch>, string, boolean, string]>([
    ['an init container runs', { i: 'running' }, 'Always', false, 'Pending'],
    ['it failed for good', { i: 1 }, 'Never', false, 'Failed'],
    ['it failed and comes back', { i: 1 }, 'Always', false, 'Pending'],
    ['it is done, the rest runs', { i: 0, main: 'running' }, 'Always', false, 'Running'],
    ['the pod is over, whatever its policy', { i: 0, main: 0 }, 'Always', true, 'Succeeded'],
    ['the pod is over, with a failure', { i: 0, main: 137 }, 'Always', true, 'Failed'],
  ])('%s', (_, records, restartPolicy, terminal, phase) => {
    const pod = testPod('p', { restartPolicy, initContainers: [{ name: 'i' }] })
    expect(statusOf(pod, records, { terminal }).phase).toBe(phase)
  })

  test('is never left once it is terminal', () => {
    const pod = testPod('p')
    const previous = { phase: 'Failed', reason: 'Evicted', message: 'too much' }
    expect(statusOf(pod, { main: 'running' }, { previous })).toMatchObject(previous)
  })

  test('a restarting sidecar does not make a running pod pending', () => {
    const pod = testPod('p', { initContainers: [{ name: 's', restartPolicy: 'Always' }] })
    expect(statusOf(pod, { s: 'running', main: 'running' }, { started: false }).phase).toBe('Running')
    expect(statusOf(pod, { s: 'running' }, { started: false }).phase).toBe('Pending')
  })
})

describe('conditions', () => {
  test('of a pod that is ready', () => {
    expect(conditions(statusOf(testPod('p'), { main: 'running' }))).toEqual({
      PodReadyToStartContainers: 'True',
      Initialized: 'True',
      Ready: 'True',
      ContainersReady: 'True',
      PodScheduled: 'True',
    })
  })

  test('of a pod without a sandbox', () => {
    expect(conditions(statusOf(testPod('p'), {}, { sandboxes: [] }))).toEqual({
      PodReadyToStartContainers: 'False',
      Initialized: 'True',
      Ready: 'False ContainersNotReady containers with unready status: [main]',
      ContainersReady: 'False ContainersNotReady containers with unready status: [main]',
      PodScheduled: 'True',
    })
  })

  test('of a pod that initializes', () => {
    const pod = testPod('p', { initContainers: [{ name: 'i' }, { name: 'j' }] })
    expect(conditions(statusOf(pod, { i: 0, j: 'running' }))).toMatchObject({
      Initialized: 'False ContainersNotInitialized containers with incomplete status: [j]',
      Ready: 'False ContainersNotReady containers with unready status: [main]',
    })
  })

  test.each([
    [0, 'PodCompleted', 'True PodCompleted'],
    [1, 'PodFailed', 'True'],
  ])('of a pod that ended with %i', (code, reason, initialized) => {
    const pod = testPod('p', { restartPolicy: 'Never' })
    expect(conditions(statusOf(pod, { main: code }))).toMatchObject({
      Initialized: initialized,
      Ready: `False ${reason}`,
      ContainersReady: `False ${reason}`,
    })
  })

  test('readiness gates hold Ready back', () => {
    const pod = testPod('p', { readinessGates: [{ conditionType: 'example.com/ok' }] })
    const gate = (value: string) =>
      ({ ...pod, status: { conditions: [{ type: 'example.com/ok', status: value }] } }) as Pod
    expect(conditions(statusOf(pod, { main: 'running' })).Ready).toBe(
      'False ReadinessGatesNotReady corresponding condition of pod readiness gate "example.com/ok" does not exist.',
    )
    expect(conditions(statusOf(gate('False'), { main: 'running' })).Ready).toBe(
      'False ReadinessGatesNotReady the status of pod readiness gate "example.com/ok" is not "True", but False',
    )
    expect(conditions(statusOf(gate('True'), { main: 'running' }))).toMatchObject({
      Ready: 'True',
      'example.com/ok': 'True',
    })
  })

  test('carry the generation they are true of', () => {
    const status = statusOf(testPod('p', {}, { generation: 3 }), { main: 'running' })
    expect(status.observedGeneration).toBe(3)
    expect(status.conditions!.map(({ observedGeneration }) => observedGeneration)).toEqual([3, 3, 3, 3, 3])
  })
})

describe('container statuses', () => {
  test('of a running container', () => {
    const resources = { requests: { cpu: '100m' }, limits: { cpu: '1' } }
    const pod = testPod('p', {
      containers: [{ resources, volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true }] }],
    })
    expect(statusOf(pod, { main: 'running' }).containerStatuses).toEqual([
      {
        name: 'main',
        image: 'nginx:1.27',
        imageID: 'sha256:1234',
        containerID: 'containerd://main-0',
        ready: true,
        started: true,
        restartCount: 0,
        state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
        lastState: {},
        allocatedResources: { cpu: '100m' },
        resources,
        volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true, recursiveReadOnly: 'Disabled' }],
      },
    ])
  })

  test('the attempt before the last is lastState', () => {
    const [status] = statusOf(testPod('p'), { main: ['running', 3] }).containerStatuses!
    expect(status).toMatchObject({
      restartCount: 1,
      state: { running: {} },
      lastState: { terminated: { exitCode: 3, reason: 'Error', containerID: 'containerd://main-0' } },
    })
  })

  test('nothing yet: ContainerCreating, or PodInitializing with init containers', () => {
    expect(statusOf(testPod('p'), {}).containerStatuses![0]!.state).toEqual({
      waiting: { reason: 'ContainerCreating' },
    })
    const pod = testPod('p', { initContainers: [{ name: 'i' }] })
    expect(statusOf(pod, {}).containerStatuses![0]!.state).toEqual({ waiting: { reason: 'PodInitializing' } })
  })

  test('why it does not start is its waiting reason, and its end moves to lastState', () => {
    const reasons = new ReasonCache()
    reasons.set('uid-of-p', 'main', { reason: 'CrashLoopBackOff', message: 'back-off 10s' })
    const [status] = statusOf(testPod('p'), { main: 1 }, { reasons }).containerStatuses!
    expect(status).toMatchObject({
      state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } },
      lastState: { terminated: { exitCode: 1 } },
      ready: false,
    })
  })

  test('one that was running and is gone has ended', () => {
    const pod = testPod('p')
    const previous = statusOf(pod, { main: 'running' })
    const [status] = statusOf(pod, {}, { previous }).containerStatuses!
    expect(status).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } },
    })
  })

  test('finished init containers that were removed are taken to have succeeded', () => {
    const pod = testPod('p', { initContainers: [{ name: 'i' }] })
    expect(statusOf(pod, { main: 'running' }).initContainerStatuses![0]).toMatchObject({
      ready: true,
      state: { terminated: { exitCode: 0, reason: 'Completed' } },
    })
  })

  test('are sorted by name; those of init containers as in the spec', () => {
    const pod = testPod('p', {
      containers: [{ name: 'z' }, { name: 'a' }],
      initContainers: [{ name: 'y' }, { name: 'b' }],
    })
    const status = statusOf(pod, {})
    expect(status.containerStatuses!.map(({ name }) => name)).toEqual(['a', 'z'])
    expect(status.initContainerStatuses!.map(({ name }) => name)).toEqual(['y', 'b'])
  })
})

describe('addresses', () => {
  test('of a pod in the host network are the node’s', () => {
    const status = statusOf(testPod('p', { hostNetwork: true }), { main: 'running' })
    expect([status.podIP, status.hostIP]).toEqual(['192.168.1.10', '192.168.1.10'])
  })

  test('stay when the sandbox is gone', () => {
    const pod = testPod('p', { restartPolicy: 'Never' })
    const previous = statusOf(pod, { main: 'running' })
    expect(statusOf(pod, { main: 0 }, { previous, sandboxes: [{ ready: false, ips: [] }] }).podIP).toBe('10.244.1.2')
  })
})
