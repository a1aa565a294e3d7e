// Creates a Job at each time of a schedule, and keeps only so many finished ones.
//
// Comes in: CronJobs and the Jobs that they control. Goes out: Jobs, named after the CronJob and the minute, so that the
// same time never starts two; and the status, which says what runs and when it was last started.

import { CronError, type CronSchedule, parseCronSchedule } from '../../api/batch/v1/cron-schedule.ts'
import { type CronJob, cronJobs } from '../../api/batch/v1/cronjob.ts'
import { type Job, jobs } from '../../api/batch/v1/job.ts'
import type { ObjectReference } from '../../api/core/v1/reference.ts'
import { type ControllerContext, controller, controllerOf, controllerReference } from '../../client/controller.ts'
import { referenceTo } from '../../client/object-reference.ts'
import { semanticEqual } from '../../machinery/deep-equal.ts'
import { secondsInMs } from '../../machinery/duration.ts'
import { quote } from '../../machinery/go-text.ts'
import { exponentialBuckets, type Histogram } from '../../machinery/metrics/metrics.ts'
import { hasStatusCause, isAlreadyExists, isNotFound } from '../../machinery/status-error.ts'
import { formatTime, timeOf } from '../../machinery/time.ts'
import { isTimeZone, utcOffset } from '../../machinery/time-zone.ts'
import { finishedCondition } from '../job/job-controller.ts'
import { InvalidScheduleError, missedTimes, untilNextTime } from './missed-times.ts'

const scheduledTimestamp = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

type Context = ControllerContext<State>

/** What a reconcile works on: the status is its own, and written at the end if it has changed. */
interface Work {
  readonly cronJob: CronJob
  active: ObjectReference[]
  lastScheduleTime: string | undefined
  lastSuccessfulTime: string | undefined
}

interface State {
  /** Seconds from when a Job was due until it was created. */
  readonly skews: Histogram
}

export const cronJobController = controller<CronJob, State>({
  name: 'cronjob-controller',
  reconciles: cronJobs,
  owns: [jobs],
  concurrency: 5,
  state: ({ metrics }) => ({
    skews: metrics
      .histogram({
        name: 'cronjob_controller_job_creation_skew_duration_seconds',
        stability: 'STABLE',
        help: 'Time between when a cronjob is scheduled to be run, and when the corresponding job is created',
        buckets: exponentialBuckets(1, 2, 10),
      })
      .with(),
  }),
  async reconcile(key, context) {
    const cronJob = context.lister(cronJobs).get(key)
    if (!cronJob) return undefined
    const { active = [], lastScheduleTime, lastSuccessfulTime } = cronJob.status
    const work: Work = { cronJob, active: [...active], lastScheduleTime, lastSuccessfulTime }
    const owned = context
      .lister(jobs)
      .listNamespace(cronJob.metadata.namespace ?? '')
      .filter(job => controllerOf(job)?.uid === cronJob.metadata.uid)
    try {
      // First: Jobs that have ended may be what keeps the next from being made, by a quota.
      await removeOld(work, owned, context)
      await takeNote(work, owned, context)
      const requeueAfterMs = cronJob.metadata.deletionTimestamp ? undefined : await startDue(work, context)
      return requeueAfterMs === undefined ? undefined : { requeueAfterMs }
    } finally {
      await writeStatus(work, context)
    }
  },
})

/** Jobs that have ended leave the list of what runs; so do those that are no longer there. */
async function takeNote(work: Work, owned: readonly Job[], { client, events }: Context): Promise<void> {
  const { cronJob } = work
  for (const job of owned) {
    const listed = work.active.some(({ uid }) => uid === job.metadata.uid)
    const finished = finishedCondition(job)
    if (!finished) {
      if (listed) continue
      const fresh = await client
        .resource(cronJobs)
        .namespace(cronJob.metadata.namespace)
        .get(cronJob.metadata.name ?? '')
      if (fresh.status.active?.some(({ uid }) => uid === job.metadata.uid)) work.active = [...fresh.status.active]
      else
        events.event(
          cronJob,
          'Warning',
          'UnexpectedJob',
          `Saw a job that the controller did not create or forgot: ${job.metadata.name}`,
        )
      continue
    }
    if (listed) {
      strike(work, job.metadata.uid)
      events.event(
        cronJob,
        'Normal',
        'SawCompletedJob',
        `Saw completed job: ${job.metadata.name}, condition: ${finished.type}`,
      )
    }
    const { completionTime } = job.status
    if (finished.type !== 'Complete' || !completionTime) continue
    if (!work.lastSuccessfulTime || timeOf(completionTime)! > timeOf(work.lastSuccessfulTime)!)
      work.lastSuccessfulTime = completionTime
  }
  const known = new Set(owned.map(({ metadata }) => metadata.uid))
  for (const { uid, name = '', namespace } of work.active) {
    if (known.has(uid)) continue
    // The cache may be behind: only the server knows.
    const isThere = await client
      .resource(jobs)
      .namespace(namespace)
      .get(name)
      .then(() => true, notFoundIsFalse)
    if (isThere) continue
    events.event(cronJob, 'Normal', 'MissingJob', `Active job went missing: ${name}`)
    strike(work, uid)
  }
}

