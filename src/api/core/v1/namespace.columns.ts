import { ageCell } from '../../cells.ts'
import type { Namespace } from './namespace.ts'

export function namespaceCells(namespace: Namespace, now: number): unknown[] {
  return [namespace.metadata.name, namespace.status.phase ?? '', ageCell(namespace, now)]
}
