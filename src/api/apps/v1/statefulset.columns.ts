import { ageCell, containerCells } from '../../cells.ts'
import type { StatefulSet } from './statefulset.ts'

export function statefulSetCells(statefulSet: StatefulSet, now: number): unknown[] {
  const { spec, status } = statefulSet
  return [
    statefulSet.metadata.name,
    `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    ageCell(statefulSet, now),
    ...containerCells(spec.template),
  ]
}
