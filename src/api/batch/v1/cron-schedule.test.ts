import { describe, expect, test } from 'vitest'
import { nextTime, parseCronSchedule } from './cron-schedule.ts'

/** The next times after one, as UTC. */
function times(schedule: string, after: string, count: number, timeZone?: string): (string | undefined)[] {
  const parsed = parseCronSchedule(schedule, timeZone)
  const found: (string | undefined)[] = []
  let time: number | undefined = Date.parse(after)
  while (found.length < count && time !== undefined) {
    time = nextTime(parsed, time)
    found.push(time === undefined ? undefined : new Date(time).toISOString().slice(0, 19))
  }
  return found
}

describe('the times of a schedule', () => {
  test.each<[schedule: string, after: string, times: (string | undefined)[]]>([
    ['* * * * *', '2026-01-01T00:00:00Z', ['2026-01-01T00:01:00', '2026-01-01T00:02:00']],
    ['* * * * *', '2026-01-01T00:00:59.999Z', ['2026-01-01T00:01:00']],
    ['*/15 * * * *', '2026-01-01T00:50:00Z', ['2026-01-01T01:00:00', '2026-01-01T01:15:00']],
    [
      '30 6-16/4 * * 1-5',
      '2026-01-02T15:00:00Z',
      ['2026-01-05T06:30:00', '2026-01-05T10:30:00', '2026-01-05T14:30:00'],
    ],
    ['0 0 1 * *', '2026-01-31T12:00:00Z', ['2026-02-01T00:00:00', '2026-03-01T00:00:00']],
    ['0 0 31 * *', '2026-01-31T12:00:00Z', ['2026-03-31T00:00:00', '2026-05-31T00:00:00']],
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', ['2028-02-29T00:00:00']],
    ['59 23 31 2 *', '2026-01-01T00:00:00Z', [undefined]],
    ['0 12 * jan,DEC sun', '2026-01-25T12:00:00Z', ['2026-12-06T12:00:00']],
    // Both days restricted: either will do. A star with a step is a restriction too.
    ['0 0 13 * 5', '2026-02-01T00:00:00Z', ['2026-02-06T00:00:00', '2026-02-13T00:00:00', '2026-02-20T00:00:00']],
    ['0 0 */30 * 5', '2026-02-01T00:00:00Z', ['2026-02-06T00:00:00']],
    ['0 0 * * 5', '2026-02-01T00:00:00Z', ['2026-02-06T00:00:00', '2026-02-13T00:00:00']],
    ['@hourly', '2026-01-01T00:00:00Z', ['2026-01-01T01:00:00', '2026-01-01T02:00:00']],
    ['@daily', '2026-01-01T00:00:00Z', ['2026-01-02T00:00:00']],
    ['@weekly', '2026-01-01T00:00:00Z', ['2026-01-04T00:00:00']],
    ['@yearly', '2026-01-01T00:00:00Z', ['2027-01-01T00:00:00']],
    ['@every 1h30m', '2026-01-01T00:00:05.5Z', ['2026-01-01T01:30:05', '2026-01-01T03:00:05']],
    ['@every 10ms', '2026-01-01T00:00:00Z', ['2026-01-01T00:00:01']],
  ])('%s after %s', (schedule, after, expected) => {
    expect(times(schedule, after, expected.length)).toEqual(expected)
  })

  test.each<[schedule: string, zone: string, after: string, times: string[]]>([
    ['0 9 * * *', 'Asia/Tokyo', '2026-01-01T00:00:00Z', ['2026-01-02T00:00:00', '2026-01-03T00:00:00']],
    ['0 0 1 * *', 'Asia/Kathmandu', '2026-01-15T00:00:00Z', ['2026-01-31T18:15:00', '2026-02-28T18:15:00']],
    // 2026-03-29 02:00 → 03:00: half past two does not come.
    ['30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z', ['2026-03-28T01:30:00', '2026-03-30T00:30:00']],
    ['0 * * * *', 'Europe/Berlin', '2026-03-29T00:30:00Z', ['2026-03-29T01:00:00', '2026-03-29T02:00:00']],
    ['0 12 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z', ['2026-03-28T11:00:00', '2026-03-29T10:00:00']],
    // 2026-10-25 03:00 → 02:00: half past two comes twice.
    [
      '30 2 * * *',
      'Europe/Berlin',
      '2026-10-24T12:00:00Z',
      ['2026-10-25T00:30:00', '2026-10-25T01:30:00', '2026-10-26T01:30:00'],
    ],
    // In Santiago the clock goes forward at midnight: that day begins at one.
    ['0 0 * * *', 'America/Santiago', '2026-09-05T12:00:00Z', ['2026-09-07T03:00:00']],
    ['0 3 * * *', 'America/Santiago', '2026-09-05T12:00:00Z', ['2026-09-06T06:00:00']],
  ])('%s in %s after %s', (schedule, zone, after, expected) => {
    expect(times(schedule, after, expected.length, zone)).toEqual(expected)
  })

  test('a zone in the schedule itself', () => {
    expect(times('CRON_TZ=Asia/Tokyo 0 9 * * *', '2026-01-01T00:00:00Z', 1)).toEqual(['2026-01-02T00:00:00'])
    expect(() => parseCronSchedule('TZ=Nowhere/Land 0 9 * * *')).toThrow('provided bad location Nowhere/Land')
  })
})
