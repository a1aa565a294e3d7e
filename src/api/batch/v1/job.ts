import { boolean, type Infer, int32, int64, list, object, ref, string, time } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { PodTemplateSpec } from '../../core/v1/pod.ts'
import { LabelSelector } from '../../meta/v1/labelselector.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'

export const PodFailurePolicyOnExitCodesRequirement = object(
  'io.k8s.api.batch.v1.PodFailurePolicyOnExitCodesRequirement',
  {
    containerName: string(1).pointer(),
    operator: string(2).required().enum('In', 'NotIn'),
    values: list(3, 'int32').required().listType('set'),
  },
)
export type PodFailurePolicyOnExitCodesRequirement = Infer<typeof PodFailurePolicyOnExitCodesRequirement>

export const PodFailurePolicyOnPodConditionsPattern = object(
  'io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern',
  {
    type: string(1).required(),
    status: string(2).always().serverDefault('True'),
  },
)
export type PodFailurePolicyOnPodConditionsPattern = Infer<typeof PodFailurePolicyOnPodConditionsPattern>

export const PodFailurePolicyRule = object('io.k8s.api.batch.v1.PodFailurePolicyRule', {
  action: string(1).required().enum('Count', 'FailIndex', 'FailJob', 'Ignore'),
  onExitCodes: ref(2, PodFailurePolicyOnExitCodesRequirement),
  onPodConditions: list(3, PodFailurePolicyOnPodConditionsPattern).listType('atomic'),
})
export type PodFailurePolicyRule = Infer<typeof PodFailurePolicyRule>

export const PodFailurePolicy = object('io.k8s.api.batch.v1.PodFailurePolicy', {
  rules: list(1, PodFailurePolicyRule).required().listType('atomic'),
})
export type PodFailurePolicy = Infer<typeof PodFailurePolicy>

export const SuccessPolicyRule = object('io.k8s.api.batch.v1.SuccessPolicyRule', {
  succeededIndexes: string(1).pointer(),
  succeededCount: int32(2).pointer(),
})
export type SuccessPolicyRule = Infer<typeof SuccessPolicyRule>

export const SuccessPolicy = object('io.k8s.api.batch.v1.SuccessPolicy', {
  rules: list(1, SuccessPolicyRule).required().listType('atomic'),
})
export type SuccessPolicy = Infer<typeof SuccessPolicy>

export const JobSpec = object('io.k8s.api.batch.v1.JobSpec', {
  parallelism: int32(1).pointer(),
  completions: int32(2).pointer(),
  activeDeadlineSeconds: int64(3).pointer(),
  podFailurePolicy: ref(11, PodFailurePolicy),
  successPolicy: ref(16, SuccessPolicy),
  backoffLimit: int32(7).pointer(),
  backoffLimitPerIndex: int32(12).pointer(),
  maxFailedIndexes: int32(13).pointer(),
  selector: ref(4, LabelSelector),
  manualSelector: boolean(5).pointer(),
  template: ref(6, PodTemplateSpec).required(),
  ttlSecondsAfterFinished: int32(8).pointer(),
  completionMode: string(9).pointer().enum('Indexed', 'NonIndexed'),
  suspend: boolean(10).pointer(),
  podReplacementPolicy: string(14).pointer().enum('Failed', 'TerminatingOrFailed'),
  managedBy: string(15).pointer(),
})
export type JobSpec = Infer<typeof JobSpec>

export const JobCondition = object('io.k8s.api.batch.v1.JobCondition', {
  type: string(1).required(),
  status: string(2).required(),
  lastProbeTime: time(3).always(),
  lastTransitionTime: time(4).always(),
  reason: string(5),
  message: string(6),
})
export type JobCondition = Infer<typeof JobCondition>

export const UncountedTerminatedPods = object('io.k8s.api.batch.v1.UncountedTerminatedPods', {
  succeeded: list(1, 'string').listType('set'),
  failed: list(2, 'string').listType('set'),
})
export type UncountedTerminatedPods = Infer<typeof UncountedTerminatedPods>

export const JobStatus = object('io.k8s.api.batch.v1.JobStatus', {
  conditions: list(1, JobCondition).listType('atomic').patchStrategy('merge').mergeKey('type'),
  startTime: time(2).pointer(),
  completionTime: time(3).pointer(),
  active: int32(4),
  succeeded: int32(5),
  failed: int32(6),
  terminating: int32(11).pointer(),
  completedIndexes: string(7),
  failedIndexes: string(10).pointer(),
  uncountedTerminatedPods: ref(8, UncountedTerminatedPods),
  ready: int32(9).pointer(),
})
export type JobStatus = Infer<typeof JobStatus>

export const Job = object('io.k8s.api.batch.v1.Job', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, JobSpec).always(),
  status: ref(3, JobStatus).always(),
})
export type Job = Infer<typeof Job>

export const JobList = listKind('io.k8s.api.batch.v1.JobList', Job)
export type JobList = Infer<typeof JobList>

export const jobs = resource({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  resource: 'jobs',
  schema: Job,
  listSchema: JobList,
  categories: ['all'],
  namespaced: true,
  verbs: allVerbs,
  subresources: [statusSubresource],
  columns: [
    nameColumn,
    column('Status', 'string', 'Status of the job.'),
    column('Completions', 'string', describedBy(JobStatus, 'succeeded')),
    column('Duration', 'string', 'Time required to complete the job.'),
    ageColumn,
    column('Containers', 'string', 'Names of each container in the template.', { priority: 1 }),
    column('Images', 'string', 'Images referenced by each container in the template.', { priority: 1 }),
    column('Selector', 'string', describedBy(JobSpec, 'selector'), { priority: 1 }),
  ],
  selectableFields: { 'status.successful': job => String(job.status.succeeded ?? 0) },
})
