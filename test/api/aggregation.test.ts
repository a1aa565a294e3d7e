// Another API server behind this one: found through a Service, reached over TLS, believed by its certificate, and told
// who asks.

import type { ClientRequest } from 'node:http'
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import { request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { customResourceDefinitions } from '../../src/api/apiextensions/v1/customresourcedefinition.ts'
import { apiServices } from '../../src/api/apiregistration/v1/apiservice.ts'
import { configMaps } from '../../src/api/core/v1/configmap.ts'
import { services } from '../../src/api/core/v1/service.ts'
import { endpointSlices } from '../../src/api/discovery/v1/endpointslice.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import { machineAddress } from '../../src/cluster/machine-address.ts'
import { createCertificateAuthority, issueCertificate } from '../../src/machinery/x509/certificate.ts'

type Json = any

const validity = { notBefore: Date.now() - 3_600_000, notAfter: Date.now() + 3_600_000 }
const serial = Buffer.from([1, 2, 3])
const authority = createCertificateAuthority('wardle-ca', validity, serial)
const serving = issueCertificate(
  authority,
  { subject: { commonName: 'wardle' }, usages: ['serverAuth'], names: ['wardle.default.svc', 'old.default.svc'] },
  validity,
  serial,
)
const caBundle = Buffer.from(authority.certificate).toString('base64')

let cluster: Cluster
let backend: Http2SecureServer
let backendPort: number

interface Seen {
  readonly method: string
  readonly url: string
  readonly version: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly proxy: string | undefined
  readonly body: string
}
let seen: Seen[] = []
/** Requests for clients, without the server's own (discovery, probes). */
const forClients = () => seen.filter(({ headers }) => !String(headers['x-remote-user']).startsWith('system:'))

const group = 'wardle.example.com'
const path = `/apis/${group}/v1alpha1`
const flunder = { apiVersion: `${group}/v1alpha1`, kind: 'Flunder', metadata: { name: 'one', namespace: 'default' } }
const resourceList = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${group}/v1alpha1`,
  resources: [
    {
      name: 'flunders',
      singularName: 'flunder',
      namespaced: true,
      kind: 'Flunder',
      verbs: ['create', 'get', 'list', 'watch'],
    },
  ],
}
const discovery = {
  kind: 'APIGroupDiscoveryList',
  apiVersion: 'apidiscovery.k8s.io/v2',
  metadata: {},
  items: [
    {
      metadata: { name: group },
      versions: [
        {
          version: 'v1alpha1',
          resources: [
            {
              resource: 'flunders',
              responseKind: { group, version: 'v1alpha1', kind: 'Flunder' },
              scope: 'Namespaced',
              singularResource: 'flunder',
              verbs: ['create', 'get', 'list', 'watch'],
            },
          ],
          freshness: 'Current',
        },
      ],
    },
  ],
}
const definition = `com.example.wardle.v1alpha1.Flunder`
const openapi = {
  swagger: '2.0',
  info: { title: 'Wardle', version: 'v0' },
  paths: {
    [`${path}/flunders`]: {
      get: { responses: { '200': { description: 'OK', schema: { $ref: `#/definitions/${definition}` } } } },
    },
    '/version/': { get: { responses: {} } },
  },
  definitions: { [definition]: { type: 'object', description: 'a flunder' }, 'not.used': { type: 'object' } },
}

const state = { aggregatedDiscovery: true, healthy: true, openapiV3: true }

