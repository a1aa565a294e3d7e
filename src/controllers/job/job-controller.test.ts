import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Job } from '../../api/batch/v1/job.ts'
import { events } from '../../api/core/v1/event.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import { formatIndexes, parseIndexes } from './indexes.ts'
import { jobCluster } from './testing/job-cluster.ts'

// How a Job runs to its end, one way or the other.

const job = jobCluster()
const { client, podClient, settle, create, status, active } = job
const end = (name: string, phase: 'Succeeded' | 'Failed') =>
  podClient().patch(name, 'application/strategic-merge-patch+json', { status: { phase } }, { subresource: 'status' })
async function endAll(phase: 'Succeeded' | 'Failed') {
  for (const { metadata } of await active()) await end(metadata.name!, phase)
  await settle()
}
const conditions = async () =>
  ((await status()).conditions ?? [])
    .filter(({ status }) => status === 'True')
    .map(({ type, reason }) => `${type} ${reason}`)
const told = async () =>
  (await job.cluster.client.resource(events).list()).items
    .filter(({ involvedObject }) => involvedObject.kind === 'Job')
    .map(({ reason, message }) => `${reason}: ${message}`)

describe('a Job completes', () => {
  test('when its pod has succeeded', async () => {
    await create()
    await settle()
    const [pod] = await active()
    expect(pod!.metadata.finalizers).toEqual(['batch.kubernetes.io/job-tracking'])
    expect(pod!.metadata.ownerReferences).toMatchObject([{ kind: 'Job', name: 'work', controller: true }])
    expect(await status()).toMatchObject({ active: 1, ready: 0, terminating: 0, startTime: '2026-01-01T00:00:00Z' })
    await endAll('Succeeded')
    expect(await status()).toMatchObject({ succeeded: 1, completionTime: '2026-01-01T00:00:01Z' })
    expect((await status()).active).toBeUndefined()
    expect(await conditions()).toEqual(['SuccessCriteriaMet CompletionsReached', 'Complete CompletionsReached'])
    expect((await podClient().list()).items[0]!.metadata.finalizers).toBeUndefined()
    expect(await told()).toContain('Completed: Job completed')
  })

  test('when as many as it wants have, so many at a time', async () => {
    await create({ completions: 5, parallelism: 2 })
    await settle()
    for (const [running, done] of [
      [2, 2],
      [2, 4],
      [1, 5],
    ] as const) {
      expect(await active()).toHaveLength(running)
      await endAll('Succeeded')
      expect((await status()).succeeded).toBe(done)
    }
    expect(await active()).toEqual([])
    expect((await conditions()).at(-1)).toBe('Complete CompletionsReached')
  })

  test('when each index has, if it is Indexed', async () => {
    await create({ completions: 3, parallelism: 3, completionMode: 'Indexed' })
    await settle()
    const running = await active()
    expect(running.map(({ spec }) => spec.hostname).sort()).toEqual(['work-0', 'work-1', 'work-2'])
    const indexOf = (name: string) => running.find(({ metadata }) => metadata.name!.startsWith(name))!.metadata.name!
    await end(indexOf('work-2-'), 'Succeeded')
    await end(indexOf('work-0-'), 'Succeeded')
    await settle()
    expect(await status()).toMatchObject({ succeeded: 2, completedIndexes: '0,2', active: 1 })
    await endAll('Succeeded')
    expect(await status()).toMatchObject({ succeeded: 3, completedIndexes: '0-2' })
  })

  test('also when its pods are deleted right after they have succeeded', async () => {
    await create()
    await settle()
    const [pod] = await active()
    await end(pod!.metadata.name!, 'Succeeded')
    await podClient().delete(pod!.metadata.name!, { gracePeriodSeconds: 0 })
    await settle()
    expect((await status()).succeeded).toBe(1)
    expect((await podClient().list()).items).toEqual([])
  })
})

describe('a Job fails', () => {
  test('when more pods have than its limit allows, each tried after a longer wait', async () => {
    await create({ backoffLimit: 2 })
    await settle()
    await endAll('Failed')
    expect(await active()).toHaveLength(0)
    await job.cluster.clock.advance('10s')
    expect(await active()).toHaveLength(1)
    await endAll('Failed')
    await job.cluster.clock.advance('15s')
    expect(await active()).toHaveLength(0)
    await job.cluster.clock.advance('5s')
    expect(await active()).toHaveLength(1)
    await endAll('Failed')
    expect(await status()).toMatchObject({ failed: 3 })
    expect(await conditions()).toEqual(['FailureTarget BackoffLimitExceeded', 'Failed BackoffLimitExceeded'])
    expect(await told()).toContain('BackoffLimitExceeded: Job has reached the specified backoff limit')
  })

  test('when its time is over, and its pods go', async () => {
    await create({ activeDeadlineSeconds: 30 })
    await job.cluster.clock.advance('29s')
    expect(await active()).toHaveLength(1)
    await job.cluster.clock.advance('5s')
    expect(await active()).toHaveLength(0)
    expect(await conditions()).toEqual(['FailureTarget DeadlineExceeded', 'Failed DeadlineExceeded'])
  })
})

