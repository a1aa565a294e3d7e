import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { virtualEnv } from '../../machinery/env/virtual-env.ts'
import type { StatusError } from '../../machinery/status-error.ts'
import type { Response } from '../request.ts'
import {
  kubeletConnection,
  networkDial,
  type ProxiedRequest,
  relayKubeletRequest,
  relayPodLog,
  tunnelKubeletUpgrade,
} from './node-connection.ts'

const { clock } = virtualEnv({ settle: () => new Promise(resolve => setImmediate(resolve)) })
const connection = kubeletConnection(networkDial(undefined))

let backend: Server
let port: number
let seen: IncomingMessage
let answer: (request: IncomingMessage, response: ServerResponse) => void
let upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
beforeAll(async () => {
  backend = createServer((request, response) => {
    seen = request
    answer(request, response)
  })
  backend.on('upgrade', (request, socket, head) => {
    seen = request
    upgrade(request, socket, head)
  })
  await new Promise<void>(resolve => backend.listen(0, '127.0.0.1', resolve))
  port = (backend.address() as AddressInfo).port
})
afterAll(() => new Promise(resolve => backend.close(resolve)))

const target = () => ({ scheme: 'http' as const, host: '127.0.0.1', port })
/** A port that nobody listens on. */
async function nowhere() {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const closed = (server.address() as AddressInfo).port
  await new Promise(resolve => server.close(resolve))
  return { scheme: 'http' as const, host: '127.0.0.1', port: closed }
}

const proxied = (fields: Partial<ProxiedRequest> = {}): ProxiedRequest => ({
  method: 'GET',
  path: '/api/v1/nodes/n1/proxy',
  query: new URLSearchParams(),
  headers: {},
  remoteAddress: '192.0.2.1',
  direct: false,
  ...fields,
})

/** All of a long answer; with what to do when a piece comes. */
function body(response: Response, onPiece: (bytes: Uint8Array) => void = () => {}): Promise<string> {
  return new Promise(resolve => {
    let whole = ''
    response.stream!({
      write(bytes) {
        whole += Buffer.from(bytes)
        onPiece(bytes)
        return true
      },
      pending: 0,
      end: () => resolve(whole),
      onClose() {},
    })
  })
}

async function refusal(attempt: Promise<unknown>): Promise<[number, string, string]> {
  const { code, reason, message } = (await attempt.then(
    () => expect.fail('was not refused'),
    error => error,
  )) as StatusError
  return [code, reason, message]
}

describe('a log', () => {
  const log = (path = '/containerLogs/default/web/main') => relayPodLog(connection, target(), path, 'web', clock)

  it('comes as text, piece by piece', async () => {
    let next: () => void = () => {}
    answer = (_request, response) => {
      response.write('one\n')
      next = () => response.end('two\n')
    }
    const response = await log()
    expect(response).toMatchObject({ status: 200, contentType: 'text/plain' })
    expect(await body(response, () => next())).toBe('one\ntwo\n')
  })

  it('is let go of when the client goes away', async () => {
    answer = (_request, response) => {
      response.write('one\n')
    }
    const response = await log()
    response.stream!({ write: () => true, pending: 0, end() {}, onClose: leave => clock.setImmediate(leave) })
    await once(seen.socket, 'close')
  })

  it.each([
    [400, 'no logs yet', 'BadRequest', 'no logs yet'],
    [404, 'pod "web" does not exist', 'NotFound', 'the server could not find the requested resource ( pods/log web)'],
    [500, 'broken', 'InternalError', 'Internal error occurred: broken'],
    [403, 'Forbidden (user=x)', 'Forbidden', 'Forbidden (user=x) ( pods/log web)'],
    [401, 'Unauthorized', 'Unauthorized', 'the server has asked for the client to provide credentials ( pods/log web)'],
    [
      502,
      'bad gateway',
      'InternalError',
      'an error on the server ("bad gateway") has prevented the request from succeeding ( pods/log web)',
    ],
  ])('refused with %i %j', async (status, said, reason, message) => {
    answer = (_request, response) => {
      response.statusCode = status
      response.end(said)
    }
    expect(await refusal(log())).toEqual([status, reason, message])
  })

  it('from a kubelet that does not answer', async () => {
    const gone = await nowhere()
    const address = `127.0.0.1:${gone.port}`
    expect(await refusal(relayPodLog(connection, gone, '/containerLogs/a/b/c', 'b', clock))).toEqual([
      500,
      '',
      `Get "https://${address}/containerLogs/a/b/c": dial tcp ${address}: connect: connection refused`,
    ])
  })
})

