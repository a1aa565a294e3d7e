import { expect, test } from 'vitest'
import { virtualEnv } from '../machinery/env/virtual-env.ts'
import { FailureReports } from './failure-reports.ts'

const setUp = () => {
  const env = virtualEnv()
  const told: string[] = []
  const reports = new FailureReports<string>(env.clock, text => told.push(text))
  return { env, told, reports, put: (uid: string, text = uid) => reports.put(uid, text) }
}

test('a few reports go out at once', () => {
  const { told, put } = setUp()
  for (let pod = 0; pod < 100; pod++) put(`pod-${pod}`)
  expect(told).toHaveLength(100)
})

test('many go out at fifty a second, the longest waiting first', async () => {
  const { env, told, put } = setUp()
  for (let pod = 0; pod < 200; pod++) put(`pod-${pod}`)
  expect(told).toHaveLength(100)
  await env.clock.advance(1000)
  expect(told).toHaveLength(150)
  await env.clock.advance(1000)
  expect(told).toEqual(Array.from({ length: 200 }, (_, pod) => `pod-${pod}`))
})

test('of a pod that waits, only the newest is told', async () => {
  const { env, told, put } = setUp()
  for (let pod = 0; pod < 100; pod++) put(`pod-${pod}`)
  put('waits', 'older')
  put('waits', 'newer')
  await env.clock.advance(1000)
  expect(told.slice(100)).toEqual(['newer'])
})
