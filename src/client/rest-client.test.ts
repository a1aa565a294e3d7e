import { describe, expect, test } from 'vitest'
import { deployments } from '../api/apps/v1/deployment.ts'
import { namespaces } from '../api/core/v1/namespace.ts'
import { nodes } from '../api/core/v1/node.ts'
import { pods } from '../api/core/v1/pod.ts'
import { asStatusError, expired, type StatusError } from '../machinery/status-error.ts'
import type { Client } from './client.ts'
import { createClient } from './rest-client.ts'
import { MemoryTransport } from './testing/memory-transport.ts'
import type { ApiRequest, ApiResponse, Transport, WatchStream } from './transport.ts'

/** Keeps what was asked, and always gives the same answer. */
function recording(answer: Partial<ApiResponse> = {}) {
  const requests: ApiRequest[] = []
  const response: ApiResponse = { status: 200, headers: {}, body: {}, ...answer }
  let stream: WatchStream | undefined
  const transport: Transport = {
    request: async request => {
      requests.push(request)
      return response
    },
    watch: async (request, to) => {
      requests.push(request)
      stream = to
      return { response, stop() {} }
    },
    stream: async () => response,
    upgrade: async () => ({ response }),
    close() {},
  }
  return { client: createClient(transport), requests, stream: () => stream! }
}

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'blue' } } as any

describe('each call is one request', () => {
  const calls: { call: (client: Client) => Promise<unknown>; request: string; query?: object; body?: unknown }[] = [
    { call: client => client.resource(pods).namespace('blue').get('a'), request: 'GET /api/v1/namespaces/blue/pods/a' },
    { call: client => client.resource(nodes).get('n'), request: 'GET /api/v1/nodes/n' },
    { call: client => client.resource(nodes).namespace('blue').get('n'), request: 'GET /api/v1/nodes/n' },
    { call: client => client.resource(namespaces).get('blue'), request: 'GET /api/v1/namespaces/blue' },
    { call: client => client.resource(pods).list(), request: 'GET /api/v1/pods' },
    {
      call: client =>
        client
          .resource(deployments)
          .namespace('blue')
          .list({ labelSelector: 'a=b', limit: 500, continue: 'c', resourceVersion: '0' }),
      request: 'GET /apis/apps/v1/namespaces/blue/deployments',
      query: { labelSelector: 'a=b', limit: '500', continue: 'c', resourceVersion: '0' },
    },
    {
      call: client =>
        client
          .resource(pods)
          .namespace('blue')
          .create(pod, { fieldManager: 'me', dryRun: true, fieldValidation: 'Strict' }),
      request: 'POST /api/v1/namespaces/blue/pods',
      query: { fieldManager: 'me', dryRun: 'All', fieldValidation: 'Strict' },
      body: pod,
    },
    { call: client => client.resource(pods).create(pod), request: 'POST /api/v1/namespaces/blue/pods', body: pod },
    {
      call: client =>
        client
          .resource(pods)
          .namespace('blue')
          .create({ metadata: { name: 'a' } }),
      request: 'POST /api/v1/namespaces/blue/pods',
      body: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } },
    },
    { call: client => client.resource(pods).update(pod), request: 'PUT /api/v1/namespaces/blue/pods/a', body: pod },
    {
      call: client => client.resource(pods).updateStatus(pod),
      request: 'PUT /api/v1/namespaces/blue/pods/a/status',
      body: pod,
    },
    {
      call: client =>
        client
          .resource(pods)
          .namespace('blue')
          .patch('a', 'application/apply-patch+yaml', pod, { fieldManager: 'me', force: true, subresource: 'status' }),
      request: 'PATCH /api/v1/namespaces/blue/pods/a/status',
      query: { fieldManager: 'me', force: 'true' },
      body: pod,
    },
    {
      call: client =>
        client
          .resource(pods)
          .namespace('blue')
          .delete('a', {
            gracePeriodSeconds: 0,
            propagationPolicy: 'Foreground',
            preconditions: { uid: '1' },
            dryRun: true,
          }),
      request: 'DELETE /api/v1/namespaces/blue/pods/a',
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        gracePeriodSeconds: 0,
        propagationPolicy: 'Foreground',
        preconditions: { uid: '1' },
        dryRun: ['All'],
      },
    },
    {
      call: client => client.resource(pods).namespace('blue').deleteCollection({ labelSelector: 'a=b' }),
      request: 'DELETE /api/v1/namespaces/blue/pods',
      query: { labelSelector: 'a=b' },
      body: { apiVersion: 'v1', kind: 'DeleteOptions' },
    },
    {
      call: client =>
        client
          .resource(pods)
          .namespace('blue')
          .createSubresource('a', 'binding', { target: { name: 'n' } }),
      request: 'POST /api/v1/namespaces/blue/pods/a/binding',
      body: { target: { name: 'n' } },
    },
    {
      call: client => client.resource(deployments).namespace('blue').getSubresource('a', 'scale'),
      request: 'GET /apis/apps/v1/namespaces/blue/deployments/a/scale',
    },
    {
      call: client =>
        client
          .resource(pods)
          .namespace('blue')
          .watch(
            { resourceVersion: '7', allowWatchBookmarks: true, sendInitialEvents: false, timeoutSeconds: 300 },
            { event() {}, end() {} },
          ),
      request: 'GET /api/v1/namespaces/blue/pods',
      query: {
        watch: 'true',
        resourceVersion: '7',
        allowWatchBookmarks: 'true',
        sendInitialEvents: 'false',
        timeoutSeconds: '300',
      },
    },
  ]

  test.each(calls)('$request', async ({ call, request, query = {}, body }) => {
    const { client, requests } = recording()
    await call(client)
    expect(requests).toHaveLength(1)
    const [sent] = requests
    expect(`${sent!.method} ${sent!.path}`).toBe(request)
    expect(JSON.parse(JSON.stringify(sent!.query ?? {}))).toEqual(query)
    expect(sent!.body).toEqual(body)
  })

  test.each([
    {
      what: 'a name that is empty',
      call: (client: Client) => client.resource(nodes).get(''),
      error: 'resource name may not be empty',
    },
    {
      what: 'no namespace for a name',
      call: (client: Client) => client.resource(pods).get('a'),
      error: 'an empty namespace may not be set when a resource name is provided',
    },
    {
      what: 'no namespace for a creation',
      call: (client: Client) => client.resource(pods).create({}),
      error: 'an empty namespace may not be set during creation',
    },
  ])('but $what is none', async ({ call, error }) => {
    const { client, requests } = recording()
    await expect(call(client)).rejects.toThrow(error)
    expect(requests).toEqual([])
  })
})

