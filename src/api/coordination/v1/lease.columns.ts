import { ageCell } from '../../cells.ts'
import type { Lease } from './lease.ts'

export function leaseCells(lease: Lease, now: number): unknown[] {
  return [lease.metadata.name, lease.spec.holderIdentity ?? '', ageCell(lease, now)]
}
