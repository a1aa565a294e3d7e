// Connections to the server behind one APIService: HTTP/2 where it speaks that, HTTP/1.1 otherwise and for upgrades,
// kept open from request to request. We show the front proxy's client certificate; the server must show one for
// `<service>.<namespace>.svc`.

import { Agent } from 'node:https'
import { type ConnectionOptions, checkServerIdentity, type PeerCertificate } from 'node:tls'
import { ConnectionError, exchangeHttp1, type HttpExchange, type HttpRequest } from '../../client/http-exchange.ts'
import { Http2Sessions, NoHttp2Error } from '../../client/http2-sessions.ts'
import type { Clock } from '../../machinery/env/env.ts'
import {
  type BackendTarget,
  DialError,
  dialMessage,
  dialTls,
  hostHeader,
  type KubeletConnection,
  kubeletConnection,
} from '../proxy/kubelet-connection.ts'

/** What the aggregator shows the servers it proxies to; PEM. */
export interface ProxyClientCertificate {
  readonly cert: string
  readonly key: string
}

export interface BackendConnectionOptions {
  readonly clock: Clock
  readonly serverName: string
  /** PEM; the system's authorities when absent. */
  readonly ca?: string
  readonly insecure?: boolean
  readonly clientCertificate?: ProxyClientCertificate
}

/** To one address. */
interface Endpoint {
  readonly http2: Http2Sessions
  http1Only: boolean
}

/** Endpoints come and go; connections to more than these are of the past. */
const mostEndpoints = 16

export class BackendConnection {
  readonly #clock: Clock
  readonly #tls: ConnectionOptions
  readonly #endpoints = new Map<string, Endpoint>()
  readonly #agent = new Agent({ keepAlive: true })
  /** For upgrades: a connection for each. */
  readonly upgrades: KubeletConnection

  constructor({ clock, serverName, ca, insecure, clientCertificate }: BackendConnectionOptions) {
    this.#clock = clock
    this.#tls = {
      servername: serverName,
      rejectUnauthorized: !insecure,
      checkServerIdentity: checkIdentity,
      ...(ca && { ca }),
      ...clientCertificate,
    }
    this.upgrades = kubeletConnection((target, signal) => dialTls(this.#tls, target, signal))
  }

  /** Resolves when the answer's head is there; rejects with a `DialError` in Go's words. */
  async exchange(target: BackendTarget, request: HttpRequest): Promise<HttpExchange> {
    try {
      return await this.#attempt(target, request)
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason
      if (!(error instanceof ConnectionError)) throw error
      const safe = request.method === 'GET' || request.method === 'HEAD'
      const stale = error.code !== 'ECONNREFUSED' && (error.unprocessed || (safe && error.isReset))
      if (!stale || isTlsRefusal(error)) throw new DialError(inGoWords(error, target), { cause: error })
      return this.#attempt(target, request).catch((again: Error) => {
        throw new DialError(inGoWords(again, target), { cause: again })
      })
    }
  }

  close(): void {
    for (const { http2 } of this.#endpoints.values()) http2.close()
    this.#endpoints.clear()
    this.#agent.destroy()
  }

  async #attempt(target: BackendTarget, request: HttpRequest): Promise<HttpExchange> {
    const endpoint = this.#endpoint(target)
    const authority = hostHeader(target)
    if (!endpoint.http1Only) {
      try {
        const headers = { ':authority': authority, ...request.headers }
        return await endpoint.http2.exchange({ ...request, headers })
      } catch (error) {
        if (!(error instanceof NoHttp2Error)) throw error
        endpoint.http1Only = true
      }
    }
    return exchangeHttp1(
      { ...request, headers: { host: authority, ...request.headers } },
      { ...(this.#tls as object), host: target.host, port: target.port, protocol: 'https:', agent: this.#agent },
    )
  }

  #endpoint(target: BackendTarget): Endpoint {
    const address = hostHeader(target)
    let endpoint = this.#endpoints.get(address)
    if (!endpoint) {
      const [oldest] = this.#endpoints
      if (oldest && this.#endpoints.size >= mostEndpoints) {
        oldest[1].http2.close()
        this.#endpoints.delete(oldest[0])
      }
      const tls = { ...this.#tls, host: target.host, port: target.port }
      const http2 = new Http2Sessions({
        clock: this.#clock,
        origin: new URL(`https://${address}`),
        tls,
        maxSessions: 4,
      })
      endpoint = { http2, http1Only: false }
      this.#endpoints.set(address, endpoint)
    }
    return endpoint
  }
}

/** As Go checks it, which does not look at the common name, and in Go's words. */
function checkIdentity(host: string, certificate: PeerCertificate): Error | undefined {
  const { subjectaltname = '' } = certificate
  if (subjectaltname !== '' && !checkServerIdentity(host, certificate)) return undefined
  const names = subjectaltname.split(', ').flatMap(entry => (entry.startsWith('DNS:') ? [entry.slice(4)] : []))
  const problem =
    subjectaltname === ''
      ? 'certificate relies on legacy Common Name field, use SANs instead'
      : names.length === 0
        ? `certificate is not valid for any names, but wanted to match ${host}`
        : `certificate is valid for ${names.join(', ')}, not ${host}`
  return Object.assign(new Error(`x509: ${problem}`), { code: wrongName })
}

const wrongName = 'ERR_TLS_CERT_ALTNAME_INVALID'

const inGoWords = (error: Error & { readonly code?: string }, target: BackendTarget): string =>
  error.code === wrongName ? `tls: failed to verify certificate: ${error.message}` : dialMessage(error, target)

/** The server was reached and is not whom it should be, or does not want us: again would be the same. */
const isTlsRefusal = ({ code = '' }: ConnectionError): boolean =>
  code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_') || code.includes('CERT') || code.includes('SIGNATURE')

/** Runs it with a signal that aborts when the time is over, whether it listens or not. */
export async function withDeadline<T>(
  clock: Clock,
  milliseconds: number,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  let expire: (error: Error) => void = () => {}
  const expired = new Promise<never>((_resolve, reject) => {
    expire = reject
  })
  const timer = clock.setTimeout(() => {
    const error = new DialError('context deadline exceeded')
    controller.abort(error)
    expire(error)
  }, milliseconds)
  try {
    return await Promise.race([run(controller.signal), expired])
  } finally {
    timer.cancel()
  }
}
