import { describe, expect, test } from 'vitest'
import { Backoff, reflectorBackoff } from './backoff.ts'
import { settledEnv } from './testing/settled-env.ts'
import { TokenBucket } from './token-bucket.ts'

describe('a backoff', () => {
  test('doubles up to its longest', () => {
    const backoff = new Backoff({ initialMs: 100, maxMs: 1000, factor: 2, jitter: 0 }, settledEnv())
    expect(Array.from({ length: 6 }, () => backoff.next())).toEqual([100, 200, 400, 800, 1000, 1000])
    backoff.reset()
    expect(backoff.next()).toBe(100)
  })

  test('adds as much again at most, at random', () => {
    const backoff = new Backoff({ initialMs: 100, maxMs: 100, factor: 1, jitter: 1 }, settledEnv())
    const waits = Array.from({ length: 100 }, () => backoff.next())
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(100)
    expect(Math.max(...waits)).toBeLessThan(200)
    expect(new Set(waits).size).toBeGreaterThan(90)
  })

  test('starts over after a quiet time', async () => {
    const env = settledEnv()
    const backoff = new Backoff({ ...reflectorBackoff, jitter: 0 }, env)
    for (let times = 0; times < 10; times++) backoff.next()
    await env.clock.advance(120_000)
    expect(backoff.next()).toBe(30_000)
    await env.clock.advance(120_001)
    expect(backoff.next()).toBe(800)
  })
})

describe('a token bucket', () => {
  test('gives its burst at once, then so many a second, and never saves up more than the burst', async () => {
    const { clock } = settledEnv()
    const bucket = new TokenBucket(clock, { perSecond: 2, burst: 3 })
    const taken = () => Array.from({ length: 5 }, () => bucket.tryTake()).filter(Boolean).length
    expect(taken()).toBe(3)
    await clock.advance(500)
    expect(taken()).toBe(1)
    await clock.advance(60_000)
    expect(taken()).toBe(3)
  })

  test('gives on credit, and says how long that takes to cover', async () => {
    const { clock } = settledEnv()
    const bucket = new TokenBucket(clock, { perSecond: 2, burst: 1 })
    expect([bucket.reserve(), bucket.reserve(), bucket.reserve()]).toEqual([0, 500, 1000])
    await clock.advance(1000)
    expect(bucket.tryTake()).toBe(false)
    await clock.advance(500)
    expect(bucket.tryTake()).toBe(true)
  })
})
