import { boolean, type Infer, int32, int64, list, object, ref, string, time } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { ObjectReference } from '../../core/v1/reference.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'
import { JobSpec } from './job.ts'

export const JobTemplateSpec = object('io.k8s.api.batch.v1.JobTemplateSpec', {
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, JobSpec).always(),
})
export type JobTemplateSpec = Infer<typeof JobTemplateSpec>

export const CronJobSpec = object('io.k8s.api.batch.v1.CronJobSpec', {
  schedule: string(1).required(),
  timeZone: string(8).pointer(),
  startingDeadlineSeconds: int64(2).pointer(),
  concurrencyPolicy: string(3).serverDefault('Allow').enum('Allow', 'Forbid', 'Replace'),
  suspend: boolean(4).pointer().serverDefault(false),
  jobTemplate: ref(5, JobTemplateSpec).required(),
  successfulJobsHistoryLimit: int32(6).pointer().serverDefault(3),
  failedJobsHistoryLimit: int32(7).pointer().serverDefault(1),
})
export type CronJobSpec = Infer<typeof CronJobSpec>

export const CronJobStatus = object('io.k8s.api.batch.v1.CronJobStatus', {
  active: list(1, ObjectReference).listType('atomic'),
  lastScheduleTime: time(4).pointer(),
  lastSuccessfulTime: time(5).pointer(),
})
export type CronJobStatus = Infer<typeof CronJobStatus>

export const CronJob = object('io.k8s.api.batch.v1.CronJob', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, CronJobSpec).required(),
  status: ref(3, CronJobStatus).always(),
})
export type CronJob = Infer<typeof CronJob>

export const CronJobList = listKind('io.k8s.api.batch.v1.CronJobList', CronJob)
export type CronJobList = Infer<typeof CronJobList>

export const cronJobs = resource({
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  resource: 'cronjobs',
  schema: CronJob,
  listSchema: CronJobList,
  shortNames: ['cj'],
  categories: ['all'],
  namespaced: true,
  verbs: allVerbs,
  subresources: [statusSubresource],
  columns: [
    nameColumn,
    column('Schedule', 'string', describedBy(CronJobSpec, 'schedule')),
    column('Timezone', 'string', describedBy(CronJobSpec, 'timeZone')),
    column('Suspend', 'boolean', describedBy(CronJobSpec, 'suspend')),
    column('Active', 'integer', describedBy(CronJobStatus, 'active')),
    column('Last Schedule', 'string', describedBy(CronJobStatus, 'lastScheduleTime')),
    ageColumn,
    column('Containers', 'string', 'Names of each container in the template.', { priority: 1 }),
    column('Images', 'string', 'Images referenced by each container in the template.', { priority: 1 }),
    column('Selector', 'string', describedBy(JobSpec, 'selector'), { priority: 1 }),
  ],
})
