// When an Indexed Job has succeeded although not each of its indexes has: as one of the rules of its successPolicy says.

import type { Job } from '../../api/batch/v1/job.ts'
import { parseIndexes } from './indexes.ts'

/** What is said of the first rule that is met. */
export function successPolicyMet({ spec }: Job, succeeded: ReadonlySet<number>): string | undefined {
  if (succeeded.size === 0) return undefined
  for (const [index, { succeededIndexes, succeededCount }] of (spec.successPolicy?.rules ?? []).entries()) {
    if (succeededIndexes === undefined) {
      if (succeededCount !== undefined && succeeded.size >= succeededCount) return `Matched rules at index ${index}`
      continue
    }
    const required = parseIndexes(succeededIndexes, spec.completions ?? 0)
    if (required.size === 0) continue
    let met = 0
    for (const each of required) if (succeeded.has(each)) met++
    if (met === required.size || (succeededCount !== undefined && met >= succeededCount))
      return `Matched rules at index ${index}`
  }
  return undefined
}
