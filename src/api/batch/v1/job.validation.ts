// What a Job may say, and what of it may change (upstream: pkg/apis/batch/validation).

import { normalEqual } from '../../../machinery/deep-equal.ts'
import { type FieldError, invalid, notSupported, required, tooLong } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { byteLength } from '../../../machinery/go-text.ts'
import { labelSelectorFrom } from '../../../machinery/labels.ts'
import { isDomainPrefixedPath } from '../../../machinery/validation/domain-names.ts'
import { checkImmutable, checkNonnegative, type Errors } from '../../../machinery/validation/field-checks.ts'
import { validateLabelSelector } from '../../../machinery/validation/labels.ts'
import { isDNS1123Label } from '../../../machinery/validation/names.ts'
import { validateObjectMetaUpdate } from '../../../machinery/validation/object-meta.ts'
import { checkSelected } from '../../apps/v1/workload.validation.ts'
import { checkStandardFinalizer } from '../../core/v1/finalizer.validation.ts'
import type { PodTemplateSpec } from '../../core/v1/pod.ts'
import { checkPodTemplate } from '../../core/v1/pod.validation.ts'
import type { KubeObject } from '../../resource.ts'
import type { JobSpec } from './job.ts'
import { checkPodFailurePolicy, checkSuccessPolicy } from './job-policies.validation.ts'

const specPath = root('spec')
const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
] as const
const longestManagedBy = 63
const mostParallelism = 100_000
const mostFailedIndexes = 100_000
const manyCompletions = 100_000
const mostOfMany = 10_000
const replacementPolicies = ['Failed', 'TerminatingOrFailed']

/** Of a Job, and of the template of one in a CronJob. */
export function checkJobSpec(spec: JobSpec, path: FieldPath, errors: Errors): void {
  for (const field of counts) checkNonnegative(spec[field], path, field, errors)
  const { completionMode, maxFailedIndexes, backoffLimitPerIndex, managedBy, podFailurePolicy } = spec
  if (maxFailedIndexes !== undefined) {
    checkNonnegative(maxFailedIndexes, path, 'maxFailedIndexes', errors)
    if (backoffLimitPerIndex === undefined)
      errors.push(required(path.child('backoffLimitPerIndex'), 'when maxFailedIndexes is specified'))
  }
  if (managedBy !== undefined) {
    errors.push(...isDomainPrefixedPath(path.child('managedBy'), managedBy))
    if (byteLength(managedBy) > longestManagedBy)
      errors.push(tooLong(path.child('managedBy'), managedBy, longestManagedBy))
  }
  if (completionMode !== undefined && completionMode !== 'NonIndexed' && completionMode !== 'Indexed')
    errors.push(notSupported(path.child('completionMode'), completionMode, ['NonIndexed', 'Indexed']))
  if (completionMode === 'Indexed') checkIndexed(spec, path, errors)
  else if (completionMode === undefined || completionMode === 'NonIndexed')
    for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
      if (spec[field] !== undefined)
        errors.push(invalid(path.child(field), spec[field], 'requires indexed completion mode'))
  if (podFailurePolicy) checkPodFailurePolicy(spec, path.child('podFailurePolicy'), errors)
  if (spec.successPolicy) checkSuccessPolicy(spec, path.child('successPolicy'), errors)
  const replacement = spec.podReplacementPolicy
  if (replacement !== undefined) {
    const allowed = podFailurePolicy ? ['Failed'] : replacementPolicies
    if (!allowed.includes(replacement))
      errors.push(notSupported(path.child('podReplacementPolicy'), replacement, allowed))
  }
  const template = spec.template ?? ({} as PodTemplateSpec)
  const at = path.child('template')
  checkPodTemplate(template, at, errors)
  const restartPolicy = template.spec?.restartPolicy ?? ''
  const restartPath = at.child('spec', 'restartPolicy')
  // What is left out is Always, too.
  if (restartPolicy === 'Always' || restartPolicy === '')
    errors.push(required(restartPath, 'valid values: "OnFailure", "Never"'))
  else if (restartPolicy !== 'OnFailure' && restartPolicy !== 'Never')
    errors.push(notSupported(restartPath, restartPolicy, ['OnFailure', 'Never']))
  else if (podFailurePolicy && restartPolicy !== 'Never')
    errors.push(invalid(restartPath, restartPolicy, 'only "Never" is supported when podFailurePolicy is specified'))
}

