import { expect, test } from 'vitest'
import type { Pod } from '../../api/core/v1/pod.ts'
import { firstToGo, podsToDelete } from './ranking.ts'

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
  sidecarRestarts?: number
  uid?: string
}
const pod = ({
  node = 'node',
  phase = 'Running',
  readySince = ago(3600),
  cost,
  created = ago(7200),
  restarts = 0,
  sidecarRestarts = 0,
  uid = 'b',
}: Traits): Pod =>
  ({
    metadata: {
      uid,
      creationTimestamp: created,
      annotations: cost === undefined ? {} : { 'controller.kubernetes.io/pod-deletion-cost': cost },
    },
    spec: {
      nodeName: node,
      containers: [],
      initContainers: [{ name: 'sidecar', restartPolicy: 'Always' }, { name: 'init' }],
    },
    status: {
      phase,
      conditions: readySince ? [{ type: 'Ready', status: 'True', lastTransitionTime: readySince }] : [],
      containerStatuses: [{ restartCount: restarts }],
      initContainerStatuses: [
        { name: 'sidecar', restartCount: sidecarRestarts },
        { name: 'init', restartCount: 1000 - restarts },
      ],
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
  ['restarted its sidecar more often', { sidecarRestarts: 2 }, { sidecarRestarts: 1, created: ago(7201) }],
  ['restarted more often, whatever its sidecar did', { restarts: 1 }, { sidecarRestarts: 9 }],
  ['younger by an order of magnitude', { created: ago(60), uid: 'z' }, { created: ago(6000), uid: 'a' }],
  ['of the smaller uid when they are about as old', { created: ago(7201), uid: 'a' }, { uid: 'z' }],
])('%s', (_, one, two) => {
  const [first, second] = [pod(one), pod(two)]
  const related = [first, second, pod({ node: 'crowded' }), pod({ node: 'crowded' })]
  expect(podsToDelete([second, first], 1, related, now)).toEqual([first])
  expect(podsToDelete([first, second], 1, related, now)).toEqual([first])
})

// Pods that each do their own work: neither their price nor their company counts, but every second does.
test.each<[why: string, first: Traits, second: Traits]>([
  ['not yet on a node', { node: '' }, {}],
  ['pending', { phase: 'Pending' }, { phase: 'Unknown' }],
  ['not ready', { readySince: '' }, {}],
  [
    'ready for a second less',
    { readySince: ago(59), cost: '100' },
    { readySince: ago(60), restarts: 100, cost: '-100' },
  ],
  ['restarted more often', { restarts: 3 }, { restarts: 2, created: ago(1) }],
  ['restarted its sidecar more often', { sidecarRestarts: 3 }, { sidecarRestarts: 2, created: ago(1) }],
  ['younger by a second', { created: ago(7199), uid: 'z' }, { created: ago(7200), uid: 'a' }],
])('of a Job: %s', (_, one, two) => {
  const [first, second] = [pod(one), pod(two)]
  expect(firstToGo([second, first], 1)).toEqual([first])
  expect(firstToGo([first, second], 1)).toEqual([first])
})
