// When the users of a claim must go because of what its devices have become.

import type { DeviceTaint, DeviceToleration } from '../../api/resource/v1/device.ts'
import type { ResourceClaim } from '../../api/resource/v1/resourceclaim.ts'
import type { ResourceSlice } from '../../api/resource/v1/resourceslice.ts'
import type { Lister } from '../../client/indexed-store.ts'
import { timeOf } from '../../machinery/time.ts'
import { tolerates } from '../taint-eviction/tolerations.ts'

export const claimsByPool = 'device pool'
export const slicesByPool = 'device pool'

export const poolKey = (driver: string, pool: string) => `${driver}/${pool}`

/** The pools that the claim has devices of. */
export const allocatedPools = ({ status }: ResourceClaim): readonly string[] => [
  ...new Set(status?.allocation?.devices?.results?.map(({ driver, pool }) => poolKey(driver, pool))),
]

/** Milliseconds since the epoch; undefined: never. */
export function claimEvictionTime({ status }: ResourceClaim, slices: Lister<ResourceSlice>): number | undefined {
  let earliest: number | undefined
  for (const { driver, pool, device, tolerations = [] } of status?.allocation?.devices?.results ?? []) {
    for (const taint of taintsOf(device, slices.byIndex(slicesByPool, poolKey(driver, pool)))) {
      const tolerated = toleratedSeconds(tolerations, taint)
      if (tolerated === Number.POSITIVE_INFINITY) continue
      const at = (timeOf(taint.timeAdded) ?? 0) + tolerated * 1000
      if (earliest === undefined || at < earliest) earliest = at
    }
  }
  return earliest
}

/** Slices of an older generation of the pool say nothing any more. */
function taintsOf(device: string, slices: readonly ResourceSlice[]): DeviceTaint[] {
  const newest = slices.map(({ spec }) => spec.pool.generation).reduce((most, each) => (each > most ? each : most))
  const found = slices
    .filter(({ spec }) => spec.pool.generation === newest)
    .flatMap(({ spec }) => spec.devices ?? [])
    .find(({ name }) => name === device)
  return (found?.taints ?? []).filter(({ effect }) => effect === 'NoExecute')
}

/** The shortest of the tolerations that match; one that does not end counts for good. */
function toleratedSeconds(tolerations: readonly DeviceToleration[], taint: DeviceTaint): number {
  const matching = tolerations.filter(
    toleration => toleration.effect === 'NoExecute' && tolerates(toleration, { ...taint, effect: 'NoExecute' }),
  )
  if (matching.length === 0) return 0
  if (matching.some(({ tolerationSeconds }) => tolerationSeconds === undefined)) return Number.POSITIVE_INFINITY
  return Math.min(...matching.map(({ tolerationSeconds }) => Math.max(0, Number(tolerationSeconds))))
}
