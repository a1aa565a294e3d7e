import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { events } from '../../api/core/v1/event.ts'
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

test('indexes are written as ranges, and read as they were written', () => {
  expect(formatIndexes([5, 3, 4, 9, 1, 0])).toBe('0,1,3-5,9')
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(60)), indexes => {
      expect([...parseIndexes(formatIndexes(indexes), 61)]).toEqual([...indexes].sort((a, b) => a - b))
    }),
  )
})
