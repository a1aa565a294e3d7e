import { humanDuration } from '../../../machinery/duration.ts'
import { formatLabelSelector } from '../../../machinery/labels.ts'
import { timeOf } from '../../../machinery/time.ts'
import { ageCell, containerCells } from '../../cells.ts'
import type { Job } from './job.ts'

export function jobCells(job: Job, now: number): unknown[] {
  const { spec } = job
  return [
    job.metadata.name,
    statusCell(job),
    completionsCell(job),
    durationCell(job, now),
    ageCell(job, now),
    ...containerCells(spec.template),
    formatLabelSelector(spec.selector),
  ]
}

function statusCell({ metadata, status }: Job): string {
  const is = (type: string) => status.conditions?.find(condition => condition.type === type)?.status === 'True'
  if (is('Complete')) return 'Complete'
  if (is('Failed')) return 'Failed'
  if (metadata.deletionTimestamp) return 'Terminating'
  if (is('Suspended')) return 'Suspended'
  if (is('FailureTarget')) return 'FailureTarget'
  return is('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running'
}

function completionsCell({ spec, status }: Job): string {
  const succeeded = status.succeeded ?? 0
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`
  const parallelism = spec.parallelism ?? 0
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function durationCell({ status }: Job, now: number): string {
  const started = timeOf(status.startTime)
  return started === undefined ? '' : humanDuration((timeOf(status.completionTime) ?? now) - started)
}
