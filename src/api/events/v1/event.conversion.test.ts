import { expect, test } from 'vitest'
import { conversionBetween } from '../../conversion.ts'
import { events as coreEvents } from '../../core/v1/event.ts'
import { events } from './event.ts'

const pod = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'a' }
const inCore = {
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'a.1', namespace: 'default' },
  involvedObject: pod,
  reason: 'Started',
  message: 'Started container',
  source: { component: 'kubelet', host: 'n' },
  firstTimestamp: '2026-01-01T00:00:00Z',
  lastTimestamp: '2026-01-01T00:00:01Z',
  count: 2,
  type: 'Normal',
  eventTime: null,
  series: { count: 2, lastObservedTime: '2026-01-01T00:00:01.000000Z' },
  action: 'Starting',
  related: pod,
  reportingComponent: 'kubelet',
  reportingInstance: 'n',
}
const inEvents = {
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name: 'a.1', namespace: 'default' },
  regarding: pod,
  reason: 'Started',
  note: 'Started container',
  deprecatedSource: { component: 'kubelet', host: 'n' },
  deprecatedFirstTimestamp: '2026-01-01T00:00:00Z',
  deprecatedLastTimestamp: '2026-01-01T00:00:01Z',
  deprecatedCount: 2,
  type: 'Normal',
  eventTime: null,
  series: { count: 2, lastObservedTime: '2026-01-01T00:00:01.000000Z' },
  action: 'Starting',
  related: pod,
  reportingController: 'kubelet',
  reportingInstance: 'n',
}

test('an Event is the same in both groups, under other names', () => {
  expect(conversionBetween('Event', coreEvents, events)!(inCore)).toEqual(inEvents)
  expect(conversionBetween('Event', events, coreEvents)!(inEvents)).toEqual(inCore)
})