/** Starts what is due; answers after how many milliseconds to look again. */
async function startDue(work: Work, context: Context): Promise<number | undefined> {
  const { clock, events, client } = context
  const { cronJob } = work
  const { metadata, spec } = cronJob
  const { timeZone, suspend, startingDeadlineSeconds, concurrencyPolicy } = spec
  if (timeZone !== undefined && !isTimeZone(timeZone)) {
    events.event(
      cronJob,
      'Warning',
      'UnknownTimeZone',
      `invalid timeZone: ${quote(timeZone)}: unknown time zone ${timeZone}`,
    )
    return undefined
  }
  if (suspend) return undefined
  const schedule = scheduleOf(cronJob, context)
  if (!schedule) return undefined
  const now = clock.now()
  const later = () => untilNextTime({ ...cronJob, status: statusOf(work) }, schedule, now)
  const due = dueTime(cronJob, schedule, now, context)
  if (due === undefined) return later()
  if (startingDeadlineSeconds !== undefined && due + secondsInMs(startingDeadlineSeconds) < now) {
    events.event(cronJob, 'Warning', 'MissSchedule', `Missed scheduled time to start a job: ${rfc1123(due)}`)
    return later()
  }
  const name = `${metadata.name}-${Math.floor(due / 60_000)}`
  const isProcessed = timeOf(work.lastScheduleTime) === due
  if (isProcessed || work.active.some(job => job.name === name && job.namespace === metadata.namespace)) return later()
  if (concurrencyPolicy === 'Forbid' && work.active.length > 0) {
    events.event(
      cronJob,
      'Normal',
      'JobAlreadyActive',
      'Not starting job because prior execution is running and concurrency policy is Forbid',
    )
    return later()
  }
  if (concurrencyPolicy === 'Replace') for (const running of [...work.active]) await replace(work, running, context)

  const wanted = jobAt(cronJob, name, due)
  let job: Job
  try {
    job = await client.resource(jobs).namespace(metadata.namespace).create(wanted)
    context.state.skews.observe(((timeOf(job.metadata.creationTimestamp) ?? now) - due) / 1000)
    events.event(cronJob, 'Normal', 'SuccessfulCreate', `Created job ${name}`)
  } catch (error) {
    if (isAlreadyExists(error)) {
      // Ours, from before a crash: then it is still to be noted. Somebody else's: then it is none of our business.
      job = await client.resource(jobs).namespace(metadata.namespace).get(name)
      if (controllerOf(job)?.uid !== metadata.uid) return undefined
      if (work.active.some(({ uid }) => uid === job.metadata.uid)) return undefined
    } else {
      if (!hasStatusCause(error, 'NamespaceTerminating'))
        events.event(cronJob, 'Warning', 'FailedCreate', `Error creating job: ${(error as Error).message}`)
      throw error
    }
  }
  work.active.push(referenceTo({ ...job, apiVersion: 'batch/v1', kind: 'Job' }))
  work.lastScheduleTime = formatTime(due)
  return later()
}

function scheduleOf(cronJob: CronJob, { events }: Context): CronSchedule | undefined {
  const { schedule, timeZone } = cronJob.spec
  if (schedule.includes('TZ'))
    events.event(
      cronJob,
      'Warning',
      'UnsupportedSchedule',
      `CRON_TZ or TZ used in schedule ${quote(schedule)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`,
    )
  try {
    return parseCronSchedule(schedule, timeZone)
  } catch (error) {
    if (!(error instanceof CronError)) throw error
    events.event(
      cronJob,
      'Warning',
      'UnparseableSchedule',
      `unparseable schedule: ${quote(schedule)} : ${error.message}`,
    )
    return undefined
  }
}

