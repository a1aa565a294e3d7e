// An Event is one object with two faces: core/v1, in which it is stored, and events.k8s.io/v1. They say the same; some
// fields have other names.

import { registerConversion } from '../../conversion.ts'
import { apiVersionOf, type KubeObject } from '../../resource.ts'

/** core/v1's name for a field, and that of events.k8s.io/v1. Every other field has the same in both. */
const names: readonly (readonly [core: string, events: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
]

const core = apiVersionOf({ group: '', version: 'v1' })
const events = apiVersionOf({ group: 'events.k8s.io', version: 'v1' })
const toEvents = new Map(names)
const toCore = new Map(names.map(([inCore, inEvents]) => [inEvents, inCore]))

function renamed(object: KubeObject, apiVersion: string, to: ReadonlyMap<string, string>): KubeObject {
  const entries = Object.entries(object).map(([name, value]) => [to.get(name) ?? name, value])
  return { ...Object.fromEntries(entries), apiVersion }
}

registerConversion('Event', core, events, object => {
  const converted = renamed(object, events, toEvents)
  // Only the older kind says that there is none.
  for (const name of ['reportingController', 'reportingInstance']) if (converted[name] === '') delete converted[name]
  return converted
})
registerConversion('Event', events, core, object => renamed(object, core, toCore))
