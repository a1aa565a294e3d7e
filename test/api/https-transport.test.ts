// The HTTPS transport against real HTTP servers of both versions.

import { createServer as createHttpServer } from 'node:http'
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from 'node:http2'
import { createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { type HttpsTransportOptions, httpsTransport } from '../../src/client/https-transport.ts'
import type { WatchEvent } from '../../src/client/transport.ts'
import { virtualEnv } from '../../src/machinery/env/virtual-env.ts'
import { createCertificateAuthority, issueCertificate } from '../../src/machinery/x509/certificate.ts'

const validity = { notBefore: Date.UTC(2020, 0), notAfter: Date.UTC(2100, 0) }
const authority = createCertificateAuthority('test-ca', validity, Uint8Array.of(1))
const serverIdentity = issueCertificate(
  authority,
  { subject: { commonName: 'server' }, usages: ['serverAuth'], names: ['127.0.0.1', 'api.example'] },
  validity,
  Uint8Array.of(2),
)
const clientIdentity = issueCertificate(
  authority,
  { subject: { commonName: 'alice', organizations: ['devs'] }, usages: ['clientAuth'] },
  validity,
  Uint8Array.of(3),
)

type Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void

interface Running {
  readonly url: string
  readonly sessions: ServerHttp2Session[]
  readonly server: Http2SecureServer
}

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup()
})

type Version = 'HTTP/2' | 'HTTP/1.1'

async function serve(version: Version, handler: Handler): Promise<Running> {
  const tls = {
    key: serverIdentity.privateKey,
    cert: serverIdentity.certificate,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  }
  const server = (
    version === 'HTTP/2' ? createSecureServer({ ...tls, allowHTTP1: true }) : createHttpsServer(tls)
  ) as Http2SecureServer
  server.on('request', handler)
  const sessions: ServerHttp2Session[] = []
  server.on('session', session => sessions.push(session))
  const sockets = new Set<{ destroy(): void }>()
  server.on('secureConnection', socket => sockets.add(socket))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, sessions, server }
}

function transportTo(url: string, options: Partial<HttpsTransportOptions> = {}) {
  const env = virtualEnv({ settle: () => turn() })
  const transport = httpsTransport({ env, server: url, ca: authority.certificate, ...options })
  cleanups.push(() => transport.close())
  return { transport, env }
}

const json = (response: Http2ServerResponse, body: unknown, status = 200, headers = {}) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

async function bodyOf(request: Http2ServerRequest): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}