async function answer(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
  let body = ''
  for await (const piece of request) body += piece
  const socket = request.stream?.session?.socket ?? request.socket
  const certificate = (socket as TLSSocket).getPeerCertificate()
  const { url, method, headers } = request
  seen.push({
    method,
    url,
    version: request.httpVersion,
    headers: { ...headers },
    proxy: (socket as TLSSocket).authorized ? String(certificate.subject?.CN) : undefined,
    body,
  })
  const json = (status: number, object: object, more: object = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...more })
    response.end(JSON.stringify(object))
  }
  if (!(socket as TLSSocket).authorized) return json(401, { kind: 'Status', code: 401 })
  const target = url.split('?')[0]
  if (target === '/apis' && state.aggregatedDiscovery)
    return json(200, discovery, {
      'content-type': 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
      etag: '"1"',
    })
  if (target === path) return json(state.healthy ? 200 : 500, resourceList)
  if (target === '/openapi/v2') return json(200, openapi, { etag: '"v2"' })
  if (target === '/openapi/v3' && state.openapiV3)
    return json(200, { paths: { [path.slice(1)]: { serverRelativeURL: `/openapi/v3${path}?hash=ABC` } } })
  if (target === `/openapi/v3${path}`) return json(200, { openapi: '3.0.0', of: 'wardle' }, { etag: '"ABC"' })
  if (target === `${path}/namespaces/default/flunders/moved`)
    return json(302, {}, { location: `${path}/namespaces/default/flunders/one` })
  if (target === `${path}/flunders` && url.includes('watch=')) {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write(`${JSON.stringify({ type: 'ADDED', object: flunder })}\n`)
    // It stays open.
    return
  }
  if (method === 'POST') return json(201, { ...JSON.parse(body), status: { made: true } }, { warning: '299 - "made"' })
  if (target === `${path}/namespaces/default/flunders/one`) return json(200, flunder)
  json(404, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 })
}

/** As `k8ts up` has it: HTTPS, here on a port of its own. */
beforeAll(async () => {
  cluster = await Cluster.start({
    nodes: 0,
    withoutControllers: true,
    withoutScheduler: true,
    start: Date.now(),
    listen: { address: '127.0.0.1', port: 0 },
    staticTokens: [
      ['carols-token', { name: 'carol', uid: '7', groups: ['devs', 'admins'], extra: { 'a/b': ['x', 'y'] } }],
    ],
  })
  const { data } = await cluster.client
    .resource(configMaps)
    .namespace('kube-system')
    .get('extension-apiserver-authentication')
  backend = createSecureServer(
    {
      allowHTTP1: true,
      cert: serving.certificate,
      key: serving.privateKey,
      requestCert: true,
      rejectUnauthorized: false,
      ca: data!['requestheader-client-ca-file'],
    },
    (request, response) => void answer(request, response),
  )
  backend.on('upgrade', (request, socket) => {
    const { method, url, headers, httpVersion: version } = request
    seen.push({ method, url, headers: { ...headers }, version, proxy: undefined, body: '' })
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.pipe(socket)
  })
  await new Promise<void>(resolve => backend.listen(0, '0.0.0.0', resolve))
  backendPort = (backend.address() as AddressInfo).port
  await cluster.client
    .resource(services)
    .namespace('default')
    .create({
      metadata: { name: 'wardle' },
      spec: { type: 'ExternalName', externalName: 'localhost' },
    } as never)
  await grantEverything('carol')
})
afterAll(async () => {
  await cluster.stop()
  backend.close()
})

const grantEverything = (user: string) =>
  cluster.client.transport.request({
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    body: {
      metadata: { name: user },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }],
    },
  })

const apiService = (spec: object = {}): Json => ({
  metadata: { name: `v1alpha1.${group}` },
  spec: {
    group,
    version: 'v1alpha1',
    groupPriorityMinimum: 2000,
    versionPriority: 200,
    service: { name: 'wardle', namespace: 'default', port: backendPort },
    caBundle,
    ...spec,
  },
})

const all = () => cluster.client.resource(apiServices)
const condition = async () => {
  const { status } = await all().get(`v1alpha1.${group}`)
  return status.conditions?.find(({ type }) => type === 'Available')
}
const until = <T>(check: () => Promise<T> | T) => vi.waitFor(check, { timeout: 5_000, interval: 10 })

interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly json: Json
}

function open(method: string, target: string, headers: object = {}): ClientRequest {
  return httpsRequest({
    host: '127.0.0.1',
    port: cluster.plane.port,
    ca: cluster.plane.pki.certificateAuthority.certificate,
    agent: false,
    method,
    path: target,
    headers: { authorization: 'Bearer carols-token', ...headers },
  })
}

function call(method: string, target: string, body?: object, headers: object = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sent = open(method, target, { ...(body && { 'content-type': 'application/json' }), ...headers })
    sent.on('error', reject)
    sent.on('response', response => {
      let text = ''
      response.on('data', piece => {
        text += piece
      })
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          headers: response.headers as never,
          text,
          get json() {
            return JSON.parse(text)
          },
        }),
      )
    })
    sent.end(body && JSON.stringify(body))
  })
}

