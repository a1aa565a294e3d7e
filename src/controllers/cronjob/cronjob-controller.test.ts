import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CronJob, cronJobs } from '../../api/batch/v1/cronjob.ts'
import { type Job, jobs } from '../../api/batch/v1/job.ts'
import { events } from '../../api/core/v1/event.ts'
import { resourceQuotas } from '../../api/core/v1/resourcequota.ts'
import { createClient } from '../../client/rest-client.ts'
import { MemoryTransport } from '../../client/testing/memory-transport.ts'
import { settledEnv } from '../../client/testing/settled-env.ts'
import type { ApiRequest } from '../../client/transport.ts'
import { Cluster } from '../../cluster/cluster.ts'
import { ControllerManager } from '../controller-manager.ts'

// Which Jobs a CronJob starts, and when. The cluster's time begins at 2026-01-01T00:00:00Z, a Thursday.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, controllers: ['cronjob-controller'], withoutScheduler: true })
})
afterEach(() => cluster.stop())

const client = () => cluster.client.resource(cronJobs).namespace('default')
const jobClient = () => cluster.client.resource(jobs).namespace('default')
const jobTemplate = {
  metadata: { labels: { app: 'report' }, annotations: { note: 'kept' } },
  spec: { template: { metadata: {}, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'app' }] } } },
} as unknown as CronJob['spec']['jobTemplate']
const create = (spec: Partial<CronJob['spec']> = {}) =>
  client().create({ metadata: { name: 'report' }, spec: { schedule: '*/5 * * * *', jobTemplate, ...spec } })
const all = async (): Promise<Job[]> => [...(await jobClient().list()).items]
/** The times of the Jobs there are, as hours and minutes. */
const started = async () =>
  (await all())
    .map(({ metadata }) => metadata.annotations!['batch.kubernetes.io/cronjob-scheduled-timestamp']!.slice(11, 16))
    .sort()
const status = async () => (await client().get('report')).status
const told = async () =>
  (await cluster.client.resource(events).list()).items
    .filter(({ involvedObject }) => involvedObject.kind === 'CronJob')
    .map(({ type, reason, message }) => `${type} ${reason}: ${message}`)
