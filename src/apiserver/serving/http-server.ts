// HTTPS: one port, HTTP/2 and HTTP/1.1 by ALPN, client certificates asked for but not required. Every request becomes a
// `RequestContext`, and its `Response` is written here.
//
// HTTP/2 is our own (./http2): Node's costs a small request as much as everything else that is done for it.

import { createServer as createHttp1Server, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import type { Method } from '../../client/transport.ts'
import type { Env } from '../../machinery/env/env.ts'
import { asStatusError, badRequest, requestEntityTooLarge } from '../../machinery/status-error.ts'
import { type Answer, type RequestContext, type Response, type ResponseSink, unfilled } from '../request.ts'
import { compressed, isWorthCompressing } from './compression.ts'
import { Http2Connection } from './http2/connection.ts'
import { errorCode } from './http2/frames.ts'
import type { HeaderValue } from './http2/hpack/encoder.ts'
import type { BodyReader, Http2Stream } from './http2/stream.ts'
import { type ClientAuthorities, PeerCertificates, type ReadPeerCertificate } from './peer-certificate.ts'
import { type Headers, responseHeaders } from './response-headers.ts'
import { upgradeHead } from './upgrade-head.ts'

/** The largest body a request may have (upstream: MaxRequestBodyBytes). */
export const largestBody = 3 * 1024 * 1024

/** Tokens can be large: an issuer puts all of somebody's groups in. Go's servers take as much. */
const largestHeader = 1024 * 1024

export interface HttpServerOptions {
  readonly env: Env
  readonly bindAddress: string
  readonly port: number
  readonly tls: { readonly cert: string; readonly key: string } & ClientAuthorities
  handle(request: RequestContext): Answer
}

export interface HttpServer {
  readonly port: number
  /** Others than before vouch for clients' certificates: from now on, and of those who are connected already. */
  setClientCA(bundle: string): void
  /** Stops accepting, ends open streams and waits for what is under way. */
  close(): Promise<void>
}

export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { env } = options
  const { requestHeaderCA } = options.tls
  const peers = new PeerCertificates(options.tls)
  const peerCertificateOf: ReadPeerCertificate = socket => peers.of(socket)
  const secureContext = (clientCA: string) => ({
    cert: options.tls.cert,
    key: options.tls.key,
    ca: requestHeaderCA ? [clientCA, requestHeaderCA] : clientCA,
    minVersion: 'TLSv1.2' as const,
  })
  const connections = new Set<Http2Connection>()
  const sockets = new Set<TLSSocket>()
  const dates = new Dates(env)
  const http1 = createHttp1Server({ keepAlive: true, maxHeaderSize: largestHeader })
  http1.keepAliveTimeout = 180_000
  http1.on('request', (message, response) => serveHttp1(options, peerCertificateOf, message, response))
  http1.on('upgrade', (message, socket, head) => serveUpgrade(options, peerCertificateOf, message, socket, head))
  const server: TlsServer = createTlsServer({
    ...secureContext(options.tls.clientCA),
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2', 'http/1.1'],
  })
  server.on('secureConnection', socket => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', error => env.log.debug('a connection broke', { error: error.message }))
    if (socket.alpnProtocol !== 'h2') return void http1.emit('connection', socket)
    const peerCertificate = () => peerCertificateOf(socket)
    const remoteAddress = socket.remoteAddress ?? ''
    const connection = new Http2Connection(socket, {
      maxConcurrentStreams: 250,
      maxHeaderListSize: largestHeader,
      onRequest: stream => serveHttp2(options, stream, { peerCertificate, remoteAddress }, dates),
      onEnd(error) {
        connections.delete(connection)
        if (error) env.log.debug('an HTTP/2 connection broke', { error: error.message })
      },
    })
    connections.add(connection)
  })
  server.on('tlsClientError', error => env.log.debug('a TLS handshake failed', { error: error.message }))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.bindAddress, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    setClientCA(bundle) {
      server.setSecureContext(secureContext(bundle))
      peers.setClientCA(bundle)
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        for (const connection of connections) connection.close()
        for (const socket of sockets) socket.destroy()
        http1.close()
      }),
  }
}

/** Shared by all requests without a query: nobody changes a request's. */
const noQuery = new URLSearchParams()

