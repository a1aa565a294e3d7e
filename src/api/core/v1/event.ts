import { type Infer, int32, microTime, object, ref, string, time } from '../../../machinery/schema/schema.ts'
import { column, describedBy } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'
import { ObjectReference } from './reference.ts'

export const EventSource = object('io.k8s.api.core.v1.EventSource', {
  component: string(1),
  host: string(2),
})
export type EventSource = Infer<typeof EventSource>

export const EventSeries = object('io.k8s.api.core.v1.EventSeries', {
  count: int32(1),
  lastObservedTime: microTime(2).always(),
})
export type EventSeries = Infer<typeof EventSeries>

export const Event = object('io.k8s.api.core.v1.Event', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).required(),
  involvedObject: ref(2, ObjectReference).required(),
  reason: string(3),
  message: string(4),
  source: ref(5, EventSource).always(),
  firstTimestamp: time(6).always(),
  lastTimestamp: time(7).always(),
  count: int32(8),
  type: string(9),
  eventTime: microTime(10).always(),
  series: ref(11, EventSeries),
  action: string(12),
  related: ref(13, ObjectReference),
  reportingComponent: string(14).always(),
  reportingInstance: string(15).always(),
})
export type Event = Infer<typeof Event>

export const EventList = listKind('io.k8s.api.core.v1.EventList', Event)
export type EventList = Infer<typeof EventList>

export const events = resource({
  group: '',
  version: 'v1',
  kind: 'Event',
  resource: 'events',
  schema: Event,
  listSchema: EventList,
  shortNames: ['ev'],
  namespaced: true,
  verbs: allVerbs,
  columns: [
    column('Last Seen', 'string', describedBy(Event, 'lastTimestamp')),
    column('Type', 'string', describedBy(Event, 'type')),
    column('Reason', 'string', describedBy(Event, 'reason')),
    column('Object', 'string', describedBy(Event, 'involvedObject')),
    column('Subobject', 'string', describedBy(ObjectReference, 'fieldPath'), { priority: 1 }),
    column('Source', 'string', describedBy(Event, 'source'), { priority: 1 }),
    column('Message', 'string', describedBy(Event, 'message')),
    column('First Seen', 'string', describedBy(Event, 'firstTimestamp'), { priority: 1 }),
    column('Count', 'string', describedBy(Event, 'count'), { priority: 1 }),
    column('Name', 'string', describedBy(ObjectMeta, 'name'), { format: 'name', priority: 1 }),
  ],
  selectableFields: {
    'involvedObject.kind': event => event.involvedObject.kind ?? '',
    'involvedObject.namespace': event => event.involvedObject.namespace ?? '',
    'involvedObject.name': event => event.involvedObject.name ?? '',
    'involvedObject.uid': event => event.involvedObject.uid ?? '',
    'involvedObject.apiVersion': event => event.involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': event => event.involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': event => event.involvedObject.fieldPath ?? '',
    reason: event => event.reason ?? '',
    reportingComponent: event => event.reportingComponent,
    source: event => event.source.component || event.reportingComponent,
    type: event => event.type ?? '',
  },
})