test('a suspended Job has no pods until it is resumed', async () => {
  await create({ suspend: true, parallelism: 2, completions: 2 })
  await settle()
  expect(await active()).toHaveLength(0)
  expect((await status()).startTime).toBeUndefined()
  expect(await conditions()).toEqual(['Suspended JobSuspended'])
  await client().patch('work', 'application/merge-patch+json', { spec: { suspend: false } })
  await settle()
  expect(await active()).toHaveLength(2)
  await client().patch('work', 'application/merge-patch+json', { spec: { suspend: true } })
  await settle()
  expect(await active()).toHaveLength(0)
})

test('a Job of fewer at a time lets the others go', async () => {
  await create({ completions: 10, parallelism: 5 })
  await settle()
  expect(await active()).toHaveLength(5)
  await client().patch('work', 'application/merge-patch+json', { spec: { parallelism: 2 } })
  await settle()
  expect(await active()).toHaveLength(2)
})

describe('pods that were not its own', () => {
  const labels = async () => ({ ...(await client().get('work')).spec.template.metadata!.labels })
  const put = (name: string, metadata: object) =>
    podClient().create({
      metadata: { name, ...metadata },
      spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'app' }] },
    } as unknown as Pod)

  test('are adopted with the finalizer, and counted', async () => {
    const mine = { app: 'mine' }
    await put('stray', { labels: mine })
    await put('held', { labels: mine, finalizers: ['batch.kubernetes.io/job-tracking'] })
    await settle()
    await create({
      completions: 2,
      parallelism: 2,
      manualSelector: true,
      selector: { matchLabels: mine },
      template: {
        metadata: { labels: mine },
        spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'app' }] },
      } as unknown as Job['spec']['template'],
    })
    await settle()
    for (const name of ['stray', 'held'])
      expect((await podClient().get(name)).metadata).toMatchObject({
        finalizers: ['batch.kubernetes.io/job-tracking'],
        ownerReferences: [{ kind: 'Job', name: 'work', controller: true }],
      })
    expect((await podClient().list()).items).toHaveLength(2)
    await endAll('Succeeded')
    expect(await status()).toMatchObject({ succeeded: 2 })
  })

  test('are let go of with the finalizer when they match no more', async () => {
    await create()
    await settle()
    const { name } = (await active())[0]!.metadata
    await podClient().patch(name!, 'application/merge-patch+json', { metadata: { labels: null } })
    await settle()
    const { finalizers, ownerReferences } = (await podClient().get(name!)).metadata
    expect([finalizers, ownerReferences]).toEqual([undefined, undefined])
    expect(await active()).toHaveLength(2)
  })

  test('are left alone when it has ended', async () => {
    await create()
    await settle()
    await endAll('Succeeded')
    await put('late', { labels: await labels(), finalizers: ['batch.kubernetes.io/job-tracking'] })
    await settle()
    const { finalizers, ownerReferences } = (await podClient().get('late')).metadata
    expect([finalizers, ownerReferences]).toEqual([undefined, undefined])
  })

  test.each([
    ['nobody', undefined, []],
    ['a Job that is not there', { apiVersion: 'batch/v1', kind: 'Job' }, []],
    ['a CronJob', { apiVersion: 'batch/v1', kind: 'CronJob' }, ['batch.kubernetes.io/job-tracking']],
    ['a Job of another group', { apiVersion: 'example.com/v1', kind: 'Job' }, ['batch.kubernetes.io/job-tracking']],
  ])('lose the finalizer if nobody will count them: of %s', async (_, owner, finalizers) => {
    const ownerReferences = owner && [{ ...owner, name: 'gone', uid: 'gone', controller: true }]
    await put('stray', { finalizers: ['batch.kubernetes.io/job-tracking'], ownerReferences })
    await settle()
    const after = await podClient()
      .get('stray')
      .catch(() => undefined)
    expect(after?.metadata.finalizers ?? []).toEqual(after ? finalizers : [])
  })
})

test('pods that a deleted Job has left behind are not held any more', async () => {
  await create({ completions: 2, parallelism: 2 })
  await settle()
  await client().delete('work', { propagationPolicy: 'Orphan' })
  await job.cluster.clock.advance('10s')
  const left = (await podClient().list()).items.map(({ metadata }) => [metadata.finalizers, metadata.ownerReferences])
  expect(left).toEqual([
    [undefined, undefined],
    [undefined, undefined],
  ])
})

test('a condition that is not so yet keeps its place when it becomes so', async () => {
  await create({ activeDeadlineSeconds: 5 })
  await settle()
  const { conditions: _, ...rest } = await status()
  const failed = { type: 'Failed', status: 'False', reason: 'Mine', message: 'not yet' }
  const other = { type: 'Other', status: 'False', reason: 'Mine', message: 'never' }
  await client().patch(
    'work',
    'application/merge-patch+json',
    { status: { ...rest, conditions: [failed, other] } },
    { subresource: 'status' },
  )
  await settle()
  await job.cluster.clock.advance('10s')
  expect((await status()).conditions!.map(({ type, status, reason }) => `${type} ${status} ${reason}`)).toEqual([
    'Failed True DeadlineExceeded',
    'Other False Mine',
    'FailureTarget True DeadlineExceeded',
  ])
})

test('indexes are written as ranges, and read as they were written', () => {
  expect(formatIndexes([5, 3, 4, 9, 1, 0])).toBe('0,1,3-5,9')
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(60)), indexes => {
      expect([...parseIndexes(formatIndexes(indexes), 61)]).toEqual([...indexes].sort((a, b) => a - b))
    }),
  )
})
