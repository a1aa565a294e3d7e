import { expect, test } from 'vitest'
import { eventCells } from './event.columns.ts'

const now = Date.parse('2026-01-02T00:00:00Z')
const minutesAgo = (minutes: number, fraction = '') =>
  new Date(now - minutes * 60_000).toISOString().replace('.000', fraction)
const event = (of: object): any => ({
  metadata: { name: 'e' },
  involvedObject: { kind: 'Pod', name: 'web', fieldPath: 'spec.containers{a}' },
  type: 'Normal',
  reason: 'Pulled',
  message: ' It is here.\n',
  source: {},
  firstTimestamp: null,
  lastTimestamp: null,
  eventTime: null,
  ...of,
})

const rest = (last: string, first: string, count: number, source = '') => [
  last,
  'Normal',
  'Pulled',
  'pod/web',
  'spec.containers{a}',
  source,
  'It is here.',
  first,
  count,
  'e',
]

test.each<[string, object, unknown[]]>([
  ['without times', {}, rest('<unknown>', '<unknown>', 1)],
  ['that repeated', { firstTimestamp: minutesAgo(60), lastTimestamp: minutesAgo(20), count: 7 }, rest('20m', '60m', 7)],
  [
    'of a component on a host',
    { source: { component: 'kubelet', host: 'n' } },
    rest('<unknown>', '<unknown>', 1, 'kubelet, n'),
  ],
  [
    'of the newer kind',
    { eventTime: minutesAgo(30, '.000000'), reportingComponent: 'sched', reportingInstance: 's-1' },
    rest('30m', '30m', 1, 'sched, s-1'),
  ],
  [
    'of a series',
    { eventTime: minutesAgo(30, '.000000'), series: { count: 4, lastObservedTime: minutesAgo(15, '.000000') } },
    rest('15m', '30m', 4),
  ],
])('an event %s', (_, of, cells) => {
  expect(eventCells(event(of), now)).toEqual(cells)
})

test('an event about an object without a name names its kind', () => {
  expect(eventCells(event({ involvedObject: { kind: 'Node' } }), now).slice(3, 5)).toEqual(['node', ''])
})
