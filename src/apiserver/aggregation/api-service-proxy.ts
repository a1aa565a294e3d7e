// What answers for one APIService that names a Service: passes requests on to the server there, and its answers back.

import type { APIService } from '../../api/apiregistration/v1/apiservice.ts'
import { isAvailable } from '../../api/apiregistration/v1/available-condition.ts'
import type { GroupVersion } from '../../api/discovery.ts'
import type { HttpExchange } from '../../client/http-exchange.ts'
import { LineDecoder } from '../../client/line-decoder.ts'
import type { WatchEvent } from '../../client/transport.ts'
import type { Clock } from '../../machinery/env/env.ts'
import { readJson } from '../../machinery/json/read.ts'
import { jsonText } from '../../machinery/json/write.ts'
import type { BackendTarget, KubeletConnection } from '../proxy/kubelet-connection.ts'
import { hostHeader } from '../proxy/kubelet-connection.ts'
import { hopByHop, isUpgrade, search, tunnelKubeletUpgrade } from '../proxy/node-connection.ts'
import type { DirectWatchSink, RequestContext, Response, ResponseSink } from '../request.ts'
import type { UserInfo } from '../user.ts'
import { BackendConnection, type ProxyClientCertificate, withDeadline } from './backend-connection.ts'
import { forwardedHeaders, identityHeaders } from './proxy-headers.ts'
import type { ServiceReference, ServiceResolver } from './service-resolver.ts'

export interface ProxyOptions {
  readonly clock: Clock
  readonly resolver: ServiceResolver
  readonly clientCertificate?: ProxyClientCertificate
}

/** Clients ask every server for its discovery: one that is slow must not hold all of them up. */
const discoveryTimeout = 5_000

export class APIServiceProxy {
  readonly #options: ProxyOptions
  readonly apiService: APIService
  readonly reference: ServiceReference
  readonly connection: BackendConnection

  /** `before` is what answered until now: its connections are used on if nothing about them has changed. */
  constructor(apiService: APIService, options: ProxyOptions, before?: APIServiceProxy) {
    this.#options = options
    this.apiService = apiService
    const { service, caBundle, insecureSkipTLSVerify } = apiService.spec
    const { namespace = '', name = '', port } = service!
    this.reference = { namespace, name, port: port ?? 443 }
    if (before && sameConnection(before.apiService, apiService)) this.connection = before.connection
    else {
      before?.close()
      this.connection = new BackendConnection({
        clock: options.clock,
        serverName: `${name}.${namespace}.svc`,
        ca: caBundle ? Buffer.from(caBundle, 'base64').toString() : undefined,
        insecure: insecureSkipTLSVerify,
        clientCertificate: options.clientCertificate,
      })
    }
  }

  get groupVersion(): GroupVersion {
    const { group = '', version = '' } = this.apiService.spec
    return { group, version }
  }

  get available(): boolean {
    return isAvailable(this.apiService)
  }

  close(): void {
    this.connection.close()
  }

  /** A client's request, whatever it is. */
  async serve(request: RequestContext): Promise<Response> {
    const target = this.available ? this.#resolve() : undefined
    if (!target) return textError(503, 'service unavailable')
    if (isUpgrade(request)) return this.#tunnel(target, request)
    try {
      return await this.#relay(target, request)
    } catch (error) {
      return textError(503, `error trying to reach service: ${(error as Error).message}`)
    }
  }