describe.each<{ version: Version }>([{ version: 'HTTP/2' }, { version: 'HTTP/1.1' }])(
  'over $version',
  ({ version }) => {
    test('a request goes there and its answer comes back', async () => {
      const { url } = await serve(version, async (request, response) =>
        json(response, {
          version: request.httpVersion,
          method: request.method,
          url: request.url,
          type: request.headers['content-type'],
          agent: request.headers['user-agent'],
          authorization: request.headers.authorization,
          body: await bodyOf(request),
        }),
      )
      const { transport } = transportTo(`${url}/prefix/`, { token: () => 'secret', userAgent: 'tester/1' })
      const response = await transport.request({
        method: 'POST',
        path: '/api/v1/pods',
        query: { labelSelector: 'a in (b,c)', none: undefined, twice: ['1', '2'] },
        body: { kind: 'Pod' },
      })
      expect(response.status).toBe(200)
      expect(response.headers['content-type']).toBe('application/json')
      expect(response.body).toEqual({
        version: version === 'HTTP/2' ? '2.0' : '1.1',
        method: 'POST',
        url: '/prefix/api/v1/pods?labelSelector=a%20in%20(b%2Cc)&twice=1&twice=2',
        type: 'application/json',
        agent: 'tester/1',
        authorization: 'Bearer secret',
        body: '{"kind":"Pod"}',
      })
    })

    test('bytes are sent as they are, with the type they say', async () => {
      const { url } = await serve(version, async (request, response) =>
        json(response, [request.headers['content-type'], await bodyOf(request)]),
      )
      const { transport } = transportTo(url)
      const { body } = await transport.request({
        method: 'PATCH',
        path: '/',
        headers: { 'content-type': 'application/apply-patch+yaml' },
        body: Buffer.from('a: 1'),
      })
      expect(body).toEqual(['application/apply-patch+yaml', 'a: 1'])
    })

    test('what is not JSON comes back as text, and a failure as an answer', async () => {
      const { url } = await serve(version, (request, response) => {
        if (request.url === '/healthz') {
          response.writeHead(200, { 'content-type': 'text/plain' })
          response.end('ok')
        } else json(response, { kind: 'Status', code: 404 }, 404)
      })
      const { transport } = transportTo(url)
      expect(await transport.request({ method: 'GET', path: '/healthz' })).toMatchObject({ status: 200, text: 'ok' })
      expect(await transport.request({ method: 'GET', path: '/none' })).toMatchObject({
        status: 404,
        body: { kind: 'Status', code: 404 },
      })
    })

    test('a big answer comes whole', async () => {
      const items = Array.from({ length: 50_000 }, (_, index) => ({ metadata: { name: `pod-${index}` } }))
      const { url } = await serve(version, (_request, response) => json(response, { items }))
      const { transport } = transportTo(url)
      const { body } = await transport.request({ method: 'GET', path: '/' })
      expect((body as { items: unknown[] }).items).toEqual(items)
    })

    test('a watch delivers each event, wherever the bytes are cut, until the server ends it', async () => {
      const events = Array.from({ length: 100 }, (_, index) => ({
        type: 'ADDED',
        object: { metadata: { name: `größe-${index}` } },
      }))
      const { url } = await serve(version, async (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        const bytes = Buffer.from(events.map(event => `${JSON.stringify(event)}\n`).join(''))
        for (let at = 0; at < bytes.length; at += 997) {
          response.write(bytes.subarray(at, at + 997))
          await turn()
        }
        response.end()
      })
      const { transport } = transportTo(url)
      const seen: WatchEvent[] = []
      const error = await new Promise(resolve => {
        void transport.watch({ method: 'GET', path: '/' }, { event: event => seen.push(event), end: resolve })
      })
      expect(error).toBeUndefined()
      expect(seen).toEqual(events)
    })

    test('a watch that is refused says so, and is never heard of', async () => {
      const { url } = await serve(version, (_request, response) => json(response, { kind: 'Status', code: 410 }, 410))
      const { transport } = transportTo(url)
      const { response } = await transport.watch(
        { method: 'GET', path: '/' },
        { event: () => expect.fail('an event'), end: () => expect.fail('an end') },
      )
      expect(response).toMatchObject({ status: 410, body: { kind: 'Status', code: 410 } })
    })

    test('a watch whose connection breaks ends with an error', async () => {
      const { url } = await serve(version, (request, response) => {
        response.writeHead(200)
        response.write('{"type":"ADDED","object":{}}\n')
        void turn().then(() => (request.stream?.session ?? request.socket).destroy())
      })
      const { transport } = transportTo(url)
      const seen: WatchEvent[] = []
      const error = await new Promise<Error | undefined>(resolve => {
        void transport.watch({ method: 'GET', path: '/' }, { event: event => seen.push(event), end: resolve })
      })
      expect(error).toBeInstanceOf(Error)
      expect(seen.length).toBeLessThanOrEqual(1)
    })

    test('a watch that is stopped tells the server, ends once, and brings no more', async () => {
      let gone = () => {}
      const serverSawTheEnd = new Promise<void>(resolve => {
        gone = resolve
      })
      const { url } = await serve(version, (_request, response) => {
        response.on('close', gone)
        response.writeHead(200)
        response.write('{"type":"ADDED","object":{}}\n')
      })
      const { transport } = transportTo(url)
      const ends: unknown[] = []
      await new Promise<void>(resolve => {
        const watching = transport.watch(
          { method: 'GET', path: '/' },
          { event: () => void watching.then(({ stop }) => stop()).then(resolve), end: error => ends.push(error) },
        )
      })
      await serverSawTheEnd
      expect(ends).toEqual([undefined])
    })

    test('a stream is followed as it grows', async () => {
      const { url } = await serve(version, async (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/plain' })
        for (const line of ['one\n', 'two\n']) {
          response.write(line)
          await turn()
        }
        response.end()
      })
      const { transport } = transportTo(url)
      let text = ''
      const response = await transport.stream({ method: 'GET', path: '/log' }, chunk => {
        text += Buffer.from(chunk).toString()
      })
      expect(response.status).toBe(200)
      expect(text).toBe('one\ntwo\n')
    })

    test.each([
      { what: '429 with Retry-After', status: 429, headers: { 'retry-after': '3' }, waits: 3000 },
      { what: '503 with Retry-After', status: 503, headers: { 'retry-after': '1' }, waits: 1000 },
    ])('$what is tried again after that time', async ({ status, headers, waits }) => {
      const at: number[] = []
      const { url } = await serve(version, (_request, response) => {
        at.push(env.clock.monotonic())
        if (at.length === 1) json(response, {}, status, headers)
        else json(response, { done: true })
      })
      const { transport, env } = transportTo(url)
      const answered = transport.request({ method: 'POST', path: '/', body: {} })
      await passTime(env, answered)
      expect((await answered).body).toEqual({ done: true })
      expect(at).toHaveLength(2)
      expect(at[1]! - at[0]!).toBe(waits)
    })

    test('503 without Retry-After is the answer', async () => {
      let times = 0
      const { url } = await serve(version, (_request, response) => {
        times++
        json(response, {}, 503)
      })
      const { transport } = transportTo(url)
      expect((await transport.request({ method: 'GET', path: '/' })).status).toBe(503)
      expect(times).toBe(1)
    })

    test('an abort ends the wait for an answer', async () => {
      const { url } = await serve(version, () => {})
      const { transport } = transportTo(url)
      const abort = new AbortController()
      const answered = transport.request({ method: 'GET', path: '/', signal: abort.signal })
      await turn()
      abort.abort(new Error('enough'))
      await expect(answered).rejects.toThrow('enough')
    })

    test('the client certificate is shown', async () => {
      const { url } = await serve(version, (request, response) => {
        const socket = request.stream ? request.stream.session!.socket : request.socket
        json(response, (socket as TLSSocket).getPeerCertificate().subject)
      })
      const { transport } = transportTo(url, { cert: clientIdentity.certificate, key: clientIdentity.privateKey })
      expect((await transport.request({ method: 'GET', path: '/' })).body).toEqual({ CN: 'alice', O: 'devs' })
    })

    test('a server of an unknown authority is not talked to, unless that is asked for', async () => {
      const { url } = await serve(version, (_request, response) => json(response, 'hello'))
      const stranger = createCertificateAuthority('stranger', validity, Uint8Array.of(9)).certificate
      const { transport } = transportTo(url, { ca: stranger })
      await expect(transport.request({ method: 'GET', path: '/' })).rejects.toThrow(/certificate/)
      const careless = transportTo(url, { ca: undefined, insecure: true })
      expect((await careless.transport.request({ method: 'GET', path: '/' })).body).toBe('hello')
    })

    test('the name in the certificate may be given', async () => {
      const { url } = await serve(version, (_request, response) => json(response, 'hello'))
      const known = transportTo(url, { serverName: 'api.example' })
      expect((await known.transport.request({ method: 'GET', path: '/' })).body).toBe('hello')
      const unknown = transportTo(url, { serverName: 'other.example' })
      await expect(unknown.transport.request({ method: 'GET', path: '/' })).rejects.toThrow(/other\.example/)
    })

    test('an impersonated user is named with groups and extras', async () => {
      const { url } = await serve(version, (request, response) => json(response, request.headers))
      const { transport } = transportTo(url, {
        impersonate: { user: 'bob', groups: ['a', 'b'], uid: '7', extra: { 'example.com/Scope': ['x'] } },
      })
      expect((await transport.request({ method: 'GET', path: '/' })).body).toMatchObject({
        'impersonate-user': 'bob',
        'impersonate-group': 'a, b',
        'impersonate-uid': '7',
        'impersonate-extra-example.com%2fscope': 'x',
      })
    })
  },
)

