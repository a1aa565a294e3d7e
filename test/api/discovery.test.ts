// What there is to be had, as clients of every age ask for it.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { APIGroupDiscoveryList } from '../../src/api/apidiscovery/v2/apigroupdiscovery.ts'
import { deployments } from '../../src/api/apps/v1/deployment.ts'
import { APIGroupList } from '../../src/api/meta/v1/apigroup.ts'
import { resource, statusSubresource } from '../../src/api/resource.ts'
import type { Transport } from '../../src/client/transport.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import { decodeEnvelope, decodeProtobuf } from '../../src/machinery/codec/protobuf.ts'
import { adminTransport } from './admin-transport.ts'

type Json = any

let cluster: Cluster
let transport: Transport
beforeAll(async () => {
  cluster = await Cluster.start({
    nodes: 0,
    withoutControllers: true,
    withoutScheduler: true,
    listen: { address: '127.0.0.1', port: 0 },
  })
  transport = adminTransport(cluster)
})
afterAll(async () => {
  transport.close()
  await cluster.stop()
})

const get = (path: string, accept?: string, headers: Record<string, string> = {}) =>
  transport.request({ method: 'GET', path, headers: { ...(accept && { accept }), ...headers } })
const aggregated = (version: string, type = 'application/json', group = 'apidiscovery.k8s.io') =>
  `${type};g=${group};v=${version};as=APIGroupDiscoveryList`

describe('the form', () => {
  test.each([
    ['application/json', 'APIGroupList'],
    ['*/*', 'APIGroupList'],
    [aggregated('v2'), 'APIGroupDiscoveryList'],
    [`${aggregated('v2')},${aggregated('v2beta1')},application/json`, 'APIGroupDiscoveryList'],
    // Whoever takes it gets it.
    [`application/json,${aggregated('v2')}`, 'APIGroupDiscoveryList'],
    [`application/json;q=0.5,${aggregated('v2')};q=0.6`, 'APIGroupDiscoveryList'],
    // v2beta1 is gone; who can do without it does.
    [`${aggregated('v2beta1')},application/json`, 'APIGroupList'],
    [`${aggregated('v2', 'application/json', 'other.k8s.io')},application/json`, 'APIGroupList'],
  ])('%s is a %s', async (accept, kind) => {
    expect((await get('/apis', accept)).body).toMatchObject({ kind })
  })

  test.each([aggregated('v2beta1'), aggregated('v3'), 'text/html'])('%s is none', async accept => {
    expect(await get('/apis', accept)).toMatchObject({
      status: 406,
      body: {
        reason: 'NotAcceptable',
        message:
          'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
      },
    })
  })

  test.each(['/apis/apps', '/apis/apps/v1', '/api/v1'])('of %s is never the aggregated one', async path => {
    expect((await get(path, aggregated('v2'))).status).toBe(406)
    expect((await get(path, `${aggregated('v2')},*/*`)).status).toBe(200)
  })
})

describe('an aggregated document', () => {
  test('is asked for again by its tag', async () => {
    const { headers } = await get('/apis', aggregated('v2'))
    expect(headers).toMatchObject({
      'content-type': 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
      etag: expect.stringMatching(/^"[0-9A-F]{128}"$/),
      vary: 'Accept',
      'cache-control': 'public',
    })
    const again = await get('/apis', aggregated('v2'), { 'if-none-match': headers['etag']! })
    expect([again.status, again.headers['etag']]).toEqual([304, headers['etag']])
    expect((await get('/apis')).headers).not.toHaveProperty('etag')
  })

  test('says the same in protobuf', async () => {
    const pieces: Uint8Array[] = []
    const path = '/apis'
    const accept = aggregated('v2', 'application/vnd.kubernetes.protobuf')
    const { headers } = await transport.stream({ method: 'GET', path, headers: { accept } }, piece =>
      pieces.push(piece),
    )
    expect(headers['content-type']).toBe(accept)
    const { raw, kind, apiVersion } = decodeEnvelope(new Uint8Array(Buffer.concat(pieces)))
    const decoded = decodeProtobuf(APIGroupDiscoveryList, raw, { kind, apiVersion }) as Json
    const { body } = (await get('/apis', aggregated('v2'))) as { body: Json }
    const names = ({ items }: Json) =>
      items.map(({ metadata, versions }: Json) => [metadata.name, versions[0].resources.length])
    expect(names(decoded)).toEqual(names(body))
  })
})

