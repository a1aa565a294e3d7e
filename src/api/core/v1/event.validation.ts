// What an event may say, of either group (upstream: pkg/apis/core/validation/events.go). Those of events.k8s.io are new
// ones: fields of the older kind must be left out, and nothing but the series may change.

import { deepEqual } from '../../../machinery/deep-equal.ts'
import { type FieldError, invalid, required } from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import { byteLength } from '../../../machinery/go-text.ts'
import {
  checkImmutable,
  checkName,
  checkQualifiedName,
  type Errors,
} from '../../../machinery/validation/field-checks.ts'
import { nameIsDNSSubdomain } from '../../../machinery/validation/names.ts'
import { shownInternally } from '../../go/internal-form.ts'
import type { KubeObject } from '../../resource.ts'
import { Event } from './event.ts'

const longest = 128
const longestNote = 1024

const isNew = (event: KubeObject): boolean => event.apiVersion === 'events.k8s.io/v1'

function checkEvent(event: KubeObject, errors: Errors): void {
  const about = event['involvedObject'] ?? event['regarding'] ?? {}
  const { namespace: given = '' } = about
  const namespace = event.metadata.namespace ?? ''
  const mismatch = (): void => {
    errors.push(invalid(root('involvedObject', 'namespace'), given, 'does not match event.namespace'))
  }
  if (!event['eventTime']) {
    if (given === '' ? namespace !== '' && namespace !== 'default' : given !== namespace) mismatch()
  } else {
    if (given === '' && namespace !== 'default' && namespace !== 'kube-system') mismatch()
    const field = isNew(event) ? 'reportingController' : 'reportingComponent'
    const controller: string = event[field] ?? ''
    if (controller === '') errors.push(required(field))
    checkQualifiedName(controller, root(field), errors)
    for (const name of ['reportingInstance', 'action', 'reason']) {
      const value: string = event[name] ?? ''
      if (value === '') errors.push(required(name))
      if (byteLength(value) > longest) errors.push(invalid(name, '', `can have at most ${longest} characters`))
    }
    if (byteLength(event['note'] ?? event['message'] ?? '') > longestNote)
      errors.push(invalid('message', '', `can have at most ${longestNote} characters`))
  }
  checkName(namespace, nameIsDNSSubdomain, root('namespace'), errors)
}

function checkSeries(event: KubeObject, errors: Errors): void {
  const { series } = event
  if (!series) return
  if ((series.count ?? 0) < 2) errors.push(invalid('series.count', '', 'should be at least 2'))
  if (!series.lastObservedTime) errors.push(required('series.lastObservedTime'))
}

export function validateEvent(event: KubeObject): FieldError[] {
  const errors: Errors = []
  checkEvent(event, errors)
  if (!isNew(event)) return errors
  checkSeries(event, errors)
  if (!event['eventTime']) errors.push(required('eventTime'))
  const type: string = event['type'] ?? ''
  if (type !== 'Normal' && type !== 'Warning') errors.push(invalid('type', '', `has invalid value: ${type}`))
  const { component, host } = event['deprecatedSource'] ?? {}
  for (const [field, set] of [
    ['firstTimestamp', event['deprecatedFirstTimestamp']],
    ['lastTimestamp', event['deprecatedLastTimestamp']],
    ['count', event['deprecatedCount']],
    ['source', component || host],
  ] as const)
    if (set) errors.push(invalid(field, '', 'needs to be unset'))
  return errors
}

/** Field of events.k8s.io → the name upstream calls it by. */
const immutable: readonly (readonly [field: string, name: string])[] = [
  ['regarding', 'involvedObject'],
  ['reason', 'reason'],
  ['note', 'message'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
  ['reason', 'reason'],
  ['type', 'type'],
  ['eventTime', 'eventTime'],
  ['action', 'action'],
  ['related', 'related'],
  ['reportingController', 'reportingController'],
  ['reportingInstance', 'reportingInstance'],
]

export function validateEventUpdate(event: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  checkEvent(event, errors)
  if (!isNew(event)) return errors
  if (!deepEqual(event['series'], old['series'])) checkSeries(event, errors)
  for (const [field, name] of immutable) checkImmutable(event[field], old[field], root(name), errors)
  // They are called as in the core group, of whichever group the event is.
  return shownInternally(Event, errors, event)
}
