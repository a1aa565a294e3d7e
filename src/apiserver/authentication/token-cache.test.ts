import { beforeEach, expect, test } from 'vitest'
import { type VirtualEnv, virtualEnv } from '../../machinery/env/virtual-env.ts'
import {
  type AuthenticationInput,
  type AuthenticationNotes,
  type AuthenticationResult,
  annotate,
  InvalidCredentials,
} from './authenticator.ts'
import { CachedTokenAuthenticator } from './token-cache.ts'

let env: VirtualEnv
let asked: string[]
let answers: Record<string, AuthenticationResult>

const alice = { name: 'alice', groups: [] }
const nothing: AuthenticationInput = { headers: {} }

beforeEach(() => {
  env = virtualEnv()
  asked = []
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
    { env, successMilliseconds: 10_000, failureMilliseconds },
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
  for (const token of ['wrong', 'wrong', 'nobody', 'nobody']) await cached().authenticateToken(token, nothing)
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
