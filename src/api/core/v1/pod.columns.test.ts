import { describe, expect, test } from 'vitest'
import { podCells, podRowConditions, podTemplateCells } from './pod.columns.ts'

const now = Date.parse('2026-01-02T00:00:00Z')
const at = (secondsAgo: number) => new Date(now - secondsAgo * 1000).toISOString().replace('.000', '')

const running = { running: { startedAt: at(60) } }
const waiting = (reason?: string) => ({ waiting: { reason } })
const terminated = (of: object) => ({ terminated: { exitCode: 0, ...of } })

const container = (name: string, of: object = {}) => ({
  name,
  image: 'i',
  imageID: '',
  ready: false,
  restartCount: 0,
  state: waiting(),
  ...of,
})
const restarted = (count: number, secondsAgo: number) => ({
  restartCount: count,
  lastState: terminated({ exitCode: 1, finishedAt: at(secondsAgo) }),
})
const up = { ready: true, state: running }

function pod(status: object, { spec = {}, metadata = {} }: { spec?: object; metadata?: object } = {}): any {
  return {
    metadata: { name: 'web', creationTimestamp: at(300), ...metadata },
    spec: { containers: [{ name: 'a' }], ...spec },
    status: { phase: 'Running', ...status },
  }
}
const two = { containers: [{ name: 'a' }, { name: 'b' }] }
const withInit = { initContainers: [{ name: 'i' }, { name: 'j' }] }
const withSidecar = { initContainers: [{ name: 's', restartPolicy: 'Always' }, { name: 'j' }] }
const isTrue = (type: string) => ({ type, status: 'True' })