describe('over HTTP/2', () => {
  test('many requests share a connection', async () => {
    const { url, sessions } = await serve('HTTP/2', (_request, response) => json(response, {}))
    const { transport } = transportTo(url)
    await Promise.all(Array.from({ length: 50 }, () => transport.request({ method: 'GET', path: '/' })))
    expect(sessions).toHaveLength(1)
  })

  test('a connection that is gone is replaced, and a GET under it repeated', async () => {
    let times = 0
    const { url, sessions } = await serve('HTTP/2', (request, response) => {
      if (++times === 2) request.stream.session!.destroy()
      else json(response, times)
    })
    const { transport, env } = transportTo(url)
    expect((await transport.request({ method: 'GET', path: '/' })).body).toBe(1)
    const second = transport.request({ method: 'GET', path: '/' })
    await passTime(env, second)
    expect((await second).body).toBe(3)
    expect(sessions).toHaveLength(2)
  })

  test('a write under a broken connection is not repeated', async () => {
    let times = 0
    const { url } = await serve('HTTP/2', request => {
      times++
      request.stream.session!.destroy()
    })
    const { transport, env } = transportTo(url)
    const answered = transport.request({ method: 'POST', path: '/', body: {} })
    await expect(passTime(env, answered)).rejects.toThrow()
    expect(times).toBe(1)
  })

  test('a server that says goodbye is left: what is under way ends, what comes goes elsewhere', async () => {
    const held: Http2ServerResponse[] = []
    const { url, sessions } = await serve('HTTP/2', (request, response) => {
      if (request.url === '/slow') held.push(response)
      else json(response, 'fast')
    })
    const { transport } = transportTo(url)
    const slow = transport.request({ method: 'GET', path: '/slow' })
    while (held.length === 0) await turn()
    sessions[0]!.goaway()
    await turn()
    await turn()
    expect((await transport.request({ method: 'GET', path: '/' })).body).toBe('fast')
    expect(sessions).toHaveLength(2)
    json(held[0]!, 'slow')
    expect((await slow).body).toBe('slow')
  })

  describe('a connection that is silent for 30 seconds is pinged', () => {
    async function watchThroughWire() {
      const { url } = await serve('HTTP/2', (_request, response) => {
        response.writeHead(200)
        response.write('{"type":"ADDED","object":{}}\n')
      })
      const wire = await wireTo(url)
      const { transport, env } = transportTo(wire.url)
      const ends: (Error | undefined)[] = []
      await new Promise<void>(resolve => {
        void transport.watch({ method: 'GET', path: '/' }, { event: () => resolve(), end: error => ends.push(error) })
      })
      return { wire, env, ends }
    }

    test('and given up after 15 more without an answer', async () => {
      const { wire, env, ends } = await watchThroughWire()
      wire.freeze()
      await env.clock.advance(44_999)
      expect(ends).toEqual([])
      await env.clock.advance(1)
      while (ends.length === 0) await turn()
      expect(ends).toMatchObject([{ message: 'http2: client connection lost' }])
    })

    test('and kept when it answers', async () => {
      const { env, ends } = await watchThroughWire()
      await env.clock.advance(30_000)
      // The answer takes the ping's time-out away; then only the next ping is due.
      while (env.clock.nextTimer()! - env.clock.now() < 30_000) await turn()
      await env.clock.advance(29_999)
      expect(ends).toEqual([])
    })
  })
})

