import { ageCell } from '../../cells.ts'
import type { PriorityLevelConfiguration } from './prioritylevelconfiguration.ts'

export function priorityLevelConfigurationCells(level: PriorityLevelConfiguration, now: number): unknown[] {
  const { type, limited } = level.spec
  const queuing = limited?.limitResponse.queuing
  const none = '<none>'
  return [
    level.metadata.name,
    type,
    limited ? (limited.nominalConcurrencyShares ?? 0) : none,
    queuing ? (queuing.queues ?? 0) : none,
    queuing ? (queuing.handSize ?? 0) : none,
    queuing ? (queuing.queueLengthLimit ?? 0) : none,
    ageCell(level, now),
  ]
}
