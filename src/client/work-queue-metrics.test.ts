import { expect, test } from 'vitest'
import { virtualEnv } from '../machinery/env/virtual-env.ts'
import { MetricsRegistry } from '../machinery/metrics/metrics.ts'
import { metricsText } from '../machinery/metrics/text.ts'
import { WorkQueue } from './work-queue.ts'
import { WorkQueueMetrics } from './work-queue-metrics.ts'

// What becomes of a queue's items, second by second, in the numbers that client-go has for it.

const env = virtualEnv()
const registry = new MetricsRegistry()
const queue = new WorkQueue<string>(env, { metrics: new WorkQueueMetrics(registry, env.clock).queue('deployment') })
const value = (name: string, labels = '{name="deployment"}') =>
  Number(new RegExp(`^workqueue_${name}${labels} (.*)$`, 'm').exec(metricsText(registry))?.[1])

test('one that waits counts once, one that is worked on takes time, one that failed is a retry', async () => {
  for (const item of ['a', 'b', 'a']) queue.add(item)
  expect([value('depth'), value('adds_total')]).toEqual([2, 2])
  await env.clock.advance(2000)
  expect(await queue.get()).toBe('a')
  expect([value('depth'), value('queue_duration_seconds_sum'), value('queue_duration_seconds_count')]).toEqual([
    1, 2, 1,
  ])
  // Added again while it is worked on: it will be there again.
  queue.add('a')
  expect([value('depth'), value('adds_total')]).toEqual([2, 3])
  await env.clock.advance(3000)
  expect([value('unfinished_work_seconds'), value('longest_running_processor_seconds')]).toEqual([3, 3])
  queue.done('a')
  expect([value('work_duration_seconds_sum'), value('unfinished_work_seconds')]).toEqual([3, 0])
  expect(value('retries_total')).toBe(0)
  queue.addRateLimited('c')
  expect([value('retries_total'), value('adds_total')]).toEqual([1, 3])
  await env.clock.advance(10)
  expect([value('depth'), value('adds_total')]).toEqual([3, 4])
})
