// How many endpoints each zone should have, and which zones must give some away to which.

/** No endpoint may be loaded by more than this above its share. */
const overload = 0.2

export interface Allocation {
  readonly minimum: number
  readonly maximum: number
  readonly desired: number
}

/** The fewest endpoints that a zone with this share of the CPUs can do with. */
export const minimumOf = (share: number, endpoints: number): number =>
  Math.ceil(share * endpoints * (1 / (1 + overload)))

/** By zone; or why there can be none. */
export function allocationsOf(
  endpoints: number,
  shares: ReadonlyMap<string, number> | undefined,
): ReadonlyMap<string, Allocation> | string {
  if (!shares) return 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes'
  const counts = `(${endpoints} endpoints, ${shares.size} zones)`
  if (shares.size > endpoints) return `Insufficient number of endpoints ${counts}`
  const wanted = [...shares].map(([zone, share]) => {
    const minimum = minimumOf(share, endpoints)
    return { zone, minimum, desired: Math.max(share * endpoints, minimum) }
  })
  const spare = endpoints - wanted.reduce((sum, { minimum }) => sum + minimum, 0)
  if (spare < 0)
    return `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${counts}`
  return new Map(wanted.map(({ zone, minimum, desired }) => [zone, { minimum, desired, maximum: minimum + spare }]))
}

/** How many endpoints zones have too many or too few, as whole ones that move. */
export function givingAndReceiving(
  allocations: ReadonlyMap<string, Allocation>,
  hinted: ReadonlyMap<string, number>,
): { giving: Map<string, number>; receiving: Map<string, number> } {
  const surplus = new Map<string, number>()
  const lack = new Map<string, number>()
  for (const [zone, { desired }] of allocations) {
    const more = (hinted.get(zone) ?? 0) - desired
    if (more > 0) surplus.set(zone, more)
    else if (more < 0) lack.set(zone, -more)
  }
  const giving = new Map<string, number>()
  const receiving = new Map<string, number>()
  for (;;) {
    const [from, most] = largest(surplus)
    const [to, least] = largest(lack)
    const enough = (most >= 1 || least >= 1) && most >= 0.5 && least >= 0.5
    if (from === undefined || to === undefined || !enough) return { giving, receiving }
    giving.set(from, (giving.get(from) ?? 0) + 1)
    receiving.set(to, (receiving.get(to) ?? 0) + 1)
    surplus.set(from, most - 1)
    lack.set(to, least - 1)
  }
}

function largest(zones: ReadonlyMap<string, number>): [string | undefined, number] {
  let best: [string | undefined, number] = [undefined, 0]
  for (const entry of zones) if (entry[1] > best[1]) best = entry
  return best
}