test.each<[string, any, string, string, string]>([
  ['not seen by a node yet', pod({ phase: 'Pending' }), '0/1', 'Pending', '0'],
  ['running', pod({ containerStatuses: [container('a', up)] }), '1/1', 'Running', '0'],
  ['running, not ready', pod({ containerStatuses: [container('a', { state: running })] }), '0/1', 'Running', '0'],
  [
    'starting',
    pod({ containerStatuses: [container('a', { state: waiting('ContainerCreating') })] }),
    '0/1',
    'ContainerCreating',
    '0',
  ],
  [
    'without its image',
    pod({ containerStatuses: [container('a', { state: waiting('ImagePullBackOff') })] }),
    '0/1',
    'ImagePullBackOff',
    '0',
  ],
  [
    'crashing',
    pod({ containerStatuses: [container('a', { state: waiting('CrashLoopBackOff'), ...restarted(3, 320) })] }),
    '0/1',
    'CrashLoopBackOff',
    '3 (5m20s ago)',
  ],
  [
    'restarted, the former run forgotten',
    pod({ containerStatuses: [container('a', { ...up, restartCount: 2 })] }),
    '1/1',
    'Running',
    '2',
  ],
  [
    'restarted twice over: the last one counts',
    pod(
      {
        containerStatuses: [
          container('a', { ...up, ...restarted(1, 500) }),
          container('b', { ...up, ...restarted(2, 30) }),
        ],
      },
      { spec: two },
    ),
    '2/2',
    'Running',
    '3 (30s ago)',
  ],
  [
    'completed',
    pod({ phase: 'Succeeded', containerStatuses: [container('a', { state: terminated({ reason: 'Completed' }) })] }),
    '0/1',
    'Completed',
    '0',
  ],
  [
    'failed',
    pod({
      phase: 'Failed',
      containerStatuses: [container('a', { state: terminated({ exitCode: 1, reason: 'Error' }) })],
    }),
    '0/1',
    'Error',
    '0',
  ],
  [
    'ended by a code',
    pod({ containerStatuses: [container('a', { state: terminated({ exitCode: 7 }) })] }),
    '0/1',
    'ExitCode:7',
    '0',
  ],
  [
    'ended by a signal',
    pod({ containerStatuses: [container('a', { state: terminated({ exitCode: 137, signal: 9 }) })] }),
    '0/1',
    'Signal:9',
    '0',
  ],
  ['evicted', pod({ phase: 'Failed', reason: 'Evicted' }), '0/1', 'Evicted', '0'],
  [
    'held back by a gate',
    pod({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }),
    '0/1',
    'SchedulingGated',
    '0',
  ],
  [
    'one completed, one running, pod ready',
    pod(
      {
        conditions: [isTrue('Ready')],
        containerStatuses: [container('a', { state: terminated({ reason: 'Completed' }) }), container('b', up)],
      },
      { spec: two },
    ),
    '1/2',
    'Running',
    '0',
  ],
  [
    'one completed, one running, pod not ready',
    pod(
      { containerStatuses: [container('a', { state: terminated({ reason: 'Completed' }) }), container('b', up)] },
      { spec: two },
    ),
    '1/2',
    'NotReady',
    '0',
  ],
  [
    'one completed, one failed',
    pod(
      {
        containerStatuses: [
          container('a', { state: terminated({ reason: 'Completed' }) }),
          container('b', { state: terminated({ exitCode: 1, reason: 'Error' }) }),
        ],
      },
      { spec: two },
    ),
    '0/2',
    'Error',
    '0',
  ],
  [
    'being deleted',
    pod({ containerStatuses: [container('a', up)] }, { metadata: { deletionTimestamp: at(1) } }),
    '1/1',
    'Terminating',
    '0',
  ],
  [
    'being deleted, over already',
    pod(
      { phase: 'Succeeded', containerStatuses: [container('a', { state: terminated({ reason: 'Completed' }) })] },
      { metadata: { deletionTimestamp: at(1) } },
    ),
    '0/1',
    'Completed',
    '0',
  ],
  [
    'being deleted, its node gone',
    pod({ reason: 'NodeLost' }, { metadata: { deletionTimestamp: at(1) } }),
    '0/1',
    'Unknown',
    '0',
  ],
  [
    'initializing',
    pod(
      { phase: 'Pending', initContainerStatuses: [container('i', { state: running }), container('j')] },
      { spec: withInit },
    ),
    '0/1',
    'Init:0/2',
    '0',
  ],
  [
    'initializing, one done',
    pod(
      {
        phase: 'Pending',
        initContainerStatuses: [
          container('i', { state: terminated({ reason: 'Completed' }) }),
          container('j', { state: waiting('PodInitializing') }),
        ],
      },
      { spec: withInit },
    ),
    '0/1',
    'Init:1/2',
    '0',
  ],
  [
    'initialization failing',
    pod(
      {
        phase: 'Pending',
        initContainerStatuses: [container('i', { state: waiting('CrashLoopBackOff'), ...restarted(2, 10) })],
      },
      { spec: withInit },
    ),
    '0/1',
    'Init:CrashLoopBackOff',
    '2 (10s ago)',
  ],
  [
    'initialization failed',
    pod(
      {
        phase: 'Failed',
        initContainerStatuses: [container('i', { state: terminated({ exitCode: 1, reason: 'Error' }) })],
      },
      { spec: withInit },
    ),
    '0/1',
    'Init:Error',
    '0',
  ],
  [
    'initialization ended by a code',
    pod({ initContainerStatuses: [container('i', { state: terminated({ exitCode: 2 }) })] }, { spec: withInit }),
    '0/1',
    'Init:ExitCode:2',
    '0',
  ],
  [
    'initialization ended by a signal',
    pod(
      { initContainerStatuses: [container('i', { state: terminated({ exitCode: 137, signal: 9 }) })] },
      { spec: withInit },
    ),
    '0/1',
    'Init:Signal:9',
    '0',
  ],
  [
    'initialized, its containers about to start',
    pod(
      {
        phase: 'Pending',
        initContainerStatuses: [container('i', { state: terminated({}) })],
        containerStatuses: [container('a', { state: waiting('PodInitializing') })],
      },
      { spec: { initContainers: [{ name: 'i' }] } },
    ),
    '0/1',
    'PodInitializing',
    '0',
  ],
  [
    'initialized: restarts of init containers no longer count',
    pod(
      {
        initContainerStatuses: [container('i', { state: terminated({}), ...restarted(4, 90) })],
        containerStatuses: [container('a', up)],
      },
      { spec: { initContainers: [{ name: 'i' }] } },
    ),
    '1/1',
    'Running',
    '0',
  ],
  [
    'with a sidecar, initializing',
    pod(
      {
        phase: 'Pending',
        initContainerStatuses: [container('s', { ...up, started: true }), container('j', { state: running })],
      },
      { spec: withSidecar },
    ),
    '1/2',
    'Init:1/2',
    '0',
  ],
  [
    'with a sidecar that has not started',
    pod(
      { phase: 'Pending', initContainerStatuses: [container('s', { state: running, started: false })] },
      { spec: withSidecar },
    ),
    '0/2',
    'Init:0/2',
    '0',
  ],
  [
    'with a sidecar, running',
    pod(
      {
        initContainerStatuses: [
          container('s', { ...up, started: true, ...restarted(1, 20) }),
          container('j', { state: terminated({}) }),
        ],
        containerStatuses: [container('a', { ...up, ...restarted(2, 40) })],
      },
      { spec: withSidecar },
    ),
    '2/2',
    'Running',
    '3 (20s ago)',
  ],
  [
    'with a sidecar that restarts after initialization',
    pod(
      {
        conditions: [isTrue('Initialized')],
        initContainerStatuses: [container('s', { state: waiting('CrashLoopBackOff'), ...restarted(1, 20) })],
        containerStatuses: [container('a', up)],
      },
      { spec: withSidecar },
    ),
    '1/2',
    'Init:CrashLoopBackOff',
    '1 (20s ago)',
  ],
])('a pod %s', (_, object, ready, status, restarts) => {
  expect(podCells(object, now).slice(0, 5)).toEqual(['web', ready, status, restarts, '5m'])
})

