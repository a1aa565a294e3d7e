// What Jobs and CronJobs may say (upstream: pkg/apis/batch/validation).

import { semanticEqual } from '../../../machinery/deep-equal.ts'
import { type FieldError, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { quote } from '../../../machinery/go-text.ts'
import { labelSelectorFrom } from '../../../machinery/labels.ts'
import { isTimeZone } from '../../../machinery/time-zone.ts'
import {
  checkImmutable,
  checkNonnegative,
  checkOneOf,
  type Errors,
} from '../../../machinery/validation/field-checks.ts'
import { validateLabelSelector } from '../../../machinery/validation/labels.ts'
import { checkSelected } from '../../apps/v1/workload.validation.ts'
import type { PodTemplateSpec } from '../../core/v1/pod.ts'
import { checkPodTemplate } from '../../core/v1/pod.validation.ts'
import type { KubeObject } from '../../resource.ts'
import { cronProblem } from './cron-schedule.ts'
import type { CronJobSpec } from './cronjob.ts'
import type { JobSpec } from './job.ts'

const specPath = root('spec')
const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const

function checkJobSpec(spec: JobSpec, path: FieldPath, errors: Errors): void {
  for (const field of counts) checkNonnegative(spec[field], path, field, errors)
  const { completionMode, completions } = spec
  if (completionMode !== undefined) {
    if (completionMode !== 'NonIndexed' && completionMode !== 'Indexed')
      errors.push(notSupported(path.child('completionMode'), completionMode, ['NonIndexed', 'Indexed']))
    if (completionMode === 'Indexed' && completions === undefined)
      errors.push(required(path.child('completions'), 'when completion mode is Indexed'))
  }
  if (completionMode !== 'Indexed') {
    if (spec.backoffLimitPerIndex !== undefined)
      errors.push(
        invalid(path.child('backoffLimitPerIndex'), spec.backoffLimitPerIndex, 'requires indexed completion mode'),
      )
    if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
      errors.push(required(path.child('backoffLimitPerIndex'), 'when maxFailedIndexes is specified'))
  }
  const template = spec.template ?? ({} as PodTemplateSpec)
  const at = path.child('template')
  checkPodTemplate(template, at, errors)
  const restartPolicy = template.spec?.restartPolicy ?? ''
  const restartPath = at.child('spec', 'restartPolicy')
  // What is left out is Always, too.
  if (restartPolicy === 'Always' || restartPolicy === '')
    errors.push(required(restartPath, 'valid values: ["OnFailure" "Never"]'))
  else if (restartPolicy !== 'OnFailure' && restartPolicy !== 'Never')
    errors.push(notSupported(restartPath, restartPolicy, ['OnFailure', 'Never']))
  else if (spec.podFailurePolicy && restartPolicy !== 'Never')
    errors.push(
      invalid(restartPath, restartPolicy, `only ${quote('Never')} is supported when podFailurePolicy is specified`),
    )
}

const uidLabels = ['batch.kubernetes.io/controller-uid', 'controller-uid']
const nameLabels = ['batch.kubernetes.io/job-name', 'job-name']

function checkGeneratedSelector(job: KubeObject, errors: Errors): void {
  const spec = job['spec'] as JobSpec
  if (spec.manualSelector === true || !spec.selector) return
  const { uid = '', name = '' } = job.metadata
  const labels: Record<string, string> = spec.template?.metadata?.labels ?? {}
  const path = specPath.child('template', 'metadata', 'labels')
  const expected: Record<string, string> = {}
  for (const [keys, value] of [
    [uidLabels, uid],
    [nameLabels, name],
  ] as const)
    for (const key of keys) {
      expected[key] = value
      if (labels[key] === undefined) errors.push(required(path.key(key), `must be '${value}'`))
      else if (labels[key] !== value) errors.push(invalid(path.key(key), labels, `must be '${value}'`))
    }
  try {
    if (!labelSelectorFrom(spec.selector).matches(expected))
      errors.push(invalid(specPath.child('selector'), spec.selector, '`selector` not auto-generated'))
  } catch {
    // Said with the selector itself.
  }
}

export function validateJob(job: KubeObject): FieldError[] {
  const errors: Errors = []
  const spec = job['spec'] as JobSpec
  checkGeneratedSelector(job, errors)
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
  return errors
}

/** What of a suspended Job's template may still be changed: where its pods go. */
const schedulingFields = ['nodeSelector', 'affinity', 'tolerations', 'schedulingGates']

function withoutScheduling(template: PodTemplateSpec | undefined): unknown {
  const {
    labels: _labels,
    annotations: _annotations,
    ...metadata
  } = (template?.metadata ?? {}) as Record<string, unknown>
  const spec = Object.fromEntries(
    Object.entries(template?.spec ?? {}).filter(([field]) => !schedulingFields.includes(field)),
  )
  return { metadata, spec }
}

export function validateJobUpdate(job: KubeObject, old: KubeObject): FieldError[] {
  const errors = validateJob(job)
  const [spec, before] = [job['spec'] as JobSpec, old['spec'] as JobSpec]
  const elastic =
    spec.completionMode === 'Indexed' &&
    spec.completions !== undefined &&
    spec.completions === spec.parallelism &&
    before.completions !== undefined
  if (!elastic) checkImmutable(spec.completions, before.completions, specPath.child('completions'), errors)
  checkImmutable(spec.selector, before.selector, specPath.child('selector'), errors)
  const waiting = before.suspend === true && old['status']?.startTime === undefined
  if (!(waiting && semanticEqual(withoutScheduling(spec.template), withoutScheduling(before.template))))
    checkImmutable(spec.template, before.template, specPath.child('template'), errors)
  for (const field of [
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ] as const)
    checkImmutable(spec[field], before[field], specPath.child(field), errors)
  return errors
}

export function validateJobStatusUpdate(job: KubeObject): FieldError[] {
  const errors: Errors = []
  for (const field of ['active', 'succeeded', 'failed', 'ready', 'terminating'])
    checkNonnegative(job['status']?.[field], root('status'), field, errors)
  return errors
}

const longestCronJobName = 52

export function validateCronJob(cronJob: KubeObject): FieldError[] {
  const errors: Errors = []
  const spec = cronJob['spec'] as CronJobSpec
  const path = specPath.child('schedule')
  const { schedule = '', timeZone } = spec
  if (schedule === '') errors.push(required(path))
  else {
    const problem = cronProblem(schedule)
    if (problem) errors.push(invalid(path, schedule, problem))
    if (schedule.includes('TZ') && timeZone !== undefined)
      errors.push(invalid(path, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'))
    else if (schedule.includes('TZ'))
      errors.push(invalid(path, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'))
  }
  checkNonnegative(spec.startingDeadlineSeconds, specPath, 'startingDeadlineSeconds', errors)
  if (timeZone !== undefined && (timeZone.toLowerCase() === 'local' || !isTimeZone(timeZone)))
    errors.push(
      invalid(
        specPath.child('timeZone'),
        timeZone,
        timeZone === '' ? 'timeZone must be nil or non-empty string' : `unknown time zone ${timeZone}`,
      ),
    )
  checkOneOf(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], specPath, 'concurrencyPolicy', errors)
  const template = (spec.jobTemplate?.spec ?? {}) as JobSpec
  const at = specPath.child('jobTemplate', 'spec')
  checkJobSpec(template, at, errors)
  if (template.selector)
    errors.push(invalid(at.child('selector'), template.selector, '`selector` will be auto-generated'))
  if (template.manualSelector === true) errors.push(notSupported(at.child('manualSelector'), true, ['nil', 'false']))
  checkNonnegative(spec.successfulJobsHistoryLimit, specPath, 'successfulJobsHistoryLimit', errors)
  checkNonnegative(spec.failedJobsHistoryLimit, specPath, 'failedJobsHistoryLimit', errors)
  if ((cronJob.metadata.name ?? '').length > longestCronJobName)
    errors.push(
      invalid(root('metadata', 'name'), cronJob.metadata.name, `must be no more than ${longestCronJobName} characters`),
    )
  return errors
}
