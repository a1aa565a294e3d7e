import { expect, test } from 'vitest'
import type { Pod } from '../../api/core/v1/pod.ts'
import { backoffLeftMs, type Failures, failuresAfter, finishedAt } from './backoff.ts'

// When a pod ended, and how long the next ones wait. Times are seconds after `start`.

const start = Date.UTC(2026, 0, 1)
const time = (seconds: number) => new Date(start + seconds * 1000).toISOString()
const ended = (at?: number, name = 'c') => ({
  name,
  state: { terminated: at === undefined ? {} : { finishedAt: time(at) } },
})
const running = (name = 'c') => ({ name, state: { running: {} } })
interface Traits {
  containers?: object[]
  inits?: object[]
  ready?: { status: string; at: number }
  deleted?: { at: number; grace?: number }
}
const pod = ({ containers = [], inits = [], ready, deleted }: Traits): Pod =>
  ({
    metadata: {
      creationTimestamp: time(0),
      ...(deleted && { deletionTimestamp: time(deleted.at), deletionGracePeriodSeconds: deleted.grace }),
    },
    spec: { containers: [], initContainers: [{ name: 'sidecar', restartPolicy: 'Always' }, { name: 'init' }] },
    status: {
      containerStatuses: containers,
      initContainerStatuses: inits,
      conditions: ready ? [{ type: 'Ready', status: ready.status, lastTransitionTime: time(ready.at) }] : [],
    },
  }) as unknown as Pod

test.each<[why: string, traits: Traits, at: number]>([
  ['its last container ended', { containers: [ended(8), ended(9), ended(7)] }, 9],
  ['its sidecar ended last', { containers: [ended(8)], inits: [ended(10, 'sidecar')] }, 10],
  ['an init container is none of those', { containers: [ended(8)], inits: [ended(10, 'init')] }, 8],
  [
    'its sidecar goes on: it was deleted',
    { containers: [ended(8)], inits: [running('sidecar')], deleted: { at: 5 } },
    5,
  ],
  ['a container goes on: it was deleted', { containers: [ended(8), running()], deleted: { at: 5 } }, 5],
  ['it was deleted, with a time of grace', { containers: [running()], deleted: { at: 40, grace: 30 } }, 10],
  ['it was seen unready', { containers: [ended()], ready: { status: 'False', at: 6 }, deleted: { at: 9 } }, 6],
  [
    'it was ready until it was deleted',
    { containers: [ended()], ready: { status: 'True', at: 6 }, deleted: { at: 9 } },
    9,
  ],
  ['nothing is known but its beginning', { containers: [ended()] }, 0],
])('%s', (_, traits, at) => {
  expect((finishedAt(pod(traits)) - start) / 1000).toBe(at)
})

const failures = (count: number, last: number): Failures => ({ count, last: start + last * 1000 })
const at = (...seconds: number[]) => seconds.map(each => pod({ containers: [ended(each)] }))
test.each<[before: Failures | undefined, succeeded: number[], failed: number[], after: Failures | undefined]>([
  [undefined, [], [], undefined],
  [undefined, [], [3], failures(1, 3)],
  [failures(2, 1), [], [], failures(2, 1)],
  [failures(2, 1), [], [4, 3], failures(4, 4)],
  [failures(2, 1), [5], [], undefined],
  [failures(2, 1), [5], [4], undefined],
  [failures(2, 1), [5], [5], undefined],
  [failures(2, 1), [5, 2], [4, 6, 7], failures(2, 7)],
])('%j, then successes at %j and failures at %j make %j', (before, succeeded, failed, after) => {
  expect(failuresAfter(before, at(...succeeded), at(...failed))).toEqual(after)
})

test.each([
  [0, 0, 0],
  [1, 0, 10],
  [1, 4, 6],
  [2, 0, 20],
  [3, 41, 0],
  [6, 0, 320],
  [7, 0, 600],
  [100, 0, 600],
])('after %d failures, the last %d s ago, new pods wait %d s', (count, since, left) => {
  expect(backoffLeftMs(failures(count, 0), start + since * 1000)).toBe(left * 1000)
})
