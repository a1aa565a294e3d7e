// Judges a pod by a level in a version.

import { baselineChecks } from './baseline-checks.ts'
import type { Check, CheckPod, PodLike, Violation } from './check.ts'
import { type LevelVersion, latest } from './policy.ts'
import { restrictedChecks } from './restricted-checks.ts'

/** Since then nothing has changed. */
const newest = Math.max(...[...baselineChecks, ...restrictedChecks].flatMap(({ versions }) => versions.at(-1)!.since))

const chosen = new Map<string, readonly CheckPod[]>()

export function violations(pod: PodLike, { level, version }: LevelVersion): Violation[] {
  if (level === 'privileged') return []
  const minor = version === latest ? newest : Math.min(version, newest)
  const key = `${level}:${minor}`
  let checks = chosen.get(key)
  if (!checks) {
    checks = checksOf(level, minor)
    chosen.set(key, checks)
  }
  return checks.flatMap(check => check(pod) ?? [])
}

/** Baseline checks first; those that a restricted one takes the place of are left out. */
function checksOf(level: string, minor: number): CheckPod[] {
  const at = ({ versions }: Check): CheckPod | undefined => versions.findLast(({ since }) => since <= minor)?.check
  if (level === 'baseline') return baselineChecks.flatMap(check => at(check) ?? [])
  const restricted = restrictedChecks.filter(check => at(check))
  const overridden = new Set(restricted.map(({ overrides }) => overrides))
  const kept = baselineChecks.filter(({ id }) => !overridden.has(id))
  return [...kept, ...restricted].flatMap(check => at(check) ?? [])
}

/** With their details, as in a refusal. */
export const violationsText = (found: readonly Violation[]): string =>
  found.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ')

export const reasonsText = (found: readonly Violation[]): string => found.map(({ reason }) => reason).join(', ')
