import { ageCell } from '../../cells.ts'
import type { ResourceClaim } from './resourceclaim.ts'

export function resourceClaimCells(claim: ResourceClaim, now: number): unknown[] {
  return [claim.metadata.name, stateCell(claim), ageCell(claim, now)]
}

function stateCell({ metadata, status }: ResourceClaim): string {
  const states: string[] = []
  if (metadata.deletionTimestamp) states.push('deleted')
  if (status.allocation) states.push('allocated', ...(status.reservedFor?.length ? ['reserved'] : []))
  else if (!metadata.deletionTimestamp) states.push('pending')
  return states.join(',')
}