function dueTime(cronJob: CronJob, schedule: CronSchedule, now: number, { events }: Context): number | undefined {
  try {
    const { due, count } = missedTimes(cronJob, schedule, now, true)
    if (due !== undefined && count === 'many')
      events.event(
        cronJob,
        'Warning',
        'TooManyMissedTimes',
        'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
      )
    return due
  } catch (error) {
    if (!(error instanceof InvalidScheduleError)) throw error
    events.event(cronJob, 'Warning', 'InvalidSchedule', `invalid schedule: ${cronJob.spec.schedule} : ${error.message}`)
    return undefined
  }
}

async function replace(work: Work, { name = '', namespace }: ObjectReference, context: Context): Promise<void> {
  const { client, events } = context
  try {
    const job = await client.resource(jobs).namespace(namespace).get(name)
    await deleteJob(work, job, context)
  } catch (error) {
    if (isNotFound(error)) events.event(work.cronJob, 'Warning', 'FailedGet', `Get job: ${(error as Error).message}`)
    throw error
  }
}

async function deleteJob(work: Work, job: Job, { client, events }: Context): Promise<void> {
  const { name = '', namespace, uid } = job.metadata
  try {
    await client.resource(jobs).namespace(namespace).delete(name, { propagationPolicy: 'Background' })
  } catch (error) {
    events.event(work.cronJob, 'Warning', 'FailedDelete', `Deleted job: ${(error as Error).message}`)
    throw error
  }
  strike(work, uid)
  events.event(work.cronJob, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`)
}

/** Of the finished Jobs the newest stay, as many of each outcome as the spec says. */
async function removeOld(work: Work, owned: readonly Job[], context: Context): Promise<void> {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = work.cronJob.spec
  for (const [outcome, limit] of [
    ['Complete', successfulJobsHistoryLimit],
    ['Failed', failedJobsHistoryLimit],
  ] as const) {
    if (limit === undefined) continue
    const finished = owned.filter(job => finishedCondition(job)?.type === outcome).sort(byStart)
    for (const job of finished.slice(0, Math.max(0, finished.length - limit)))
      if (!job.metadata.deletionTimestamp) await deleteJob(work, job, context).catch(ignoreNotFound)
  }
}

function byStart(one: Job, other: Job): number {
  const [a, b] = [one.status.startTime, other.status.startTime]
  if (a === undefined || b === undefined) return a === b ? byName(one, other) : a === undefined ? 1 : -1
  return timeOf(a)! - timeOf(b)! || byName(one, other)
}

const byName = (one: Job, other: Job): number => ((one.metadata.name ?? '') < (other.metadata.name ?? '') ? -1 : 1)

function jobAt(cronJob: CronJob, name: string, due: number): Pick<Job, 'metadata' | 'spec'> {
  const { jobTemplate, timeZone } = cronJob.spec
  return {
    metadata: {
      name,
      namespace: cronJob.metadata.namespace,
      labels: jobTemplate.metadata.labels,
      annotations: { ...jobTemplate.metadata.annotations, [scheduledTimestamp]: localTime(due, timeZone) },
      ownerReferences: [controllerReference(cronJob, cronJobs)],
    },
    spec: jobTemplate.spec,
  }
}

/** RFC 3339, as the zone's clock shows it. */
function localTime(time: number, timeZone: string | undefined): string {
  const offset = timeZone === undefined ? 0 : utcOffset(timeZone, time) / 60_000
  if (offset === 0) return formatTime(time)
  const two = (value: number) => String(value).padStart(2, '0')
  const size = Math.abs(offset)
  return `${formatTime(time + offset * 60_000).slice(0, -1)}${offset < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}

/** Go's time.RFC1123Z, of a time in UTC. */
const rfc1123 = (time: number): string => new Date(time).toUTCString().replace('GMT', '+0000')

function strike(work: Work, uid: string | undefined): void {
  work.active = work.active.filter(job => job.uid !== uid)
}

function statusOf({ cronJob, active, lastScheduleTime, lastSuccessfulTime }: Work): CronJob['status'] {
  return {
    ...cronJob.status,
    active: active.length > 0 ? active : undefined,
    lastScheduleTime,
    lastSuccessfulTime,
  }
}

async function writeStatus(work: Work, { client }: Context): Promise<void> {
  const { cronJob } = work
  const status = statusOf(work)
  if (semanticEqual(status, cronJob.status)) return
  await client
    .resource(cronJobs)
    .namespace(cronJob.metadata.namespace)
    .updateStatus({ ...cronJob, status })
}

function notFoundIsFalse(error: unknown): false {
  if (isNotFound(error)) return false
  throw error
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error
}
