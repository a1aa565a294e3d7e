// The front door for callers in the same process: the same pipeline, the same answers, but objects cross by reference.
// What a caller sends is read, never kept or changed; what it gets is shared and must not be changed.

import type { Duplex } from 'node:stream'
import type { ApiRequest, ApiResponse, Transport } from '../client/transport.ts'
import type { Env } from '../machinery/env/env.ts'
import { readJson } from '../machinery/json/read.ts'
import type { Answer, RequestContext, Response } from './request.ts'
import type { UserInfo } from './user.ts'

export interface DirectTransportOptions {
  readonly env: Env
  readonly user: UserInfo
  /** How the caller is called, in managedFields above all. */
  readonly userAgent: string
  handle(request: RequestContext): Answer
}

export function directTransport(options: DirectTransportOptions): Transport {
  const agent = { 'user-agent': options.userAgent }
  const context = (request: ApiRequest): RequestContext => ({
    method: request.method,
    path: request.path,
    target: undefined,
    query: queryOf(request),
    headers: request.headers ? { ...agent, ...request.headers } : agent,
    direct: true,
    signal: request.signal,
    // Not copied: decoding makes a new object of it.
    readBody: () => Promise.resolve(request.body),
    peerCertificate: undefined,
    remoteAddress: '127.0.0.1',
    trustedUser: options.user,
    warnings: [],
    startedAt: options.env.clock.monotonic(),
    auditID: '',
    info: undefined as never,
    longRunning: false,
    timeoutMilliseconds: 0,
    responseHeaders: undefined,
    user: undefined as never,
    audit: undefined,
    flow: undefined,
    handled: false,
    deprecated: false,
    held: undefined,
    credentialAnnotations: undefined,
    credentialAudiences: undefined,
  })
  return {
    async request(request) {
      const answer = await options.handle(context(request))
      if (answer.stream) return collected(answer)
      return responseOf(answer)
    },
    async watch(request, stream) {
      const answer = await options.handle(context(request))
      if (!answer.watch) return { response: responseOf(answer), stop() {} }
      let over = false
      const closers: (() => void)[] = []
      const end = () => {
        if (over) return
        over = true
        for (const close of closers) close()
        stream.end()
      }
      request.signal?.addEventListener('abort', end, { once: true })
      // The caller must have its answer before the first event.
      options.env.clock.setImmediate(() => {
        if (over) return answer.abandoned?.()
        answer.watch!({
          event: event => {
            if (!over) stream.event(event)
          },
          end,
          onClose: callback => closers.push(callback),
        })
      })
      return { response: responseOf(answer), stop: end }
    },
    async stream(request, chunk) {
      const answer = await options.handle(context(request))
      if (!answer.stream) {
        const response = responseOf(answer)
        if (response.text && response.status === 200) chunk(Buffer.from(response.text))
        return response
      }
      await new Promise<void>(resolve => {
        const closers: (() => void)[] = []
        const end = () => {
          resolve()
          for (const close of closers.splice(0)) close()
        }
        request.signal?.addEventListener('abort', end, { once: true })
        answer.stream!({
          write: bytes => {
            chunk(bytes)
            return true
          },
          pending: 0,
          end,
          onClose: callback => closers.push(callback),
        })
      })
      return responseOf(answer)
    },
    async upgrade(request): Promise<{ response: ApiResponse; socket?: Duplex }> {
      const answer = await options.handle(context(request))
      return { response: responseOf(answer), socket: answer.upgraded }
    },
    close() {},
  }
}

function queryOf({ query }: ApiRequest): URLSearchParams {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue
    for (const one of typeof value === 'string' ? [value] : value) params.append(name, one)
  }
  return params
}

function responseOf(answer: Response): ApiResponse {
  const headers: Record<string, string> = { ...answer.headers }
  if (answer.contentType) headers['content-type'] = answer.contentType
  if (answer.object !== undefined) return { status: answer.status, headers, body: answer.object }
  const { body } = answer
  if (body === undefined) return { status: answer.status, headers, body: undefined }
  const bytes = body instanceof Uint8Array ? body : Buffer.concat(body as readonly Uint8Array[])
  const text = Buffer.from(bytes).toString()
  const isJson = answer.contentType?.startsWith('application/json') ?? false
  return { status: answer.status, headers, body: isJson ? readJson(text) : undefined, text }
}

function collected(answer: Response): Promise<ApiResponse> {
  return new Promise(resolve => {
    const pieces: Uint8Array[] = []
    answer.stream!({
      write: bytes => {
        pieces.push(bytes)
        return true
      },
      pending: 0,
      end: () => resolve(responseOf({ ...answer, stream: undefined, body: pieces })),
      onClose() {},
    })
  })
}
