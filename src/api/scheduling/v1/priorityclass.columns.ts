import { ageCell } from '../../cells.ts'
import type { PriorityClass } from './priorityclass.ts'

export function priorityClassCells(priorityClass: PriorityClass, now: number): unknown[] {
  return [
    priorityClass.metadata.name,
    priorityClass.value ?? 0,
    priorityClass.globalDefault ?? false,
    ageCell(priorityClass, now),
    priorityClass.preemptionPolicy ?? '',
  ]
}