const aggregated = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' }
const discovered = async () =>
  (await call('GET', '/apis', undefined, aggregated)).json.items.find((item: Json) => item.metadata.name === group)

describe('what other API servers must know', () => {
  test('is published, and put back when it is changed', async () => {
    const all = cluster.client.resource(configMaps).namespace('kube-system')
    const { data } = await all.get('extension-apiserver-authentication')
    expect(data).toEqual({
      'client-ca-file': cluster.plane.pki.certificateAuthority.certificate,
      'requestheader-client-ca-file': cluster.plane.pki.frontProxyAuthority.certificate,
      'requestheader-allowed-names': '["front-proxy-client"]',
      'requestheader-username-headers': '["X-Remote-User"]',
      'requestheader-uid-headers': '["X-Remote-Uid"]',
      'requestheader-group-headers': '["X-Remote-Group"]',
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    })
    await all.patch('extension-apiserver-authentication', 'application/merge-patch+json', {
      data: { 'client-ca-file': null, 'requestheader-username-headers': '["X-Other"]' },
    })
    await until(async () => {
      const { data: repaired } = await all.get('extension-apiserver-authentication')
      expect(repaired!['client-ca-file']).toBe(data!['client-ca-file'])
      expect(repaired!['requestheader-username-headers']).toBe('["X-Other","X-Remote-User"]')
    })
    await all.delete('extension-apiserver-authentication')
    await until(async () => expect((await all.get('extension-apiserver-authentication')).data).toEqual(data))
  })
})

