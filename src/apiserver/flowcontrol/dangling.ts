// Who owns what a FlowSchema's status says of its priority level: upstream applies it, condition by condition.

import type { KubeObject } from '../../api/resource.ts'
import type { ManagedFieldsEntry } from '../../machinery/apply/managed-fields.ts'
import { flowControlConsumer } from '../registry/field-management/field-manager.ts'

const fields = {
  '.': {},
  'f:lastTransitionTime': {},
  'f:message': {},
  'f:reason': {},
  'f:status': {},
  'f:type': {},
}

const key = 'k:{"type":"Dangling"}'

/**
 * Notes that the server applied the condition, by force: whoever had said something else of these fields has them no more.
 * Applied entries come first; the object is changed, its old entries are not.
 */
export function ownDangling({ apiVersion, metadata }: KubeObject, time: string, changed: readonly string[] = []): void {
  const entry = {
    manager: flowControlConsumer,
    operation: 'Apply',
    apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:status': { 'f:conditions': { [key]: fields } } },
    subresource: 'status',
  } as ManagedFieldsEntry
  const others: readonly ManagedFieldsEntry[] = metadata['managedFields'] ?? []
  const lost = new Set(changed.map(name => `f:${name}`))
  metadata['managedFields'] = [
    entry,
    ...others
      .filter(({ manager }) => manager !== flowControlConsumer)
      .map(other => ({ ...other, fieldsV1: without(other.fieldsV1, ['f:status', 'f:conditions', key], lost) }))
      .filter(({ fieldsV1 }) => fieldsV1 !== undefined),
  ]
}

/** The set without some fields at a place; undefined when nothing is left of it. */
function without(set: any, [step, ...rest]: readonly string[], lost: ReadonlySet<string>): any {
  if (set === undefined || (step !== undefined && !(step in set))) return set
  const kept =
    step === undefined
      ? Object.entries(set).filter(([name]) => !lost.has(name))
      : Object.entries(set).flatMap(([name, inner]) => {
          const left = name === step ? without(inner, rest, lost) : inner
          return left === undefined ? [] : [[name, left] as const]
        })
  return kept.length > 0 ? Object.fromEntries(kept) : undefined
}
