// Brings scores of any size into 0…100, in proportion to the highest, as whole numbers.

import { maxNodeScore } from './framework.ts'

function highest(scores: Float64Array, count: number): number {
  let most = 0
  for (let at = 0; at < count; at++) if (scores[at]! > most) most = scores[at]!
  return most
}

/** The highest gets 100. */
export function normalize(scores: Float64Array, count: number): void {
  const most = highest(scores, count)
  if (most === 0) return
  for (let at = 0; at < count; at++) scores[at] = Math.trunc((maxNodeScore * scores[at]!) / most)
}

/** The highest gets 0. */
export function normalizeReversed(scores: Float64Array, count: number): void {
  const most = highest(scores, count)
  for (let at = 0; at < count; at++)
    scores[at] = most === 0 ? maxNodeScore : maxNodeScore - Math.trunc((maxNodeScore * scores[at]!) / most)
}
