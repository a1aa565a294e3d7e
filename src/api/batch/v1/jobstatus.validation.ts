// What a Job's controller, ours or another (KEP-4368), may say of it. Most rules are only asked of what changes: a status
// that is wrong already does not stand in the way of others.

import { deepEqual } from '../../../machinery/deep-equal.ts'
import { duplicate, type FieldError, invalid, omitValue, required } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { checkNonnegative, type Errors } from '../../../machinery/validation/field-checks.ts'
import type { KubeObject } from '../../resource.ts'
import { countIndexes, overlap } from './completion-indexes.ts'
import type { JobSpec, JobStatus } from './job.ts'

const path = root('status')
const conditionsPath = path.child('conditions')
const conditionTypes = ['Complete', 'Failed', 'FailureTarget', 'SuccessCriteriaMet'] as const
type States = Record<(typeof conditionTypes)[number] | 'finished', boolean>

function statesOf(status: JobStatus): States {
  const isTrue = (type: string): boolean =>
    status.conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false
  const states = Object.fromEntries(conditionTypes.map(type => [type, isTrue(type)])) as States
  states.finished = states.Complete || states.Failed
  return states
}

export function validateJobStatusUpdate(job: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  const spec = job['spec'] as JobSpec
  const [next, before] = [(job['status'] ?? {}) as JobStatus, (old['status'] ?? {}) as JobStatus]
  const [is, was] = [statesOf(next), statesOf(before)]
  const changed = (...fields: (keyof JobStatus)[]): boolean =>
    fields.some(field => !deepEqual(next[field] ?? 0, before[field] ?? 0))
  const turned = (...states: (keyof States)[]): boolean => states.some(state => is[state] !== was[state])
  for (const field of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const)
    checkNonnegative(next[field], path, field, errors)
  checkUncounted(next, errors)
  checkConditions(is, turned, errors)
  checkTimes(next, is, changed, turned, errors)
  checkNecessary(is, turned, errors)
  checkFinished(spec, next, is, changed, turned, errors)
  checkIndexes(spec, next, changed, errors)
  if (is.finished && (turned('finished') || changed('terminating')) && (next.terminating ?? 0) > 0)
    errors.push(invalid(path.child('terminating'), next.terminating, 'terminating>0 is invalid for finished job'))
  if (changed('ready', 'active') && (next.ready ?? 0) > (next.active ?? 0))
    errors.push(invalid(path.child('ready'), next.ready, 'cannot set more ready pods than active'))
  for (const type of ['Failed', 'FailureTarget'] as const)
    if (is.SuccessCriteriaMet && is[type])
      condition(
        type === 'Failed'
          ? 'cannot set SuccessCriteriaMet=True and Failed=true conditions'
          : 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions',
        errors,
      )
  if (spec.successPolicy && !is.SuccessCriteriaMet && is.Complete)
    condition('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True', errors)
  checkTransition(spec, next, before, is, was, errors)
  return errors
}

function condition(detail: string, errors: Errors): void {
  errors.push(invalid(conditionsPath, omitValue, detail))
}

function checkUncounted({ uncountedTerminatedPods: pods }: JobStatus, errors: Errors): void {
  const seen = new Set<string>()
  for (const list of ['succeeded', 'failed'] as const)
    for (const [index, uid] of (pods?.[list] ?? []).entries()) {
      const at = path.child('uncountedTerminatedPods', list).index(index)
      if (uid === '') errors.push(invalid(at, uid, 'must not be empty'))
      else if (seen.has(uid)) errors.push(duplicate(at, uid))
      seen.add(uid)
    }
}

type Turned = (...states: (keyof States)[]) => boolean
type Changed = (...fields: (keyof JobStatus)[]) => boolean

function checkConditions(is: States, turned: Turned, errors: Errors): void {
  if (turned('Complete', 'Failed') && is.Complete && is.Failed)
    condition('cannot set Complete=True and Failed=true conditions', errors)
  if (turned('Complete', 'FailureTarget') && is.Complete && is.FailureTarget)
    condition('cannot set Complete=True and FailureTarget=true conditions', errors)
}

function checkTimes(next: JobStatus, is: States, changed: Changed, turned: Turned, errors: Errors): void {
  const { startTime, completionTime } = next
  const at = path.child('completionTime')
  if (turned('Complete') || changed('completionTime')) {
    if (completionTime !== undefined && !is.Complete)
      errors.push(invalid(at, completionTime, 'cannot set completionTime when there is no Complete=True condition'))
    if (completionTime === undefined && is.Complete)
      errors.push(required(at, 'completionTime is required for Complete jobs'))
  }
  if (changed('startTime', 'completionTime') && startTime && completionTime && completionTime < startTime)
    errors.push(invalid(at, completionTime, 'must be equal to or after `startTime`'))
}

