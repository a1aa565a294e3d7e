import { describe, expect, test } from 'vitest'
import type { Job } from '../../api/batch/v1/job.ts'
import { nodes } from '../../api/core/v1/node.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import { indexOf } from './job-pods.ts'
import { jobCluster } from './testing/job-cluster.ts'

// What a Job makes of failures and of partial success. Nothing runs the pods; the tests say how each ends.

const job = jobCluster()
const { client, podClient, settle, create, status, active } = job
const patchStatus = (pod: Pod, status: object) =>
  podClient().patch(pod.metadata.name!, 'application/strategic-merge-patch+json', { status }, { subresource: 'status' })
const exit = (pod: Pod, code: number) =>
  patchStatus(pod, {
    phase: code === 0 ? 'Succeeded' : 'Failed',
    containerStatuses: [
      { name: 'c', image: '', imageID: '', ready: false, restartCount: 0, state: { terminated: { exitCode: code } } },
    ],
  })
const conditions = async () =>
  ((await status()).conditions ?? [])
    .filter(({ status }) => status === 'True')
    .map(({ type, reason, message }) => `${type} ${reason}: ${message}`)
/** Ends the active pods as `codeOf` says by their index; undefined leaves one running. */
async function round(codeOf: (index: number) => number | undefined) {
  for (const pod of await active()) {
    const code = codeOf(indexOf(pod) ?? 0)
    if (code !== undefined) await exit(pod, code)
  }
  await settle()
}

type Rules = NonNullable<Job['spec']['podFailurePolicy']>['rules']
const onExit = (action: string, operator: string, ...values: number[]) =>
  ({ action, onExitCodes: { operator, values } }) as Rules[number]
const onDisruption = (action: string) =>
  ({ action, onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }) as Rules[number]

describe('a pod failure policy', () => {
  const exceeded = 'BackoffLimitExceeded: Job has reached the specified backoff limit'
  const byRule = (what: string, rule = 0) => `PodFailurePolicy: ${what} matching FailJob rule at index ${rule}`
  test.each<[string, Rules, number, { failed?: number; reason?: string }]>([
    [
      'FailJob of the exit code',
      [onExit('FailJob', 'In', 42)],
      42,
      { failed: 1, reason: byRule('Container c for pod default/POD failed with exit code 42') },
    ],
    ['FailJob of another code', [onExit('FailJob', 'In', 42)], 1, { failed: 1, reason: exceeded }],
    [
      'FailJob of any but these',
      [onExit('FailJob', 'NotIn', 1)],
      2,
      { failed: 1, reason: byRule('Container c for pod default/POD failed with exit code 2') },
    ],
    [
      'FailJob of a condition, as the second rule',
      [onExit('Count', 'In', 42), onDisruption('FailJob')],
      1,
      { failed: 1, reason: byRule('Pod default/POD has condition DisruptionTarget', 1) },
    ],
    ['Ignore of the exit code', [onExit('Ignore', 'In', 1)], 1, {}],
    ['Ignore of a condition', [onDisruption('Ignore')], 1, {}],
    [
      'Count, before a rule that would ignore',
      [onExit('Count', 'In', 1), onDisruption('Ignore')],
      1,
      { failed: 1, reason: exceeded },
    ],
  ])('%s', async (_, rules, code, { failed, reason }) => {
    await create({ backoffLimit: 0, podFailurePolicy: { rules } })
    await settle()
    const [pod] = await active()
    await patchStatus(pod!, { conditions: [{ type: 'DisruptionTarget', status: 'True' }] })
    await exit(pod!, code)
    await settle()
    expect((await status()).failed).toBe(failed)
    const text = reason?.replace('POD', pod!.metadata.name!)
    expect(await conditions()).toEqual(text ? [`FailureTarget ${text}`, `Failed ${text}`] : [])
    await job.cluster.clock.advance('10s')
    expect(await active()).toHaveLength(reason ? 0 : 1)
  })
})