  /** A GET of our own, as `user`; rejects when there is no answer. */
  async get(
    path: string,
    user: UserInfo,
    headers: Readonly<Record<string, string>>,
    timeout: number,
  ): Promise<{ status: number; headers: Readonly<Record<string, string>>; body: Buffer }> {
    const target = this.#options.resolver.resolve(this.reference)
    return withDeadline(this.#options.clock, timeout, async signal => {
      const exchange = await this.connection.exchange(target, {
        method: 'GET',
        path,
        headers: { ...headers, ...identityHeaders(user) },
        signal,
      })
      return { status: exchange.status, headers: exchange.headers, body: await whole(exchange) }
    })
  }

  #resolve(): BackendTarget | undefined {
    try {
      return this.#options.resolver.resolve(this.reference)
    } catch {
      return undefined
    }
  }

  async #relay(target: BackendTarget, request: RequestContext): Promise<Response> {
    const { method } = request
    const { clock } = this.#options
    const host = hostHeader(target)
    const sent = method === 'GET' || method === 'HEAD' ? undefined : await request.readBody()
    const body = sent === undefined || sent instanceof Uint8Array ? sent : Buffer.from(jsonText(sent))
    const headers = {
      ...(request.direct && body && { 'content-type': 'application/json' }),
      ...forwardedHeaders(request, host),
      ...(body && { 'content-length': String(body.length) }),
    }
    const send = (signal?: AbortSignal) =>
      this.connection.exchange(target, { method, path: request.path + search(request.query), headers, body, signal })
    const exchange = await (isDiscovery(request) ? withDeadline(clock, discoveryTimeout, send) : send())
    const { status } = exchange
    if (status >= 300 && status <= 399 && exchange.headers['location']) {
      exchange.cancel()
      return redirectRefused()
    }
    const kept = Object.entries(exchange.headers).filter(
      ([name]) => !hopByHop.has(name) && !name.startsWith('access-control-'),
    )
    const { 'content-type': contentType, ...others } = Object.fromEntries(kept)
    return {
      status,
      headers: others,
      ...(contentType && { contentType }),
      abandoned: () => exchange.cancel(),
      stream: sink => relayBody(exchange, sink, clock),
      ...(request.direct && status === 200 && request.info.verb === 'watch'
        ? { watch: (sink: DirectWatchSink) => relayEvents(exchange, sink) }
        : {}),
    }
  }

  async #tunnel(target: BackendTarget, request: RequestContext): Promise<Response> {
    let refused: Error | undefined
    let redirected = false
    const { upgrades } = this.connection
    const connection: KubeletConnection = {
      request: (...of) => upgrades.request(...of),
      async upgrade(...of) {
        try {
          const answer = await upgrades.upgrade(...of)
          const { status, headers } = answer.response
          redirected = status >= 300 && status <= 399 && headers['location'] !== undefined
          return answer
        } catch (error) {
          refused = error as Error
          throw error
        }
      },
    }
    const headers = {
      ...forwardedHeaders({ ...request, remoteAddress: '' }, hostHeader(target)),
      connection: 'Upgrade',
      upgrade: request.headers['upgrade'],
    } as RequestContext['headers']
    try {
      const path = request.path + search(request.query)
      return await tunnelKubeletUpgrade(connection, target, path, { ...request, headers })
    } catch (error) {
      if (redirected) return redirectRefused()
      return textError(503, (refused ?? (error as Error)).message)
    }
  }
}

function sameConnection({ spec: one }: APIService, { spec: other }: APIService): boolean {
  return (
    one.caBundle === other.caBundle &&
    (one.insecureSkipTLSVerify ?? false) === (other.insecureSkipTLSVerify ?? false) &&
    one.service?.name === other.service?.name &&
    one.service?.namespace === other.service?.namespace
  )
}

/** `/apis/<group>/<version>`. */
const isDiscovery = ({ info, path }: RequestContext): boolean =>
  !info.isResourceRequest && path.replace(/^\/+|\/+$/g, '').split('/').length === 3

/** As Go's http.Error writes it. */
export function textError(status: number, message: string): Response {
  return {
    status,
    contentType: 'text/plain; charset=utf-8',
    headers: { 'x-content-type-options': 'nosniff' },
    body: Buffer.from(`${message}\n`),
  }
}

const redirectRefused = (): Response => ({
  status: 502,
  contentType: 'text/plain; charset=utf-8',
  body: Buffer.from('the backend attempted to redirect this request, which is not permitted'),
})

/** A sink tells how much waits, but not when it is sent. */
const drainCheckMilliseconds = 5

function relayBody(exchange: HttpExchange, sink: ResponseSink, clock: Clock): void {
  sink.onClose(() => exchange.cancel())
  const resumeWhenDrained = () => {
    if (sink.pending === 0) exchange.resume()
    else clock.setTimeout(resumeWhenDrained, drainCheckMilliseconds)
  }
  const end = () => sink.end()
  exchange
    .follow(bytes => {
      if (sink.write(bytes)) return
      exchange.pause()
      clock.setTimeout(resumeWhenDrained, drainCheckMilliseconds)
    })
    // Half an answer: all that can be done is to end it.
    .then(end, end)
}

function relayEvents(exchange: HttpExchange, sink: DirectWatchSink): void {
  sink.onClose(() => exchange.cancel())
  const lines = new LineDecoder(line => sink.event(readJson(line) as WatchEvent))
  const end = () => sink.end()
  exchange.follow(bytes => lines.write(bytes)).then(end, end)
}

async function whole(exchange: HttpExchange): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  await exchange.follow(bytes => void pieces.push(bytes))
  return Buffer.concat(pieces)
}
