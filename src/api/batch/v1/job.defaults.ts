import { defaulter } from '../../defaulter.ts'
import { Job } from './job.ts'

const maxInt32 = 2 ** 31 - 1

export const jobDefaults = [
  // In a Job, but not in the jobTemplate of a CronJob.
  defaulter(Job, ({ metadata, spec }) => {
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
    spec.parallelism ??= 1
    spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : maxInt32
    const labels = spec.template.metadata?.labels
    if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels }
    spec.completionMode ??= 'NonIndexed'
    spec.suspend ??= false
    spec.manualSelector ??= false
    spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed'
  }),
]