function checkIndexed(spec: JobSpec, path: FieldPath, errors: Errors): void {
  const { completions, parallelism, maxFailedIndexes } = spec
  const add = (field: string, value: unknown, detail: string): void => {
    errors.push(invalid(path.child(field), value, detail))
  }
  if (completions === undefined) errors.push(required(path.child('completions'), 'when completion mode is Indexed'))
  if (parallelism !== undefined && parallelism > mostParallelism)
    add('parallelism', parallelism, `must be less than or equal to ${mostParallelism} when completion mode is Indexed`)
  if (maxFailedIndexes !== undefined) {
    if (completions !== undefined && maxFailedIndexes > completions)
      add('maxFailedIndexes', maxFailedIndexes, 'must be less than or equal to completions')
    if (maxFailedIndexes > mostFailedIndexes)
      add('maxFailedIndexes', maxFailedIndexes, `must be less than or equal to ${mostFailedIndexes}`)
  }
  if ((completions ?? 0) <= manyCompletions || spec.backoffLimitPerIndex === undefined) return
  const many = `must be less than or equal to ${mostOfMany} when completions are above ${manyCompletions} and used with backoff limit per index`
  if (maxFailedIndexes === undefined)
    errors.push(
      required(path.child('maxFailedIndexes'), `must be specified when completions is above ${manyCompletions}`),
    )
  if (parallelism !== undefined && parallelism > mostOfMany) add('parallelism', parallelism, many)
  if (maxFailedIndexes !== undefined && maxFailedIndexes > mostOfMany) add('maxFailedIndexes', maxFailedIndexes, many)
}

const legacyLabels = [
  ['controller-uid', 'uid'],
  ['job-name', 'name'],
] as const
const prefixedLabels = [
  ['batch.kubernetes.io/controller-uid', 'uid'],
  ['batch.kubernetes.io/job-name', 'name'],
] as const

/** `old`: a Job that has been there before the labels with a prefix may do without them. */
function checkGeneratedSelector(job: KubeObject, old: KubeObject | undefined, errors: Errors): void {
  const spec = job['spec'] as JobSpec
  if (spec.manualSelector === true || !spec.selector) return
  if (!job.metadata.uid) errors.push(required(root('metadata', 'uid')))
  const labels: Record<string, string> | undefined = spec.template?.metadata?.labels
  const path = specPath.child('template', 'metadata', 'labels')
  const expected: Record<string, string> = {}
  const before: Record<string, string> | undefined = old && (old['spec'].template?.metadata?.labels ?? {})
  const labelled = !before || prefixedLabels.every(([key]) => before[key] !== undefined)
  for (const [key, field] of labelled ? [...legacyLabels, ...prefixedLabels] : legacyLabels) {
    const value = job.metadata[field] ?? ''
    expected[key] = value
    if (labels?.[key] === undefined) errors.push(required(path.key(key), `must be '${value}'`))
    else if (labels[key] !== value) errors.push(invalid(path.key(key), labels, `must be '${value}'`))
  }
  try {
    if (!labelSelectorFrom(spec.selector).matches(expected))
      errors.push(invalid(specPath.child('selector'), spec.selector, '`selector` not auto-generated'))
  } catch {
    // Said with the selector itself.
  }
}

function checkWholeSpec(spec: JobSpec, errors: Errors): void {
  checkJobSpec(spec, specPath, errors)
  const path = specPath.child('selector')
  if (!spec.selector) errors.push(required(path))
  else errors.push(...validateLabelSelector(spec.selector, path))
  try {
    const template = spec.template ?? ({} as PodTemplateSpec)
    checkSelected(labelSelectorFrom(spec.selector), spec.selector, template, specPath.child('template'), errors)
  } catch {
    // Said above.
  }
}

export function validateJob(job: KubeObject): FieldError[] {
  return whole(job)
}

function whole(job: KubeObject, old?: KubeObject): Errors {
  const errors: Errors = []
  const spec = job['spec'] as JobSpec
  checkGeneratedSelector(job, old, errors)
  checkWholeSpec(spec, errors)
  if (spec.completionMode === 'Indexed' && (spec.completions ?? 0) > 0) {
    // The hostname of the last of its pods.
    const hostname = `${job.metadata.name ?? ''}-${spec.completions! - 1}`
    if (isDNS1123Label(hostname).length > 0)
      errors.push(
        invalid(
          root('metadata', 'name'),
          job.metadata.name ?? '',
          `will not able to create pod with invalid DNS label: ${hostname}`,
        ),
      )
  }
  return errors
}

