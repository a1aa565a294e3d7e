import { ageCell } from '../../cells.ts'
import type { ResourceSlice } from './resourceslice.ts'

export function resourceSliceCells(slice: ResourceSlice, now: number): unknown[] {
  const { nodeName = '', driver, pool } = slice.spec
  return [slice.metadata.name, nodeName, driver, pool.name, ageCell(slice, now)]
}
