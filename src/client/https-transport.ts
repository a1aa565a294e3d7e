// The transport over the network: HTTP/2 on a few shared connections (HTTP/1.1 where the server has nothing newer, and
// for upgrades), with the credentials of whoever it was made for. A request the server asks to repeat later (429, or 5xx
// with Retry-After) is repeated, as client-go does it.

import { type Agent, Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { Env } from '../machinery/env/env.ts'
import { readJson } from '../machinery/json/read.ts'
import { jsonText } from '../machinery/json/write.ts'
import type { CredentialSource, Credentials } from './exec-credentials.ts'
import {
  ConnectionError,
  exchangeHttp1,
  flatHeaders,
  type HttpExchange,
  type HttpRequest,
  NotJsonError,
  type OutgoingHeaders,
} from './http-exchange.ts'
import { Http2Sessions, NoHttp2Error } from './http2-sessions.ts'
import { LineDecoder } from './line-decoder.ts'
import type { RestClientMetrics } from './rest-client-metrics.ts'
import { TokenBucket } from './token-bucket.ts'
import type { ApiRequest, ApiResponse, Transport, WatchEvent, WatchStream } from './transport.ts'

export interface HttpsTransportOptions {
  readonly env: Env
  /** Such as https://127.0.0.1:6443; may have a path that every request's goes behind. */
  readonly server: string
  /** PEM. The system's authorities when absent. */
  readonly ca?: string | Uint8Array
  /** PEM; the client certificate and its key. */
  readonly cert?: string | Uint8Array
  readonly key?: string | Uint8Array
  /** A bearer token, or where to get the current one. */
  readonly token?: string | (() => string | Promise<string>)
  /** Where token and certificate come from, in place of the above. */
  readonly credentials?: CredentialSource
  readonly basic?: { readonly username: string; readonly password: string }
  readonly impersonate?: Impersonation
  /** The name in the server's certificate, when it isn't the host's. */
  readonly serverName?: string
  readonly userAgent?: string
  /** Do not verify the server's certificate. */
  readonly insecure?: boolean
  /** How many HTTP/2 connections at most. */
  readonly maxSessions?: number
  /** How many requests a second, and how many at once after a pause: as many as there are when absent. */
  readonly rateLimit?: { readonly perSecond: number; readonly burst: number }
  readonly metrics?: RestClientMetrics
}

export interface Impersonation {
  readonly user: string
  readonly groups?: readonly string[]
  readonly uid?: string
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

const mostRetries = 10
const defaultUserAgent = `k8ts/v1.36 (${process.platform}/${process.arch})`

export function httpsTransport(options: HttpsTransportOptions): Transport {
  return new HttpsTransport(options)
}

class HttpsTransport implements Transport {
  readonly #options: HttpsTransportOptions
  readonly #origin: URL
  readonly #prefix: string
  readonly #limiter: TokenBucket | undefined
  #tls: ConnectionOptions
  #agent: Agent
  #http2: Http2Sessions | undefined
  /** What `credentials` gave last. */
  #shown: Credentials | undefined
  /** The certificate of `credentials` that connections show. */
  #certificate: string | undefined
  #http1Only: boolean

  constructor(options: HttpsTransportOptions) {
    this.#options = options
    this.#origin = new URL(options.server)
    this.#prefix = this.#origin.pathname.replace(/\/+$/, '')
    this.#limiter = options.rateLimit && new TokenBucket(options.env.clock, options.rateLimit)
    const secure = this.#origin.protocol === 'https:'
    const host = this.#origin.hostname.replace(/^\[|\]$/g, '')
    const asBuffer = (pem: string | Uint8Array | undefined) =>
      typeof pem === 'string' || pem === undefined ? pem : Buffer.from(pem)
    this.#tls = {
      host,
      port: Number(this.#origin.port) || (secure ? 443 : 80),
      ca: asBuffer(options.ca),
      cert: asBuffer(options.cert),
      key: asBuffer(options.key),
      servername: options.serverName ?? (isIP(host) ? '' : host),
      rejectUnauthorized: !options.insecure,
    }
    this.#http1Only = !secure
    this.#agent = this.#newAgent()
    if (secure) this.#http2 = this.#newSessions()
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    return this.#retried(request, async outgoing => readWhole(await this.#exchange(outgoing)))
  }

  async watch(request: ApiRequest, stream: WatchStream): Promise<{ response: ApiResponse; stop(): void }> {
    const { response, exchange } = await this.#begin(request)
    return { response, stop: exchange ? followWatch(exchange, stream) : () => {} }
  }

  async stream(request: ApiRequest, chunk: (bytes: Uint8Array) => void): Promise<ApiResponse> {
    const { response, exchange } = await this.#begin(request)
    // From here on nothing is sent again: the caller has seen a part of it.
    await exchange?.follow(chunk)
    return response
  }

  async upgrade(request: ApiRequest): ReturnType<Transport['upgrade']> {
    const { method, path, headers, body, signal } = await this.#encode(request)
    return new Promise((resolve, reject) => {
      const open = this.#origin.protocol === 'https:' ? httpsRequest : httpRequest
      const outgoing = open({
        ...this.#http1(),
        ALPNProtocols: ['http/1.1'],
        agent: false,
        method,
        path,
        headers: { connection: 'Upgrade', ...headers },
        signal,
      } as RequestOptions)
      outgoing.once('error', error => reject(signal?.aborted ? signal.reason : ConnectionError.from(error)))
      outgoing.once('upgrade', (message, socket, head) => {
        const response = { status: message.statusCode ?? 101, headers: flatHeaders(message.headers), body: undefined }
        resolve({ response, socket, head })
      })
      outgoing.once('response', message => {
        const chunks: Buffer[] = []
        message.on('data', (bytes: Buffer) => chunks.push(bytes))
        message.once('error', reject)
        message.once('end', () =>
          resolve({ response: decode(message.statusCode ?? 0, flatHeaders(message.headers), Buffer.concat(chunks)) }),
        )
      })
      outgoing.end(body)
    })
  }

  close(): void {
    this.#http2?.close()
    this.#agent.destroy()
  }

  /** Sends it, and reads the answer unless it is a 200: then whoever asked follows it. */
  async #begin(request: ApiRequest): Promise<{ response: ApiResponse; exchange?: HttpExchange }> {
    let exchange: HttpExchange | undefined
    const response = await this.#retried(request, async outgoing => {
      exchange = await this.#exchange(outgoing)
      return exchange.status === 200 ? head(exchange) : readWhole(exchange)
    })
    return response.status === 200 && exchange ? { response, exchange } : { response }
  }

  #http1(): RequestOptions & { protocol: string } {
    return { ...(this.#tls as RequestOptions), protocol: this.#origin.protocol }
  }

  #newAgent(): Agent {
    const secure = this.#origin.protocol === 'https:'
    return secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true })
  }

  #newSessions(): Http2Sessions {
    const { env, maxSessions = 4 } = this.#options
    return new Http2Sessions({ clock: env.clock, origin: this.#origin, tls: this.#tls, maxSessions })
  }

  /** Credentials with another certificate want other connections. */
  #show({ certificate, key }: Credentials): void {
    if (certificate === this.#certificate) return
    this.#certificate = certificate
    this.#tls = { ...this.#tls, cert: certificate, key }
    this.#http2?.close()
    this.#agent.destroy()
    this.#agent = this.#newAgent()
    if (this.#http2) this.#http2 = this.#newSessions()
  }

  async #exchange(request: HttpRequest): Promise<HttpExchange> {
    if (this.#http2 && !this.#http1Only) {
      try {
        return await this.#http2.exchange({ ...request, headers: withAuthority(request.headers, this.#origin) })
      } catch (error) {
        if (!(error instanceof NoHttp2Error)) throw error
        this.#http1Only = true
      }
    }
    return exchangeHttp1(request, { ...this.#http1(), agent: this.#agent })
  }

  /** Sends it as often as the server asks for it, and once more each time a connection broke under a GET. */
  async #retried(request: ApiRequest, send: (outgoing: HttpRequest) => Promise<ApiResponse>): Promise<ApiResponse> {
    if (this.#limiter) await this.#throttle(this.#limiter, request)
    for (let retries = 0; ; retries++) {
      let waitSeconds: number
      try {
        const response = await this.#measured(request, send, retries)
        if (response.status === 401) await this.#refused()
        const retryAfter = retryAfterSeconds(response)
        if (retryAfter === undefined || retries >= mostRetries) return response
        waitSeconds = retryAfter
      } catch (error) {
        if (retries >= mostRetries || !(error instanceof ConnectionError)) throw error
        const stale = error.unprocessed && error.code !== 'ECONNREFUSED' && retries === 0
        if (!stale && !(request.method === 'GET' && error.isReset)) throw error
        waitSeconds = stale ? 0 : 1
      }
      if (waitSeconds > 0) await this.#options.env.clock.sleep(waitSeconds * 1000, request.signal)
    }
  }

  async #throttle(limiter: TokenBucket, { method, signal }: ApiRequest): Promise<void> {
    const { env, metrics } = this.#options
    const wait = limiter.reserve()
    if (wait > 0) await env.clock.sleep(wait, signal)
    metrics?.throttled(method, this.#origin.host, wait)
  }

  async #measured(
    request: ApiRequest,
    send: (outgoing: HttpRequest) => Promise<ApiResponse>,
    retries: number,
  ): Promise<ApiResponse> {
    const outgoing = await this.#encode(request)
    const { env, metrics } = this.#options
    if (!metrics) return send(outgoing)
    const { method } = request
    const { host } = this.#origin
    const started = env.clock.monotonic()
    if (outgoing.body) metrics.sent(method, host, outgoing.body.length)
    let code: number | '<error>' = '<error>'
    try {
      const response = await send(outgoing)
      code = response.status
      const length = Number(response.headers['content-length'])
      if (length > 0) metrics.received(method, host, length)
      return response
    } finally {
      metrics.answered(method, host, code, env.clock.monotonic() - started)
      if (retries > 0) metrics.retried(method, host, code)
    }
  }

  /** As client-go does: others are fetched for the next request; this one has failed. */
  async #refused(): Promise<void> {
    const { credentials, env } = this.#options
    if (!credentials || !this.#shown) return
    await credentials.refused(this.#shown).catch(error => {
      env.log.error('refreshing credentials', { error: (error as Error).message })
    })
  }

  async #fetchCredentials(): Promise<Credentials> {
    try {
      const credentials = await this.#options.credentials!.current()
      this.#shown = credentials
      this.#show(credentials)
      return credentials
    } catch (error) {
      throw new Error(`getting credentials: ${(error as Error).message}`, { cause: error })
    }
  }

  async #encode({ method, path, query, headers, body, signal }: ApiRequest): Promise<HttpRequest> {
    const { userAgent = defaultUserAgent, basic, impersonate, credentials } = this.#options
    const token = credentials ? (await this.#fetchCredentials()).token : this.#options.token
    const outgoing: Record<string, string | readonly string[]> = { accept: 'application/json', 'user-agent': userAgent }
    if (token !== undefined) outgoing['authorization'] = `Bearer ${typeof token === 'function' ? await token() : token}`
    else if (basic)
      outgoing['authorization'] = `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}`
    if (impersonate) Object.assign(outgoing, impersonationHeaders(impersonate))
    if (body !== undefined) outgoing['content-type'] = 'application/json'
    Object.assign(outgoing, headers)
    const bytes = body === undefined || body instanceof Uint8Array ? body : Buffer.from(jsonText(body))
    return { method, path: this.#prefix + path + queryString(query), headers: outgoing, body: bytes, signal }
  }
}

