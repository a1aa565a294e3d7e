import { expect, test } from 'vitest'
import { Backoff, formatWait } from './backoff.ts'

test('starts at 10 s and doubles to 5 minutes', () => {
  const backoff = new Backoff()
  const waits = Array.from({ length: 7 }, (_, i) => {
    backoff.next('key', i * 1000)
    return backoff.get('key') / 1000
  })
  expect(waits).toEqual([10, 20, 40, 80, 160, 300, 300])
})

test('counts the wait from the event, and ends it on time', () => {
  const backoff = new Backoff()
  backoff.next('key', 0)
  expect(backoff.remainingSince('key', 5000, 5000)).toBe(10_000)
  expect(backoff.remainingSince('key', 5000, 14_999)).toBe(1)
  expect(backoff.remainingSince('key', 5000, 15_000)).toBe(0)
  expect(backoff.remainingSince('other', 5000, 5000)).toBe(0)
})

test('is forgotten after ten minutes without a failure', () => {
  const backoff = new Backoff()
  for (const at of [0, 10_000, 30_000]) backoff.next('key', at)
  expect(backoff.get('key')).toBe(40_000)
  expect(backoff.remainingSince('key', 30_000 + 600_001, 30_000 + 600_001)).toBe(0)
  backoff.next('key', 30_000 + 600_001)
  expect(backoff.get('key')).toBe(10_000)
})

test('collects what has expired, and forgets a pod by its prefix', () => {
  const backoff = new Backoff()
  backoff.next('a_x', 0)
  backoff.next('b_x', 500_000)
  backoff.collect(700_000)
  expect([backoff.get('a_x'), backoff.get('b_x')]).toEqual([0, 10_000])
  backoff.forget('b_')
  expect(backoff.get('b_x')).toBe(0)
})

test.each([
  [10_000, '10s'],
  [20_000, '20s'],
  [80_000, '1m20s'],
  [300_000, '5m0s'],
  [3_600_000, '1h0m0s'],
])('%i ms prints as %s', (milliseconds, text) => expect(formatWait(milliseconds)).toBe(text))
