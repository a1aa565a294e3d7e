// What other parts of the cluster do with custom resources: namespaces are emptied of them, dependents follow their
// owners, and discovery tells them.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { namespaces } from '../../src/api/core/v1/namespace.ts'
import { Cluster } from '../../src/cluster/cluster.ts'

type Json = Record<string, any>

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
  await cluster.client.resource(namespaces).create({ metadata: { name: 'team' } })
  await ok('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'things', kind: 'Thing' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
            },
          },
        },
      ],
    },
  })
  await cluster.until(async () => (await call('GET', things)).status === 200)
})
afterAll(() => cluster.stop())

const things = '/apis/example.com/v1/namespaces/team/things'

async function call(method: string, path: string, body?: object, query: Record<string, string> = {}) {
  const { status, body: found } = await cluster.client.transport.request({ method: method as 'GET', path, body, query })
  return { status, body: found as Json }
}

async function ok(...of: Parameters<typeof call>): Promise<Json> {
  const { status, body } = await call(...of)
  if (status >= 300) throw new Error(`${status}: ${body['message']}`)
  return body
}

const thing = (name: string, metadata: Json = {}) => ({
  apiVersion: 'example.com/v1',
  kind: 'Thing',
  metadata: { name, ...metadata },
  spec: { size: 1 },
})

test('a dependent goes when its owner goes', async () => {
  const { metadata } = await ok('POST', things, thing('owner'))
  const owner = { apiVersion: 'example.com/v1', kind: 'Thing', name: 'owner', uid: metadata.uid }
  await ok('POST', things, thing('dependent', { ownerReferences: [owner] }))
  // The collector has to notice the new kind first.
  await cluster.clock.advance('5s')
  await ok('DELETE', `${things}/owner`, undefined, { propagationPolicy: 'Background' })
  await cluster.until(async () => (await call('GET', `${things}/dependent`)).status === 404, '2m')
})

test('defaults that the schema gets later are there when what was stored before is read', async () => {
  await ok('POST', things, thing('early'))
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.example.com'
  const crd = structuredClone(await ok('GET', path))
  const { spec } = crd.spec.versions[0].schema.openAPIV3Schema.properties
  spec.properties.color = { type: 'string', default: 'red' }
  await ok('PUT', path, crd)
  await cluster.until(async () => (await ok('GET', `${things}/early`)).spec.color === 'red')
  expect((await ok('GET', things)).items.map(({ spec }: Json) => spec)).toEqual([{ color: 'red', size: 1 }])
  delete spec.properties.size
  await ok('PUT', path, {
    ...crd,
    metadata: { ...crd.metadata, resourceVersion: (await ok('GET', path)).metadata.resourceVersion },
  })
  await cluster.until(async () => (await ok('GET', `${things}/early`)).spec.size === undefined)
})

test('a namespace goes with the custom resources in it', async () => {
  await ok('POST', things, thing('held', { finalizers: ['example.com/hold'] }))
  await cluster.client.resource(namespaces).delete('team')
  await cluster.until(async () => (await ok('GET', things)).items.length === 1, '2m')
  const [held] = (await ok('GET', things)).items
  expect(held.metadata).toMatchObject({ name: 'held', deletionTimestamp: expect.any(String) })
  await ok('PUT', `${things}/held`, { ...held, metadata: { ...held.metadata, finalizers: undefined } })
  await cluster.until(async () => (await call('GET', '/api/v1/namespaces/team')).status === 404, '5m')
})

test('discovery tells of a definition when the definition says that it is established, not before', async () => {
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  const versions = [
    { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: {} } } },
  ]
  const names = { plural: 'olds', kind: 'Old' }
  const spec = { group: 'listed.example.com', scope: 'Namespaced', names, versions }
  const isEstablished = ({ type, status }: Json) => type === 'Established' && status === 'True'
  const moment = async () => {
    const [{ body }, { status }] = await Promise.all([
      call('GET', `${definitions}/olds.listed.example.com`),
      call('GET', '/apis/listed.example.com/v1'),
    ])
    return [body['status'].conditions?.some(isEstablished) ?? false, status]
  }
  const created = ok('POST', definitions, { metadata: { name: 'olds.listed.example.com' }, spec })
  const moments: ReturnType<typeof moment>[] = []
  for (let count = 0; count < 500; count++) {
    moments.push(moment())
    await Promise.resolve()
    if (count % 50 === 49) await new Promise(setImmediate)
  }
  await created
  const seen = new Set((await Promise.all(moments)).map(String))
  expect([...seen]).toEqual(['false,404', 'true,200'])
})
