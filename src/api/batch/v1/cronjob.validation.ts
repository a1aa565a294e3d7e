// What a CronJob may say (upstream: pkg/apis/batch/validation).

import { type FieldError, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import { isTimeZone } from '../../../machinery/time-zone.ts'
import { checkNonnegative, checkOneOf, type Errors } from '../../../machinery/validation/field-checks.ts'
import type { KubeObject } from '../../resource.ts'
import { cronProblem } from './cron-schedule.ts'
import type { CronJobSpec } from './cronjob.ts'
import type { JobSpec } from './job.ts'
import { checkJobSpec } from './job.validation.ts'

const specPath = root('spec')
const longestName = 52

function check(cronJob: KubeObject, old: KubeObject | undefined, errors: Errors): void {
  const spec = cronJob['spec'] as CronJobSpec
  const before = old?.['spec'] as CronJobSpec | undefined
  const path = specPath.child('schedule')
  const { schedule = '', timeZone } = spec
  if (schedule === '') errors.push(required(path))
  else {
    const problem = cronProblem(schedule)
    if (problem) errors.push(invalid(path, schedule, problem))
    if (schedule.includes('TZ')) {
      if (!before?.schedule?.includes('TZ'))
        errors.push(invalid(path, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'))
      else if (timeZone !== undefined)
        errors.push(invalid(path, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'))
    }
  }
  checkNonnegative(spec.startingDeadlineSeconds, specPath, 'startingDeadlineSeconds', errors)
  if (timeZone !== undefined && timeZone !== before?.timeZone) checkTimeZone(timeZone, errors)
  checkOneOf(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], specPath, 'concurrencyPolicy', errors)
  const template = (spec.jobTemplate?.spec ?? {}) as JobSpec
  const at = specPath.child('jobTemplate', 'spec')
  checkJobSpec(template, at, errors)
  if (template.selector)
    errors.push(invalid(at.child('selector'), template.selector, '`selector` will be auto-generated'))
  if (template.manualSelector === true) errors.push(notSupported(at.child('manualSelector'), true, ['nil', 'false']))
  checkNonnegative(spec.successfulJobsHistoryLimit, specPath, 'successfulJobsHistoryLimit', errors)
  checkNonnegative(spec.failedJobsHistoryLimit, specPath, 'failedJobsHistoryLimit', errors)
}

export function validateCronJob(cronJob: KubeObject): FieldError[] {
  const errors: Errors = []
  check(cronJob, undefined, errors)
  // Its Jobs' names are 11 characters longer.
  if ((cronJob.metadata.name ?? '').length > longestName)
    errors.push(
      invalid(root('metadata', 'name'), cronJob.metadata.name, `must be no more than ${longestName} characters`),
    )
  return errors
}

export function validateCronJobUpdate(cronJob: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  check(cronJob, old, errors)
  return errors
}

function checkTimeZone(name: string, errors: Errors): void {
  const path = specPath.child('timeZone')
  if (name === '') {
    errors.push(invalid(path, name, 'timeZone must be nil or non-empty string'))
    return
  }
  const unknown = `unknown time zone ${name}`
  const parts = name.split('/')
  if (parts.some(part => part === '.' || part === '..' || !/^[A-Za-z._0-9+][A-Za-z._0-9+-]{0,13}$/.test(part))) {
    errors.push(invalid(path, name, unknown))
    return
  }
  if (name.toLowerCase() === 'local')
    errors.push(
      invalid(path, name, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'),
    )
  if (name !== 'Local' && !isTimeZone(name)) errors.push(invalid(path, name, unknown))
}