describe('a proxied request', () => {
  const relay = (path: string, fields?: Partial<ProxiedRequest>, sent?: Uint8Array) =>
    relayKubeletRequest(connection, target(), path, proxied(fields), sent, clock)

  it('goes on without what was meant for the API server, and says for whom', async () => {
    answer = (_request, response) => void response.end('ok')
    await body(
      await relay('/metrics', {
        path: '/api/v1/nodes/n1/proxy/metrics',
        query: new URLSearchParams('a=1&b=x%2Fy'),
        headers: {
          authorization: 'Bearer secret',
          'impersonate-user': 'root',
          accept: 'text/plain',
          connection: 'keep-alive',
          'x-forwarded-for': '198.51.100.1',
          host: 'apiserver:6443',
        },
      }),
    )
    expect(seen.url).toBe('/metrics?a=1&b=x%2Fy')
    expect(seen.headers).toEqual({
      accept: 'text/plain',
      host: 'apiserver:6443',
      'x-forwarded-for': '198.51.100.1, 192.0.2.1',
      'x-forwarded-uri': '/api/v1/nodes/n1/proxy/metrics',
      connection: 'close',
    })
  })

  it('carries a body there, and the answer back as it is', async () => {
    answer = async (request, response) => {
      response.writeHead(418, { 'content-type': 'text/teapot', 'x-own': 'yes', 'access-control-allow-origin': '*' })
      response.end(`${request.method} ${await text(request)}`)
    }
    const response = await relay('/brew', { method: 'POST' }, Buffer.from('tea'))
    expect(response).toMatchObject({ status: 418, contentType: 'text/teapot', headers: { 'x-own': 'yes' } })
    expect(response.headers).not.toHaveProperty('access-control-allow-origin')
    expect(response.headers).not.toHaveProperty('connection')
    expect(await body(response)).toBe('POST tea')
  })

  it('leads links and redirects of a page back through the proxy', async () => {
    answer = (request, response) => {
      if (request.url === '/old') response.writeHead(302, { location: '/new' }).end()
      else response.writeHead(200, { 'content-type': 'text/html' }).end('<a href="/rewriteme">test</a>')
    }
    const path = '/api/v1/nodes/n1/proxy'
    const response = await relay('/page', { path: `${path}/page` })
    expect(String(response.body)).toBe(`<a href="${path}/rewriteme">test</a>`)
    expect(seen.headers['x-forwarded-uri']).toBe(`${path}/page`)
    expect(response.headers).not.toHaveProperty('content-length')
    expect((await relay('/old', { path: `${path}/old` })).headers).toMatchObject({ location: `${path}/new` })
  })

  it('of a caller in the same process is answered whole', async () => {
    answer = (_request, response) => void response.end('ok')
    expect(await relay('/healthz', { direct: true })).toMatchObject({ status: 200, body: Buffer.from('ok') })
  })

  it('without a path is sent to the one with a slash', async () => {
    expect(await relay('', { query: new URLSearchParams('a=1') })).toEqual({
      status: 301,
      headers: { location: '/api/v1/nodes/n1/proxy/?a=1' },
    })
  })

  it('without a path, and with something to do there, goes to the root', async () => {
    answer = (request, response) => void response.end(request.url)
    const response = await relay('', { method: 'DELETE', query: new URLSearchParams('a=1') })
    expect(await body(response)).toBe('/?a=1')
  })

  it('to where nobody answers', async () => {
    const gone = await nowhere()
    expect(await refusal(relayKubeletRequest(connection, gone, '/', proxied(), undefined, clock))).toEqual([
      503,
      'ServiceUnavailable',
      `error trying to reach service: dial tcp 127.0.0.1:${gone.port}: connect: connection refused`,
    ])
  })
})

