// Logs, exec and port-forward through a whole cluster of simulated nodes: from a client in the process, and over HTTPS.

import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { pods } from '../../src/api/core/v1/pod.ts'
import { serviceAccounts } from '../../src/api/core/v1/serviceaccount.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import { SpdyConnection } from '../../src/kubelet/streaming/spdy/connection.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start({
    withoutControllers: true,
    withoutScheduler: true,
    listen: { address: '127.0.0.1', port: 0 },
    staticTokens: [['admin-token', { name: 'admin', groups: ['system:masters'] }]],
  })
  await cluster.client
    .resource(serviceAccounts)
    .namespace('default')
    .create({ metadata: { name: 'default' } })
  const shell = (name: string, script: string) => ({ name, image: 'busybox', command: ['sh', '-c', script] })
  await cluster.client
    .resource(pods)
    .namespace('default')
    .create({
      metadata: { name: 'web' },
      spec: {
        nodeName: cluster.nodes[0]!.name,
        automountServiceAccountToken: false,
        containers: [
          shell('main', 'echo first; echo second; sleep 30; echo third; sleep 100000'),
          shell('side', 'echo beside; sleep 100000'),
        ],
      },
    } as never)
  await cluster.until(async () => {
    const pod = await cluster.client.resource(pods).namespace('default').get('web')
    return pod.status?.phase === 'Running'
  })
})
afterAll(() => cluster.stop())

const path = (subresource: string) => `/api/v1/namespaces/default/pods/web/${subresource}`

async function logs(query: Record<string, string>) {
  let output = ''
  const response = await cluster.client.transport.stream({ method: 'GET', path: path('log'), query }, bytes => {
    output += Buffer.from(bytes)
  })
  return { response, output }
}

describe('logs', () => {
  test('of a container', async () => {
    expect((await logs({ container: 'main', tailLines: '2' })).output).toMatch(/^(first\n)?second\n(third\n)?$/)
    expect((await logs({ container: 'side' })).output).toBe('beside\n')
  })

  test.each([
    [{}, 'a container name must be specified for pod web, choose one of: [main side]'],
    [{ container: 'none' }, 'container none is not valid for pod web'],
    [{ container: 'main', previous: 'true' }, 'previous terminated container "main" in pod "web" not found'],
  ])('%j are refused', async (query, message) => {
    const { response } = await logs(query as Record<string, string>)
    expect(response).toMatchObject({ status: 400, body: { kind: 'Status', reason: 'BadRequest', message } })
  })

  test('are followed as they come', async () => {
    const abort = new AbortController()
    let output = ''
    const following = cluster.client.transport
      .stream(
        { method: 'GET', path: path('log'), query: { container: 'main', follow: 'true' }, signal: abort.signal },
        bytes => {
          output += Buffer.from(bytes)
        },
      )
      .catch(() => {})
    await cluster.until(() => output.includes('third'))
    expect(output).toBe('first\nsecond\nthird\n')
    abort.abort()
    await following
  })
})

describe('logs over WebSocket', () => {
  async function open(protocol: string | undefined, query = 'container=side') {
    const url = `wss://127.0.0.1:${cluster.plane.apiServer.port}${path('log')}?${query}`
    const socket = new WebSocket(url, protocol === undefined ? [] : [protocol], {
      headers: { authorization: 'Bearer admin-token' },
      ca: cluster.plane.pki.certificateAuthority.certificate,
    })
    const messages: [string, boolean][] = []
    socket.on('message', (data: Buffer, binary: boolean) => messages.push([data.toString(), binary]))
    const failed = once(socket, 'error').then(([error]) => error.message as string)
    const closed = once(socket, 'close').then(() => messages)
    return Promise.race([closed, failed])
  }

  test.each([
    [undefined, 'beside\n', true],
    ['binary.k8s.io', 'beside\n', true],
    ['base64.binary.k8s.io', 'YmVzaWRlCg==', false],
  ])('as %s, after an empty message', async (protocol, text, binary) => {
    const messages = (await open(protocol)) as [string, boolean][]
    expect(messages).toEqual([
      ['', binary],
      [text, binary],
    ])
  })

  test.each([
    ['unknown.k8s.io', 'container=side', 'Unexpected server response: 403'],
    ['binary.k8s.io', 'container=none', 'Unexpected server response: 400'],
  ])('as %s, of ?%s are refused', async (protocol, query, error) => {
    expect(await open(protocol, query)).toBe(error)
  })
})

describe('exec', () => {
  test('over SPDY from within the process', async () => {
    const { response, socket } = await cluster.client.transport.upgrade({
      method: 'POST',
      path: path('exec'),
      query: {
        container: 'main',
        stdout: 'true',
        stderr: 'true',
        command: ['sh', '-c', 'echo out; echo err >&2; exit 3'],
      },
      headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' },
    })
    expect(response.status).toBe(101)
    const connection = new SpdyConnection(socket!, { role: 'client', clock: cluster.env.clock })
    const [error, stdout, stderr] = ['error', 'stdout', 'stderr'].map(streamType =>
      connection.openStream({ streamType }),
    )
    expect(await Promise.all([text(stdout!), text(stderr!)])).toEqual(['out\n', 'err\n'])
    expect(JSON.parse(await text(error!))).toMatchObject({
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    })
  })

  test('over WebSocket and HTTPS', async () => {
    const query = new URLSearchParams({ container: 'side', stdout: 'true', command: 'echo' })
    query.append('command', 'hello')
    const url = `wss://127.0.0.1:${cluster.plane.apiServer.port}${path('exec')}?${query}`
    const socket = new WebSocket(url, ['v5.channel.k8s.io'], {
      headers: { authorization: 'Bearer admin-token' },
      ca: cluster.plane.pki.certificateAuthority.certificate,
    })
    const received: Record<number, string> = {}
    socket.on('message', (data: Buffer) => {
      received[data[0]!] = (received[data[0]!] ?? '') + data.toString('utf8', 1)
    })
    await once(socket, 'close')
    expect(received[1]).toBe('hello\n')
    expect(received[3]).toBe(JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' }))
  })

  test('is refused without an upgrade', async () => {
    const response = await cluster.client.transport.request({
      method: 'POST',
      path: path('exec'),
      query: { container: 'main', stdout: 'true', command: 'true' },
    })
    expect(response).toMatchObject({ status: 400, body: { message: 'Upgrade request required' } })
  })
})

test("a kubelet's own API is proxied", async () => {
  const node = cluster.nodes[0]!.name
  let answered = ''
  const { status } = await cluster.client.transport.stream(
    { method: 'GET', path: `/api/v1/nodes/${node}/proxy/healthz` },
    bytes => {
      answered += Buffer.from(bytes)
    },
  )
  expect([status, answered]).toEqual([200, 'ok'])
  // A method without a verb that goes through as well.
  const options = await cluster.client.transport.request({
    method: 'OPTIONS' as never,
    path: `/api/v1/nodes/${node}/proxy/healthz`,
  })
  expect(options.status).toBe(200)
})
