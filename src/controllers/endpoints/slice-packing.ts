// How endpoints are shared out over slices: those that are there keep their place, so that a change of one pod is a change
// of one slice; new ones fill slices that change anyway, then one that has room, then new slices.

import type { Endpoint, EndpointSlice } from '../../api/discovery/v1/endpointslice.ts'
import { semanticEqual } from '../../machinery/deep-equal.ts'
import { endpointKey } from './slice-endpoints.ts'

export const maxEndpointsPerSlice = 100

export interface Packed {
  /** The endpoints of new slices. */
  readonly create: readonly (readonly Endpoint[])[]
  readonly update: ReadonlyMap<EndpointSlice, readonly Endpoint[]>
  readonly remove: readonly EndpointSlice[]
  readonly unchanged: readonly EndpointSlice[]
  /** How many endpoints are new, and how many are no longer in any of the slices that were there. */
  readonly added: number
  readonly removed: number
}

export interface PackingOptions {
  readonly max?: number
  readonly same?: ((now: Endpoint, before: Endpoint) => boolean) | undefined
  /** Slices that are written whatever becomes of their endpoints. */
  readonly mustChange?: (slice: EndpointSlice) => boolean
}

export function pack(
  existing: readonly EndpointSlice[],
  desired: readonly Endpoint[],
  { max = maxEndpointsPerSlice, same = semanticEqual, mustChange = () => false }: PackingOptions = {},
): Packed {
  const wanted = new Map(desired.map(endpoint => [endpointKey(endpoint), endpoint]))
  const update = new Map<EndpointSlice, Endpoint[]>()
  const unchanged = new Map<EndpointSlice, Endpoint[]>()
  const remove: EndpointSlice[] = []
  let removed = 0
  for (const slice of existing) {
    const kept: Endpoint[] = []
    let changed = false
    // Fuller ones than there are to be, of an earlier time, stay as they are.
    for (const endpoint of slice.endpoints ?? []) {
      const key = endpointKey(endpoint)
      const now = wanted.get(key)
      if (!now) {
        changed = true
        removed++
        continue
      }
      wanted.delete(key)
      if (!same(now, endpoint)) changed = true
      kept.push(now)
    }
    if (changed && kept.length === 0) remove.push(slice)
    else (changed || mustChange(slice) ? update : unchanged).set(slice, kept)
  }
  const rest = [...wanted.values()]
  const added = rest.length
  for (const kept of [...update.values()].sort((a, b) => b.length - a.length)) fill(kept, rest, max)
  const create: Endpoint[][] = []
  while (rest.length > 0) {
    const roomy = rest.length < max ? closestToFull(unchanged, rest.length, max) : undefined
    const target = roomy ? roomy[1] : []
    fill(target, rest, max)
    if (roomy) {
      unchanged.delete(roomy[0])
      update.set(roomy[0], target)
    } else create.push(target)
  }
  // A slice whose endpoints have all gone can take the new ones: one write instead of two.
  while (create.length > 0 && remove.length > 0) update.set(remove.shift()!, create.shift()!)
  return { create, update, remove, unchanged: [...unchanged.keys()], added, removed }
}

function fill(target: Endpoint[], rest: Endpoint[], max: number): void {
  target.push(...rest.splice(0, Math.max(0, max - target.length)))
}

/** The fullest of those that have room for all. */
function closestToFull(slices: ReadonlyMap<EndpointSlice, Endpoint[]>, count: number, max: number) {
  let best: [EndpointSlice, Endpoint[]] | undefined
  for (const entry of slices)
    if (entry[1].length + count <= max && entry[1].length > (best?.[1].length ?? -1)) best = entry
  return best
}
