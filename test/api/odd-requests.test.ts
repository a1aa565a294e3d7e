// Requests at the edge of what clients send, as a stock server answers them (test/differential compares many more).

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Method, Transport } from '../../src/client/transport.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import { adminTransport } from './admin-transport.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const scale = '/apis/apps/v1/namespaces/default/deployments/web/scale'
const as = (kind: string, type = 'json') => `application/${type};as=${kind};v=v1;g=meta.k8s.io`

let cluster: Cluster
let transport: Transport
const ask = async (method: Method, path: string, headers: Record<string, string> = {}, body?: object) => {
  const answer = await transport.request({ method, path, headers, ...(body && { body }) })
  return { status: answer.status, body: answer.body as any }
}

beforeAll(async () => {
  cluster = await Cluster.start({
    nodes: 0,
    withoutControllers: true,
    withoutScheduler: true,
    listen: { address: '127.0.0.1', port: 0 },
  })
  transport = adminTransport(cluster)
  await ask('POST', maps, {}, { metadata: { name: 'one' } })
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const spec = { replicas: 2, selector: { matchLabels: { app: 'web' } }, template }
  await ask('POST', scale.slice(0, -'/web/scale'.length), {}, { metadata: { name: 'web' }, spec })
})
afterAll(async () => {
  transport.close()
  await cluster.stop()
})

test.each<[method: Method, path: string, status: number]>([
  ['GET', '//', 404],
  ['GET', '/api//', 200],
  ['GET', '/version//', 200],
  ['GET', '/healthz/', 404],
  ['GET', '/metrics/', 404],
  ['GET', '/index.html', 200],
  ['GET', '/apis/apps//', 200],
  ['POST', '/apis/apps//', 405],
  ['GET', `${maps}/..`, 400],
  ['GET', `${maps}/%2e`, 400],
  ['GET', '/api/v1/pods//log', 404],
  ['GET', '/api/v1/namespaces/default/bindings/x', 404],
  ['GET', `${scale}/more`, 404],
  ['GET', `${maps}?limit=x;y`, 200],
])('%s %s: %i', async (method, path, status) => {
  expect((await ask(method, path)).status).toBe(status)
})

test('a Scale as a table', async () => {
  const { body } = await ask('GET', scale, { accept: as('Table') })
  expect(body.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual([
    'Name',
    'Desired',
    'Available',
    'Age',
  ])
  expect(body.rows[0].cells.slice(0, 3)).toEqual(['web', 2, 0])
})

test('many are deleted, and answered as metadata', async () => {
  const accounts = '/api/v1/namespaces/default/serviceaccounts'
  for (const name of ['a', 'b']) await ask('POST', accounts, {}, { metadata: { name, labels: { of: 'many' } } })
  const { status, body } = await ask('DELETE', `${accounts}?labelSelector=of=many`, {
    accept: as('PartialObjectMetadataList'),
  })
  expect([status, body.kind, body.items.length]).toEqual([200, 'PartialObjectMetadataList', 2])
})

test('a namespace that goes is made again', async () => {
  const namespaces = '/api/v1/namespaces'
  await ask('POST', namespaces, {}, { metadata: { name: 'going' } })
  await ask('DELETE', `${namespaces}/going?propagationPolicy=Foreground`)
  const { body } = await ask('GET', `${namespaces}/going`)
  expect(body.metadata.finalizers).toEqual(['foregroundDeletion'])
  const again = await ask('POST', namespaces, {}, { metadata: { name: 'going' } })
  expect(again).toMatchObject({
    status: 409,
    body: { message: 'object is being deleted: namespaces "going" already exists' },
  })
})

test('who asked for a review manages what it asks', async () => {
  const { body } = await ask(
    'POST',
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews?fieldManager=me',
    {},
    {
      spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
    },
  )
  expect(body.metadata.managedFields[0]).toMatchObject({
    manager: 'me',
    fieldsV1: { 'f:spec': { 'f:resourceAttributes': { 'f:verb': {} } } },
  })
})
