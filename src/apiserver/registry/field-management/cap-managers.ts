// Every client that ever updated an object would stay in its managedFields for ever: beyond ten, the oldest are put together.

import { union } from '../../../machinery/apply/field-set.ts'
import { type Manager, type Managers, managerKey } from '../../../machinery/apply/managed-fields.ts'

const mostUpdateManagers = 10
const ancientChanges = 'ancient-changes'

/** The same managers, when they are few enough. */
export function capUpdateManagers(managers: Managers): Managers {
  if (managers.size <= mostUpdateManagers) return managers
  const updaters = [...managers].filter(([, { operation }]) => operation === 'Update').sort(oldestFirst)
  let count = updaters.length
  if (count <= mostUpdateManagers) return managers
  const capped: Managers = new Map(managers)
  // One bucket for each version; a version's first manager goes into it when a second one does.
  const firstOf = new Map<string, string>()
  for (const [key, manager] of updaters) {
    if (count <= mostUpdateManagers) break
    const { apiVersion } = manager
    const first = firstOf.get(apiVersion)
    if (first === undefined) {
      firstOf.set(apiVersion, key)
      continue
    }
    const bucketName = { manager: ancientChanges, operation: 'Update', apiVersion, subresource: '' } as const
    const bucketKey = managerKey(bucketName)
    const bucket = capped.get(bucketKey) ?? capped.get(first)!
    if (!capped.has(bucketKey)) capped.delete(first)
    capped.delete(key)
    capped.set(bucketKey, { ...bucketName, time: manager.time, fields: union(manager.fields, bucket.fields) })
    count--
  }
  return capped
}

function oldestFirst([keyA, a]: [string, Manager], [keyB, b]: [string, Manager]): number {
  const [left, right] = [a.time ?? '', b.time ?? '']
  return left === right ? (keyA < keyB ? -1 : 1) : left < right ? -1 : 1
}
