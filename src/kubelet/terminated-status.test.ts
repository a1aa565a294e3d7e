import { describe, expect, test } from 'vitest'
import type { ContainerStatus, PodStatus } from '../api/core/v1/pod.ts'
import { terminatedStatus } from './terminated-status.ts'
import { testPod } from './testing/node-bench.ts'

const waiting = { waiting: { reason: 'ContainerCreating' } }
const running = { running: { startedAt: '2026-01-01T00:00:00Z' } }
const exited = (exitCode: number) => ({ terminated: { exitCode, startedAt: '', finishedAt: '' } })
const container = (name: string, state: object, more: object = {}) => ({ name, state, ...more }) as ContainerStatus

/** Each container as `name exit code`, or `name -` while it has not ended. */
function ends({ initContainerStatuses = [], containerStatuses = [] }: PodStatus): string {
  const one = ({ name, state }: ContainerStatus) => `${name} ${state?.terminated?.exitCode ?? '-'}`
  return [...initContainerStatuses, ...containerStatuses].map(one).join(', ')
}

describe('of a pod with nothing left on its node', () => {
  test.each(['Pending', 'Running'])('that was %s the phase is Failed', phase => {
    expect(terminatedStatus(testPod('a'), { phase }).phase).toBe('Failed')
  })

  test.each(['Succeeded', 'Failed'])('that has %s the phase stays', phase => {
    expect(terminatedStatus(testPod('a'), { phase }).phase).toBe(phase)
  })

  test('a container that nobody saw end is said to be lost', () => {
    const status = { phase: 'Running', containerStatuses: [container('main', running)] }
    expect(terminatedStatus(testPod('a'), status).containerStatuses![0]!.state).toMatchObject({
      terminated: {
        exitCode: 137,
        reason: 'ContainerStatusUnknown',
        message: 'The container could not be located when the pod was terminated',
      },
    })
  })

  test.each<[string, ContainerStatus[], ContainerStatus[], string]>([
    ['no init containers', [], [container('main', waiting)], 'main 137'],
    ['what ended keeps its end', [], [container('main', exited(0))], 'main 0'],
    [
      'the first init container counts as begun',
      [container('one', waiting)],
      [container('main', waiting)],
      'one 137, main -',
    ],
    [
      'what came after the last that was begun never ran',
      [container('one', running), container('two', waiting)],
      [container('main', waiting)],
      'one 137, two -, main -',
    ],
    [
      'one that is to run again was begun',
      [container('one', exited(0)), container('two', waiting, { lastState: exited(1) })],
      [container('main', waiting)],
      'one 0, two 137, main -',
    ],
    ['all init containers done', [container('one', exited(0))], [container('main', waiting)], 'one 0, main 137'],
    ['a container that has come up', [container('one', waiting)], [container('main', running)], 'one 137, main 137'],
  ])('%s', (_, initContainerStatuses, containerStatuses, expected) => {
    const initContainers = initContainerStatuses.map(({ name }) => ({ name }))
    const pod = testPod('a', initContainers.length > 0 ? { initContainers } : {})
    expect(ends(terminatedStatus(pod, { phase: 'Pending', initContainerStatuses, containerStatuses }))).toBe(expected)
  })

  test.each([
    [true, 'proxy 137, main 137'],
    [false, 'proxy 137, main -'],
  ])('a sidecar that has started (%s) lets the others begin', (started, expected) => {
    const pod = testPod('a', { initContainers: [{ name: 'proxy', restartPolicy: 'Always' }] })
    const status = {
      phase: 'Pending',
      initContainerStatuses: [container('proxy', running, { started })],
      containerStatuses: [container('main', waiting)],
    }
    expect(ends(terminatedStatus(pod, status))).toBe(expected)
  })
})