/** `before`: what was found wrong with the metadata, as of any Job. */
export function validateJobUpdate(
  job: KubeObject,
  old: KubeObject,
  _context?: unknown,
  before: readonly FieldError[] = [],
): FieldError[] {
  const errors = whole(job, old)
  const [spec, oldSpec] = [job['spec'] as JobSpec, old['spec'] as JobSpec]
  // As upstream, which checks it all again with what changes: a mistake has two causes.
  if (before.length > 0) checkMetadataAgain(job, old, errors)
  if (errors.length > 0) checkWholeSpec(spec, errors)
  checkCompletions(spec, oldSpec, errors)
  checkImmutable(spec.selector, oldSpec.selector, specPath.child('selector'), errors)
  checkTemplateUpdate(spec, oldSpec, old, errors)
  for (const field of [
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ] as const)
    checkImmutable(spec[field], oldSpec[field], specPath.child(field), errors)
  return errors
}

function checkMetadataAgain({ metadata }: KubeObject, old: KubeObject, errors: Errors): void {
  const path = root('metadata')
  errors.push(...validateObjectMetaUpdate(metadata, old.metadata, path))
  for (const [index, name] of ((metadata['finalizers'] ?? []) as string[]).entries())
    checkStandardFinalizer(name, path.child('finalizers').index(index), errors)
}

/** Indexed Jobs can be scaled, and then finish with as many completions as they run pods. */
function checkCompletions(spec: JobSpec, before: JobSpec, errors: Errors): void {
  const path = specPath.child('completions')
  if (spec.completionMode !== 'Indexed') checkImmutable(spec.completions, before.completions, path, errors)
  else if (
    spec.completions !== undefined &&
    spec.completions !== before.completions &&
    spec.completions !== spec.parallelism
  )
    errors.push(invalid(path, spec.completions, 'can only be modified in tandem with spec.parallelism'))
}

const schedulingFields = ['nodeSelector', 'tolerations', 'schedulingGates']

/** A Job that is suspended may be given another place before it starts, and other sizes while nothing of it runs. */
function checkTemplateUpdate(spec: JobSpec, before: JobSpec, old: KubeObject, errors: Errors): void {
  const template: Record<string, any> = spec.template ?? {}
  let expected: Record<string, any> = before.template ?? {}
  const suspended = before.suspend === true
  if (suspended && old['status']?.startTime === undefined) expected = withScheduling(expected, template)
  const path = specPath.child('template')
  if (!suspended || (old['status']?.active ?? 0) > 0) {
    if (!normalEqual(template, expected)) errors.push(invalid(path, template, 'field is immutable'))
    return
  }
  const sized = withSizes(expected['spec'], template['spec'])
  if (!normalEqual(template['spec'], sized))
    errors.push(invalid(specPath.child('template.spec'), template['spec'] ?? null, 'field is immutable'))
}

function withScheduling(old: Record<string, any>, next: Record<string, any>): Record<string, any> {
  const { labels, annotations } = next['metadata'] ?? {}
  const of: Record<string, any> = next['spec'] ?? {}
  const spec = { ...old['spec'] }
  for (const field of schedulingFields) spec[field] = of[field]
  const affinity = { ...spec['affinity'], nodeAffinity: of['affinity']?.nodeAffinity }
  spec['affinity'] = Object.values(affinity).some(part => part !== undefined) ? affinity : undefined
  return { ...old, metadata: { ...old['metadata'], labels, annotations }, spec }
}

function withSizes(old: Record<string, any> = {}, next: Record<string, any> = {}): Record<string, any> {
  const spec = { ...old }
  for (const list of ['containers', 'initContainers']) {
    const [before, after]: Record<string, any>[][] = [old[list] ?? [], next[list] ?? []]
    if (before!.length !== after!.length) continue
    spec[list] = before!.map((container, index) =>
      container['name'] === after![index]!['name']
        ? { ...container, resources: after![index]!['resources'] }
        : container,
    )
  }
  return spec
}
