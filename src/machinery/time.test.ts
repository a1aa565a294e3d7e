import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  canonicalDuration,
  formatDuration,
  formatMilliseconds,
  humanDuration,
  parseDuration,
  shortHumanDuration,
} from './duration.ts'
import { canonicalMicroTime, canonicalTime, formatMicroTime, formatTime, parseTime, timeOf } from './time.ts'

describe('metav1.Time', () => {
  test.each([
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z'],
    ['2026-01-02T03:04:05.999Z', '2026-01-02T03:04:05Z'],
    ['2026-01-02T03:04:05+02:00', '2026-01-02T01:04:05Z'],
    ['2026-01-02T03:04:05-23:59', '2026-01-03T03:03:05Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
    ['0099-12-31T23:59:59Z', '0099-12-31T23:59:59Z'],
    ['0001-01-01T00:00:00Z', undefined],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalTime(text)).toBe(canonical)
  })

  test.each([
    ['now', 'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"'],
    ['2026-01-02', 'parsing time "2026-01-02" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'],
    ['2026-13-02T00:00:00Z', 'parsing time "2026-13-02T00:00:00Z": month out of range'],
    ['2026-02-30T00:00:00Z', 'parsing time "2026-02-30T00:00:00Z": day out of range'],
    ['2026-01-02T24:00:00Z', 'parsing time "2026-01-02T24:00:00Z": hour out of range'],
    [
      '2026-01-02T03:04:05',
      'parsing time "2026-01-02T03:04:05" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"',
    ],
    ['2026-01-02T03:04:05Zx', 'parsing time "2026-01-02T03:04:05Zx": extra text: "x"'],
  ])('%s is none', (text, message) => {
    expect(() => canonicalTime(text)).toThrow(new Error(message))
  })

  test('milliseconds there and back', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date('0100-01-01'), max: new Date('9999-01-01'), noInvalidDate: true }), date => {
        const seconds = Math.floor(date.getTime() / 1000) * 1000
        expect(parseTime(formatTime(date.getTime()))).toBe(seconds)
        expect(timeOf(formatTime(date.getTime()))).toBe(seconds)
        expect(canonicalMicroTime(formatMicroTime(date.getTime()))).toBe(formatMicroTime(date.getTime()))
      }),
    )
    expect(timeOf(undefined)).toBeUndefined()
  })
})

describe('metav1.MicroTime', () => {
  test('has six decimals', () => {
    expect(canonicalMicroTime('2026-01-02T03:04:05.123456Z')).toBe('2026-01-02T03:04:05.123456Z')
    expect(canonicalMicroTime('2026-01-02T05:04:05.000000+02:00')).toBe('2026-01-02T03:04:05.000000Z')
    expect(() => canonicalMicroTime('2026-01-02T03:04:05Z')).toThrow('cannot parse "Z" as ".000000"')
    expect(formatMicroTime(0.5)).toBe('1970-01-01T00:00:00.000500Z')
  })
})

describe('durations', () => {
  test.each([
    ['1h30m', '1h30m0s'],
    ['90m', '1h30m0s'],
    ['0', '0s'],
    ['1.5s', '1.5s'],
    ['.5s', '500ms'],
    ['-1m', '-1m0s'],
    ['100us', '100µs'],
    ['1ns', '1ns'],
    ['2540400h10m10s', '2540400h10m10s'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalDuration(text)).toBe(canonical)
  })

  test.each([
    ['', 'time: invalid duration ""'],
    ['1', 'time: missing unit in duration "1"'],
    ['1x', 'time: unknown unit "x" in duration "1x"'],
    ['s', 'time: invalid duration "s"'],
    ['3000000h', 'time: invalid duration "3000000h"'],
  ])('%j is none', (text, message) => {
    expect(() => parseDuration(text)).toThrow(new Error(message))
  })

  test('any number of nanoseconds survives being written and read', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), nanoseconds => {
        expect(parseDuration(formatDuration(nanoseconds))).toBe(nanoseconds)
      }),
    )
    expect(formatMilliseconds(1500)).toBe('1.5s')
  })

  const second = 1000
  const minute = 60 * second
  const hour = 60 * minute
  const day = 24 * hour
  test.each([
    [-5 * second, '<invalid>', '<invalid>'],
    [-1 * second, '0s', '0s'],
    [0, '0s', '0s'],
    [119 * second, '119s', '1m'],
    [2 * minute, '2m', '2m'],
    [3 * minute + 20 * second, '3m20s', '3m'],
    [25 * minute + 3 * second, '25m', '25m'],
    [4 * hour + 12 * minute, '4h12m', '4h'],
    [8 * hour + 12 * minute, '8h', '8h'],
    [3 * day + 5 * hour, '3d5h', '3d'],
    [12 * day + 5 * hour, '12d', '12d'],
    [(2 * 365 + 30) * day, '2y30d', '2y'],
    [9 * 365 * day, '9y', '9y'],
  ])('an age of %d ms is shown as %s, or %s', (milliseconds, human, short) => {
    expect(humanDuration(milliseconds)).toBe(human)
    expect(shortHumanDuration(milliseconds)).toBe(short)
  })
})
