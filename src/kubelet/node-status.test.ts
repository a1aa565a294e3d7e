// What the kubelet says of its node, and what it takes back of what others say.

import { expect, test } from 'vitest'
import type { Node } from '../api/core/v1/node.ts'
import { internalError } from '../machinery/status-error.ts'
import { NodeBench } from './testing/node-bench.ts'

const path = '/api/v1/nodes/node-1'
const second = 1000

async function started() {
  const bench = new NodeBench()
  await bench.start()
  await bench.env.clock.advance(11 * second)
  const node = () => bench.api.contents('/api/v1/nodes')[0] as unknown as Node
  const put = (status: object) => bench.api.put(path, { ...node(), status: { ...node().status, ...status } } as never)
  const ready = () => node().status?.conditions?.find(({ type }) => type === 'Ready')
  const reports = () =>
    bench.api.requests.filter(request => request.method === 'PATCH' && request.path === `${path}/status`)
  return { bench, node, put, ready, reports, advance: (ms: number) => bench.env.clock.advance(ms) }
}

test('a node that was given up on says within ten seconds that it is ready', async () => {
  const { node, put, ready, advance } = await started()
  const conditions = node().status!.conditions!.map(each => ({
    ...each,
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
  }))
  put({ conditions })
  expect(ready()?.status).toBe('Unknown')
  await advance(10 * second)
  expect(ready()).toMatchObject({ status: 'True', reason: 'KubeletReady' })
})

test('resources that others declare on the node can be had by pods', async () => {
  const { node, put, reports, advance } = await started()
  const before = reports().length
  put({ capacity: { ...node().status!.capacity, 'example.com/gpu': '4' } })
  await advance(10 * second)
  expect(node().status!.allocatable).toMatchObject({ 'example.com/gpu': '4', cpu: node().status!.capacity!['cpu'] })
  await advance(60 * second)
  expect(reports().length - before).toBe(1)
})

test('images that the node no longer has are taken back, once', async () => {
  const { node, put, reports, advance } = await started()
  const before = reports().length
  put({ images: [{ names: ['docker.io/library/nginx:1.27'], sizeBytes: 1 }] })
  await advance(60 * second)
  expect(node().status!.images).toBeNull()
  expect(reports().length - before).toBe(1)
})

test('a node as it was is reported every five minutes', async () => {
  const { reports, advance } = await started()
  const before = reports().length
  await advance(280 * second)
  expect(reports().length - before).toBe(0)
  await advance(620 * second)
  expect(reports().length - before).toBe(3)
})

test('a report that fails is tried five times in a row, then in the next round', async () => {
  const { bench, put, ready, reports, advance } = await started()
  const before = reports().length
  put({ conditions: [{ type: 'Ready', status: 'Unknown' }] })
  bench.api.faults = ({ method }) =>
    method === 'PATCH' ? { fault: 'refused', error: internalError('not now') } : undefined
  await advance(10 * second)
  expect(reports().length - before).toBe(5)
  expect(ready()?.status).toBe('Unknown')
  bench.api.faults = () => undefined
  await advance(10 * second)
  expect(ready()?.status).toBe('True')
})
