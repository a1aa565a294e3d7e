import { afterEach, beforeEach, expect, test } from 'vitest'
import { jobs } from '../api/batch/v1/job.ts'
import { pods } from '../api/core/v1/pod.ts'
import { Cluster } from '../cluster/cluster.ts'

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start()
})
afterEach(() => cluster.stop())

const client = () => cluster.client.resource(jobs).namespace('default')
const create = (ttlSecondsAfterFinished: number | undefined, command = ['true']) =>
  client().create({
    metadata: { name: 'work' },
    spec: {
      ttlSecondsAfterFinished,
      backoffLimit: 0,
      template: {
        metadata: {},
        spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox:1.36', command }] },
      },
    },
  })
const isThere = () =>
  client()
    .get('work')
    .then(
      () => true,
      () => false,
    )
const finished = () => cluster.until(async () => ((await client().get('work')).status.conditions ?? []).length > 1)

test.each([['true'], ['false']])(
  'a Job (%s) goes with its pods once its time after finishing is over',
  async command => {
    await create(60, [command])
    await finished()
    await cluster.clock.advance('58s')
    expect(await isThere()).toBe(true)
    await cluster.clock.advance('5s')
    expect(await isThere()).toBe(false)
    expect((await cluster.client.resource(pods).list()).items).toEqual([])
  },
)

test('one without a time stays', async () => {
  await create(undefined)
  await finished()
  await cluster.clock.advance('10m')
  expect(await isThere()).toBe(true)
})

test('one that still runs stays', async () => {
  await create(1, ['sleep', '120'])
  await cluster.clock.advance('1m')
  expect(await isThere()).toBe(true)
})

test('the time may be set, and prolonged, afterwards', async () => {
  await create(60)
  await finished()
  const setTime = (seconds: number) =>
    client().patch('work', 'application/merge-patch+json', { spec: { ttlSecondsAfterFinished: seconds } })
  await setTime(300)
  await cluster.clock.advance('2m')
  expect(await isThere()).toBe(true)
  await setTime(0)
  await cluster.clock.advance('2s')
  expect(await isThere()).toBe(false)
})
