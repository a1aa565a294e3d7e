import { formatLabelSelector } from '../../../machinery/labels.ts'
import { ageCell, containerCells, sinceCell } from '../../cells.ts'
import type { CronJob } from './cronjob.ts'

export function cronJobCells(cronJob: CronJob, now: number): unknown[] {
  const { spec, status } = cronJob
  const job = spec.jobTemplate.spec
  return [
    cronJob.metadata.name,
    spec.schedule,
    spec.timeZone ?? '<none>',
    // Text, although the column is a boolean's.
    spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False',
    status.active?.length ?? 0,
    status.lastScheduleTime ? sinceCell(status.lastScheduleTime, now) : '<none>',
    ageCell(cronJob, now),
    ...containerCells(job.template),
    formatLabelSelector(job.selector),
  ]
}
