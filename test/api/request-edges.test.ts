// The edges of requests, each as a stock server answers it (compared with one in test/differential).

import { afterAll, beforeAll, expect, test } from 'vitest'
import { configMaps } from '../../src/api/core/v1/configmap.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import { connectTo, type HttpClient } from './http-client.ts'

let cluster: Cluster
let client: HttpClient
beforeAll(async () => {
  cluster = await Cluster.start({
    nodes: 0,
    withoutControllers: true,
    withoutScheduler: true,
    listen: { address: '127.0.0.1', port: 0 },
    staticTokens: [['secret', { name: 'admin', groups: ['system:masters'] }]],
  })
  client = connectTo(cluster)
  await cluster.client
    .resource(configMaps)
    .namespace('default')
    .create({ metadata: { name: 'one' } })
})
afterAll(() => cluster.stop())

const maps = '/api/v1/namespaces/default/configmaps'
const one = { metadata: { name: 'one' } }

test.each<[method: string, path: string, status: number, message: string, body?: object]>([
  ['GET', '/api/v1/namespaces//configmaps/one', 400, 'Namespace parameter required.'],
  ['DELETE', '/api/v1/namespaces//configmaps', 400, 'Namespace parameter required.'],
  [
    'POST',
    '/api/v1/namespaces//configmaps/one',
    405,
    'the server does not allow this method on the requested resource',
  ],
  [
    'POST',
    '/api/v1/namespaces//configmaps',
    422,
    'ConfigMap "one" is invalid: metadata.namespace: Required value',
    one,
  ],
  ['GET', '/api/v1/namespaces/default/pods//log', 400, 'name must be provided'],
  ['GET', '/api/v1/namespaces/default/pods/x//log', 404, 'the server could not find the requested resource'],
  ['POST', '/api/v1/namespaces/default/services//proxy?dryRun=All', 400, 'dryRun is not supported'],
  ['GET', '/apis/apps//deployments', 404, 'the server could not find the requested resource'],
  ['GET', `${maps}/%ff`, 404, 'configmaps "\\xff" not found'],
  [
    'PUT',
    `${maps}/%ff`,
    400,
    'the name of the object (\ufffd based on URL) was undeterminable: name must be provided',
    {},
  ],
  ['GET', `${maps}/%2541`, 400, 'Name parameter invalid: "%41": may not contain \'%\''],
  [
    'PUT',
    `${maps}/one`,
    500,
    'strconv.ParseUint: parsing "abc": invalid syntax',
    { metadata: { name: 'one', resourceVersion: 'abc' } },
  ],
  ['GET', '/api/v1/namespaces/default/services/none/proxy/', 404, 'services "none" not found'],
  [
    'GET',
    `${maps}?timeout=99999999999999999999`,
    400,
    'invalid timeout specified in the request URL - time: invalid duration "99999999999999999999"',
  ],
])('%s %s: %i %s', async (method, path, status, message, body) => {
  const answer = await client.send(method, path, body)
  expect([answer.status, answer.body?.message]).toEqual([status, message])
})

test('half an escape is no path', async () => {
  const { status, text, headers } = await client.send('GET', `${maps}/%zz`)
  expect([status, text, headers['content-type']]).toEqual([400, '400 Bad Request', 'text/plain; charset=utf-8'])
})

test.each([
  [`${maps}/one/status`, 404],
  [`${maps}/one`, 405],
])('HEAD %s: %i', async (path, status) => {
  expect((await client.send('HEAD', path)).status).toBe(status)
})

test('a selector of nothing selects everything', async () => {
  const { body } = await client.send('GET', `${maps}?fieldSelector=%3D`)
  expect(body.items.map(({ metadata }: any) => metadata.name)).toContain('one')
})

test('when to ask again for a version of the future is said where the server would have waited', async () => {
  const headers = async (query: string) => (await client.send('GET', `${maps}?resourceVersion=999999${query}`)).headers
  expect((await headers(''))['retry-after']).toBe('1')
  expect(await headers('&limit=1')).not.toHaveProperty('retry-after')
  expect(await headers('&resourceVersionMatch=Exact')).not.toHaveProperty('retry-after')
})

test('half of a surrogate pair in JSON is replaced', async () => {
  const { body } = await client.send(
    'POST',
    `${maps}?dryRun=All`,
    '{"metadata":{"name":"x"},"data":{"a":"\\ud800b\\ud83d\\ude00"}}',
  )
  expect(body.data).toEqual({ a: '\ufffdb\u{1f600}' })
})

test.each([
  ['application/json', 200, 'application/json'],
  [
    'application/com.github.proto-openapi.spec.v3@v1.0+protobuf',
    200,
    'application/com.github.proto-openapi.spec.v3.v1.0+protobuf',
  ],
  ['text/plain', 406, undefined],
])('OpenAPI v3 as %s: %i', async (accept, status, type) => {
  const answer = await client.send('GET', '/openapi/v3/apis/apps/v1', undefined, { accept })
  expect([answer.status, answer.headers['content-type'], answer.headers['vary']]).toEqual([status, type, 'Accept'])
})

test('a page that has moved on tells its tag', async () => {
  const { status, headers } = await client.send('GET', '/openapi/v3/apis/apps/v1?hash=WRONG')
  expect([status, headers['vary']]).toEqual([301, 'Accept'])
  expect(headers['location']).toBe(`/openapi/v3/apis/apps/v1?hash=${String(headers['etag']).replaceAll('"', '')}`)
})

test('every check of health has a page, and is listed at the root', async () => {
  const { text } = await client.send('GET', '/readyz?verbose')
  const checks = [...text.matchAll(/^\[\+\](\S+) ok$/gm)].map(match => match[1])
  expect(checks).toContain('poststarthook/start-apiextensions-controllers')
  expect(checks).toContain('autoregister-completion')
  const { paths } = (await client.send('GET', '/')).body
  for (const check of checks) expect(paths).toContain(`/readyz/${check}`)
  expect(paths).toEqual(expect.arrayContaining(['/statusz', '/flagz']))
})