describe('an APIService', () => {
  test.each<[string, object, string[]]>([
    [
      'says which one it is',
      { version: 'v2' },
      [
        'metadata.name: Invalid value: "v1alpha1.wardle.example.com": must be `spec.version+"."+spec.group`: "v2.wardle.example.com"',
      ],
    ],
    [
      'has its place',
      { groupPriorityMinimum: 20001, versionPriority: 0 },
      [
        'spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000',
        'spec.versionPriority: Invalid value: 0: must be positive and less than 1000',
      ],
    ],
    [
      'is local, or not',
      { service: undefined, insecureSkipTLSVerify: true, caBundle: 'YWJj' },
      [
        'spec.caBundle: Invalid value: "3 bytes": local APIServices may not have a caBundle',
        'spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify',
      ],
    ],
    [
      'trusts or checks',
      { insecureSkipTLSVerify: true },
      ['spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present'],
    ],
    [
      'names a Service',
      { service: { port: 70000 } },
      [
        'spec.service.namespace: Required value',
        'spec.service.name: Required value',
        'spec.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive',
      ],
    ],
  ])('%s', async (_name, spec, problems) => {
    const wanted = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`
    await expect(all().create(apiService(spec))).rejects.toThrow(
      `APIService.apiregistration.k8s.io "v1alpha1.${group}" is invalid: ${wanted}`,
    )
  })

  test('that is local is available from the beginning', async () => {
    const { status } = await all().get('v1.apps')
    expect(status.conditions).toMatchObject([
      { type: 'Available', status: 'True', reason: 'Local', message: 'Local APIServices are always available' },
    ])
  })

  test('of a built-in version is not made again before the next start; one of custom resources always is', async () => {
    await all().delete('v1.batch')
    await cluster.client.resource(customResourceDefinitions).create({
      metadata: { name: 'foos.stable.example.com' },
      spec: {
        group: 'stable.example.com',
        scope: 'Namespaced',
        names: { plural: 'foos', singular: 'foo', kind: 'Foo', listKind: 'FooList' },
        versions: [
          { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
          { name: 'v0', served: false, storage: false, schema: { openAPIV3Schema: { type: 'object' } } },
        ],
      },
    } as never)
    const wanted = {
      metadata: { labels: { 'kube-aggregator.kubernetes.io/automanaged': 'true' } },
      spec: { group: 'stable.example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 100 },
    }
    await until(async () => expect(await all().get('v1.stable.example.com')).toMatchObject(wanted))
    await expect(all().get('v0.stable.example.com')).rejects.toThrow('not found')
    const { uid } = (await all().get('v1.stable.example.com')).metadata
    await all().delete('v1.stable.example.com')
    await until(async () => expect((await all().get('v1.stable.example.com')).metadata.uid).not.toBe(uid))
    expect((await call('GET', '/apis/stable.example.com')).json.preferredVersion.version).toBe('v1')
    await cluster.client.resource(customResourceDefinitions).delete('foos.stable.example.com')
    await until(() => expect(all().get('v1.stable.example.com')).rejects.toThrow('not found'))
    await expect(all().get('v1.batch')).rejects.toThrow('not found')
    const listed = (await call('GET', '/apis')).json.groups.map(({ name }: Json) => name)
    expect(listed).not.toContain('batch')
    expect(listed.slice(0, 2)).toEqual(['apiregistration.k8s.io', 'apps'])
  })
})

describe('a server behind an APIService', () => {
  beforeAll(async () => {
    await all().create(apiService())
    await until(async () =>
      expect(await condition()).toMatchObject({ status: 'True', reason: 'Passed', message: 'all checks passed' }),
    )
    seen = []
  })

  test('is asked in the name of who asks, over HTTP/2', async () => {
    const got = await call('GET', `${path}/namespaces/default/flunders/one?a=1&a=2`, undefined, {
      'x-remote-user': 'mallory',
      'x-remote-extra-mine': 'z',
      'x-own': 'kept',
    })
    expect(got).toMatchObject({ status: 200, json: flunder })
    const [request] = forClients()
    expect(request).toMatchObject({
      url: `${path}/namespaces/default/flunders/one?a=1&a=2`,
      version: '2.0',
      proxy: 'front-proxy-client',
      headers: {
        ':authority': `localhost:${backendPort}`,
        'x-remote-user': 'carol',
        'x-remote-uid': '7',
        'x-remote-group': 'devs, admins, system:authenticated',
        'x-remote-extra-a%2fb': 'x, y',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-host': `localhost:${backendPort}`,
        'x-forwarded-proto': 'https',
        'x-forwarded-uri': `${path}/namespaces/default/flunders/one`,
        'x-own': 'kept',
      },
    })
    expect(request!.headers).not.toHaveProperty('authorization')
    expect(request!.headers).not.toHaveProperty('x-remote-extra-mine')
  })

  test('gets what is sent, and its answers come back as they are', async () => {
    const got = await call('POST', `${path}/namespaces/default/flunders`, flunder)
    expect(got).toMatchObject({ status: 201, headers: { warning: '299 - "made"' }, json: { status: { made: true } } })
    expect((await call('GET', `${path}/namespaces/default/flunders/none`)).status).toBe(404)
    expect((await call('DELETE', `${path}/namespaces/default/flunders/none`)).status).toBe(404)
  })

  test('may not send us elsewhere', async () => {
    expect(await call('GET', `${path}/namespaces/default/flunders/moved`)).toMatchObject({
      status: 502,
      text: 'the backend attempted to redirect this request, which is not permitted',
    })
  })

  test('can be watched, event by event', async () => {
    const event = await new Promise(resolve => {
      const sent = open('GET', `${path}/flunders?watch=true`)
      sent.on('response', response =>
        response.once('data', piece => {
          resolve(JSON.parse(String(piece)))
          sent.destroy()
        }),
      )
      sent.on('error', () => {})
      sent.end()
    })
    expect(event).toEqual({ type: 'ADDED', object: flunder })
  })

  test('can be watched from within the process', async () => {
    const got = await new Promise<Json>(resolve => {
      void cluster.client.transport.watch(
        { method: 'GET', path: `${path}/flunders`, query: { watch: 'true' } },
        { event: resolve, end() {} },
      )
    })
    expect(got).toEqual({ type: 'ADDED', object: flunder })
  })

  test('may take a connection over', async () => {
    const echoed = await new Promise<string>((resolve, reject) => {
      const sent = open('GET', `${path}/namespaces/default/flunders/one/connect`, {
        connection: 'Upgrade',
        upgrade: 'echo',
      })
      sent.on('upgrade', (_response, socket) => {
        socket.once('data', piece => {
          resolve(String(piece))
          socket.destroy()
        })
        socket.write('hello')
      })
      sent.on('error', reject)
      sent.on('response', response => reject(new Error(`refused: ${response.statusCode}`)))
      sent.end()
    })
    expect(echoed).toBe('hello')
    expect(forClients().at(-1)!.headers).toMatchObject({ 'x-remote-user': 'carol', 'x-forwarded-for': '127.0.0.1' })
  })

  test('is in both forms of discovery, by its priority', async () => {
    await until(async () => expect((await discovered())?.versions[0].freshness).toBe('Current'))
    expect(await discovered()).toEqual(discovery.items[0])
    const { groups } = (await call('GET', '/apis')).json
    expect(groups.at(-1)).toEqual({
      name: group,
      versions: [{ groupVersion: `${group}/v1alpha1`, version: 'v1alpha1' }],
      preferredVersion: { groupVersion: `${group}/v1alpha1`, version: 'v1alpha1' },
    })
    expect((await call('GET', `/apis/${group}`)).json).toMatchObject({ kind: 'APIGroup', name: group })
    expect((await call('GET', path)).json).toEqual(resourceList)
    expect((await call('GET', '/')).json.paths).toEqual(expect.arrayContaining([`/apis/${group}`, path]))
  })

  test('is asked again every minute, and only for what is new', async () => {
    seen = []
    await cluster.clock.advance('61s')
    await until(() =>
      expect(seen.filter(({ url }) => url === '/apis')[0]!.headers).toMatchObject({
        'if-none-match': '"1"',
        'x-remote-user': 'system:kube-aggregator',
        'x-remote-group': 'system:masters',
      }),
    )
  })

  test('has its part in OpenAPI, without what it has in common with all', async () => {
    await cluster.clock.advance('61s')
    await until(async () =>
      expect((await call('GET', '/openapi/v3')).json.paths[path.slice(1)]).toEqual({
        serverRelativeURL: `/openapi/v3${path}?hash=ABC`,
      }),
    )
    expect(await call('GET', `/openapi/v3${path}?hash=ABC`)).toMatchObject({
      headers: { etag: '"ABC"' },
      json: { of: 'wardle' },
    })
    const { json: v2, headers } = await call('GET', '/openapi/v2')
    expect(v2.info.title).toBe('Kubernetes')
    expect(v2.definitions[definition]).toEqual({ type: 'object', description: 'a flunder' })
    expect(v2.definitions).not.toHaveProperty('not.used')
    expect(Object.keys(v2.paths)).toEqual(expect.arrayContaining([`${path}/flunders`, '/version/', '/api/']))
    expect((await call('GET', '/openapi/v2', undefined, { 'if-none-match': headers['etag'] })).status).toBe(304)
  })

  test('without OpenAPI v3 is described in it all the same', async () => {
    state.openapiV3 = false
    await cluster.clock.advance('61s')
    const document = async () => (await call('GET', `/openapi/v3${path}`)).json
    await until(async () => expect(await document()).toHaveProperty('components'))
    expect((await document()).components.schemas).toEqual({
      [definition]: { type: 'object', description: 'a flunder' },
    })
    const { serverRelativeURL } = (await call('GET', '/openapi/v3')).json.paths[path.slice(1)]
    expect(serverRelativeURL).toMatch(/hash=[0-9A-F]{128}$/)
    expect((await call('GET', serverRelativeURL)).headers['cache-control']).toBe('public, immutable')
    state.openapiV3 = true
  })

  test.skipIf(machineAddress() === '127.0.0.1')('is reached at its endpoints', async () => {
    const patch = (service: object) =>
      all().patch(`v1alpha1.${group}`, 'application/merge-patch+json', { spec: { service } } as never)
    await cluster.client
      .resource(services)
      .namespace('default')
      .create({
        metadata: { name: 'old' },
        spec: { ports: [{ name: 'api', port: 443 }] },
      } as never)
    await cluster.client
      .resource(endpointSlices)
      .namespace('default')
      .create({
        metadata: { name: 'old-1', labels: { 'kubernetes.io/service-name': 'old' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [machineAddress()], conditions: { ready: true } }],
        ports: [{ name: 'api', port: backendPort }],
      } as never)
    await patch({ name: 'old', port: 443 })
    await until(async () => expect(await condition()).toMatchObject({ status: 'True', reason: 'Passed' }))
    expect((await call('GET', `${path}/namespaces/default/flunders/one`)).json).toEqual(flunder)
    expect(forClients().at(-1)!.headers[':authority']).toBe(`${machineAddress()}:${backendPort}`)
    await cluster.client.resource(endpointSlices).namespace('default').delete('old-1')
    await until(async () => expect(await condition()).toMatchObject({ status: 'False', reason: 'EndpointsNotFound' }))
    await patch({ name: 'wardle', port: backendPort })
    await until(async () => expect(await condition()).toMatchObject({ status: 'True', reason: 'Passed' }))
  })

  test('is listed with its Service', async () => {
    const { json: table } = await call('GET', '/apis/apiregistration.k8s.io/v1/apiservices', undefined, {
      accept: 'application/json;as=Table;g=meta.k8s.io;v=v1',
    })
    const cells = (name: string) => table.rows.map((row: Json) => row.cells).find((row: Json) => row[0] === name)
    expect(cells(`v1alpha1.${group}`).slice(0, 3)).toEqual([`v1alpha1.${group}`, 'default/wardle', 'True'])
    expect(cells('v1.apps').slice(0, 3)).toEqual(['v1.apps', 'Local', 'True'])
  })

  test('that breaks down is found out, and found again', async () => {
    state.healthy = false
    await cluster.clock.advance('31s')
    const url = `https://localhost:${backendPort}${path}`
    await until(async () =>
      expect(await condition()).toMatchObject({
        status: 'False',
        reason: 'FailedDiscoveryCheck',
        message: `failing or missing response from ${url}: bad status from ${url}: 500`,
      }),
    )
    expect(await call('GET', `${path}/flunders`)).toMatchObject({
      status: 503,
      text: 'service unavailable\n',
      headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    })
    state.healthy = true
    await cluster.clock.advance('31s')
    await until(async () => expect(await condition()).toMatchObject({ status: 'True', reason: 'Passed' }))
  })

  test('that shows a certificate of somebody else is not believed', async () => {
    const other = createCertificateAuthority('other', validity, serial)
    const patch = (spec: object) => all().patch(`v1alpha1.${group}`, 'application/merge-patch+json', { spec } as never)
    await patch({ caBundle: Buffer.from(other.certificate).toString('base64') })
    await until(async () =>
      expect((await condition())!.message).toContain('x509: certificate signed by unknown authority'),
    )
    await patch({ caBundle: null, insecureSkipTLSVerify: true })
    await until(async () => expect((await condition())!.status).toBe('True'))
    await patch({ caBundle, insecureSkipTLSVerify: null })
    await until(async () => expect((await condition())!.status).toBe('True'))
  })

  test('that is older is described by the older documents', async () => {
    state.aggregatedDiscovery = false
    await all().create({
      ...apiService(),
      metadata: { name: 'v1beta1.old.example.com' },
      spec: { ...apiService().spec, group: 'old.example.com', version: 'v1beta1' },
    })
    const item = async () =>
      (await call('GET', '/apis', undefined, aggregated)).json.items.find(
        (each: Json) => each.metadata.name === 'old.example.com',
      )
    // It has nothing to say about that group.
    await until(async () =>
      expect(await item()).toEqual({
        metadata: { name: 'old.example.com' },
        versions: [{ version: 'v1beta1', freshness: 'Stale' }],
      }),
    )
    await all().patch(`v1alpha1.${group}`, 'application/merge-patch+json', { spec: { versionPriority: 201 } } as never)
    await until(async () => expect((await discovered()).versions[0].resources[0].resource).toBe('flunders'))
    await all().delete('v1beta1.old.example.com')
    await until(async () => expect(await item()).toBeUndefined())
    state.aggregatedDiscovery = true
  })

  test('is gone with its APIService', async () => {
    await all().delete(`v1alpha1.${group}`)
    expect(await call('GET', path)).toMatchObject({ status: 404 })
    expect(await discovered()).toBeUndefined()
    expect((await call('GET', `/apis/${group}`)).status).toBe(404)
  })
})
