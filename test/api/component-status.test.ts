// `kubectl get componentstatuses`: old, warned about, and still asked for.

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Transport } from '../../src/client/transport.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import { adminTransport } from './admin-transport.ts'

let cluster: Cluster
let transport: Transport
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 0, listen: { address: '127.0.0.1', port: 0 } })
  transport = adminTransport(cluster)
})
afterAll(async () => {
  transport.close()
  await cluster.stop()
})

const get = (path: string, query: Record<string, string> = {}, accept = 'application/json') =>
  transport.request({ method: 'GET', path: `/api/v1/${path}`, query, headers: { accept } })
const healthy = (name: string) => ({
  metadata: { name },
  conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
})

test('the components are listed, with a warning', async () => {
  const { body, headers } = await get('componentstatuses')
  expect(body).toEqual({
    kind: 'ComponentStatusList',
    apiVersion: 'v1',
    metadata: {},
    items: ['controller-manager', 'scheduler', 'etcd-0'].map(healthy),
  })
  expect(headers['warning']).toBe('299 - "v1 ComponentStatus is deprecated in v1.19+"')
})

test('one of them can be asked for, in any form', async () => {
  expect((await get('componentstatuses/scheduler')).body).toEqual({
    kind: 'ComponentStatus',
    apiVersion: 'v1',
    ...healthy('scheduler'),
  })
  const { body } = await get('componentstatuses', {}, 'application/json;as=Table;g=meta.k8s.io;v=v1')
  expect((body as any).rows.map((row: any) => row.cells)).toEqual([
    ['controller-manager', 'Healthy', 'ok', ''],
    ['scheduler', 'Healthy', 'ok', ''],
    ['etcd-0', 'Healthy', 'ok', ''],
  ])
  const selected = await get('componentstatuses', { fieldSelector: 'metadata.name=etcd-0' })
  expect((selected.body as any).items).toEqual([healthy('etcd-0')])
})

test('nobody else is', async () => {
  expect(await get('componentstatuses/kubelet')).toMatchObject({
    status: 404,
    body: { status: 'Failure', message: 'componentstatus "kubelet" not found', code: 404 },
  })
  expect((await transport.request({ method: 'DELETE', path: '/api/v1/componentstatuses/scheduler' })).status).toBe(405)
})
