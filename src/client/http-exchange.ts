// One HTTP request and its answer, of either protocol version, below everything that is Kubernetes' own.

import type { Agent, IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

export type OutgoingHeaders = Readonly<Record<string, string | readonly string[]>>

export interface HttpRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: OutgoingHeaders
  readonly body?: Uint8Array
  readonly signal?: AbortSignal
}

export interface HttpExchange {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** Hands over the body's chunks as they come; resolves at its end, rejects when it is cut off. Call it once. */
  follow(chunk: (bytes: Uint8Array) => void): Promise<void>
  /** No more chunks until `resume`: for whoever passes them on to somebody slow. */
  pause(): void
  resume(): void
  cancel(): void
}

/** There was no answer, or only a part of one. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  /** ECONNREFUSED, ECONNRESET, …, where the system gave one. */
  readonly code: string | undefined
  /** The server certainly did nothing with the request: it may be sent again. */
  readonly unprocessed: boolean

  constructor(
    message: string,
    options: ErrorOptions & { readonly code?: string; readonly unprocessed?: boolean } = {},
  ) {
    super(message, options)
    this.code = options.code
    this.unprocessed = options.unprocessed ?? false
  }

  static from(error: unknown, unprocessed = false): ConnectionError {
    if (error instanceof ConnectionError) return error
    const { message, code } = error as { message?: string; code?: string }
    return new ConnectionError(message || code || String(error), { cause: error, code, unprocessed })
  }

  /** An established connection broke. */
  get isReset(): boolean {
    return this.code === 'ECONNRESET' || this.code === 'EPIPE' || this.code === 'ERR_HTTP2_STREAM_CANCEL'
  }
}

/** An answer that is not what its media type says. */
export class NotJsonError extends ConnectionError {
  readonly text: string

  constructor(text: string, options: ErrorOptions) {
    super('the answer is not the JSON it says it is', options)
    this.text = text
  }
}

export function flatHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(':')) continue
    flat[name] = Array.isArray(value) ? value.join(', ') : String(value)
  }
  return flat
}

/** Sends it over HTTP/1.1, on a connection of the agent's. */
export function exchangeHttp1(
  request: HttpRequest,
  connection: RequestOptions & { readonly protocol: string; readonly agent: Agent },
): Promise<HttpExchange> {
  return new Promise((resolve, reject) => {
    const open = connection.protocol === 'https:' ? httpsRequest : httpRequest
    const outgoing = open({
      ...connection,
      method: request.method,
      path: request.path,
      headers: {
        ...(request.headers as Record<string, string>),
        ...(request.body && { 'content-length': String(request.body.length) }),
      },
      signal: request.signal,
    })
    outgoing.once('error', error =>
      reject(request.signal?.aborted ? request.signal.reason : ConnectionError.from(error)),
    )
    outgoing.once('response', message => {
      // After the answer has begun, faults belong to whoever follows it.
      outgoing.on('error', () => {})
      message.on('error', () => {})
      resolve({
        status: message.statusCode ?? 0,
        headers: flatHeaders(message.headers),
        follow: chunk => followHttp1(message, chunk, request.signal),
        pause: () => void message.pause(),
        resume: () => void message.resume(),
        cancel: () => void outgoing.destroy(),
      })
    })
    outgoing.end(request.body)
  })
}

function followHttp1(
  message: IncomingMessage,
  chunk: (bytes: Uint8Array) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = () => {
      if (message.complete) resolve()
      else reject(signal?.aborted ? signal.reason : new ConnectionError('unexpected EOF', { code: 'ECONNRESET' }))
    }
    if (message.destroyed && message.readableEnded) return finish()
    message.on('data', chunk)
    message.once('end', finish)
    message.once('close', finish)
  })
}
