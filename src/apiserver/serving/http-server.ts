// HTTPS: one port, HTTP/2 and HTTP/1.1 by ALPN, client certificates asked for but not required. Every request becomes a
// `RequestContext`, and its `Response` is written here.
//
// HTTP/2 uses the stream API and not Node's request/response compatibility layer, which costs half the throughput.

import { createServer as createHttp1Server, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import {
  constants,
  type Http2Stream,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import type { Method } from '../../client/transport.ts'
import type { Env } from '../../machinery/env/env.ts'
import { asStatusError, badRequest, requestEntityTooLarge } from '../../machinery/status-error.ts'
import type { PeerCertificate } from '../authentication/authenticator.ts'
import { type Answer, type RequestContext, type Response, type ResponseSink, unfilled } from '../request.ts'
import { compressed, isWorthCompressing } from './compression.ts'
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
  const sessions = new Set<ServerHttp2Session>()
  const sockets = new Set<TLSSocket>()
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
    const session = performServerHandshake(socket, {
      // In MB. Slow watchers are cut off one by one (verbs/watch.ts), not by refusing others on their connection.
      maxSessionMemory: 1024,
      settings: { maxConcurrentStreams: 250, initialWindowSize: 1 << 20, enablePush: false } as never,
    })
    sessions.add(session)
    const certificate = () => peerCertificateOf(socket)
    const remoteAddress = socket.remoteAddress ?? ''
    session.on(
      'stream',
      (stream: ServerHttp2Stream, headers: Record<string, string>, _flags: number, rawHeaders: readonly string[]) =>
        serveHttp2(options, stream, headers, rawHeaders, certificate, remoteAddress),
    )
    session.on('close', () => sessions.delete(session))
    session.on('error', error => env.log.debug('an HTTP/2 session broke', { error: error.message }))
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
        for (const session of sessions) session.destroy()
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
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) }
}

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
  stream: ServerHttp2Stream,
  headers: Record<string, string>,
  rawHeaders: readonly string[],
  peerCertificate: () => PeerCertificate | undefined,
  remoteAddress: string,
): void {
  stream.on('error', () => {})
  if (isMalformed(headers[':path']!)) return void stream.close(constants.NGHTTP2_PROTOCOL_ERROR)
  const request = contextOf(options, headers[':method']!, headers[':path']!, headers, {
    rawHeaders,
    peerCertificate,
    remoteAddress,
    readBody: once(() => collect(stream, headers['content-length'], () => stream.pause())),
  })
  const answer = options.handle(request)
  if (answer instanceof Promise) answer.then(settled => writeHttp2(options, stream, request, settled))
  else writeHttp2(options, stream, request, answer)
}

function writeHttp2(
  options: HttpServerOptions,
  stream: ServerHttp2Stream,
  request: RequestContext,
  response: Response,
): void {
  if (stream.destroyed || stream.closed) return void response.abandoned?.()
  const headers: Record<string, string | string[] | number> = {
    ':status': response.status,
    ...responseHeaders(request, response),
  }
  if (response.stream) {
    stream.respond(headers as never)
    response.stream(streamSink(options, stream))
    return
  }
  const { body } = response
  const length = bodyLength(body)
  if (isWorthCompressing(request, response, length))
    return void compressed(response).then(small => writeHttp2(options, stream, request, small))
  headers['content-length'] = length
  if (length === 0 || request.method === 'HEAD') return void stream.respond(headers as never, { endStream: true })
  stream.respond(headers as never)
  stream.end(body instanceof Uint8Array ? body : Buffer.concat(body as readonly Uint8Array[], length))
  // A refused upload must not keep the client sending.
  if (response.status === 413) stream.close(constants.NGHTTP2_NO_ERROR)
}

function bodyLength(body: Response['body']): number {
  if (body === undefined) return 0
  if (body instanceof Uint8Array) return body.length
  let length = 0
  for (const piece of body) length += piece.length
  return length
}

/** A long answer on a stream or socket, with what the client hasn't taken yet in view. */
function streamSink(options: HttpServerOptions, stream: Http2Stream | ServerResponse | Duplex): ResponseSink {
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

/**
 * Reads a whole body, or refuses it: 413 as soon as it is known to be too large. A body whose length was told is whole
 * before the stream says so: then `early` is called. (Node destroys an HTTP/2 stream that has been read to its end before
 * it is done with the answer, and makes an error of that for nobody, which costs more than a list of headers does.)
 */
function collect(
  stream: NodeJS.ReadableStream,
  contentLength: string | undefined,
  early?: () => void,
): Promise<Uint8Array> {
  const tooLarge = () => requestEntityTooLarge(`limit is ${largestBody}`)
  if (contentLength !== undefined && Number(contentLength) > largestBody) {
    stream.resume()
    return Promise.reject(tooLarge())
  }
  return new Promise((resolve, reject) => {
    const told = contentLength === undefined ? Number.NaN : Number(contentLength)
    const pieces: Buffer[] = []
    let length = 0
    let whole = false
    const settle = () => {
      whole = true
      resolve(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces))
    }
    stream.on('data', (piece: Buffer) => {
      length += piece.length
      if (length > largestBody) {
        pieces.length = 0
        return reject(tooLarge())
      }
      pieces.push(piece)
      if (length !== told || !early) return
      early()
      settle()
    })
    stream.on('end', settle)
    stream.on('error', reject)
    stream.on('close', () => {
      if (!whole) reject(badRequest('the connection was closed before the body was whole'))
    })
  })
}

// ---- HTTP/1.1 ------------------------------------------------------------------------------------------------------

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
    readBody: once(() => collect(message, message.headers['content-length'])),
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
