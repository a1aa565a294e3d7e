// A few HTTP/2 connections to one server, each carrying many requests. A broken one is replaced by the next request; one
// that has gone silent is found out by a ping, with Go's numbers (after 30 seconds, 15 to answer).

import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls'
import type { Clock, Timer } from '../machinery/env/env.ts'
import { ConnectionError, flatHeaders, type HttpExchange, type HttpRequest } from './http-exchange.ts'

const connectTimeoutMs = 30_000
const pingEveryMs = 30_000
const pingTimeoutMs = 15_000
/** When every connection carries this many requests, another is opened. */
const streamsBeforeNextSession = 100
const streamWindow = 4 * 1024 * 1024
const sessionWindow = 64 * 1024 * 1024

export interface Http2SessionsOptions {
  readonly clock: Clock
  readonly origin: URL
  readonly tls: ConnectionOptions
  readonly maxSessions: number
}

/** The server at the other end does not speak HTTP/2. */
export class NoHttp2Error extends Error {
  override readonly name = 'NoHttp2Error'
}

interface Session {
  readonly session: ClientHttp2Session
  streams: number
  ping: Timer | undefined
}

export class Http2Sessions {
  readonly #options: Http2SessionsOptions
  #sessions: Session[] = []
  #connecting: Promise<Session> | undefined
  #closed = false

  constructor(options: Http2SessionsOptions) {
    this.#options = options
  }

  /** Sends it; resolves when the answer's headers are there. */
  async exchange(request: HttpRequest): Promise<HttpExchange> {
    request.signal?.throwIfAborted()
    const session = this.#leastBusy() ?? (await this.#connect())
    request.signal?.throwIfAborted()
    return this.#send(session, request)
  }

  close(): void {
    this.#closed = true
    for (const { session } of this.#sessions) session.destroy()
    this.#sessions = []
  }

  /** The session to use, unless a new one should be opened. */
  #leastBusy(): Session | undefined {
    let best: Session | undefined
    for (const session of this.#sessions) if (!best || session.streams < best.streams) best = session
    if (!best || best.streams < streamsBeforeNextSession || this.#sessions.length >= this.#options.maxSessions)
      return best
    // One more is worth its handshake, but nobody waits for it.
    if (!this.#connecting) this.#connect().catch(() => {})
    return best
  }

  #connect(): Promise<Session> {
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  async #open(): Promise<Session> {
    const { origin, tls, clock } = this.#options
    if (this.#closed) throw new ConnectionError('the transport is closed')
    const socket = await connectTls({ ...tls, ALPNProtocols: ['h2', 'http/1.1'] }, clock)
    if (socket.alpnProtocol !== 'h2') {
      socket.destroy()
      throw new NoHttp2Error(`${origin.host} does not speak HTTP/2`)
    }
    const session = connect(origin, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: streamWindow },
      maxSessionMemory: 1000,
    })
    await new Promise<void>((resolve, reject) => {
      session.once('connect', () => resolve())
      session.once('error', error => reject(ConnectionError.from(error, true)))
    })
    session.setLocalWindowSize(sessionWindow)
    const entry: Session = { session, streams: 0, ping: undefined }
    const leave = () => {
      this.#sessions = this.#sessions.filter(other => other !== entry)
      entry.ping?.cancel()
    }
    session.on('error', leave)
    session.once('close', leave)
    // The server takes nothing new on this connection; what is under way may end.
    session.once('goaway', leave)
    session.unref()
    if (this.#closed) {
      session.destroy()
      throw new ConnectionError('the transport is closed')
    }
    this.#sessions.push(entry)
    return entry
  }

  #send(entry: Session, request: HttpRequest): Promise<HttpExchange> {
    const { session } = entry
    let stream: ClientHttp2Stream
    try {
      stream = session.request(
        { ...request.headers, ':method': request.method, ':path': request.path } as Record<string, string>,
        { endStream: request.body === undefined },
      )
    } catch (error) {
      this.#sessions = this.#sessions.filter(other => other !== entry)
      return Promise.reject(ConnectionError.from(error, true))
    }
    if (request.body !== undefined) stream.end(request.body)
    this.#busy(entry)
    const { signal } = request
    const cancel = () => stream.close(constants.NGHTTP2_CANCEL)
    signal?.addEventListener('abort', cancel, { once: true })

    return new Promise((resolve, reject) => {
      let failed: unknown
      let ended = false
      let closed = false
      let onClose = () => {}
      const fault = () => (signal?.aborted ? signal.reason : faultOf(stream, failed))
      stream.on('error', error => {
        failed = error
      })
      stream.once('end', () => {
        ended = true
      })
      stream.once('close', () => {
        closed = true
        signal?.removeEventListener('abort', cancel)
        this.#idle(entry)
        reject(fault())
        onClose()
      })
      stream.once('response', headers => {
        resolve({
          status: Number(headers[':status']),
          headers: flatHeaders(headers),
          cancel,
          pause: () => void stream.pause(),
          resume: () => void stream.resume(),
          follow: chunk =>
            new Promise((done, broken) => {
              onClose = () =>
                ended && failed === undefined && stream.rstCode === constants.NGHTTP2_NO_ERROR
                  ? done()
                  : broken(fault())
              if (closed) return onClose()
              stream.on('data', chunk)
            }),
        })
      })
    })
  }

  #busy(entry: Session): void {
    if (entry.streams++ > 0) return
    entry.session.ref()
    entry.ping = this.#options.clock.setInterval(() => this.#ping(entry), pingEveryMs)
  }

  #idle(entry: Session): void {
    if (--entry.streams > 0) return
    entry.ping?.cancel()
    if (!entry.session.destroyed) entry.session.unref()
  }

  #ping({ session }: Session): void {
    if (session.destroyed) return
    const silent = this.#options.clock.setTimeout(
      () => session.destroy(new ConnectionError('http2: client connection lost', { code: 'ECONNRESET' })),
      pingTimeoutMs,
    )
    const sent = session.ping(() => silent.cancel())
    if (!sent) silent.cancel()
  }
}

function faultOf(stream: ClientHttp2Stream, error: unknown): ConnectionError {
  if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM)
    return new ConnectionError('the server refused the stream', { cause: error, unprocessed: true })
  const code = (error as { code?: string } | undefined)?.code
  if (code === 'ERR_HTTP2_GOAWAY_SESSION' || code === 'ERR_HTTP2_INVALID_SESSION')
    return ConnectionError.from(error, true)
  if (error) return ConnectionError.from(error)
  return new ConnectionError('http2: client connection lost', { code: 'ECONNRESET' })
}

function connectTls(options: ConnectionOptions, clock: Clock): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect(options)
    const timer = clock.setTimeout(() => fail(new Error('TLS handshake timeout')), connectTimeoutMs)
    const fail = (error: Error) => {
      timer.cancel()
      socket.destroy()
      reject(ConnectionError.from(error, true))
    }
    socket.once('error', fail)
    socket.once('secureConnect', () => {
      timer.cancel()
      socket.off('error', fail)
      socket.setNoDelay(true)
      socket.setKeepAlive(true, 30_000)
      resolve(socket)
    })
  })
}