function withAuthority(headers: OutgoingHeaders, origin: URL): OutgoingHeaders {
  return { ':authority': origin.host, ...headers }
}

/** `?a=1&b=2&b=3`, or nothing. */
export function queryString(query: ApiRequest['query']): string {
  let text = ''
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue
    for (const one of typeof value === 'string' ? [value] : value)
      text += `${text === '' ? '?' : '&'}${encodeURIComponent(name)}=${encodeURIComponent(one)}`
  }
  return text
}

function impersonationHeaders({ user, groups, uid, extra }: Impersonation): Record<string, string | readonly string[]> {
  const headers: Record<string, string | readonly string[]> = { 'impersonate-user': user }
  if (groups && groups.length > 0) headers['impersonate-group'] = groups
  if (uid) headers['impersonate-uid'] = uid
  for (const [name, values] of Object.entries(extra ?? {}))
    headers[`impersonate-extra-${encodeURIComponent(name.toLowerCase())}`] = values
  return headers
}

/** The seconds after which the server wants the request again; undefined when its answer is final. */
function retryAfterSeconds(response: ApiResponse): number | undefined {
  if (response.status !== 429 && response.status < 500) return undefined
  const header = response.headers['retry-after']
  return header !== undefined && /^\d+$/.test(header) ? Number(header) : undefined
}