test('the older documents can be had in protobuf and YAML', async () => {
  const pieces: Uint8Array[] = []
  const headers = { accept: 'application/vnd.kubernetes.protobuf' }
  await transport.stream({ method: 'GET', path: '/apis', headers }, piece => pieces.push(piece))
  const { raw, ...type } = decodeEnvelope(new Uint8Array(Buffer.concat(pieces)))
  expect((decodeProtobuf(APIGroupList, raw, type) as Json).groups[1].name).toBe('apps')
  expect((await get('/apis/apps', 'application/yaml')).text).toContain('kind: APIGroup\n')
})

describe('what is served', () => {
  const served = fileURLToPath(new URL('../../../shared/kubernetes-v1.36/served/root-paths.json', import.meta.url))
  test.skipIf(!existsSync(served))('at / is listed as upstream lists it', async () => {
    const { paths: theirs } = JSON.parse(readFileSync(served, 'utf8')) as { paths: string[] }
    const { paths: ours } = (await get('/')).body as { paths: string[] }
    const both = new Set(ours)
    expect(ours.filter(path => theirs.includes(path))).toEqual(theirs.filter(path => both.has(path)))
    const apis = (path: string) => path.startsWith('/api') || path.startsWith('/openapi')
    expect(ours.filter(apis)).toEqual(theirs.filter(apis))
  })

  test('comes and goes', async () => {
    const { apiServer } = cluster.plane
    const path = '/apis/apps/v2alpha1'
    expect((await get(path)).status).toBe(404)
    const declaration = resource({ ...deployments, version: 'v2alpha1', subresources: [statusSubresource] })
    await apiServer.registry.bring('test', [{ declaration, strategy: {}, subresources: {} }])
    expect((await get(path)).body).toMatchObject({ groupVersion: 'apps/v2alpha1' })
    expect(((await get('/')).body as Json).paths).toContain(path)
    const { body } = (await get('/apis', aggregated('v2'))) as { body: Json }
    const { versions } = body.items.find(({ metadata }: Json) => metadata.name === 'apps')
    expect(versions.map(({ version }: Json) => version)).toEqual(['v2alpha1', 'v1'])
    // What is not built in says group and version of its kinds.
    expect(versions[0].resources[0].responseKind).toEqual({ group: 'apps', version: 'v2alpha1', kind: 'Deployment' })
    await apiServer.registry.bring('test', [])
    expect((await get(path)).status).toBe(404)
    expect((await get('/apis/apps/v1/deployments')).status).toBe(200)
  })
})

test.each([
  ['GET', '/apis/none', 404],
  ['GET', '/api/v2', 404],
  ['GET', '/apis/apps/v1/', 200],
  ['POST', '/apis/apps/v1', 405],
  ['DELETE', '/apis', 200],
])('%s %s: %i', async (method, path, status) => {
  expect((await transport.request({ method: method as 'GET', path })).status).toBe(status)
})

describe('OpenAPI', () => {
  test('v3 documents are kept by their hash', async () => {
    const { text } = await get('/openapi/v3')
    const url = JSON.parse(text!).paths['apis/apps/v1'].serverRelativeURL
    const hash = url.split('hash=')[1]
    const { headers } = await get('/openapi/v3/apis/apps/v1')
    expect(headers['etag']).toBe(`"${hash}"`)
    expect((await get('/openapi/v3/apis/apps/v1', undefined, { 'if-none-match': `"${hash}"` })).status).toBe(304)
    const wrong = await transport.request({ method: 'GET', path: '/openapi/v3/apis/apps/v1', query: { hash: 'F00' } })
    expect([wrong.status, wrong.headers['location']]).toEqual([301, `/openapi/v3/apis/apps/v1?hash=${hash}`])
    const right = await transport.request({ method: 'GET', path: '/openapi/v3/apis/apps/v1', query: { hash } })
    expect(right.headers).toMatchObject({
      'cache-control': 'public, immutable',
      expires: expect.stringContaining('GMT'),
    })
    expect((await get('/openapi/v3/apis/none/v1')).status).toBe(404)
  })

  test('v2 is asked for again by its tag', async () => {
    const { headers } = await get('/openapi/v2')
    expect((await get('/openapi/v2', undefined, { 'if-none-match': headers['etag']! })).status).toBe(304)
  })
})
