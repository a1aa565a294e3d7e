// On which of several nodes to evict: each question is asked only of those that the one before left equal.

import type { NodeInfo } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'
import { startOf } from './select-victims.ts'

export interface Candidate {
  readonly node: NodeInfo
  /** The most important first. */
  readonly victims: readonly PodInfo[]
  /** How many of them a disruption budget wants to keep. */
  readonly violations: number
}

/** Lower is better. */
const questions: readonly ((candidate: Candidate) => number)[] = [
  candidate => candidate.violations,
  candidate => candidate.victims[0]!.priority,
  // Shifted, so that more pods of negative priority are not better than few.
  candidate => candidate.victims.reduce((sum, { priority }) => sum + priority + 2 ** 31, 0),
  candidate => candidate.victims.length,
]

export function pickCandidate(candidates: readonly Candidate[]): Candidate | undefined {
  let left = candidates
  for (const question of questions) {
    if (left.length <= 1) return left[0]
    const best = Math.min(...left.map(question))
    left = left.filter(candidate => question(candidate) === best)
  }
  // The most important victims have run the shortest.
  return left.reduce<Candidate | undefined>(
    (best, candidate) => (!best || earliest(candidate) > earliest(best) ? candidate : best),
    undefined,
  )
}

/** When the first of the most important victims started. */
function earliest({ victims }: Candidate): string {
  const [{ priority }] = victims as [PodInfo]
  return victims
    .filter(victim => victim.priority === priority)
    .map(startOf)
    .sort()[0]!
}