describe('a backoff limit per index', () => {
  const indexed = { completionMode: 'Indexed', completions: 4, parallelism: 4, backoffLimitPerIndex: 1 } as const

  test('tries each index again, carries the count on, and goes on with the others', async () => {
    await create(indexed)
    await settle()
    const counts = async () =>
      Object.fromEntries(
        (await active()).map(pod => [
          indexOf(pod),
          pod.metadata.annotations!['batch.kubernetes.io/job-index-failure-count'],
        ]),
      )
    expect(await counts()).toEqual({ 0: '0', 1: '0', 2: '0', 3: '0' })
    await round(index => index % 2)
    expect(await status()).toMatchObject({ completedIndexes: '0,2', failedIndexes: '' })
    expect(await counts()).toEqual({})
    await job.cluster.clock.advance('10s')
    expect(await counts()).toEqual({ 1: '1', 3: '1' })
    await round(() => 1)
    expect(await status()).toMatchObject({ succeeded: 2, failed: 4, completedIndexes: '0,2', failedIndexes: '1,3' })
    expect(await conditions()).toEqual([
      'FailureTarget FailedIndexes: Job has failed indexes',
      'Failed FailedIndexes: Job has failed indexes',
    ])
  })

  test('ends the Job when more indexes have failed than may', async () => {
    await create({ ...indexed, backoffLimitPerIndex: 0, maxFailedIndexes: 1 })
    await settle()
    await round(index => (index < 1 ? 1 : undefined))
    expect(await conditions()).toEqual([])
    await round(index => (index < 2 ? 1 : undefined))
    expect(await active()).toEqual([])
    expect((await status()).failedIndexes).toBe('0,1')
    expect((await conditions()).at(-1)).toBe(
      'Failed MaxFailedIndexesExceeded: Job has exceeded the specified maximal number of failed indexes',
    )
  })

  test('FailIndex fails an index at once', async () => {
    await create({ ...indexed, podFailurePolicy: { rules: [onExit('FailIndex', 'In', 42)] } })
    await settle()
    await round(index => (index === 0 ? 42 : undefined))
    expect(await status()).toMatchObject({ failed: 1, failedIndexes: '0', active: 3 })
    await round(() => 0)
    expect(await status()).toMatchObject({ succeeded: 3, completedIndexes: '1-3' })
    expect((await conditions()).at(-1)).toBe('Failed FailedIndexes: Job has failed indexes')
  })
})

describe('a success policy', () => {
  test.each<[string, NonNullable<Job['spec']['successPolicy']>['rules'], number[], string | undefined]>([
    ['as many as this', [{ succeededCount: 2 }], [0, 3], 'Matched rules at index 0'],
    ['not as many', [{ succeededCount: 3 }], [0, 3], undefined],
    ['these', [{ succeededIndexes: '4' }, { succeededIndexes: '0,3' }], [0, 3], 'Matched rules at index 1'],
    ['not all of these', [{ succeededIndexes: '0-3' }], [0, 3], undefined],
    ['so many of these', [{ succeededIndexes: '0-2', succeededCount: 1 }], [1], 'Matched rules at index 0'],
  ])('%s', async (_, rules, succeed, message) => {
    await create({ completionMode: 'Indexed', completions: 5, parallelism: 5, successPolicy: { rules } })
    await settle()
    await round(index => (succeed.includes(index) ? 0 : undefined))
    expect(await conditions()).toEqual(
      message ? [`SuccessCriteriaMet SuccessPolicy: ${message}`, `Complete SuccessPolicy: ${message}`] : [],
    )
    expect(await active()).toHaveLength(message ? 0 : 5 - succeed.length)
    expect((await status()).succeeded).toBe(succeed.length)
  })
})

test.each([
  ['TerminatingOrFailed', 1],
  ['Failed', 0],
] as const)('a pod on its way out is replaced at once only by policy: %s', async (podReplacementPolicy, replaced) => {
  await job.cluster.client.resource(nodes).create({ metadata: { name: 'one' } })
  const spec = { nodeName: 'one', restartPolicy: 'Never', containers: [{ name: 'c', image: 'app' }] }
  await create({ podReplacementPolicy, template: { metadata: {}, spec } as Job['spec']['template'] })
  await settle()
  const [pod] = await active()
  await podClient().patch(pod!.metadata.name!, 'application/merge-patch+json', {
    metadata: { finalizers: [...pod!.metadata.finalizers!, 'example.com/hold'] },
  })
  await podClient().delete(pod!.metadata.name!)
  await job.cluster.clock.advance('11s')
  expect(await active()).toHaveLength(replaced)
  expect((await status()).terminating).toBe(1)
})

