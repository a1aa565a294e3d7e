// Which of a CronJob's times is due, and when to look again (upstream: controller/cronjob utils).

import { type CronSchedule, nextTime } from '../../api/batch/v1/cron-schedule.ts'
import type { CronJob } from '../../api/batch/v1/cronjob.ts'
import { secondsInMs } from '../../machinery/duration.ts'
import { timeOf } from '../../machinery/time.ts'

/** A look is taken this long after the time, so that it is over by then. */
const afterwardsMs = 100
/** More missed times than this are worth a warning: a clock that is wrong looks like that. */
const manyMissed = 100

export class InvalidScheduleError extends Error {}

interface Missed {
  /** Where the search began. */
  readonly since: number
  /** The last time that has passed since then. */
  readonly due?: number
  readonly count: 'none' | 'few' | 'many'
}

/** All times in milliseconds since the epoch. */
export function missedTimes(cronJob: CronJob, schedule: CronSchedule, now: number, withDeadline: boolean): Missed {
  const { startingDeadlineSeconds } = cronJob.spec
  const { lastScheduleTime } = cronJob.status
  let since = timeOf(lastScheduleTime ?? cronJob.metadata.creationTimestamp) ?? now
  // Nothing from before the deadline will be started any more.
  if (withDeadline && startingDeadlineSeconds !== undefined)
    since = Math.max(since, now - secondsInMs(startingDeadlineSeconds))
  const first = nextTime(schedule, since)
  const second = first === undefined ? undefined : nextTime(schedule, first)
  if (first !== undefined && now < first) return { since, count: 'none' }
  if (second !== undefined && now < second) return { since, due: first!, count: 'none' }
  if (first === undefined || second === undefined)
    throw new InvalidScheduleError('time difference between two schedules is less than 1 second')
  // Years of missed times are not counted one by one: near the end, and from there on.
  const interval = Math.round((second - first) / 1000) * 1000
  const missed = Math.floor((now - first) / interval) + 1
  let due: number | undefined
  let time = nextTime(schedule, first + (missed - 2) * interval)
  while (time !== undefined && time <= now) {
    due = time
    time = nextTime(schedule, time)
  }
  const count = missed > manyMissed ? 'many' : 'few'
  return due === undefined ? { since, count } : { since, due, count }
}

/** How long until the next time. */
export function untilNextTime(cronJob: CronJob, schedule: CronSchedule, now: number): number | undefined {
  const next = nextTime(schedule, lookFrom(cronJob, schedule, now))
  return next === undefined ? undefined : Math.max(0, next + afterwardsMs - now)
}

function lookFrom(cronJob: CronJob, schedule: CronSchedule, now: number): number {
  try {
    const { since, due, count } = missedTimes(cronJob, schedule, now, false)
    return due ?? (count === 'none' ? since : now)
  } catch (error) {
    if (error instanceof InvalidScheduleError) return now
    throw error
  }
}
