// The laws of the queue, on virtual time.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../machinery/env/virtual-env.ts'
import {
  Action,
  assignedPodAdd,
  assignedPodDelete,
  type ClusterEventWithHint,
  nodeAdd,
  nodeUpdate,
} from './cluster-event.ts'
import { Heap } from './heap.ts'
import { prioritySort } from './plugins/priority-sort.ts'
import { schedulingGates } from './plugins/scheduling-gates.ts'
import type { PodInfo } from './pod-info.ts'
import { SchedulingQueue } from './queue.ts'
import type { QueuedPodInfo } from './queued-pod.ts'
import { aNode, aPod, cacheOf } from './testing/fixtures.ts'

const cache = cacheOf([])
const info = (name: string, spec: object = {}): PodInfo => cache.podInfo(aPod(name, spec))

function aQueue(events: Record<string, readonly ClusterEventWithHint[]> = {}) {
  const clock = new VirtualClock()
  let ready = 0
  const queue = new SchedulingQueue({
    clock,
    queueSort: prioritySort.queueSort!,
    preEnqueue: pod => schedulingGates.preEnqueue!(pod),
    events: new Map(Object.entries({ SchedulingGates: schedulingGates.eventsToRegister!(), ...events })),
    onReady: () => ready++,
  })
  return { clock, queue, ready: () => ready }
}

const rejectedBy = (queued: QueuedPodInfo, ...plugins: string[]): QueuedPodInfo => {
  queued.unschedulablePlugins = new Set(plugins)
  return queued
}
const drain = (queue: SchedulingQueue): string[] => {
  const names: string[] = []
  for (let queued = queue.pop(); queued; queued = queue.pop()) names.push(queued.info.name)
  return names
}

describe('active', () => {
  test('gives the pod of the highest priority first, and among equals the one that waits longest', async () => {
    const { clock, queue } = aQueue()
    for (const [name, priority] of [
      ['a', 0],
      ['b', 10],
      ['c', 0],
      ['d', 10],
    ] as const) {
      queue.add(info(name, { priority }))
      await clock.advance(1)
    }
    expect(drain(queue)).toEqual(['b', 'd', 'a', 'c'])
  })

  test('says when there is something to do', () => {
    const { queue, ready } = aQueue()
    expect(ready()).toBe(0)
    queue.add(info('a'))
    expect(ready()).toBe(1)
  })

  test('takes up what has changed of a pod that waits', () => {
    const { queue } = aQueue()
    queue.add(info('a'))
    queue.add(info('b'))
    queue.update(info('b'), info('b', { priority: 5 }))
    expect(drain(queue)).toEqual(['b', 'a'])
  })

  test('forgets a pod that is deleted', () => {
    const { queue } = aQueue()
    queue.add(info('a'))
    queue.delete('uid-a')
    expect(queue.pop()).toBeUndefined()
  })
})

describe('a gated pod', () => {
  test('waits until its last gate is lifted', async () => {
    const { clock, queue } = aQueue()
    const gated = info('a', { schedulingGates: [{ name: 'g' }] })
    queue.add(gated)
    queue.move(nodeAdd)
    await clock.advance(10 * 60_000)
    expect(queue.pop()).toBeUndefined()
    queue.update(gated, info('a'))
    expect(queue.pop()?.info.name).toBe('a')
  })
})

