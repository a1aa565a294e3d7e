import { formatLabelSelector } from '../../../machinery/labels.ts'
import { ageCell, containerCells } from '../../cells.ts'
import type { ReplicaSet } from './replicaset.ts'

export function replicaSetCells(replicaSet: ReplicaSet, now: number): unknown[] {
  const { spec, status } = replicaSet
  return [
    replicaSet.metadata.name,
    spec.replicas ?? 0,
    status.replicas ?? 0,
    status.readyReplicas ?? 0,
    ageCell(replicaSet, now),
    ...containerCells(spec.template),
    formatLabelSelector(spec.selector),
  ]
}
