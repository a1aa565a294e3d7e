import { ageCell } from '../../cells.ts'
import type { ServiceCIDR } from './servicecidr.ts'

export function serviceCIDRCells(serviceCIDR: ServiceCIDR, now: number): unknown[] {
  return [serviceCIDR.metadata.name, (serviceCIDR.spec.cidrs ?? []).join(','), ageCell(serviceCIDR, now)]
}