describe('a rejected pod', () => {
  const wantsNodes = { Fit: [{ resource: 'Node', action: Action.add } as const] }

  test('waits for an event that its plugins registered for', () => {
    const { queue } = aQueue({ ...wantsNodes, Other: [{ resource: 'AssignedPod', action: Action.delete }] })
    queue.add(info('a'))
    queue.addUnschedulable(rejectedBy(queue.pop()!, 'Fit'))
    expect(queue.size).toEqual({ active: 0, backoff: 0, unschedulable: 1 })
    queue.move(assignedPodDelete)
    queue.move(assignedPodAdd)
    queue.move(nodeUpdate(Action.updateNodeLabel))
    expect(queue.pop()).toBeUndefined()
    queue.move(nodeAdd)
    expect(queue.size).toEqual({ active: 0, backoff: 1, unschedulable: 0 })
  })

  test('stays when the hint says that the event does not help', () => {
    const hint = (_: PodInfo, __: unknown, node: { metadata: { name: string } }) =>
      node.metadata.name === 'good' ? 'Queue' : 'QueueSkip'
    const { queue } = aQueue({ Fit: [{ resource: 'Node', action: Action.add, hint }] })
    queue.add(info('a'))
    queue.addUnschedulable(rejectedBy(queue.pop()!, 'Fit'))
    queue.move(nodeAdd, undefined, aNode('bad'))
    expect(queue.size.unschedulable).toBe(1)
    queue.move(nodeAdd, undefined, aNode('good'))
    expect(queue.size.unschedulable).toBe(0)
  })

  test('comes back at once for a plugin that was waiting for just this', () => {
    const { queue } = aQueue(wantsNodes)
    queue.add(info('a'))
    const queued = queue.pop()!
    queued.pendingPlugins = new Set(['Fit'])
    queue.addUnschedulable(queued)
    queue.move(nodeAdd)
    expect(queue.size).toEqual({ active: 1, backoff: 0, unschedulable: 0 })
  })

  test('is tried again during its backoff only when there is nothing else to do', () => {
    const { queue } = aQueue(wantsNodes)
    queue.add(info('rejected'))
    queue.addUnschedulable(rejectedBy(queue.pop()!, 'Fit'))
    queue.move(nodeAdd)
    queue.add(info('fresh'))
    expect(drain(queue)).toEqual(['fresh', 'rejected'])
  })

  test('does not wait when the event came while it was tried', () => {
    const { queue } = aQueue(wantsNodes)
    queue.add(info('a'))
    const queued = queue.pop()!
    queue.move(nodeAdd)
    queue.addUnschedulable(rejectedBy(queued, 'Fit'))
    expect(queue.size).toEqual({ active: 0, backoff: 1, unschedulable: 0 })
  })

  test('gets another try after five minutes in any case', async () => {
    const { clock, queue } = aQueue(wantsNodes)
    queue.add(info('a'))
    queue.addUnschedulable(rejectedBy(queue.pop()!, 'Fit'))
    await clock.advance(5 * 60_000 - 1)
    expect(queue.pop()).toBeUndefined()
    await clock.advance(30_000)
    expect(queue.pop()?.info.name).toBe('a')
  })
})

test('a pod whose scheduling broke waits 1 s, 2 s, 4 s, 8 s, and never more than 10 s', async () => {
  const { clock, queue } = aQueue()
  queue.add(info('a'))
  for (const seconds of [1, 2, 4, 8, 10, 10]) {
    queue.addUnschedulable(queue.pop()!)
    await clock.advance(seconds * 1000 - 1)
    expect(queue.pop()).toBeUndefined()
    await clock.advance(1)
    expect(queue.size.active).toBe(1)
  }
})

test('a pod that is given back twice is there once', () => {
  const { queue } = aQueue()
  queue.add(info('a'))
  const queued = queue.pop()!
  expect(queue.isInFlight('uid-a')).toBe(true)
  queue.addUnschedulable(rejectedBy(queued, 'Fit'))
  queue.addUnschedulable(rejectedBy(queued, 'Fit'))
  expect(queue.isInFlight('uid-a')).toBe(false)
  expect(queue.size.unschedulable).toBe(1)
})

test('a heap gives everything back in order, whatever is changed or taken out in between', () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 20 }), value: fc.integer(), remove: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step), steps => {
      const heap = new Heap<{ key: string; value: number }>(
        item => item.key,
        (a, b) => a.value < b.value,
      )
      const model = new Map<string, number>()
      for (const { key, value, remove } of steps) {
        if (remove) expect(heap.delete(`${key}`)?.value).toBe(model.get(`${key}`))
        else heap.set({ key: `${key}`, value })
        if (remove) model.delete(`${key}`)
        else model.set(`${key}`, value)
      }
      const values: number[] = []
      for (let item = heap.pop(); item; item = heap.pop()) values.push(item.value)
      expect(values).toEqual([...model.values()].sort((a, b) => a - b))
    }),
  )
})
