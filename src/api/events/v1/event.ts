import { type Infer, int32, microTime, object, ref, string, time } from '../../../machinery/schema/schema.ts'
import { events as coreEvents, EventSource } from '../../core/v1/event.ts'
import { ObjectReference } from '../../core/v1/reference.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import './event.conversion.ts'
import { allVerbs, resource } from '../../resource.ts'

export const EventSeries = object('io.k8s.api.events.v1.EventSeries', {
  count: int32(1).required(),
  lastObservedTime: microTime(2).required(),
})
export type EventSeries = Infer<typeof EventSeries>

export const Event = object('io.k8s.api.events.v1.Event', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  eventTime: microTime(2).required(),
  series: ref(3, EventSeries),
  reportingController: string(4),
  reportingInstance: string(5),
  action: string(6),
  reason: string(7),
  regarding: ref(8, ObjectReference).always(),
  related: ref(9, ObjectReference),
  note: string(10),
  type: string(11),
  deprecatedSource: ref(12, EventSource).always(),
  deprecatedFirstTimestamp: time(13).always(),
  deprecatedLastTimestamp: time(14).always(),
  deprecatedCount: int32(15),
})
export type Event = Infer<typeof Event>

export const EventList = listKind('io.k8s.api.events.v1.EventList', Event)
export type EventList = Infer<typeof EventList>

export const events = resource({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  resource: 'events',
  schema: Event,
  listSchema: EventList,
  shortNames: ['ev'],
  namespaced: true,
  verbs: allVerbs,
  columns: coreEvents.columns,
  selectableFields: {
    'regarding.kind': event => event.regarding.kind ?? '',
    'regarding.namespace': event => event.regarding.namespace ?? '',
    'regarding.name': event => event.regarding.name ?? '',
    'regarding.uid': event => event.regarding.uid ?? '',
    'regarding.apiVersion': event => event.regarding.apiVersion ?? '',
    'regarding.resourceVersion': event => event.regarding.resourceVersion ?? '',
    'regarding.fieldPath': event => event.regarding.fieldPath ?? '',
    reason: event => event.reason ?? '',
    reportingController: event => event.reportingController ?? '',
    type: event => event.type ?? '',
  },
  storage: { group: '', version: 'v1' },
})
