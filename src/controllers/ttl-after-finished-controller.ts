// Deletes Jobs some time after they have finished, where their ttlSecondsAfterFinished says so (KEP-592).

import { type Job, jobs } from '../api/batch/v1/job.ts'
import { controller } from '../client/controller.ts'
import { splitKey } from '../client/object-key.ts'
import { exponentialBuckets, type Histogram } from '../machinery/metrics/metrics.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { timeOf } from '../machinery/time.ts'
import { finishedCondition } from './job/job-controller.ts'

/** When the Job is to go, in milliseconds since the epoch; undefined for one that stays. */
function expiry(job: Job): number | undefined {
  const { ttlSecondsAfterFinished } = job.spec
  const finished = finishedCondition(job)
  if (ttlSecondsAfterFinished === undefined || !finished || job.metadata.deletionTimestamp) return undefined
  const finishedAt = timeOf(finished.lastTransitionTime)
  return finishedAt === undefined ? undefined : finishedAt + ttlSecondsAfterFinished * 1000
}

interface State {
  /** Seconds from when a Job was due until it was deleted. */
  readonly delays: Histogram
}

export const ttlAfterFinishedController = controller<Job, State>({
  name: 'ttl-after-finished-controller',
  reconciles: jobs,
  concurrency: 5,
  state: ({ metrics }) => ({
    delays: metrics
      .histogram({
        name: 'ttl_after_finished_controller_job_deletion_duration_seconds',
        stability: 'ALPHA',
        help: 'The time it took to delete the job since it became eligible for deletion',
        buckets: exponentialBuckets(0.1, 2, 14),
      })
      .with(),
  }),
  filter: ({ after }) => after !== undefined && expiry(after) !== undefined,
  async reconcile(key, { lister, client, clock, state }) {
    const cached = lister(jobs).get(key)
    const due = cached && expiry(cached)
    if (due === undefined) return undefined
    if (due > clock.now()) return { requeueAfterMs: due - clock.now() }
    const { namespace, name } = splitKey(key)
    const own = client.resource(jobs).namespace(namespace)
    try {
      // Somebody may have given it more time: what is deleted is what the server has.
      const job = await own.get(name)
      const still = expiry(job)
      if (still === undefined) return undefined
      if (still > clock.now()) return { requeueAfterMs: still - clock.now() }
      await own.delete(name, { propagationPolicy: 'Foreground', preconditions: { uid: job.metadata.uid } })
      state.delays.observe((clock.now() - still) / 1000)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    return undefined
  },
})