test('a suspended Job counts the pods that it gave up for nothing, and starts anew when resumed', async () => {
  await create({ parallelism: 2, completions: 2, backoffLimit: 0 })
  await settle()
  await client().patch('work', 'application/merge-patch+json', { spec: { suspend: true } })
  await settle()
  expect(await active()).toEqual([])
  expect((await status()).failed).toBeUndefined()
  await job.cluster.clock.advance('5s')
  await client().patch('work', 'application/merge-patch+json', { spec: { suspend: false } })
  await settle()
  expect(await active()).toHaveLength(2)
  expect((await status()).startTime).toBe('2026-01-01T00:00:07Z')
})

test('an Indexed Job shrinks and grows', async () => {
  await create({ completionMode: 'Indexed', completions: 4, parallelism: 4 })
  await settle()
  const resize = async (size: number) => {
    await client().patch('work', 'application/merge-patch+json', { spec: { completions: size, parallelism: size } })
    await settle()
    return (await active()).map(indexOf).sort()
  }
  expect(await resize(2)).toEqual([0, 1])
  expect(await resize(3)).toEqual([0, 1, 2])
  await round(() => 0)
  expect(await conditions()).toHaveLength(2)
  expect(await status()).toMatchObject({ succeeded: 3, completedIndexes: '0-2' })
})

test('an index is where programs look for it, whatever the template says of the host name', async () => {
  await create({
    completionMode: 'Indexed',
    completions: 1,
    template: {
      metadata: {},
      spec: { restartPolicy: 'Never', hostname: 'mine', containers: [{ name: 'c', image: 'app' }] },
    } as Job['spec']['template'],
  })
  await settle()
  const [pod] = await active()
  expect(pod!.metadata.name).toMatch(/^work-0-[a-z0-9]{5}$/)
  expect(pod!.spec.hostname).toBe('work-0')
  expect(pod!.metadata.annotations).toMatchObject({ 'batch.kubernetes.io/job-completion-index': '0' })
  expect(pod!.metadata.labels).toMatchObject({ 'batch.kubernetes.io/job-completion-index': '0' })
})

test('containers that the kubelet restarts too often fail the Job', async () => {
  const template = { metadata: {}, spec: { restartPolicy: 'OnFailure', containers: [{ name: 'c', image: 'app' }] } }
  await create({ backoffLimit: 2, template: template as Job['spec']['template'] })
  await settle()
  const [pod] = await active()
  await patchStatus(pod!, {
    phase: 'Running',
    containerStatuses: [{ name: 'c', image: '', imageID: '', ready: false, restartCount: 2, state: { running: {} } }],
  })
  await settle()
  expect((await conditions()).at(-1)).toBe('Failed BackoffLimitExceeded: Job has reached the specified backoff limit')
})

test.each(['Background', 'Foreground'] as const)('a deleted Job leaves no pods: %s', async propagationPolicy => {
  await create({ parallelism: 3, completions: 3 })
  await settle()
  await client().delete('work', { propagationPolicy })
  await job.cluster.clock.advance('1m')
  expect((await podClient().list()).items).toEqual([])
  expect((await client().list()).items).toEqual([])
})

test('a pod without a controller, whose Job is gone, waits for nobody to count it', async () => {
  await podClient().create({
    metadata: {
      name: 'stray',
      labels: { 'batch.kubernetes.io/job-name': 'gone' },
      finalizers: ['batch.kubernetes.io/job-tracking'],
    },
    spec: { containers: [{ name: 'c', image: 'app' }] },
  } as never)
  await settle()
  expect((await podClient().get('stray')).metadata.finalizers).toBeUndefined()
})
