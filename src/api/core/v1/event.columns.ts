import { sinceCell } from '../../cells.ts'
import type { Event } from './event.ts'

export function eventCells(event: Event, now: number): unknown[] {
  const { involvedObject, series, source } = event
  const first = sinceCell(event.firstTimestamp ?? event.eventTime, now)
  const last = series
    ? sinceCell(series.lastObservedTime, now)
    : event.lastTimestamp
      ? sinceCell(event.lastTimestamp, now)
      : first
  const kind = (involvedObject.kind ?? '').toLowerCase()
  const component = source?.component || event.reportingComponent || ''
  const instance = source?.host || event.reportingInstance || ''
  return [
    last,
    event.type ?? '',
    event.reason ?? '',
    involvedObject.name ? `${kind}/${involvedObject.name}` : kind,
    involvedObject.fieldPath ?? '',
    instance === '' ? component : `${component}, ${instance}`,
    (event.message ?? '').trim(),
    first,
    // An event of the newer kind that happened once counts nothing.
    series ? (series.count ?? 0) : event.count || 1,
    event.metadata.name,
  ]
}
