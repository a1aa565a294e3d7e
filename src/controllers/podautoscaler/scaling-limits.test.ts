import { describe, expect, test } from 'vitest'
import type { HorizontalPodAutoscaler } from '../../api/autoscaling/v2/horizontalpodautoscaler.ts'
import { limit, remember, type ScalingMemory } from './scaling-limits.ts'

const fresh = (): ScalingMemory => ({ recommendations: [], up: [], down: [] })
type Behavior = HorizontalPodAutoscaler['spec']['behavior']

test.each([
  // current, desired, min, max → replicas, reason
  [3, 5, 1, 10, 5, 'DesiredWithinRange'],
  [1, 9, 1, 10, 4, 'ScaleUpLimit'],
  [4, 20, 1, 30, 8, 'ScaleUpLimit'],
  [4, 20, 1, 6, 6, 'TooManyReplicas'],
  [4, 1, 2, 6, 2, 'TooFewReplicas'],
])('without rules, from %i to %i between %i and %i: %i', (current, desired, min, max, replicas, reason) => {
  const limited = limit({ current, desired, min, max }, undefined, fresh(), 0)
  expect(limited.replicas).toBe(replicas)
  expect(limited.findings[1]).toMatchObject({ reason, status: replicas === desired ? 'False' : 'True' })
})

const up = (policies: object[], selectPolicy = 'Max'): Behavior =>
  ({
    scaleUp: { stabilizationWindowSeconds: 0, selectPolicy, policies },
    scaleDown: { selectPolicy: 'Max' },
  }) as Behavior
const down = (policies: object[], selectPolicy = 'Max'): Behavior =>
  ({ scaleUp: {}, scaleDown: { stabilizationWindowSeconds: 0, selectPolicy, policies } }) as Behavior
const pods = (value: number, periodSeconds = 60) => ({ type: 'Pods', value, periodSeconds })
const percent = (value: number, periodSeconds = 60) => ({ type: 'Percent', value, periodSeconds })

describe('by rules', () => {
  test.each<[string, Behavior, number, number, number, string]>([
    ['the larger of two', up([pods(2), percent(100)]), 10, 100, 20, 'ScaleUpLimit'],
    ['the smaller of two', up([pods(2), percent(100)], 'Min'), 10, 100, 12, 'ScaleUpLimit'],
    ['a share is rounded up', up([percent(10)]), 5, 100, 6, 'ScaleUpLimit'],
    ['no growth at all', up([pods(2)], 'Disabled'), 10, 100, 10, 'ScaleUpLimit'],
    ['the larger of two', down([pods(2), percent(50)]), 10, 1, 5, 'ScaleDownLimit'],
    ['the smaller of two', down([pods(2), percent(50)], 'Min'), 10, 1, 8, 'ScaleDownLimit'],
    ['no shrinking at all', down([pods(2)], 'Disabled'), 10, 1, 10, 'ScaleDownLimit'],
    ['down to what is wanted', down([percent(100)]), 10, 3, 3, 'DesiredWithinRange'],
  ])('%s', (_, behavior, current, desired, replicas, reason) => {
    const limited = limit({ current, desired, min: 1, max: 50 }, behavior, fresh(), 0)
    expect(limited).toMatchObject({ replicas, findings: [{ reason: 'ReadyForNewScale' }, { reason }] })
  })

  test('what was done within a policy’s period counts towards it', () => {
    const memory = fresh()
    const behavior = up([pods(4)])
    remember(memory, behavior, 5, 8, 0)
    const at = (seconds: number) =>
      limit({ current: 8, desired: 20, min: 1, max: 50 }, behavior, memory, seconds * 1000)
    expect(at(30).replicas).toBe(9)
    expect(at(60).replicas).toBe(12)
  })

  test('growth waits until the lowest of the window allows it', () => {
    const behavior = {
      scaleUp: { stabilizationWindowSeconds: 60, policies: [percent(900)] },
      scaleDown: {},
    } as Behavior
    const memory = fresh()
    const at = (seconds: number, desired: number) =>
      limit({ current: 2, desired, min: 1, max: 50 }, behavior, memory, seconds * 1000)
    expect(at(0, 2).replicas).toBe(2)
    const held = at(30, 6)
    expect(held.replicas).toBe(2)
    expect(held.findings[0]).toMatchObject({ reason: 'ScaleUpStabilized' })
    expect(at(75, 6).replicas).toBe(6)
  })
})

test.each<[string, number[], number, number, number, string]>([
  // earlier recommendations, current, desired → replicas
  ['growth is held back, and never becomes shrinking', [2, 3], 5, 8, 5, 'ScaleUpStabilized'],
  ['growth is held back to the lowest', [6, 7], 5, 8, 6, 'ScaleUpStabilized'],
  ['shrinking is held back, and never becomes growth', [9, 7], 5, 2, 5, 'ScaleDownStabilized'],
  ['shrinking is held back to the highest', [3, 4], 5, 2, 4, 'ScaleDownStabilized'],
  ['what was recommended beyond does not matter', [9, 10], 5, 8, 8, 'ReadyForNewScale'],
])('%s', (_, earlier, current, desired, replicas, reason) => {
  const rules = { stabilizationWindowSeconds: 300, policies: [pods(100)] }
  const memory = { ...fresh(), recommendations: earlier.map(each => ({ replicas: each, at: 0 })) }
  const limited = limit(
    { current, desired, min: 1, max: 50 },
    { scaleUp: rules, scaleDown: rules } as Behavior,
    memory,
    60_000,
  )
  expect(limited).toMatchObject({ replicas, findings: [{ reason }, {}] })
})

test('without rules, shrinking waits five minutes', () => {
  const memory = fresh()
  const at = (seconds: number, desired: number) =>
    limit({ current: 5, desired, min: 1, max: 50 }, undefined, memory, seconds * 1000)
  expect(at(0, 5).replicas).toBe(5)
  expect(at(15, 2)).toMatchObject({ replicas: 5, findings: [{ reason: 'ScaleDownStabilized' }, {}] })
  expect(at(301, 2).replicas).toBe(2)
})
