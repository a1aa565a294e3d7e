import { beforeEach, expect, test } from 'vitest'
import { type VirtualEnv, virtualEnv } from '../../machinery/env/virtual-env.ts'
import { MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { metricsText } from '../../machinery/metrics/text.ts'
import {
  type AuthenticationInput,
  type AuthenticationNotes,
  type AuthenticationResult,
  annotate,
  InvalidCredentials,
} from './authenticator.ts'
import { CachedTokenAuthenticator } from './token-cache.ts'
import { TokenCacheMetrics } from './token-cache-metrics.ts'

let env: VirtualEnv
let asked: string[]
let answers: Record<string, AuthenticationResult>
let metrics: MetricsRegistry

const alice = { name: 'alice', groups: [] }
const nothing: AuthenticationInput = { headers: {} }

beforeEach(() => {
  env = virtualEnv()
  asked = []
  metrics = new MetricsRegistry()
  answers = { alice, wrong: new InvalidCredentials('wrong') }
})

const cached = (failureMilliseconds = 0) =>
  new CachedTokenAuthenticator(
    {
      async authenticateToken(token, { notes, audiences }) {
        asked.push(token + (audiences ?? []).join())
        notes!.warnings.push(`${token} was asked about`)
        annotate(notes, 'who', token)
        return answers[token]
      },
    },
    { env, successMilliseconds: 10_000, failureMilliseconds, metrics: new TokenCacheMetrics(metrics, env.clock) },
  )

test('a user is remembered for ten seconds, with what was said beside', async () => {
  const cache = cached()
  const notes = (): AuthenticationNotes => ({ warnings: [] })
  for (const each of [notes(), notes()]) {
    expect(await cache.authenticateToken('alice', { headers: {}, notes: each })).toBe(alice)
    expect(each).toEqual({ warnings: ['alice was asked about'], credentialAnnotations: { who: 'alice' } })
  }
  await env.clock.advance(9_999)
  await cache.authenticateToken('alice', nothing)
  expect(asked).toEqual(['alice'])
  await env.clock.advance(1)
  await cache.authenticateToken('alice', nothing)
  expect(asked).toEqual(['alice', 'alice'])
})

test('who is wrong is asked about again; who is nobody only if that is not to be remembered', async () => {
  const forgetting = cached()
  for (const token of ['wrong', 'wrong', 'nobody', 'nobody']) await forgetting.authenticateToken(token, nothing)
  metrics = new MetricsRegistry()
  const remembering = cached(5000)
  for (const token of ['wrong', 'wrong', 'nobody', 'nobody']) await remembering.authenticateToken(token, nothing)
  expect(asked).toEqual(['wrong', 'wrong', 'nobody', 'nobody', 'wrong', 'wrong', 'nobody'])
})

test('several who ask at once have it asked once; other audiences are another question', async () => {
  const cache = cached()
  await Promise.all([cache.authenticateToken('alice', nothing), cache.authenticateToken('alice', nothing)])
  await cache.authenticateToken('alice', { headers: {}, audiences: ['vault'] })
  await cache.authenticateToken('alice', { headers: {}, audiences: ['va', 'ult'] })
  expect(asked).toEqual(['alice', 'alicevault', 'aliceva,ult'])
})

test('it may be made to forget', async () => {
  const cache = cached()
  await cache.authenticateToken('alice', nothing)
  cache.clear()
  await cache.authenticateToken('alice', nothing)
  expect(asked).toEqual(['alice', 'alice'])
})

test('hits, misses and questions are counted', async () => {
  const cache = cached()
  const counted = () =>
    metricsText(metrics)
      .split('\n')
      .filter(line => /^authentication_token_cache_(request_total|fetch_total|active|.*_count)/.test(line))
  const first = [cache.authenticateToken('alice', nothing), cache.authenticateToken('alice', nothing)]
  expect(counted()).toEqual([
    'authentication_token_cache_active_fetch_count{status="blocked"} 2',
    'authentication_token_cache_active_fetch_count{status="in_flight"} 1',
  ])
  await Promise.all(first)
  await cache.authenticateToken('alice', nothing)
  await cache.authenticateToken('wrong', nothing)
  expect(counted()).toEqual([
    'authentication_token_cache_active_fetch_count{status="blocked"} 0',
    'authentication_token_cache_active_fetch_count{status="in_flight"} 0',
    'authentication_token_cache_fetch_total{status="ok"} 1',
    'authentication_token_cache_fetch_total{status="error"} 1',
    'authentication_token_cache_request_duration_seconds_count{status="miss"} 3',
    'authentication_token_cache_request_duration_seconds_count{status="hit"} 1',
    'authentication_token_cache_request_total{status="miss"} 3',
    'authentication_token_cache_request_total{status="hit"} 1',
  ])
})
