// The scale subresource shows a workload's replicas in another shape: who owns them must be told in that shape, and what
// becomes of it in the workload's own.

import { difference, fieldSet, hasPath, isEmpty, union } from '../../../machinery/apply/field-set.ts'
import {
  decodeManagedFields,
  encodeManagedFields,
  type ManagedFieldsEntry,
  type Managers,
  managerKey,
} from '../../../machinery/apply/managed-fields.ts'
import type { PathElement } from '../../../machinery/apply/path-element.ts'

const replicasPath: readonly PathElement[] = ['f:spec', 'f:replicas']
const replicas = fieldSet(replicasPath)
const scaleVersion = 'autoscaling/v1'

/** The owners of a workload's replicas, as owners of its Scale's. */
export function scaleEntries(
  parent: readonly ManagedFieldsEntry[] | undefined,
  apiVersion: string,
  /** Where the workload has its replicas. */
  path = replicasPath,
): ManagedFieldsEntry[] | undefined {
  const managers: Managers = new Map()
  for (const manager of decodeManagedFields(parent).values()) {
    if (manager.apiVersion !== apiVersion || !hasPath(manager.fields, path)) continue
    const inScale = { ...manager, apiVersion: scaleVersion, fields: replicas }
    managers.set(managerKey(inScale), inScale)
  }
  return encodeManagedFields(managers)
}

/** The workload's owners after its Scale has got these. */
export function parentEntries(
  parent: readonly ManagedFieldsEntry[] | undefined,
  scale: readonly ManagedFieldsEntry[] | undefined,
  apiVersion: string,
  path = replicasPath,
): ManagedFieldsEntry[] | undefined {
  const inParent = fieldSet(path)
  const owners = new Map(
    [...decodeManagedFields(scale).values()]
      .filter(({ fields }) => hasPath(fields, replicasPath))
      .map(owner => [managerKey({ ...owner, apiVersion }), owner]),
  )
  const managers: Managers = new Map()
  for (const [key, manager] of decodeManagedFields(parent)) {
    if (manager.apiVersion !== apiVersion) continue
    const owner = owners.get(key)
    owners.delete(key)
    const fields = owner ? union(manager.fields, inParent) : difference(manager.fields, inParent)
    if (!isEmpty(fields)) managers.set(key, { ...manager, fields })
  }
  // When somebody became an owner by way of the Scale is not recorded.
  for (const [key, owner] of owners) managers.set(key, { ...owner, time: undefined, apiVersion, fields: inParent })
  return encodeManagedFields(managers)
}
