// What a Job's podFailurePolicy says of a failed pod: the first rule that matches it decides.

import type { Job, PodFailurePolicyRule } from '../../api/batch/v1/job.ts'
import type { Pod } from '../../api/core/v1/pod.ts'

export interface Verdict {
  /** Whether the failure counts towards the limits. */
  readonly counts: boolean
  readonly action?: PodFailurePolicyRule['action']
  /** Why the Job fails, when the action is FailJob. */
  readonly message?: string
}

const unmatched: Verdict = { counts: true }

export function verdictOf({ spec }: Job, pod: Pod): Verdict {
  const rules = spec.podFailurePolicy?.rules ?? []
  for (const [index, { action, onExitCodes, onPodConditions }] of rules.entries()) {
    const match = onExitCodes ? exitCodeMatch(pod, onExitCodes) : conditionMatch(pod, onPodConditions ?? [])
    if (match === undefined) continue
    if (action === 'Ignore') return { counts: false, action }
    if (action === 'FailIndex' || action === 'Count') return { counts: true, action }
    if (action === 'FailJob')
      return { counts: true, action, message: `${match} matching ${action} rule at index ${index}` }
  }
  return unmatched
}

/** What is said of the first container, then init container, whose exit code matches. */
function exitCodeMatch(
  { metadata, status }: Pod,
  { containerName, operator, values }: NonNullable<PodFailurePolicyRule['onExitCodes']>,
): string | undefined {
  for (const { name, state } of [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]) {
    const code = state?.terminated?.exitCode
    // A container that ended well is no reason for anything.
    if (code === undefined || code === 0 || (containerName && containerName !== name)) continue
    if ((values ?? []).includes(code) === (operator === 'In'))
      return `Container ${name} for pod ${metadata.namespace}/${metadata.name} failed with exit code ${code}`
  }
  return undefined
}

function conditionMatch(
  { metadata, status }: Pod,
  patterns: NonNullable<PodFailurePolicyRule['onPodConditions']>,
): string | undefined {
  for (const condition of status.conditions ?? [])
    if (patterns.some(({ type, status }) => type === condition.type && status === condition.status))
      return `Pod ${metadata.namespace}/${metadata.name} has condition ${condition.type}`
  return undefined
}