describe('the wide columns of a pod', () => {
  test('are <none> before it has any of it', () => {
    expect(podCells(pod({}), now).slice(5)).toEqual(['<none>', '<none>', '<none>', '<none>'])
  })

  test('show its address, its nodes and its readiness gates', () => {
    const object = pod(
      {
        podIP: '10.0.0.1',
        podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }],
        nominatedNodeName: 'm',
        conditions: [isTrue('open'), { type: 'shut', status: 'False' }],
      },
      {
        spec: {
          nodeName: 'n',
          readinessGates: [{ conditionType: 'open' }, { conditionType: 'shut' }, { conditionType: 'no' }],
        },
      },
    )
    expect(podCells(object, now).slice(5)).toEqual(['10.0.0.1', 'n', 'm', '1/3'])
  })
})

test('the rows of pods that are done say so', () => {
  const condition = { type: 'Completed', status: 'True' }
  expect(podRowConditions(pod({ phase: 'Succeeded' }))).toEqual([
    { ...condition, reason: 'Succeeded', message: 'The pod has completed successfully.' },
  ])
  expect(podRowConditions(pod({ phase: 'Failed' }))).toEqual([
    { ...condition, reason: 'Failed', message: 'The pod failed.' },
  ])
  expect(podRowConditions(pod({ phase: 'Running' }))).toBeUndefined()
})

test('a pod template shows its containers and labels', () => {
  const template = {
    metadata: { labels: { b: '2', a: '1' } },
    spec: {
      containers: [
        { name: 'a', image: 'x:1' },
        { name: 'b', image: 'y' },
      ],
    },
  }
  expect(podTemplateCells({ metadata: { name: 't' }, template } as any)).toEqual(['t', 'a,b', 'x:1,y', 'a=1,b=2'])
})
