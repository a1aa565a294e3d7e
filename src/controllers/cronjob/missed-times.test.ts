import { describe, expect, test } from 'vitest'
import { parseCronSchedule } from '../../api/batch/v1/cron-schedule.ts'
import type { CronJob } from '../../api/batch/v1/cronjob.ts'
import { InvalidScheduleError, missedTimes, untilNextTime } from './missed-times.ts'

// A Thursday. Times are minutes from there.
const hour = Date.parse('2016-05-19T10:00:00Z')
const at = (minutes: number) => hour + minutes * 60_000
const day = 24 * 60

interface Case {
  readonly schedule: string
  readonly created?: number
  readonly last?: number
  /** Seconds. */
  readonly deadline?: number
}

const time = (minutes: number) => new Date(at(minutes)).toISOString()
const cronJob = ({ schedule, created = 0, last, deadline }: Case) =>
  ({
    metadata: { creationTimestamp: time(created) },
    spec: { schedule, startingDeadlineSeconds: deadline },
    status: { lastScheduleTime: last === undefined ? undefined : time(last) },
  }) as CronJob

describe('the last time that has passed', () => {
  test.each<[what: string, given: Case, now: number, since: number, due: number | undefined, count: string]>([
    ['none has', { schedule: '0 * * * *' }, 0.5, 0, undefined, 'none'],
    ['one has', { schedule: '0 * * * *' }, 61, 0, 60, 'none'],
    ['five have', { schedule: '0 * * * *', created: 1 / 6 }, 301, 1 / 6, 300, 'few'],
    ['of workdays', { schedule: '30 6-16/4 * * 1-5', last: 30 }, day + 31, 30, day + 30, 'few'],
    [
      'of hours that were guessed past',
      { schedule: '30 10,11,12 * * 1-5', last: 30 },
      30 * 60 + 30,
      30,
      undefined,
      'few',
    ],
    ['after a weekend', { schedule: '30 6-16/4 * * 1-5', last: 30 }, 4 * day + 31, 30, 4 * day + 30, 'few'],
    ['since it was made', { schedule: '30 6-16/4 * * 1-5' }, day + 31, 0, day + 30, 'few'],
    [
      'of @every, which goes on from the last',
      { schedule: '@every 1h', created: -59, last: 1, deadline: 10 },
      7 * day,
      1,
      6 * day + 23 * 60 + 1,
      'many',
    ],
    ['since it last ran', { schedule: '*/5 * * * *', last: 30 }, 31, 30, undefined, 'none'],
  ])('%s', (_, given, now, since, due, count) => {
    const found = missedTimes(cronJob(given), parseCronSchedule(given.schedule), at(now), false)
    expect({ ...found }).toEqual({ since: at(since), ...(due !== undefined && { due: at(due) }), count })
  })

  test('is looked for within the deadline only', () => {
    const given = { schedule: '*/5 * * * *', last: 30, deadline: 60 }
    const found = missedTimes(cronJob(given), parseCronSchedule(given.schedule), at(32), true)
    expect(found).toEqual({ since: at(31), count: 'none' })
  })

  test('of a day that never comes cannot be told', () => {
    const schedule = '59 23 31 2 *'
    expect(() => missedTimes(cronJob({ schedule }), parseCronSchedule(schedule), at(60), false)).toThrow(
      InvalidScheduleError,
    )
  })
})

// Times of a schedule are looked at a tenth of a second late.
test.each<[what: string, given: Case, now: number, wait: number]>([
  ['the next of the day', { schedule: '30 6-16/4 * * 1-5', last: 30 }, day + 31, 3 * 60 + 59],
  ['Monday', { schedule: '30 10,11,12 * * 1-5', last: 30 }, 30 * 60 + 30, 66 * 60],
  ['Thursday, with two missed', { schedule: '0 12 * * 4', last: 120 }, 19 * day + 90, 2 * day + 30],
  ['the first', { schedule: '0 12 * * 5' }, 6 * 60, 20 * 60],
])('how long until %s', (_, given, now, wait) => {
  const found = untilNextTime(cronJob(given), parseCronSchedule(given.schedule), at(now))
  expect(found! - 100).toBe(wait * 60_000)
})