function head(exchange: HttpExchange): ApiResponse {
  return { status: exchange.status, headers: exchange.headers, body: undefined }
}

async function readWhole(exchange: HttpExchange): Promise<ApiResponse> {
  const chunks: Uint8Array[] = []
  await exchange.follow(bytes => chunks.push(bytes))
  return decode(exchange.status, exchange.headers, chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
}

function decode(status: number, headers: Readonly<Record<string, string>>, bytes: Uint8Array): ApiResponse {
  if (bytes.length === 0) return { status, headers, body: undefined }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  if (!/^application\/([\w.+-]+\+)?json/.test(headers['content-type'] ?? ''))
    return { status, headers, body: undefined, text }
  try {
    return { status, headers, body: readJson(text) }
  } catch (error) {
    // Of a refusal the status says enough.
    if (status >= 300) return { status, headers, body: undefined, text }
    throw new NotJsonError(text, { cause: error })
  }
}

/** Reads events off the answer until it ends. Answers how to stop it. */
function followWatch(exchange: HttpExchange, stream: WatchStream): () => void {
  let over = false
  const end = (error?: Error) => {
    if (over) return
    over = true
    stream.end(error)
  }
  const decoder = new LineDecoder(line => {
    if (over) return
    let event: WatchEvent
    try {
      event = readJson(line) as WatchEvent
    } catch (error) {
      exchange.cancel()
      return end(new ConnectionError('unable to decode an event from the watch stream', { cause: error }))
    }
    stream.event(event)
  })
  exchange
    .follow(bytes => decoder.write(bytes))
    .then(
      () => end(decoder.pending ? new ConnectionError('unexpected EOF', { code: 'ECONNRESET' }) : undefined),
      error => end(ConnectionError.from(error)),
    )
  return () => {
    end()
    exchange.cancel()
  }
}
