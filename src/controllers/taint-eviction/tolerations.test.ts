import { expect, test } from 'vitest'
import type { Taint, Toleration } from '../../api/core/v1/toleration.ts'
import { evictionTime } from './tolerations.ts'

// When a pod must leave a node with these taints. Times are seconds.

const taint = (key: string, at?: number): Taint => ({
  key,
  effect: 'NoExecute',
  timeAdded: at === undefined ? undefined : new Date(at * 1000).toISOString().replace('.000', ''),
})
const toleration = (key: string, tolerationSeconds?: number): Toleration => ({
  key,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds,
})

test.each<[string, Toleration[], Taint[], number]>([
  ['no taints', [], [], Infinity],
  ['a taint it does not tolerate', [toleration('b')], [taint('a', 100)], -Infinity],
  ['a taint it tolerates for good', [toleration('a')], [taint('a', 100)], Infinity],
  ['a taint it tolerates for a while', [toleration('a', 30)], [taint('a', 100)], 130],
  ['the shortest of several', [toleration('a', 30), toleration('b', 10)], [taint('a', 100), taint('b', 105)], 115],
  ['one for good and one not', [toleration('a'), toleration('b', 10)], [taint('a', 100), taint('b', 100)], 110],
  ['less than no time', [toleration('a', -5)], [taint('a', 100)], 100],
  ['a taint that does not say since when: since it was seen', [toleration('a', 30)], [taint('a')], 120],
  ['a taint older than the pod: since the pod came', [toleration('a', 30)], [taint('a', 10)], 80],
])('%s', (_, tolerations, taints, seconds) => {
  expect(evictionTime(tolerations, taints, { seen: 90_000, arrived: 50_000 })).toBe(seconds * 1000)
})
