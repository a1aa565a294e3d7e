// Jobs and CronJobs. A deleted Job leaves its pods behind unless it is told otherwise: so its first version did.

import { cronJobWarnings, jobWarnings } from '../../../api/apps/v1/workload.warnings.ts'
import { validateCronJob, validateCronJobUpdate } from '../../../api/batch/v1/cronjob.validation.ts'
import { validateJob, validateJobUpdate } from '../../../api/batch/v1/job.validation.ts'
import { validateJobStatusUpdate } from '../../../api/batch/v1/jobstatus.validation.ts'
import type { KubeObject } from '../../../api/resource.ts'
import type { Strategy } from '../strategy.ts'
import { dropDisabledPodFields } from './disabled-fields.ts'

const controllerUID = ['batch.kubernetes.io/controller-uid', 'controller-uid']
const jobName = ['batch.kubernetes.io/job-name', 'job-name']

/** A Job's pods are told from others by its uid, unless its author takes care of the selector. */
export function generateSelector(job: KubeObject): void {
  const spec = job['spec'] as Record<string, any>
  if (spec['manualSelector'] === true) return
  const { uid = '', name = '' } = job.metadata
  spec['template'] ??= {}
  spec['template'].metadata ??= {}
  const { metadata } = spec['template']
  const labels: Record<string, string> = { ...metadata.labels }
  for (const key of controllerUID) labels[key] ??= uid
  for (const key of jobName) labels[key] ??= name
  metadata.labels = labels
  spec['selector'] ??= {}
  const selector = spec['selector']
  selector.matchLabels = { ...selector.matchLabels }
  selector.matchLabels[controllerUID[0]!] ??= uid
}

const podSpecOf = (cronJob: KubeObject) => cronJob['spec'].jobTemplate?.spec?.template?.spec

export const batchStrategies: Readonly<Record<string, Strategy>> = {
  'jobs.batch': {
    tracksGeneration: true,
    defaultPropagation: 'Orphan',
    unsaidPropagationWarning:
      'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
    prepareForCreate(job) {
      generateSelector(job)
      // As the default of an object that is read: those of the template, which may just have got its first.
      const { labels } = job['spec'].template?.metadata ?? {}
      if (labels && Object.keys(job.metadata['labels'] ?? {}).length === 0) job.metadata['labels'] = { ...labels }
      dropDisabledPodFields(job['spec'].template?.spec)
    },
    prepareForUpdate: (job, old) => dropDisabledPodFields(job['spec'].template?.spec, old['spec'].template?.spec),
    validate: validateJob,
    validateUpdate: validateJobUpdate,
    validateStatusUpdate: validateJobStatusUpdate,
    warnings: jobWarnings,
  },
  'cronjobs.batch': {
    tracksGeneration: true,
    defaultPropagation: 'Background',
    prepareForCreate: cronJob => dropDisabledPodFields(podSpecOf(cronJob)),
    prepareForUpdate: (cronJob, old) => dropDisabledPodFields(podSpecOf(cronJob), podSpecOf(old)),
    validate: validateCronJob,
    validateUpdate: validateCronJobUpdate,
    warnings: cronJobWarnings,
  },
}
