import { expect, test } from 'vitest'
import type { Pod } from '../../api/core/v1/pod.ts'
import { podsToDelete } from './ranking.ts'

// Who goes first: the first of each pair.

const now = Date.UTC(2026, 0, 2)
const ago = (seconds: number) => new Date(now - seconds * 1000).toISOString()

interface Traits {
  node?: string
  phase?: string
  readySince?: string
  cost?: string
  created?: string
  restarts?: number
  uid?: string
}
const pod = ({
  node = 'node',
  phase = 'Running',
  readySince = ago(3600),
  cost,
  created = ago(7200),
  restarts = 0,
  uid = 'b',
}: Traits): Pod =>
  ({
    metadata: {
      uid,
      creationTimestamp: created,
      annotations: cost === undefined ? {} : { 'controller.kubernetes.io/pod-deletion-cost': cost },
    },
    spec: { nodeName: node, containers: [] },
    status: {
      phase,
      conditions: readySince ? [{ type: 'Ready', status: 'True', lastTransitionTime: readySince }] : [],
      containerStatuses: [{ restartCount: restarts }],
    },
  }) as unknown as Pod

test.each<[why: string, first: Traits, second: Traits]>([
  ['not yet on a node', { node: '' }, { cost: '-100' }],
  ['pending', { phase: 'Pending' }, { phase: 'Running', cost: '-100' }],
  ['unknown before running', { phase: 'Unknown' }, { phase: 'Running', cost: '-100' }],
  ['not ready', { readySince: '' }, { cost: '-100' }],
  ['cheaper', { cost: '-5' }, { restarts: 100 }],
  ['cheaper than a price that is none', { cost: '-5' }, { cost: '1.5' }],
  ['on a node with more of them', { node: 'crowded' }, { readySince: ago(1) }],
  ['ready for an order of magnitude less', { readySince: ago(60) }, { readySince: ago(6000), restarts: 100 }],
  ['restarted more often', { restarts: 3 }, { restarts: 2, created: ago(7201) }],
  ['younger by an order of magnitude', { created: ago(60), uid: 'z' }, { created: ago(6000), uid: 'a' }],
  ['of the smaller uid when they are about as old', { created: ago(7201), uid: 'a' }, { uid: 'z' }],
])('%s', (_, one, two) => {
  const [first, second] = [pod(one), pod(two)]
  const related = [first, second, pod({ node: 'crowded' }), pod({ node: 'crowded' })]
  expect(podsToDelete([second, first], 1, related, now)).toEqual([first])
  expect(podsToDelete([first, second], 1, related, now)).toEqual([first])
})
