// Divides seats among priority levels: each gets the same proportion of what it would like, within its bounds
// (KEP-1040, dispatching: the max-min fair allocation with lower and upper bounds).

export interface SeatClaim {
  readonly lowerBound: number
  readonly upperBound: number
  /** What it would like; not below its lower bound. */
  readonly target: number
}

const smallestTarget = 0.001
const epsilon = 0.0000001

export interface Allocation {
  readonly seats: readonly number[]
  /** The proportion of its target that everyone gets who is not at a bound. */
  readonly fairProportion: number
}

/** Seats that sum to `total`; undefined when the bounds make that impossible. */
export function allocateSeats(total: number, claims: readonly SeatClaim[]): Allocation | undefined {
  const targets = claims.map(({ target }) => Math.max(target, smallestTarget))
  const low = sum(claims.map(({ lowerBound }) => lowerBound))
  const high = sum(claims.map(({ upperBound }) => upperBound))
  if (total < 0 || low - total > epsilon || total - high > epsilon) return undefined
  if (claims.some(({ lowerBound, upperBound, target }) => target < lowerBound || upperBound < lowerBound))
    return undefined
  if (total === 0) return { seats: claims.map(() => 0), fairProportion: 0 }
  const lowerProportions = claims.map(({ lowerBound }, index) => lowerBound / targets[index]!)
  const upperProportions = claims.map(({ upperBound }, index) => upperBound / targets[index]!)
  if (low - total > -epsilon)
    return { seats: claims.map(({ lowerBound }) => lowerBound), fairProportion: Math.min(...lowerProportions) }
  if (total - high > -epsilon)
    return { seats: claims.map(({ upperBound }) => upperBound), fairProportion: Math.max(...upperProportions) }

  const allocated = (proportion: number): number[] =>
    claims.map(({ lowerBound, upperBound }, index) =>
      Math.max(lowerBound, Math.min(upperBound, proportion * targets[index]!)),
    )
  // What is allocated grows with the proportion, in straight lines between the proportions where a bound is met.
  const corners = [...lowerProportions, ...upperProportions].sort((one, other) => one - other)
  let from = Math.min(...lowerProportions)
  let soFar = sum(allocated(from))
  for (const corner of corners) {
    if (corner <= from) continue
    const there = sum(allocated(corner))
    if (there >= total) {
      const fairProportion = from + ((total - soFar) * (corner - from)) / (there - soFar)
      return { seats: allocated(fairProportion), fairProportion }
    }
    from = corner
    soFar = there
  }
  return undefined
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
