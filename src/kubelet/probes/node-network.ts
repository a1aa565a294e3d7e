// How probes reach pods from a real node: sockets of this machine.

import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import type { Clock } from '../../machinery/env/env.ts'
import type { HttpTarget, ProbeAnswer, ProbeNetwork } from './handlers.ts'

const maxBody = 10 * 1024
const maxRedirects = 10

export function nodeNetwork(clock: Clock): ProbeNetwork {
  return {
    httpGet: (target, timeoutMs) => httpGet(clock, target, timeoutMs),
    tcpConnect: (host, port, timeoutMs) => tcpConnect(clock, host, port, timeoutMs),
    grpcCheck: (host, port, service, timeoutMs) => grpcCheck(clock, host, port, service, timeoutMs),
  }
}

async function httpGet(clock: Clock, target: HttpTarget, timeoutMs: number): Promise<ProbeAnswer> {
  const first = new URL(`${target.scheme}://${hostPort(target.host, target.port)}${target.path}`)
  let url = first
  const deadline = clock.monotonic() + timeoutMs
  for (let redirects = 0; ; redirects++) {
    const answer = await httpRequestOnce(clock, url, target.headers, deadline)
    if ('failure' in answer) return { outcome: 'failure', output: `Get "${url.href}": ${answer.failure}` }
    const { status, location, body } = answer
    if (status >= 300 && status < 400 && location && redirects < maxRedirects) {
      const next = new URL(location, url)
      if (next.hostname !== first.hostname)
        return { outcome: 'warning', output: `Probe terminated redirects, Response body: ${body}` }
      url = next
      continue
    }
    if (status >= 200 && status < 400) return { outcome: 'success', output: body }
    return { outcome: 'failure', output: `HTTP probe failed with statuscode: ${status}` }
  }
}

type HttpAnswer =
  | { readonly status: number; readonly location: string | undefined; readonly body: string }
  | { readonly failure: string }

function httpRequestOnce(
  clock: Clock,
  url: URL,
  headers: HttpTarget['headers'],
  deadline: number,
): Promise<HttpAnswer> {
  return new Promise(resolve => {
    const make = url.protocol === 'https:' ? httpsRequest : httpRequest
    const request = make(
      url,
      // A pod's certificate is its own business.
      { agent: false, rejectUnauthorized: false, headers: byName(headers) },
      response => {
        read(response, body => {
          timer.cancel()
          resolve({ status: response.statusCode ?? 0, location: response.headers.location, body })
        })
      },
    )
    const timer = clock.setTimeout(
      () => {
        resolve({ failure: 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)' })
        request.destroy()
      },
      Math.max(0, deadline - clock.monotonic()),
    )
    request.on('error', error => {
      timer.cancel()
      resolve({ failure: dialFailure(error, url.hostname, Number(url.port || (url.protocol === 'https:' ? 443 : 80))) })
    })
    request.end()
  })
}

/** A name that is given more than once has all of its values. */
function byName(headers: HttpTarget['headers']): Record<string, string[]> {
  const named: Record<string, string[]> = {}
  for (const [name, value] of headers) {
    named[name] ??= []
    named[name].push(value)
  }
  return named
}

function read(response: IncomingMessage, done: (body: string) => void): void {
  const chunks: Buffer[] = []
  let size = 0
  response.on('data', (chunk: Buffer) => {
    if (size < maxBody) chunks.push(chunk)
    size += chunk.length
  })
  const finish = () => done(Buffer.concat(chunks).toString('utf8').slice(0, maxBody))
  response.once('end', finish)
  response.once('error', finish)
}

function tcpConnect(clock: Clock, host: string, port: number, timeoutMs: number): Promise<ProbeAnswer> {
  return new Promise(resolve => {
    const socket = connect({ host, port })
    const end = (answer: ProbeAnswer) => {
      timer.cancel()
      socket.destroy()
      resolve(answer)
    }
    const timer = clock.setTimeout(
      () => end({ outcome: 'failure', output: `dial tcp ${hostPort(host, port)}: i/o timeout` }),
      timeoutMs,
    )
    socket.once('connect', () => end({ outcome: 'success', output: '' }))
    socket.once('error', error => end({ outcome: 'failure', output: dialFailure(error, host, port) }))
  })
}

const servingStatus = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']

/** grpc.health.v1.Health/Check: one text field in, one enumeration out. */
const healthService = {
  check: {
    path: '/grpc.health.v1.Health/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: (service: string) => {
      const name = Buffer.from(service, 'utf8')
      return name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), name])
    },
    requestDeserialize: (bytes: Buffer) => bytes.toString('utf8'),
    responseSerialize: (status: number) => Buffer.from([0x08, status]),
    responseDeserialize: (bytes: Buffer) => (bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0),
  },
}

async function grpcCheck(
  clock: Clock,
  host: string,
  port: number,
  service: string,
  timeoutMs: number,
): Promise<ProbeAnswer> {
  // Only pods with a gRPC probe pay for it.
  const { credentials, makeGenericClientConstructor } = await import('@grpc/grpc-js')
  const HealthClient = makeGenericClientConstructor(healthService, 'grpc.health.v1.Health')
  const address = hostPort(host, port)
  return new Promise(resolve => {
    const client = new HealthClient(address, credentials.createInsecure(), {
      'grpc.primary_user_agent': 'kube-probe/1.36',
    })
    const end = (answer: ProbeAnswer) => {
      timer.cancel()
      client.close()
      resolve(answer)
    }
    const timer = clock.setTimeout(
      () =>
        end({
          outcome: 'failure',
          output: `timeout: failed to connect service "${address}" within ${timeoutMs / 1000}s: context deadline exceeded`,
        }),
      timeoutMs,
    )
    client['check']!(service, (error: { code: number; details: string } | null, status: number) => {
      if (error) {
        const output =
          error.code === 12
            ? 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health)'
            : `error: health rpc probe failed: ${error.details}`
        end({ outcome: 'failure', output })
      } else if (status === 1) end({ outcome: 'success', output: 'service healthy' })
      else
        end({ outcome: 'failure', output: `service unhealthy (responded with "${servingStatus[status] ?? status}")` })
    })
  })
}

function dialFailure(error: Error, host: string, port: number): string {
  const causes: Record<string, string> = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
    ENETUNREACH: 'connect: network is unreachable',
    ECONNRESET: 'read: connection reset by peer',
    ETIMEDOUT: 'connect: connection timed out',
  }
  const cause = causes[(error as NodeJS.ErrnoException).code ?? '']
  return cause ? `dial tcp ${hostPort(host, port)}: ${cause}` : error.message
}

function hostPort(host: string, port: number): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`
}
