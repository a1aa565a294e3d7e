// What the kinds that make pods may say, but better don't: their template's warnings, and names that make bad hostnames.

import { isDNS1123Label } from '../../../machinery/validation/names.ts'
import { warnOfClaimSpec } from '../../core/v1/persistentvolumeclaim.warnings.ts'
import { type PodLike, podWarnings, templateWarnings } from '../../core/v1/pod.warnings.ts'
import type { KubeObject } from '../../resource.ts'

const none: string[] = Object.freeze([]) as unknown as string[]

function warnOfName(object: KubeObject, used: string, warnings: string[]): void {
  const problems = isDNS1123Label(object.metadata.name ?? '')
  if (problems.length > 0)
    warnings.push(
      `metadata.name: this is used in ${used}, which can result in surprising behavior; a DNS label is recommended: [${problems.join(' ')}]`,
    )
}

/** Humans don't update pods often, and others do: only new ones are looked at. */
export function podObjectWarnings(pod: KubeObject, old: KubeObject | undefined): string[] {
  if (old) return none
  const warnings: string[] = []
  warnOfName(pod, "the Pod's hostname", warnings)
  const ofSpec = podWarnings(pod as PodLike, '')
  return warnings.length > 0 ? [...warnings, ...ofSpec] : ofSpec
}

const changed = (object: KubeObject, old: KubeObject | undefined): boolean =>
  !old || object.metadata['generation'] !== old.metadata['generation']

/**
 * Of a kind whose template stands at spec.template; upstream calls that of a ReplicationController `template`.
 * `named`: a name that makes bad hostnames is warned of, too.
 */
export const workloadWarnings =
  (path = 'spec.template', named = true) =>
  (object: KubeObject, old: KubeObject | undefined): string[] => {
    if (!changed(object, old)) return none
    const warnings: string[] = []
    if (!old && named) warnOfName(object, 'Pod names and hostnames', warnings)
    return [...warnings, ...templateWarnings(object['spec'].template, path)]
  }

export function statefulSetWarnings(set: KubeObject, old: KubeObject | undefined): string[] {
  if (!changed(set, old)) return none
  const { template, volumeClaimTemplates, revisionHistoryLimit } = set['spec']
  const warnings = [...templateWarnings(template, 'spec.template')]
  for (const [index, claim] of (volumeClaimTemplates ?? []).entries())
    if (claim.spec) warnOfClaimSpec(claim.spec, `spec.volumeClaimTemplates[${index}]`, warnings)
  if ((revisionHistoryLimit ?? 0) < 0)
    warnings.push(
      'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
    )
  return warnings
}

const manyCompletions = 100_000
const muchParallelism = 10_000

function jobSpecWarnings(spec: Record<string, any>, path: string): string[] {
  const warnings: string[] = []
  if (
    spec['completionMode'] === 'Indexed' &&
    (spec['completions'] ?? 0) > manyCompletions &&
    (spec['parallelism'] ?? 0) > muchParallelism
  )
    warnings.push(
      `${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
    )
  return [...warnings, ...templateWarnings(spec['template'], `${path}.template`)]
}

export function jobWarnings(job: KubeObject, old: KubeObject | undefined): string[] {
  if (!changed(job, old)) return none
  const warnings: string[] = []
  if (!old) warnOfName(job, 'Pod names and hostnames', warnings)
  return [...warnings, ...jobSpecWarnings(job['spec'], 'spec')]
}

export function cronJobWarnings(cronJob: KubeObject, old: KubeObject | undefined): string[] {
  const warnings: string[] = []
  if (!old) warnOfName(cronJob, 'Pod names and hostnames', warnings)
  if (changed(cronJob, old))
    warnings.push(...jobSpecWarnings(cronJob['spec'].jobTemplate?.spec ?? {}, 'spec.jobTemplate.spec'))
  if (cronJob['spec'].schedule?.includes('TZ'))
    warnings.push('cannot use TZ or CRON_TZ in spec.spec.schedule, use spec.spec.timeZone instead')
  return warnings
}

export const podTemplateWarnings = (object: KubeObject): string[] => templateWarnings(object['template'], 'template')
