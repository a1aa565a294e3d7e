import { afterEach, beforeEach, expect, test } from 'vitest'
import { pods } from '../api/core/v1/pod.ts'
import { Cluster } from '../cluster/cluster.ts'
import { MetricsRegistry } from '../machinery/metrics/metrics.ts'
import { metricsText } from '../machinery/metrics/text.ts'
import { Scheduler } from './scheduler.ts'

// What becomes of pods, in upstream's numbers.

let cluster: Cluster
let scheduler: Scheduler
const metrics = () => metricsText(registry)
let registry: MetricsRegistry
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 1, withoutScheduler: true })
  registry = new MetricsRegistry()
  const client = cluster.plane.client({ name: 'system:kube-scheduler', groups: ['system:authenticated'] })
  scheduler = new Scheduler({ env: cluster.env, client, metrics: registry })
  await scheduler.start()
})
afterEach(async () => {
  await scheduler.stop()
  await cluster.stop()
})

const create = (name: string, spec: object) =>
  cluster.client
    .resource(pods)
    .namespace('default')
    .create({ metadata: { name }, spec: { containers: [{ name: 'c', image: 'app' }], ...spec } })

test('a pod that is bound, one that fits nowhere, and one that may not be tried yet', async () => {
  await create('bound', {})
  await create('nowhere', { nodeSelector: { none: 'such' } })
  await create('gated', { schedulingGates: [{ name: 'example.com/later' }] })
  await cluster.clock.advance('2s')
  const text = metrics()
  const profile = 'profile="default-scheduler"'
  for (const sample of [
    `scheduler_schedule_attempts_total{${profile},result="scheduled"} 1`,
    `scheduler_schedule_attempts_total{${profile},result="unschedulable"} 1`,
    `scheduler_scheduling_attempt_duration_seconds_count{${profile},result="scheduled"} 1`,
    'scheduler_pod_scheduling_sli_duration_seconds_count{attempts="1"} 1',
    'scheduler_pod_scheduling_attempts_count 1',
    'scheduler_scheduling_algorithm_duration_seconds_count 1',
    'scheduler_pending_pods{queue="unschedulable"} 1',
    'scheduler_pending_pods{queue="gated"} 1',
    'scheduler_pending_pods{queue="active"} 0',
    `scheduler_unschedulable_pods{plugin="NodeAffinity",${profile}} 1`,
    `scheduler_unschedulable_pods{plugin="SchedulingGates",${profile}} 1`,
    'scheduler_queue_incoming_pods_total{event="UnschedulablePodAdd",queue="active"} 2',
    'scheduler_queue_incoming_pods_total{event="UnschedulablePodAdd",queue="unschedulable"} 1',
    'scheduler_queue_incoming_pods_total{event="ScheduleAttemptFailure",queue="unschedulable"} 1',
    `scheduler_framework_extension_point_duration_seconds_count{extension_point="Bind",${profile},status="Success"} 1`,
    `scheduler_framework_extension_point_duration_seconds_count{extension_point="Filter",${profile},status="Success"} 2`,
    `scheduler_framework_extension_point_duration_seconds_count{extension_point="PostFilter",${profile},status="Unschedulable"} 1`,
    'scheduler_preemption_attempts_total 1',
    'scheduler_cache_size{type="nodes"} 1',
    'scheduler_cache_size{type="pods"} 1',
  ])
    expect(text).toContain(`${sample}\n`)
})

test('hints, events and what is under way', async () => {
  await create('gated', { schedulingGates: [{ name: 'example.com/later' }] })
  await cluster.clock.advance('2s')
  const own = cluster.client.resource(pods).namespace('default')
  const gated = await own.get('gated')
  await own.update({ ...gated, spec: { ...gated.spec, schedulingGates: [] } })
  await cluster.clock.advance('2s')
  const text = metrics()
  const eliminated = 'event="UnschedulablePodUpdatePodSchedulingGatesEliminated"'
  for (const sample of [
    `scheduler_queueing_hint_execution_duration_seconds_count{${eliminated},hint="Queue",plugin="SchedulingGates"} 1`,
    'scheduler_event_handling_duration_seconds_count{event="UnschedulablePodAdd"} 1',
    'scheduler_event_handling_duration_seconds_count{event="AssignedPodAdd"} 1',
    'scheduler_event_handling_duration_seconds_count{event="NodeAdd"} 1',
    'scheduler_goroutines{operation="binding"} 0',
    'scheduler_inflight_events{event="PodPopped"} 0',
    'scheduler_pod_scheduled_after_flush_total 0',
  ])
    expect(text).toContain(`${sample}\n`)
})

test('plugins are timed in some of the cycles', async () => {
  for (let number = 0; number < 30; number++) await create(`web-${number}`, {})
  await cluster.clock.advance('5s')
  const samples = [...metrics().matchAll(/^scheduler_plugin_execution_duration_seconds_count\{(.*)\} (\d+)$/gm)]
  const times = new Map(samples.map(([, labels = '', count]) => [labels, Number(count)]))
  const timesAt = (point: string) => times.get(`extension_point="${point}",plugin="NodeResourcesFit",status="Success"`)
  expect(timesAt('PreFilter')).toBeGreaterThan(0)
  expect(timesAt('PreFilter')).toBeLessThan(15)
  expect(timesAt('Filter')).toBe(timesAt('PreFilter'))
  expect(times.get('extension_point="Bind",plugin="DefaultBinder",status="Success"')).toBe(timesAt('PreFilter'))
})
