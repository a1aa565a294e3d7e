import { describe, expect, test } from 'vitest'
import type { Pod } from '../../api/core/v1/pod.ts'
import { forAverage, forShare, forTotal, forUtilization } from './replica-calculator.ts'

const now = Date.parse('2026-01-01T12:00:00Z')
const tolerances = { up: 0.1, down: 0.1 }
const longAgo = '2026-01-01T10:00:00Z'

interface Shape {
  readonly phase?: string
  readonly ready?: boolean
  readonly started?: string
  readonly changed?: string
  readonly deleted?: boolean
  readonly request?: string
  readonly uses?: number
}

/** Pods p0, p1, … and what is measured of them. */
function world(shapes: readonly Shape[]) {
  const pods = shapes.map(
    ({ phase = 'Running', ready = true, started = longAgo, changed = longAgo, deleted, request = '1' }, index) =>
      ({
        metadata: { name: `p${index}`, ...(deleted && { deletionTimestamp: longAgo }) },
        spec: { containers: [{ name: 'c', resources: { requests: { cpu: request } } }] },
        status: {
          phase,
          startTime: started,
          conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: changed }],
        },
      }) as unknown as Pod,
  )
  const metrics = new Map(
    shapes.flatMap(({ uses }, index) =>
      uses === undefined ? [] : [[`p${index}`, { value: uses, timestamp: now, windowMs: 60_000 }] as const],
    ),
  )
  return { pods, metrics, current: shapes.length, tolerances, now, resource: 'cpu' }
}

/** Started less than five minutes ago, and not ready. */
const fresh: Shape = { ready: false, started: '2026-01-01T11:59:30Z', changed: '2026-01-01T11:59:30Z' }

const many = (count: number, shape: Shape): Shape[] => Array.from({ length: count }, () => shape)

describe('a share of what is requested, of 30 percent', () => {
  test.each<[string, Shape[], number, number]>([
    ['more than that', [{ uses: 300 }, { uses: 500 }, { uses: 700 }], 5, 50],
    ['less than that', [...many(5, { uses: 100 })], 2, 10],
    ['within a tenth of it', [{ uses: 310 }, { uses: 320 }, { uses: 320 }], 3, 31],
    [
      'more, and one is not ready: it is taken to use nothing',
      [
        { uses: 300, ready: false, started: '2026-01-01T11:59:30Z', changed: '2026-01-01T11:59:30Z' },
        { uses: 500 },
        { uses: 700 },
      ],
      4,
      60,
    ],
    [
      'less, and one is not ready: it is left out',
      [
        { uses: 400, ready: false, started: '2026-01-01T11:59:30Z', changed: '2026-01-01T11:59:30Z' },
        { uses: 100 },
        { uses: 100 },
        { uses: 100 },
      ],
      1,
      10,
    ],
    ['more, and of one nothing is known: it is taken to use nothing', [{}, { uses: 600 }, { uses: 600 }], 4, 60],
    ['less, and of one nothing is known: it is taken to use all', [{}, { uses: 50 }, { uses: 50 }, { uses: 50 }], 4, 5],
    [
      'more, with one that has failed: it is ignored',
      [{ phase: 'Failed', uses: 900 }, { uses: 600 }, { uses: 600 }],
      4,
      60,
    ],
    ['more, with one going: it is ignored', [{ deleted: true, uses: 900 }, { uses: 600 }, { uses: 600 }], 4, 60],
    ['more, but with those pending not any more', [{ phase: 'Pending' }, { phase: 'Pending' }, { uses: 500 }], 3, 50],
    ['more, and two of three are not ready: not any more', [{ uses: 400 }, ...many(2, { ...fresh, uses: 600 })], 3, 40],
    ['less, and two pending: they are left out', [{ uses: 100 }, ...many(2, { phase: 'Pending' })], 1, 10],
    ['less, with some that have failed', [...many(4, { uses: 200 }), ...many(2, { phase: 'Failed' })], 3, 20],
    ['more, and of one of two nothing is known: as many as there are', [{ uses: 450 }, {}], 2, 45],
    [
      'measured before it was ready a while: it is left out',
      [{ uses: 900, started: '2026-01-01T11:58:00Z', changed: '2026-01-01T11:59:30Z' }, { uses: 300 }],
      2,
      30,
    ],
  ])('%s', (_, shapes, replicas, utilization) => {
    expect(forUtilization({ ...world(shapes), target: 30 })).toMatchObject({ replicas, utilization })
  })

  test.each<[string, Shape[], string]>([
    ['no pods', [], 'no pods returned by selector while calculating replica count'],
    ['none that is ready', [{ phase: 'Pending' }], 'did not receive metrics for targeted pods (pods might be unready)'],
  ])('of %s cannot be counted', (_, shapes, message) => {
    expect(() => forUtilization({ ...world(shapes), target: 30 })).toThrow(message)
  })

  test('a tolerance may be none', () => {
    const exact = { ...world(many(3, { uses: 310 })), tolerances: { up: 0, down: 0 } }
    expect(forUtilization({ ...exact, target: 30 }).replicas).toBe(4)
  })
})

