import { expect, test } from 'vitest'
import { type FieldError, fieldErrorMessage } from '../../../machinery/field-error.ts'
import { validateEvent, validateEventUpdate } from './event.validation.ts'

const told = (errors: FieldError[]): string[] => errors.map(fieldErrorMessage)
const mismatch = 'does not match event.namespace'
const noName = 'name part must be non-empty'
const charset =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const eventTime = '2026-01-01T00:00:00.000000Z'

test.each<[string, object, string[]]>([
  ['of something beside it', { involvedObject: { namespace: 'n' } }, []],
  [
    'of something elsewhere',
    { involvedObject: { namespace: 'm' } },
    [`involvedObject.namespace: Invalid value: "m": ${mismatch}`],
  ],
  ['of a node', { involvedObject: {} }, [`involvedObject.namespace: Invalid value: "": ${mismatch}`]],
  [
    'with a time and nothing else',
    { involvedObject: { namespace: 'n' }, eventTime, message: 'x'.repeat(1025) },
    [
      'reportingComponent: Required value',
      `reportingComponent: Invalid value: "": ${noName}`,
      `reportingComponent: Invalid value: "": ${charset}`,
      'reportingInstance: Required value',
      'action: Required value',
      'reason: Required value',
      'message: Invalid value: "": can have at most 1024 characters',
    ],
  ],
  [
    'of the new group with fields of the old',
    {
      apiVersion: 'events.k8s.io/v1',
      regarding: { namespace: 'n' },
      type: 'x',
      series: { count: 1 },
      deprecatedCount: 1,
      deprecatedSource: { host: 'h' },
    },
    [
      'series.count: Invalid value: "": should be at least 2',
      'series.lastObservedTime: Required value',
      'eventTime: Required value',
      'type: Invalid value: "": has invalid value: x',
      'count: Invalid value: "": needs to be unset',
      'source: Invalid value: "": needs to be unset',
    ],
  ],
])('an event %s', (_name, event, errors) => {
  expect(told(validateEvent({ metadata: { name: 'e', namespace: 'n' }, ...event }))).toEqual(errors)
})

test('only the series of a new event goes on', () => {
  const event = {
    apiVersion: 'events.k8s.io/v1',
    metadata: { name: 'e', namespace: 'n' },
    regarding: { namespace: 'n' },
    eventTime,
    reportingController: 'c',
    reportingInstance: 'i',
    action: 'a',
    reason: 'r',
    type: 'Normal',
  }
  const series = { count: 2, lastObservedTime: eventTime }
  expect(told(validateEventUpdate({ ...event, series }, event))).toEqual([])
  expect(told(validateEventUpdate({ ...event, note: 'x', action: 'b' }, event))).toEqual([
    'message: Invalid value: "x": field is immutable',
    'action: Invalid value: "b": field is immutable',
  ])
})