test('what is created is left as it was', async () => {
  const draft = Object.freeze({ metadata: Object.freeze({ name: 'a', namespace: 'blue' }) })
  const server = new MemoryTransport()
  expect(await createClient(server).resource(pods).create(draft)).toMatchObject({
    kind: 'Pod',
    metadata: { uid: expect.any(String) },
  })
  expect(draft).toEqual({ metadata: { name: 'a', namespace: 'blue' } })
})

test("a list's items know what they are", async () => {
  const { client } = recording({
    body: {
      kind: 'PodList',
      apiVersion: 'v1',
      metadata: { resourceVersion: '5' },
      items: [{ metadata: { name: 'a' } }],
    },
  })
  const list = await client.resource(pods).list()
  expect(list.metadata.resourceVersion).toBe('5')
  expect(list.items).toEqual([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }])
})

test('an empty list from Go is a list', async () => {
  const { client } = recording({ body: { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: null } })
  expect((await client.resource(pods).list()).items).toEqual([])
})

describe('a failure', () => {
  const fails = async (answer: Partial<ApiResponse>): Promise<StatusError> => {
    const { client } = recording(answer)
    return client
      .resource(deployments)
      .namespace('blue')
      .get('a')
      .then(
        () => expect.fail('did not fail'),
        error => asStatusError(error)!,
      )
  }

  test("is the server's Status", async () => {
    const status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'deployments.apps "a" not found',
      reason: 'NotFound',
      details: { name: 'a', group: 'apps', kind: 'deployments' },
      code: 404,
    }
    expect((await fails({ status: 404, body: status })).status).toEqual(status)
  })

  test.each([
    {
      status: 401,
      reason: 'Unauthorized',
      message: 'the server has asked for the client to provide credentials (get deployments.apps a)',
    },
    { status: 403, text: 'no entry', reason: 'Forbidden', message: 'no entry (get deployments.apps a)' },
    {
      status: 404,
      reason: 'NotFound',
      message: 'the server could not find the requested resource (get deployments.apps a)',
    },
    {
      status: 429,
      reason: 'TooManyRequests',
      message: 'the server has received too many requests and has asked us to try again later (get deployments.apps a)',
    },
    {
      status: 502,
      text: 'Bad "Gateway"',
      reason: 'InternalError',
      message:
        'an error on the server ("Bad \\"Gateway\\"") has prevented the request from succeeding (get deployments.apps a)',
    },
    {
      status: 503,
      reason: 'ServiceUnavailable',
      message: 'the server is currently unable to handle the request (get deployments.apps a)',
    },
    {
      status: 418,
      reason: 'Unknown',
      message:
        'the server responded with the status code 418 but did not return more information (get deployments.apps a)',
    },
  ])('without a Status is made up from $status', async ({ status, text, reason, message }) => {
    const error = await fails({ status, text, body: undefined })
    expect({ code: error.code, reason: error.reason, message: error.message }).toEqual({
      code: status,
      reason,
      message,
    })
    expect(error.status.details).toMatchObject({ group: 'apps', kind: 'deployments', name: 'a' })
  })

  test('says when to try again', async () => {
    expect(
      (await fails({ status: 429, headers: { 'retry-after': '7' }, body: undefined })).status.details
        ?.retryAfterSeconds,
    ).toBe(7)
  })

  test('of a watch before it begins is thrown', async () => {
    const { client } = recording({ status: 410, body: expired().status })
    await expect(client.resource(pods).watch({}, { event() {}, end() {} })).rejects.toMatchObject({ code: 410 })
  })

  test('of a watch under way ends it, once', async () => {
    const { client, stream } = recording()
    const ends: unknown[] = []
    await client.resource(pods).watch({}, { event: () => ends.push('an event'), end: error => ends.push(error) })
    stream().event({ type: 'ERROR', object: expired('too old resource version: 1 (2)').status })
    stream().event({ type: 'ADDED', object: pod })
    stream().end()
    expect(ends).toMatchObject([{ code: 410, message: 'too old resource version: 1 (2)' }])
  })
})
