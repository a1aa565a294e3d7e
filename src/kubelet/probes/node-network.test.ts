// How probes ask over the network: real sockets on loopback, time by hand.

import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { virtualEnv } from '../../machinery/env/virtual-env.ts'
import type { HttpTarget } from './handlers.ts'
import { nodeNetwork } from './node-network.ts'

const { clock } = virtualEnv()
const network = nodeNetwork(clock)

let server: Server
let port: number
let unusedPort: number
let asked: Record<string, unknown>

const portOf = (listening: { address(): unknown }) => (listening.address() as AddressInfo).port

beforeAll(async () => {
  server = createServer((request, response) => {
    asked = { url: request.url, agent: request.headers['user-agent'], extra: request.headers['x-extra'] }
    const status = Number(request.url?.slice(1, 4)) || 200
    if (request.url === '/hang') return
    if (request.url === '/away') response.writeHead(302, { location: 'http://other.example/' })
    else if (request.url === '/around') response.writeHead(302, { location: '/200' })
    else response.writeHead(status)
    response.end(`answer ${status}`)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  port = portOf(server)
  const brief = createTcpServer()
  await new Promise<void>(resolve => brief.listen(0, '127.0.0.1', resolve))
  unusedPort = portOf(brief)
  await new Promise(resolve => brief.close(resolve))
})

afterAll(() => {
  server.closeAllConnections()
  return new Promise(resolve => server.close(resolve))
})

const target = (path: string, more: Partial<HttpTarget> = {}): HttpTarget => ({
  scheme: 'http',
  host: '127.0.0.1',
  port,
  path,
  headers: [['User-Agent', 'kube-probe/1.36']],
  ...more,
})

describe('HTTP', () => {
  test.each([
    ['/200', 'success', 'answer 200'],
    ['/399', 'success', 'answer 399'],
    ['/404', 'failure', 'HTTP probe failed with statuscode: 404'],
    ['/503', 'failure', 'HTTP probe failed with statuscode: 503'],
    ['/around', 'success', 'answer 200'],
    ['/away', 'warning', 'Probe terminated redirects, Response body: answer 200'],
  ])('%s: %s', async (path, outcome, output) => {
    expect(await network.httpGet(target(path), 1000)).toEqual({ outcome, output })
  })

  test('asks with the headers it is given', async () => {
    await network.httpGet(
      target('/200?x=1', {
        headers: [
          ['User-Agent', 'mine'],
          ['X-Extra', 'yes'],
        ],
      }),
      1000,
    )
    expect(asked).toEqual({ url: '/200?x=1', agent: 'mine', extra: 'yes' })
  })

  test('nobody there', async () => {
    expect(await network.httpGet(target('/', { port: unusedPort }), 1000)).toEqual({
      outcome: 'failure',
      output: `Get "http://127.0.0.1:${unusedPort}/": dial tcp 127.0.0.1:${unusedPort}: connect: connection refused`,
    })
  })

  test('no answer in time', async () => {
    const answer = network.httpGet(target('/hang'), 1000)
    await clock.advance(1000)
    expect(await answer).toEqual({
      outcome: 'failure',
      output: `Get "http://127.0.0.1:${port}/hang": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    })
  })
})

describe('TCP', () => {
  test('somebody there', async () => {
    expect(await network.tcpConnect('127.0.0.1', port, 1000)).toEqual({ outcome: 'success', output: '' })
  })

  test('nobody there', async () => {
    expect(await network.tcpConnect('127.0.0.1', unusedPort, 1000)).toEqual({
      outcome: 'failure',
      output: `dial tcp 127.0.0.1:${unusedPort}: connect: connection refused`,
    })
  })
})

describe('gRPC', () => {
  const grpcServer = async (status: number | undefined) => {
    const { Server, ServerCredentials } = await import('@grpc/grpc-js')
    const grpc = new Server()
    const plain = { requestSerialize: (b: Buffer) => b, requestDeserialize: (b: Buffer) => b }
    if (status !== undefined)
      grpc.addService(
        {
          check: {
            path: '/grpc.health.v1.Health/Check',
            requestStream: false,
            responseStream: false,
            ...plain,
            responseSerialize: (b: Buffer) => b,
            responseDeserialize: (b: Buffer) => b,
          },
        },
        {
          check: (_: unknown, done: (error: null, answer: Buffer) => void) => done(null, Buffer.from([0x08, status])),
        } as any,
      )
    const at = await new Promise<number>((resolve, reject) =>
      grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    )
    return { at, stop: () => grpc.forceShutdown() }
  }

  test.each([
    [1, 'success', 'service healthy'],
    [2, 'failure', 'service unhealthy (responded with "NOT_SERVING")'],
    [undefined, 'failure', 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health)'],
  ])('serving status %s: %s', async (status, outcome, output) => {
    const { at, stop } = await grpcServer(status)
    try {
      expect(await network.grpcCheck('127.0.0.1', at, '', 1000)).toEqual({ outcome, output })
    } finally {
      stop()
    }
  })
})