function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const mark = target.indexOf('?')
  if (mark < 0) return { path: target, query: noQuery }
  const text = target.slice(mark + 1)
  const pairs = unreadable.test(text) ? readable(text) : text
  return { path: target.slice(0, mark), query: pairs === '' ? noQuery : new URLSearchParams(pairs) }
}

/** Go leaves out what has a semicolon or half of an escape. */
const unreadable = /;|%(?![0-9a-f]{2})/i

const readable = (query: string): string =>
  query
    .split('&')
    .filter(pair => !unreadable.test(pair))
    .join('&')

/** Half of an escape: Go's server takes no notice of what such a request wants. */
const isMalformed = (target: string): boolean => target.includes('%') && /^[^?]*%(?![0-9a-f]{2})/i.test(target)

function contextOf(
  options: HttpServerOptions,
  method: string,
  target: string,
  headers: RequestContext['headers'],
  more: Pick<RequestContext, 'readBody' | 'peerCertificate' | 'remoteAddress'> & Partial<RequestContext>,
): RequestContext {
  return {
    method: method as Method,
    target,
    ...splitTarget(target),
    headers,
    direct: false,
    signal: undefined,
    warnings: [],
    startedAt: options.env.clock.monotonic(),
    ...unfilled(),
    ...more,
  }
}

// ---- HTTP/2 --------------------------------------------------------------------------------------------------------

function serveHttp2(
  options: HttpServerOptions,
  stream: Http2Stream,
  peer: Pick<RequestContext, 'peerCertificate' | 'remoteAddress'>,
  dates: Dates,
): void {
  const { method, target, headers, rawHeaders } = stream.request
  if (isMalformed(target)) {
    stream.reset(errorCode.protocolError)
    return void stream.respond(400, {}, [])
  }
  const request = contextOf(options, method, target, headers, {
    ...(rawHeaders && { rawHeaders }),
    ...peer,
    readBody: once(() => stream.body(bodyReader)),
  })
  const answer = options.handle(request)
  if (answer instanceof Promise) answer.then(settled => writeHttp2(options, stream, request, settled, dates))
  else writeHttp2(options, stream, request, answer, dates)
}

function writeHttp2(
  options: HttpServerOptions,
  stream: Http2Stream,
  request: RequestContext,
  response: Response,
  dates: Dates,
): void {
  const { body } = response
  const length = bodyLength(body)
  if (!response.stream && isWorthCompressing(request, response, length))
    return void compressed(response).then(small => writeHttp2(options, stream, request, small, dates))
  const headers: Record<string, HeaderValue> = responseHeaders(request, response)
  headers['date'] ??= dates.now()
  let taken: boolean
  if (response.stream) {
    taken = stream.begin(response.status, headers)
    if (taken) response.stream(sinkOf(stream))
  } else {
    headers['content-length'] = length
    const pieces = body === undefined || request.method === 'HEAD' ? [] : body instanceof Uint8Array ? [body] : body
    taken = stream.respond(response.status, headers, pieces)
  }
  if (!taken) response.abandoned?.()
}

const sinkOf = (stream: Http2Stream): ResponseSink => ({
  write: bytes => stream.write(bytes),
  get pending() {
    return stream.pending
  },
  end: () => stream.end(),
  onClose: callback => stream.onClose(callback),
})

/** The time as HTTP says it, to the second. Node's own HTTP/1.1 server sees to it itself. */
class Dates {
  readonly #env: Env
  #second = Number.NaN
  #text = ''

  constructor(env: Env) {
    this.#env = env
  }

  now(): string {
    const now = this.#env.clock.now()
    const second = Math.floor(now / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#text = new Date(now).toUTCString()
    }
    return this.#text
  }
}

function bodyLength(body: Response['body']): number {
  if (body === undefined) return 0
  if (body instanceof Uint8Array) return body.length
  let length = 0
  for (const piece of body) length += piece.length
  return length
}

/** A long answer on a stream or socket, with what the client hasn't taken yet in view. */
function streamSink(options: HttpServerOptions, stream: ServerResponse | Duplex): ResponseSink {
  let closed = stream.destroyed
  const callbacks: (() => void)[] = []
  stream.on('close', () => {
    closed = true
    for (const callback of callbacks) callback()
  })
  return {
    write: bytes => !closed && stream.write(bytes),
    get pending() {
      return stream.writableLength
    },
    end: () => {
      if (!closed) stream.end()
    },
    onClose: callback => {
      if (closed) options.env.clock.setImmediate(callback)
      else callbacks.push(callback)
    },
  }
}