describe('a server', () => {
  test('that is not there is an error with the system’s code', async () => {
    const { url, server } = await serve('HTTP/2', () => {})
    await new Promise(resolve => server.close(resolve))
    const { transport } = transportTo(url)
    await expect(transport.request({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('without TLS is spoken to in HTTP/1.1', async () => {
    const server = createHttpServer((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(request.httpVersion))
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => server.close())
    const { transport } = transportTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    expect((await transport.request({ method: 'GET', path: '/' })).body).toBe('1.1')
  })
})

describe('an upgrade', () => {
  test('hands over the connection', async () => {
    const { url, server } = await serve('HTTP/2', () => {})
    server.on('upgrade' as never, (request: any, socket: any) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nupgrade: ${request.headers.upgrade}\r\nconnection: Upgrade\r\n\r\n`,
      )
      socket.pipe(socket)
    })
    const { transport } = transportTo(url)
    const { response, socket } = await transport.upgrade({
      method: 'POST',
      path: '/exec',
      headers: { upgrade: 'SPDY/3.1' },
    })
    expect(response).toMatchObject({ status: 101, headers: { upgrade: 'SPDY/3.1' } })
    socket!.write('echo')
    expect(String(await new Promise(resolve => socket!.once('data', resolve)))).toBe('echo')
    socket!.destroy()
  })

  test('that is refused is an answer', async () => {
    const { url } = await serve('HTTP/2', (_request, response) => json(response, { kind: 'Status', code: 403 }, 403))
    const { transport } = transportTo(url)
    const { response, socket } = await transport.upgrade({
      method: 'GET',
      path: '/exec',
      headers: { upgrade: 'websocket' },
    })
    expect(socket).toBeUndefined()
    expect(response).toMatchObject({ status: 403, body: { code: 403 } })
  })
})

/** Lets virtual time go on until the promise is settled. */
async function passTime(env: ReturnType<typeof virtualEnv>, promise: Promise<unknown>): Promise<void> {
  let settled = false
  const end = () => {
    settled = true
  }
  promise.then(end, end)
  while (!settled) {
    await turn()
    const next = env.clock.nextTimer()
    // Only waits of a retry; a connection's own time-outs are longer.
    if (next !== undefined && next - env.clock.now() <= 5000) await env.clock.advance(next - env.clock.now())
  }
  await promise
}

/** A TCP connection's way to the server, which can be frozen: nothing gets through, and nobody is told. */
async function wireTo(url: string): Promise<{ url: string; freeze(): void }> {
  const ends: Socket[] = []
  const server = createTcpServer(client => {
    const onward = connect(Number(new URL(url).port), '127.0.0.1')
    ends.push(client, onward)
    client
      .on('error', () => {})
      .pipe(onward.on('error', () => {}))
      .pipe(client)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    for (const end of ends) end.destroy()
    server.close()
  })
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    freeze() {
      for (const end of ends) end.unpipe().pause()
    },
  }
}