function checkNecessary(is: States, turned: Turned, errors: Errors): void {
  if (turned('Failed', 'FailureTarget') && is.Failed && !is.FailureTarget)
    condition('cannot set Failed=True condition without the FailureTarget=true condition', errors)
  if (turned('Complete', 'SuccessCriteriaMet') && is.Complete && !is.SuccessCriteriaMet)
    condition('cannot set Complete=True condition without the SuccessCriteriaMet=true condition', errors)
}

function checkFinished(
  spec: JobSpec,
  next: JobStatus,
  is: States,
  changed: Changed,
  turned: Turned,
  errors: Errors,
): void {
  if (!is.finished) return
  const finished = turned('finished')
  if ((finished || changed('active')) && (next.active ?? 0) > 0)
    errors.push(invalid(path.child('active'), next.active, 'active>0 is invalid for finished job'))
  const nothingToDo = spec.suspend === true && spec.completions === 0
  if ((finished || changed('startTime')) && !nothingToDo && next.startTime === undefined)
    errors.push(required(path.child('startTime'), 'startTime is required for finished job'))
  const pods = next.uncountedTerminatedPods
  if (
    (finished || changed('uncountedTerminatedPods')) &&
    (pods?.failed?.length ?? 0) + (pods?.succeeded?.length ?? 0) > 0
  )
    errors.push(invalid(path.child('uncountedTerminatedPods'), pods, 'must be empty for finished job'))
}

function checkIndexes(spec: JobSpec, next: JobStatus, changed: Changed, errors: Errors): void {
  const { completedIndexes = '', failedIndexes } = next
  const { completions, backoffLimitPerIndex } = spec
  const list = (text: string, at: FieldPath, field: string): void => {
    const found = countIndexes(text, completions!)
    if (typeof found === 'string') errors.push(invalid(at, text, `error parsing ${field}: ${found}`))
  }
  const completed = changed('completedIndexes')
  const failed = changed('failedIndexes')
  const completedPath = path.child('completedIndexes')
  const failedPath = path.child('failedIndexes')
  if (completed && completions !== undefined) list(completedIndexes, completedPath, 'completedIndexes')
  if (failed && completions !== undefined && backoffLimitPerIndex !== undefined && failedIndexes !== undefined)
    list(failedIndexes, failedPath, 'failedIndexes')
  if (completed && completedIndexes !== '' && spec.completionMode !== 'Indexed')
    errors.push(
      invalid(
        completedPath,
        completedIndexes,
        'cannot set non-empty completedIndexes when non-indexed completion mode',
      ),
    )
  if (failed && backoffLimitPerIndex === undefined && failedIndexes !== undefined)
    errors.push(
      invalid(failedPath, failedIndexes, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'),
    )
  if ((failed || completed) && completions !== undefined && failedIndexes !== undefined) {
    const both = overlap(completedIndexes, failedIndexes, completions)
    if (both !== undefined)
      errors.push(invalid(failedPath, failedIndexes, `failedIndexes and completedIndexes overlap at index: ${both}`))
  }
}

function checkTransition(
  spec: JobSpec,
  next: JobStatus,
  before: JobStatus,
  is: States,
  was: States,
  errors: Errors,
): void {
  for (const type of ['Failed', 'Complete', 'FailureTarget'] as const)
    if (was[type] && !is[type]) condition(`cannot disable the terminal ${type}=True condition`, errors)
  if ((next.failed ?? 0) < (before.failed ?? 0))
    errors.push(invalid(path.child('failed'), next.failed ?? 0, 'cannot decrease the failed counter'))
  // An indexed Job that is scaled down forgets what is beyond.
  const elastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism
  if (!elastic && (next.succeeded ?? 0) < (before.succeeded ?? 0))
    errors.push(invalid(path.child('succeeded'), next.succeeded ?? 0, 'cannot decrease the succeeded counter'))
  const completed = next.completionTime
  if (completed !== undefined && before.completionTime !== undefined && completed !== before.completionTime)
    errors.push(invalid(path.child('completionTime'), completed, 'field is immutable'))
  if (before.startTime !== undefined && before.startTime !== next.startTime && spec.suspend !== true)
    errors.push(
      invalid(path.child('startTime'), next.startTime ?? null, 'field is immutable for unsuspended job once set'),
    )
  if (was.SuccessCriteriaMet && !is.SuccessCriteriaMet)
    condition('cannot disable the SuccessCriteriaMet=True condition', errors)
  if (was.Complete && !was.SuccessCriteriaMet && is.SuccessCriteriaMet)
    condition('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions', errors)
}