const end = (name: string, type: 'Complete' | 'Failed') => {
  const time = new Date(cluster.clock.now()).toISOString().slice(0, 19).concat('Z')
  const startTime = time
  const condition = { type, status: 'True', lastProbeTime: time, lastTransitionTime: time }
  const criteria = { ...condition, type: type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget' }
  const status =
    type === 'Complete'
      ? { startTime, completionTime: time, succeeded: 1, conditions: [criteria, condition] }
      : { startTime, failed: 1, conditions: [criteria, condition] }
  return jobClient().patch(name, 'application/merge-patch+json', { status }, { subresource: 'status' })
}

describe('a Job is started', () => {
  test('at each time of the schedule, named after the minute and owned', async () => {
    await create()
    await cluster.clock.advance('11m')
    expect(await started()).toEqual(['00:05', '00:10'])
    const [job] = await all()
    expect(job).toMatchObject({
      metadata: {
        name: `report-${Date.parse('2026-01-01T00:05:00Z') / 60_000}`,
        labels: { app: 'report' },
        annotations: { note: 'kept', 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T00:05:00Z' },
        ownerReferences: [{ kind: 'CronJob', name: 'report', controller: true, blockOwnerDeletion: true }],
      },
    })
    expect(await status()).toMatchObject({
      lastScheduleTime: '2026-01-01T00:10:00Z',
      active: [
        { kind: 'Job', apiVersion: 'batch/v1', name: job!.metadata.name, uid: job!.metadata.uid },
        { kind: 'Job', apiVersion: 'batch/v1' },
      ],
    })
    expect(await told()).toEqual(
      (await all()).map(({ metadata }) => `Normal SuccessfulCreate: Created job ${metadata.name}`),
    )
  })

  test('by the clock of the time zone', async () => {
    await create({ schedule: '30 9 * * *', timeZone: 'Asia/Tokyo' })
    await cluster.clock.advance('1h')
    const [job] = await all()
    expect(job!.metadata.annotations!['batch.kubernetes.io/cronjob-scheduled-timestamp']).toBe(
      '2026-01-01T09:30:00+09:00',
    )
  })

  test('anew when the schedule changes', async () => {
    await create({ schedule: '0 12 * * *' })
    await cluster.clock.advance('1m')
    await client().patch('report', 'application/merge-patch+json', { spec: { schedule: '*/2 * * * *' } })
    await cluster.clock.advance('4m')
    expect(await started()).toEqual(['00:02', '00:04'])
  })
})

describe('no Job is started', () => {
  test('while it is suspended; afterwards the last missed time is made good', async () => {
    await create({ suspend: true })
    await cluster.clock.advance('13m')
    expect(await started()).toEqual([])
    await client().patch('report', 'application/merge-patch+json', { spec: { suspend: false } })
    await cluster.clock.advance('1s')
    expect(await started()).toEqual(['00:10'])
  })

  test('after the deadline', async () => {
    await create({ suspend: true, startingDeadlineSeconds: 60 })
    await cluster.clock.advance('13m')
    await client().patch('report', 'application/merge-patch+json', { spec: { suspend: false } })
    await cluster.clock.advance('1s')
    expect(await started()).toEqual([])
    await cluster.clock.advance('2m')
    expect(await started()).toEqual(['00:15'])
  })

  test.each<[spec: Partial<CronJob['spec']>, event: string]>([
    [
      { schedule: '59 23 31 2 *' },
      'Warning InvalidSchedule: invalid schedule: 59 23 31 2 * : time difference between two schedules is less than 1 second',
    ],
  ])('of %j', async (spec, event) => {
    await create(spec)
    await cluster.clock.advance('10m')
    expect(await started()).toEqual([])
    expect(await told()).toContain(event)
  })

  test('of many missed times but the last, with a warning', async () => {
    await create({ suspend: true, schedule: '* * * * *' })
    await cluster.clock.advance('5h')
    await client().patch('report', 'application/merge-patch+json', { spec: { suspend: false } })
    await cluster.clock.advance('1s')
    expect(await started()).toEqual(['05:00'])
    expect(await told()).toContain(
      'Warning TooManyMissedTimes: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
    )
  })
})

describe('when the last one still runs', () => {
  test('Forbid waits until it is over', async () => {
    await create({ concurrencyPolicy: 'Forbid' })
    await cluster.clock.advance('11m')
    expect(await started()).toEqual(['00:05'])
    expect(await told()).toContain(
      'Normal JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid',
    )
    await end((await all())[0]!.metadata.name!, 'Complete')
    await cluster.clock.advance('1s')
    expect(await started()).toEqual(['00:05', '00:10'])
  })

  test('Replace deletes it', async () => {
    await create({ concurrencyPolicy: 'Replace' })
    await cluster.clock.advance('6m')
    const [first] = await all()
    await cluster.clock.advance('5m')
    expect(await started()).toEqual(['00:10'])
    expect((await status()).active).toHaveLength(1)
    expect(await told()).toContain(`Normal SuccessfulDelete: Deleted job ${first!.metadata.name}`)
  })
})

describe('finished Jobs', () => {
  test('leave the status, and their success is noted', async () => {
    await create()
    await cluster.clock.advance('6m')
    const [job] = await all()
    await end(job!.metadata.name!, 'Complete')
    await cluster.clock.advance('1s')
    expect(await status()).toEqual({
      lastScheduleTime: '2026-01-01T00:05:00Z',
      lastSuccessfulTime: '2026-01-01T00:06:00Z',
    })
    expect(await told()).toContain(
      `Normal SawCompletedJob: Saw completed job: ${job!.metadata.name}, condition: Complete`,
    )
  })

  test('are kept as far as the history goes', async () => {
    await create({ successfulJobsHistoryLimit: 2, failedJobsHistoryLimit: 1 })
    for (const type of ['Failed', 'Complete', 'Complete', 'Failed', 'Complete'] as const) {
      await cluster.clock.advance('5m')
      for (const { metadata, status } of await all()) if (!status.conditions) await end(metadata.name!, type)
      await cluster.clock.advance('1s')
    }
    expect(await started()).toEqual(['00:15', '00:20', '00:25'])
  })

  test('are removed though no more can be made', async () => {
    await create({ successfulJobsHistoryLimit: 3 })
    for (let number = 0; number < 3; number++) {
      await cluster.clock.advance('5m')
      for (const { metadata, status } of await all()) if (!status.conditions) await end(metadata.name!, 'Complete')
    }
    const quotas = cluster.client.resource(resourceQuotas).namespace('default')
    const hard = { 'count/jobs.batch': '3' }
    const quota = await quotas.create({ metadata: { name: 'jobs' }, spec: { hard } })
    await quotas.updateStatus({ ...quota, status: { hard, used: hard } })
    await cluster.clock.advance('5m')
    expect(await started()).toEqual(['00:05', '00:10', '00:15'])
    const own = cluster.client.resource(cronJobs).namespace('default')
    const [cronJob] = (await own.list()).items
    await own.update({ ...cronJob!, spec: { ...cronJob!.spec, successfulJobsHistoryLimit: 1 } })
    await cluster.clock.advance('1s')
    // The last one runs.
    expect(await started()).toEqual(['00:10', '00:15'])
  })
})

describe('the status is put right', () => {
  test('when a Job that ran is gone', async () => {
    await create()
    await cluster.clock.advance('6m')
    const [job] = await all()
    await jobClient().delete(job!.metadata.name!, { propagationPolicy: 'Background' })
    await cluster.clock.advance('1s')
    expect((await status()).active).toBeUndefined()
    expect(await told()).toContain(`Normal MissingJob: Active job went missing: ${job!.metadata.name}`)
  })

  test('after a crash between the creation and its note', async () => {
    await create()
    await cluster.clock.advance('6m')
    const before = await client().get('report')
    await client().updateStatus({ ...before, status: {} })
    await cluster.clock.advance('1s')
    expect(await started()).toEqual(['00:05'])
    expect((await status()).active).toMatchObject([{ name: (await all())[0]!.metadata.name }])
  })

  test('a Job of the name that belongs to somebody else is left alone', async () => {
    const name = `report-${Date.parse('2026-01-01T00:05:00Z') / 60_000}`
    await jobClient().create({ metadata: { name }, spec: jobTemplate.spec })
    await create()
    await cluster.clock.advance('6m')
    expect((await status()).active).toBeUndefined()
    expect((await all())[0]!.metadata.ownerReferences).toBeUndefined()
  })
})

/** Gives every new object the empty status that an API server would. */
class StatusTransport extends MemoryTransport {
  override request(request: ApiRequest) {
    return super.request(request.method === 'POST' ? { ...request, body: { status: {}, ...request.body } } : request)
  }
}

test('a year passes: a Job for every day, and none twice', async () => {
  // Only the controller, over a server that does nothing of its own while time goes by.
  const env = settledEnv()
  const client = createClient(new StatusTransport())
  const controllers = ['cronjob-controller']
  const manager = new ControllerManager({
    env,
    client,
    clientFor: () => client,
    rootCA: '',
    clusterCIDR: '10.244.0.0/16',
    controllers,
  })
  await manager.start()
  const creationTimestamp = '2026-01-01T00:00:00Z'
  await client
    .resource(cronJobs)
    .namespace('default')
    .create({
      metadata: { name: 'report', namespace: 'default', creationTimestamp },
      spec: { schedule: '@daily', jobTemplate, concurrencyPolicy: 'Allow' },
      status: {},
    })
  await env.clock.advance(365 * 86_400_000 + 3_600_000)
  const names = (await client.resource(jobs).namespace('default').list()).items.map(({ metadata }) => metadata.name)
  expect(names).toHaveLength(365)
  expect(new Set(names).size).toBe(365)
  await manager.stop()
})
