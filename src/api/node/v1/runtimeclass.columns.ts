import { ageCell } from '../../cells.ts'
import type { RuntimeClass } from './runtimeclass.ts'

export function runtimeClassCells(runtimeClass: RuntimeClass, now: number): unknown[] {
  return [runtimeClass.metadata.name, runtimeClass.handler, ageCell(runtimeClass, now)]
}