describe('an upgrade', () => {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'SPDY/3.1',
    authorization: 'Bearer secret',
    'x-stream-protocol-version': 'v4.channel.k8s.io',
    'sec-websocket-protocol': 'v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.c2VjcmV0',
  }

  /** A server that tunnels whatever is upgraded, as the API server does; and a raw connection to it. */
  async function tunnelled(to = target()): Promise<{ client: Duplex; failed: Promise<StatusError>; close(): void }> {
    const server = createServer()
    let fail: (error: StatusError) => void = () => {}
    const failed = new Promise<StatusError>(resolve => {
      fail = resolve
    })
    server.on('upgrade', (request, socket, head) => {
      const fields = { method: 'POST' as const, headers: request.headers, connection: { socket, head } }
      tunnelKubeletUpgrade(connection, to, '/exec/default/web/main', proxied(fields)).catch(error => {
        fail(error)
        socket.destroy()
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    client.on('error', () => {})
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    client.write(`POST /x HTTP/1.1\r\nhost: x\r\n${lines.join('')}\r\nearly `)
    return { client, failed, close: () => server.close() }
  }

  it('connects the two, bytes and all', async () => {
    upgrade = (_request, socket, head) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\nhello ')
      socket.write(head)
      socket.pipe(socket)
    }
    const { client, close } = await tunnelled()
    let received = ''
    client.on('data', chunk => {
      received += chunk
      if (received.endsWith('early ')) client.end('late')
    })
    await once(client, 'close')
    expect(received).toBe(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\nhello early late',
    )
    expect(seen).toMatchObject({ method: 'POST', url: '/exec/default/web/main' })
    expect(seen.headers).toEqual({
      connection: 'Upgrade',
      'content-length': '0',
      upgrade: 'SPDY/3.1',
      host: `127.0.0.1:${port}`,
      'x-forwarded-for': '192.0.2.1',
      'x-stream-protocol-version': 'v4.channel.k8s.io',
      'sec-websocket-protocol': 'v5.channel.k8s.io',
    })
    close()
  })

  it('ends on one side when the other is cut', async () => {
    upgrade = (_request, socket) => {
      socket.on('error', () => {}).resume()
      socket.on('end', () => socket.end())
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n')
    }
    const { client, close } = await tunnelled()
    await once(client, 'data')
    const closed = once(seen.socket, 'close')
    client.destroy()
    await closed
    close()
  })

  it('that is refused is refused in the same words', async () => {
    upgrade = (_request, socket) => {
      socket.end('HTTP/1.1 403 Forbidden\r\nX-Accepted: v4\r\nContent-Length: 9\r\nConnection: close\r\n\r\nno, never')
    }
    const { client, close } = await tunnelled()
    expect(await text(client)).toBe(
      'HTTP/1.1 403 Forbidden\r\nX-Accepted: v4\r\nContent-Length: 9\r\nConnection: close\r\n\r\nno, never',
    )
    close()
  })

  it('that is answered as if it were none', async () => {
    upgrade = (_request, socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    const { failed, close } = await tunnelled()
    expect((await failed).status).toMatchObject({ code: 500, message: 'invalid upgrade response: status code 200' })
    close()
  })

  it('to where nobody answers', async () => {
    const gone = await nowhere()
    const { failed, close } = await tunnelled(gone)
    expect((await failed).status).toMatchObject({
      code: 500,
      message: `error dialing backend: dial tcp 127.0.0.1:${gone.port}: connect: connection refused`,
    })
    close()
  })

  it('must be asked for', async () => {
    const attempt = tunnelKubeletUpgrade(connection, target(), '/exec/a/b/c', proxied())
    expect(await refusal(attempt)).toEqual([400, 'BadRequest', 'Upgrade request required'])
  })

  it('of a caller in the same process gives it the connection', async () => {
    upgrade = (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\nhello ')
      socket.pipe(socket)
    }
    const request = proxied({ method: 'POST', headers, direct: true })
    const { status, upgraded } = await tunnelKubeletUpgrade(connection, target(), '/exec/a/b/c', request)
    expect(status).toBe(101)
    upgraded!.end('there')
    expect(await text(upgraded!)).toBe('hello there')
  })
})
