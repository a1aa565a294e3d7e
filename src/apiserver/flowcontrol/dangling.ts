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

/** Notes that the server applied the condition. Applied entries come first; the object is changed, its old entries are not. */
export function ownDangling({ apiVersion, metadata }: KubeObject, time: string): void {
  const entry = {
    manager: flowControlConsumer,
    operation: 'Apply',
    apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:status': { 'f:conditions': { 'k:{"type":"Dangling"}': fields } } },
    subresource: 'status',
  } as ManagedFieldsEntry
  const others: readonly ManagedFieldsEntry[] = metadata['managedFields'] ?? []
  metadata['managedFields'] = [entry, ...others.filter(({ manager }) => manager !== flowControlConsumer)]
}
