import { expect, test } from 'vitest'
import type { Job, JobCondition, JobStatus } from '../../api/batch/v1/job.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import { MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { observePods, trackingFinalizer } from './job-pods.ts'
import { JobMetrics } from './metrics.ts'
import { newCondition } from './outcome.ts'
import { trackPods } from './tracking.ts'

// What is written, in which order, and how many pods are let go, in one look at a Job. A pod is written `uid phase`, with a
// star while it is held, and with an index after a colon.

function podOf(text: string): Pod {
  const [, uid, phase, index, star, going] = /^(\w+) (\w+)(?::(\d+))?(\*?)( going)?$/.exec(text)!
  return {
    metadata: {
      name: uid,
      uid,
      ...(star && { finalizers: [trackingFinalizer] }),
      ...(index && { annotations: { 'batch.kubernetes.io/job-completion-index': index } }),
      ...(going && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
    spec: { containers: [] },
    status: { phase },
  } as unknown as Pod
}

interface Case {
  readonly completions?: number
  readonly deleted?: boolean
  readonly before?: JobStatus
  readonly pods: readonly string[]
  readonly outcome?: JobCondition
}

const brief = ({ succeeded, failed, completedIndexes, uncountedTerminatedPods: uncounted, conditions }: JobStatus) =>
  [
    `${succeeded ?? 0} succeeded`,
    `${failed ?? 0} failed`,
    completedIndexes && `indexes ${completedIndexes}`,
    uncounted?.succeeded && `+${uncounted.succeeded}`,
    uncounted?.failed && `-${uncounted.failed}`,
    conditions?.map(({ type }) => type).join(),
  ]
    .filter(Boolean)
    .join(', ')

async function track({ completions, deleted, before = {}, pods, outcome }: Case) {
  const job = {
    metadata: { name: 'work', ...(deleted && { deletionTimestamp: '2026-01-01T00:00:00Z' }) },
    spec: { ...(completions !== undefined && { completionMode: 'Indexed', completions }) },
    status: before,
  } as unknown as Job
  const written: string[] = []
  let freed = 0
  const resource = {
    namespace: () => resource,
    patch: async () => freed++,
    updateStatus: async (next: Job) => {
      written.push(brief(next.status))
      return next
    },
  }
  const clock = { now: () => Date.UTC(2026, 0, 1) }
  const context = { client: { resource: () => resource }, clock, events: { event() {} } } as unknown as ReconcileContext
  const seen = observePods(job, pods.map(podOf), pod => pod.metadata.finalizers !== undefined)
  const status: JobStatus = { ...before, terminating: seen.terminating.length }
  const metrics = new JobMetrics(new MetricsRegistry())
  await trackPods({ job, pods: seen, status, outcome, context, released: new Set(), metrics, noted() {} })
  return { written, freed }
}

const failure = newCondition('FailureTarget', 'Why', 'because', 0)
const success = newCondition('SuccessCriteriaMet', 'Why', 'because', 0)
const many = (count: number, indexed = false) =>
  Array.from({ length: count }, (_, index) => `p${index} Succeeded${indexed ? `:${index}` : ''}*`)

test.each<[why: string, of: Case, written: string[], freed: number]>([
  [
    'pods that have ended, or are going',
    {
      pods: ['a Succeeded*', 'b Failed*', 'c Succeeded* going', 'd Failed* going', 'e Pending* going', 'f Running*'],
    },
    ['0 succeeded, 0 failed, +a,c, -b,d,e', '2 succeeded, 3 failed'],
    5,
  ],
  [
    'those noted before, whether held yet or not',
    {
      before: { succeeded: 2, failed: 3, uncountedTerminatedPods: { succeeded: ['a', 'e'], failed: ['b', 'f'] } },
      pods: ['e Succeeded', 'x Failed', 'a Succeeded*', 'b Failed*', 'c Succeeded*', 'd Failed*'],
    },
    ['3 succeeded, 4 failed, +a,c, -b,d', '5 succeeded, 6 failed'],
    4,
  ],
  [
    'what runs still, of a Job that fails',
    { pods: ['a Succeeded*', 'b Failed*', 'c Running*'], outcome: failure },
    ['0 succeeded, 0 failed, +a, -b,c, FailureTarget', '1 succeeded, 2 failed, FailureTarget,Failed'],
    3,
  ],
  [
    'but not of one that succeeds',
    { pods: ['a Succeeded*', 'b Failed*', 'c Pending*'], outcome: success },
    ['0 succeeded, 0 failed, +a, -b, SuccessCriteriaMet', '1 succeeded, 1 failed, SuccessCriteriaMet,Complete'],
    3,
  ],
  [
    'nor of one that is deleted',
    { deleted: true, pods: ['a Succeeded*', 'b Failed*', 'c Running*'] },
    ['0 succeeded, 0 failed, +a, -b', '1 succeeded, 1 failed'],
    3,
  ],
  [
    'a pod that was noted as failed, though it says otherwise now',
    {
      before: { uncountedTerminatedPods: { failed: ['a', 'b'] } },
      pods: ['a Failed*', 'b Succeeded*'],
      outcome: failure,
    },
    ['0 succeeded, 0 failed, -a,b, FailureTarget', '0 succeeded, 2 failed, FailureTarget,Failed'],
    2,
  ],
  [
    'the end waits for pods on their way out',
    { pods: ['a Running going', 'b Failed*'], outcome: failure },
    ['0 succeeded, 0 failed, -b, FailureTarget', '0 succeeded, 1 failed, FailureTarget'],
    1,
  ],
  [
    'each index once, and none without',
    { completions: 6, pods: ['a Succeeded:1*', 'b Succeeded:3*', 'c Succeeded:3*', 'd Running:5*', 'e Succeeded*'] },
    ['2 succeeded, 0 failed, indexes 1,3'],
    4,
  ],
  [
    'indexes of a Job that has shrunk since',
    {
      completions: 2,
      before: { succeeded: 1, completedIndexes: '3' },
      pods: ['a Running:0*', 'b Succeeded:1*'],
    },
    ['1 succeeded, 0 failed, indexes 1'],
    1,
  ],
  [
    'indexes of before, with new ones',
    {
      completions: 7,
      before: { failed: 2, succeeded: 5, completedIndexes: '0-2,4,6,7' },
      pods: ['x Succeeded:0', 'c Succeeded:1*', 'd Succeeded:3*', 'a Failed:2*', 'b Failed:5*'],
    },
    ['6 succeeded, 2 failed, indexes 0-4,6, -a,b', '6 succeeded, 4 failed, indexes 0-4,6'],
    4,
  ],
])('%s', async (_, of, written, freed) => {
  expect(await track(of)).toEqual({ written, freed })
})

test('no more than 500 at a time, those noted before included, and no end before the last', async () => {
  const before = { uncountedTerminatedPods: { failed: ['a', 'b'] } }
  const some = await track({ before, pods: [...many(500), 'b Failed*'], outcome: success })
  expect(some.freed).toBe(499)
  expect(some.written.at(-1)).toBe('499 succeeded, 1 failed, -b, SuccessCriteriaMet')
  const indexed = await track({ completions: 501, pods: many(501, true), outcome: success })
  expect(indexed).toEqual({ written: ['500 succeeded, 0 failed, indexes 0-499, SuccessCriteriaMet'], freed: 500 })
})