/** A step of the pipeline that is done again finds the body where it was. */
function once<T>(read: () => T): () => T {
  let result: T | undefined
  return () => {
    result ??= read()
    return result
  }
}

/** A body is read whole, or refused as soon as it is known to be too large. */
const bodyReader: BodyReader = {
  largest: largestBody,
  tooLarge: () => requestEntityTooLarge(`limit is ${largestBody}`),
  cut: () => badRequest('the connection was closed before the body was whole'),
}

// ---- HTTP/1.1 ------------------------------------------------------------------------------------------------------

function collect(message: IncomingMessage): Promise<Uint8Array> {
  const { largest, tooLarge, cut } = bodyReader
  if (Number(message.headers['content-length'] ?? 0) > largest) {
    message.resume()
    return Promise.reject(tooLarge())
  }
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let length = 0
    let whole = false
    message.on('data', (piece: Buffer) => {
      length += piece.length
      if (length <= largest) return void pieces.push(piece)
      pieces.length = 0
      reject(tooLarge())
    })
    message.on('end', () => {
      whole = true
      resolve(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces))
    })
    message.on('error', reject)
    message.on('close', () => {
      if (!whole) reject(cut())
    })
  })
}

function serveHttp1(
  options: HttpServerOptions,
  peerCertificateOf: ReadPeerCertificate,
  message: IncomingMessage,
  response: ServerResponse,
): void {
  const socket = message.socket as TLSSocket
  if (isMalformed(message.url!)) {
    response.writeHead(400, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
    return void response.end('400 Bad Request')
  }
  const request = contextOf(options, message.method!, message.url!, message.headers, {
    rawHeaders: message.rawHeaders,
    peerCertificate: () => peerCertificateOf(socket),
    remoteAddress: socket.remoteAddress ?? '',
    readBody: once(() => collect(message)),
  })
  const write = (answer: Response): void => {
    if (isWorthCompressing(request, answer, bodyLength(answer.body))) return void compressed(answer).then(write)
    const headers = responseHeaders(request, answer)
    if (answer.stream) {
      response.writeHead(answer.status, headers)
      response.flushHeaders()
      answer.stream(streamSink(options, response))
      return
    }
    const { body } = answer
    response.writeHead(answer.status, { ...headers, 'content-length': bodyLength(body) })
    if (body === undefined || request.method === 'HEAD') response.end()
    else response.end(body instanceof Uint8Array ? body : Buffer.concat(body as readonly Uint8Array[]))
  }
  Promise.resolve(options.handle(request)).then(write)
}

/** exec, attach, port-forward, WebSockets: the pipeline decides, then the connection is the handler's. */
function serveUpgrade(
  options: HttpServerOptions,
  peerCertificateOf: ReadPeerCertificate,
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  socket.on('error', error => options.env.log.debug('an upgraded connection broke', { error: error.message }))
  const request = contextOf(options, message.method!, message.url!, message.headers, {
    rawHeaders: message.rawHeaders,
    peerCertificate: () => peerCertificateOf(message.socket as TLSSocket),
    remoteAddress: message.socket.remoteAddress ?? '',
    readBody: () => Promise.resolve(new Uint8Array()),
    connection: { socket, head, httpHead: upgradeHead(message) },
  })
  Promise.resolve(options.handle(request)).then(
    answer => {
      if (!answer.hijacked) refuseUpgrade(options, socket, request, answer)
    },
    error =>
      refuseUpgrade(options, socket, request, {
        status: asStatusError(error)?.code ?? 500,
        body: Buffer.from(String(error)),
      }),
  )
}

/** An answer to a request that is not upgraded after all; it is the last one on the connection. */
function refuseUpgrade(options: HttpServerOptions, socket: Duplex, request: RequestContext, response: Response): void {
  const { body = Buffer.alloc(0), stream } = response
  const headers: Headers = { ...responseHeaders(request, response), connection: 'close' }
  if (!stream) headers['content-length'] = String(bodyLength(body))
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map(one => `${name}: ${one}\r\n`),
  )
  socket.write(`HTTP/1.1 ${response.status} ${STATUS_CODES[response.status]}\r\n${lines.join('')}\r\n`)
  if (stream) stream(streamSink(options, socket))
  else if (request.method === 'HEAD') socket.end()
  else socket.end(body instanceof Uint8Array ? body : Buffer.concat(body))
}