/** One pod that uses half a CPU of what `spec` asks for. */
const asking = (spec: object) => {
  const pods = [{ ...world([{ uses: 500 }]).pods[0]!, spec } as unknown as Pod]
  return { ...world([{ uses: 500 }]), pods, target: 100 }
}
const container = (name: string, cpu?: string) => ({ name, resources: { requests: cpu === undefined ? {} : { cpu } } })

describe('what a pod requests', () => {
  test.each<[string, object, string | undefined, number]>([
    ['its containers together', { containers: [container('a', '1'), container('b', '1')] }, undefined, 25],
    [
      'with those that are started first and stay',
      {
        containers: [container('a', '1')],
        initContainers: [{ ...container('b', '1'), restartPolicy: 'Always' }, container('c')],
      },
      undefined,
      25,
    ],
    ['one container', { containers: [container('a', '2'), container('b', '1')] }, 'b', 50],
    ['one container, whatever the others leave out', { containers: [container('a'), container('b', '1')] }, 'b', 50],
    ['the pod as a whole', { resources: { requests: { cpu: '4' } }, containers: [container('a', '1')] }, undefined, 12],
    [
      'its containers, where the pod as a whole asks for something else',
      { resources: { requests: { memory: '1Gi' } }, containers: [container('a', '1')] },
      undefined,
      50,
    ],
    [
      'one container of a pod that asks as a whole',
      { resources: { requests: { cpu: '4' } }, containers: [container('a', '1')] },
      'a',
      50,
    ],
  ])('is that of %s', (_, spec, name, utilization) => {
    expect(forUtilization({ ...asking(spec), container: name }).utilization).toBe(utilization)
  })

  test.each<[string, object, string | undefined, string]>([
    ['nothing', { containers: [container('a')] }, undefined, 'missing request for cpu in container a of Pod p0'],
    ['in a container that is not there', { containers: [container('a', '1')] }, 'b', 'container b not found in Pod p0'],
    [
      'as a whole something else, and its containers nothing',
      { resources: { requests: { memory: '1Gi' } }, containers: [container('a')] },
      undefined,
      'missing pod-level request for cpu in Pod p0',
    ],
  ])('is not known: %s', (_, spec, name, message) => {
    expect(() => forUtilization({ ...asking(spec), container: name })).toThrow(message)
  })
})

test('measures of pods that are not the target’s say nothing', () => {
  const { metrics, ...question } = world([{ uses: 300 }])
  const others = new Map([['older', metrics.get('p0')!]])
  expect(() => forUtilization({ ...question, metrics: others, target: 30 })).toThrow(
    'no metrics returned matched known pods',
  )
})

test('an amount for each pod', () => {
  const question = { ...world([{ uses: 20_000 }, { uses: 10_000 }, { uses: 30_000 }]), resource: '' }
  expect(forAverage({ ...question, target: 15_000 })).toMatchObject({ replicas: 4, average: 20_000 })
})

test.each([
  [3, 20_000, 15_000, 4],
  [3, 15_500, 15_000, 3],
  [0, 20_000, 15_000, 2],
  [0, 0, 15_000, 0],
  [3, 2 ** 62, 1, 2 ** 31 - 1],
])('for %i pods a total of %i against %i makes %i', (current, value, target, expected) => {
  const { pods } = world(many(current, {}))
  expect(forTotal({ current, pods, tolerances }, value, target)).toBe(expected)
})

test('a value that pods share', () => {
  expect(forShare(3, tolerances, 8600, 2000)).toMatchObject({ replicas: 5, average: 2867 })
  expect(forShare(3, tolerances, 6200, 2000).replicas).toBe(3)
  expect(forShare(5, tolerances, 6000, 2000)).toMatchObject({ replicas: 3, average: 1200 })
  expect(forShare(1, tolerances, 2 ** 62, 1).replicas).toBe(2 ** 31 - 1)
  expect(forShare(0, tolerances, 3000, 2000)).toMatchObject({ replicas: 2, average: 3000 })
})
