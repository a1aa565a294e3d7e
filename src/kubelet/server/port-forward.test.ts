import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createWebSocketStream, WebSocket } from 'ws'
import { SpdyConnection } from '../streaming/spdy/connection.ts'
import { TestKubelet } from './testing.ts'

const kubelet = new TestKubelet()
afterEach(() => kubelet.server.close())

let server: Server
let port: string
let closedPort: string
beforeAll(async () => {
  // Answers with what it was sent, in capitals, once that has ended.
  server = createServer({ allowHalfOpen: true }, socket => {
    let sent = ''
    socket.on('error', () => {})
    socket.on('data', chunk => {
      sent += chunk
    })
    socket.on('end', () => socket.end(sent.toUpperCase()))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  port = String((server.address() as AddressInfo).port)
  const other = createServer()
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
  closedPort = String((other.address() as AddressInfo).port)
  await new Promise(resolve => other.close(resolve))
})
afterAll(() => new Promise(resolve => server.close(resolve)))

const path = '/portForward/default/web'

async function spdy(): Promise<SpdyConnection> {
  const headers = { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'portforward.k8s.io' }
  const { status, socket, head } = await kubelet.upgrade(path, headers)
  expect(status).toBe(101)
  return new SpdyConnection(socket!, { role: 'client', clock: kubelet.env.clock, head: head! })
}

/** As kubectl 1.31 and later do: SPDY's bytes in the binary messages of a WebSocket. */
async function tunnel(): Promise<SpdyConnection> {
  const headers = {
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-protocol': 'SPDY/3.1+portforward.k8s.io',
  }
  const answer = await kubelet.upgrade(path, headers, 'GET')
  expect(answer.status).toBe(101)
  expect(answer.headers['sec-websocket-protocol']).toBe('SPDY/3.1+portforward.k8s.io')
  // `ws` itself cannot ask for a protocol with a slash in its name: so the handshake is ours.
  const webSocket = new WebSocket(null as never, undefined, {}) as WebSocket & {
    setSocket(socket: unknown, head: unknown, options: object): void
  }
  Object.assign(webSocket, { _isServer: false })
  webSocket.setSocket(answer.socket, answer.head, { allowSynchronousEvents: true, maxPayload: 0 })
  return new SpdyConnection(createWebSocketStream(webSocket), { role: 'client', clock: kubelet.env.clock })
}

function forward(connection: SpdyConnection, requestID: string, toPort: string) {
  const error = connection.openStream({ streamType: 'error', port: toPort, requestID })
  const data = connection.openStream({ streamType: 'data', port: toPort, requestID })
  error.end()
  return { data, error }
}

describe.each([
  ['SPDY', spdy],
  ['SPDY in a WebSocket', tunnel],
])('port-forward over %s', (_name, connect) => {
  it('connects with the port, many times over one connection, at once', async () => {
    const connection = await connect()
    const pairs = Array.from({ length: 5 }, (_, index) => forward(connection, String(index), port))
    pairs.forEach(({ data }, index) => {
      data.end(`hello ${index}`)
    })
    expect(await Promise.all(pairs.map(({ data }) => text(data)))).toEqual(pairs.map((_, index) => `HELLO ${index}`))
    expect(await Promise.all(pairs.map(({ error }) => text(error)))).toEqual(['', '', '', '', ''])
    await connection.close()
  })

  it('tells why a port could not be reached, and goes on with the others', async () => {
    const connection = await connect()
    const { data, error } = forward(connection, '0', closedPort)
    data.resume()
    expect(JSON.parse(await text(error))).toEqual({
      closeConnection: true,
      message: `error forwarding port ${closedPort} to pod web, uid 1234: connect ECONNREFUSED 127.0.0.1:${closedPort}`,
    })
    const other = forward(connection, '1', port)
    other.data.end('x')
    expect(await text(other.data)).toBe('X')
    await connection.close()
  })

  it('lets go of the port when the client goes away', async () => {
    const connection = await connect()
    const { data } = forward(connection, '0', port)
    const [socket] = await once(server, 'connection')
    data.write('half')
    await once(socket, 'data')
    connection.close()
    await once(socket, 'close')
  })
})

describe('the streams of a port-forward', () => {
  it.each([
    ['no port', { streamType: 'data' }],
    ['a port that is no number', { streamType: 'data', port: 'http' }],
    ['port 0', { streamType: 'data', port: '0' }],
    ['port 65536', { streamType: 'data', port: '65536' }],
    ['no type', { port: '80' }],
    ['another type', { streamType: 'stdin', port: '80' }],
  ])('are refused with %s', async (_name, headers) => {
    const connection = await spdy()
    const stream = connection.openStream(headers as never)
    stream.resume()
    await once(stream, 'close')
    expect(stream.resetBy).toBe(3)
    await connection.close()
  })

  it('belong together by their numbers, from clients without request ids', async () => {
    const connection = await spdy()
    const error = connection.openStream({ streamType: 'error', port })
    const data = connection.openStream({ streamType: 'data', port })
    error.end()
    data.end('old')
    expect(await text(data)).toBe('OLD')
    await connection.close()
  })

  it('are given up when one of the two does not come', async () => {
    const connection = await spdy()
    const error = connection.openStream({ streamType: 'error', port, requestID: '9' })
    await connection.ping()
    await kubelet.env.clock.advance(30_000)
    expect(await text(error)).toBe('(request=9) timed out waiting for streams')
    await connection.close()
  })
})

describe('port-forward over WebSocket channels', () => {
  it('announces each port on its two channels, then carries its data', async () => {
    const socket = kubelet.webSocket(`${path}?port=${port}&port=${closedPort}`, ['v4.channel.k8s.io'])
    const received: Record<number, Buffer> = {}
    socket.on('message', (data: Buffer) => {
      received[data[0]!] = Buffer.concat([received[data[0]!] ?? Buffer.alloc(0), data.subarray(1)])
    })
    await once(socket, 'open')
    while (!received[3] || received[3].length <= 2) await once(socket, 'message')
    const announced = (text: string) => Buffer.from([Number(text) & 0xff, Number(text) >> 8])
    expect(received[0]).toEqual(announced(port))
    expect(received[1]).toEqual(announced(port))
    expect(received[2]).toEqual(announced(closedPort))
    expect(received[3].subarray(0, 2)).toEqual(announced(closedPort))
    expect(received[3].toString('utf8', 2)).toMatch(`error forwarding port ${closedPort} to pod web, uid 1234: connect`)
    socket.terminate()
  })

  it.each([
    ['', 'query parameter "port" is required\n'],
    ['?port=', 'query parameter "port" cannot be empty\n'],
    ['?port=80,x', 'unable to parse "80,x" as a port\n'],
    ['?port=0', 'port "0" must be > 0\n'],
  ])('wants ports: %j', async (query, body) => {
    const headers = {
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-protocol': 'v4.channel.k8s.io',
    }
    expect(await kubelet.upgrade(path + query, headers, 'GET')).toMatchObject({ status: 400, body })
  })
})
