// Speaks to the API server in bytes, as a client over HTTPS does, but without the socket: what tests of the wire say.

import { type RequestContext, type ResponseSink, unfilled } from '../../../src/apiserver/request.ts'
import { largestBody } from '../../../src/apiserver/serving/http-server.ts'
import { responseHeaders } from '../../../src/apiserver/serving/response-headers.ts'
import type { Method } from '../../../src/client/transport.ts'
import type { Cluster } from '../../../src/cluster/cluster.ts'
import { requestEntityTooLarge } from '../../../src/machinery/status-error.ts'

export interface WireAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly contentType: string
  readonly bytes: Buffer
  /** The body as JSON; undefined when it is something else. */
  readonly json: any
}

export interface Stream {
  readonly status: number
  readonly contentType: string
  readonly chunks: Uint8Array[]
  /** The bytes as lines of JSON. */
  lines(): any[]
  readonly ended: boolean
  close(): void
}

export interface Sending {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | object
}

export interface WireClient {
  send(method: Method, target: string, sending?: Sending): Promise<WireAnswer>
  follow(target: string, headers?: Record<string, string>, pending?: () => number): Promise<Stream>
}

export function wireClient(cluster: Cluster): WireClient {
  const contextOf = (method: Method, target: string, { headers = {}, body }: Sending): RequestContext => {
    const mark = target.indexOf('?')
    const bytes =
      typeof body === 'string'
        ? Buffer.from(body)
        : body === undefined || body instanceof Uint8Array
          ? (body ?? new Uint8Array())
          : Buffer.from(JSON.stringify(body))
    return {
      method,
      target,
      path: mark < 0 ? target : target.slice(0, mark),
      query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
      headers,
      direct: false,
      signal: undefined,
      readBody: () =>
        bytes.length > largestBody
          ? Promise.reject(requestEntityTooLarge(`limit is ${largestBody}`))
          : Promise.resolve(bytes),
      peerCertificate: undefined,
      remoteAddress: '127.0.0.1',
      trustedUser: { name: 'tester', groups: ['system:masters', 'system:authenticated'] },
      warnings: [],
      startedAt: 0,
      ...unfilled(),
    }
  }
  return {
    async send(method, target, sending = {}) {
      const request = contextOf(method, target, sending)
      const answer = await cluster.plane.apiServer.handle(request)
      const headers = Object.entries(responseHeaders(request, answer)).map(([name, value]) => [
        name,
        [value].flat().join(', '),
      ])
      const body = answer.body ?? new Uint8Array()
      const bytes = Buffer.from(body instanceof Uint8Array ? body : Buffer.concat(body))
      const contentType = answer.contentType ?? ''
      const json = contentType === 'application/json' && bytes.length > 0 ? JSON.parse(bytes.toString()) : undefined
      return { status: answer.status, headers: Object.fromEntries(headers), contentType, bytes, json }
    },
    async follow(target, headers = {}, pending = () => 0) {
      const answer = await cluster.plane.apiServer.handle(contextOf('GET', target, { headers }))
      if (!answer.stream) throw new Error(`no stream but ${answer.status}: ${Buffer.from(answer.body as Uint8Array)}`)
      const chunks: Uint8Array[] = []
      const closers: (() => void)[] = []
      let ended = false
      const close = () => {
        ended = true
        for (const closer of closers.splice(0)) closer()
      }
      const sink: ResponseSink = {
        write: bytes => chunks.push(bytes) > 0,
        get pending() {
          return pending()
        },
        end: close,
        onClose: callback => void closers.push(callback),
      }
      answer.stream(sink)
      return {
        status: answer.status,
        contentType: answer.contentType ?? '',
        chunks,
        lines: () =>
          Buffer.concat(chunks)
            .toString()
            .split('\n')
            .filter(line => line !== '')
            .map(line => JSON.parse(line)),
        get ended() {
          return ended
        },
        close,
      }
    },
  }
}
