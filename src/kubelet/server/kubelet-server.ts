// The kubelet's HTTPS server (port 10250): logs, exec, attach and port-forward for the API server, pods and statistics
// for whoever watches nodes.
//
// Comes in: HTTPS connections with client certificates, or connections from the same process whose user is known. Goes
// out: what the rest of the kubelet (`PodProvider`) and the runtime (`StreamingRuntime`) say. Every request passes
// authentication, then authorization, then its route.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Env } from '../../machinery/env/env.ts'
import { goJson } from '../../machinery/json/write.ts'
import type { StreamingRuntime } from '../streaming/streaming-runtime.ts'
import { refuseUpgrade } from '../streaming/upgrade.ts'
import {
  bearerToken,
  certificateUser,
  type KubeletAuth,
  type KubeletUser,
  requestAttributes,
} from './authentication.ts'
import { serveContainerLogs } from './container-logs.ts'
import { HttpError } from './http-error.ts'
import { kubeletMetrics } from './metrics.ts'
import type { PodProvider } from './pod-provider.ts'
import { runCommand } from './run-command.ts'
import { resourceMetrics, type StatsSource, type Summary, statsSummary } from './stats-summary.ts'
import { findContainer, findPod, isStreamingPath, serveStreaming } from './streaming-routes.ts'
import { serveSystemLogs } from './system-logs.ts'

export interface KubeletServerOptions {
  readonly env: Env
  readonly nodeName: string
  readonly pods: PodProvider
  readonly runtime: StreamingRuntime
  readonly auth: KubeletAuth
  /** PEM. Needed to `listen`. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa: string }
  /** What /logs/ shows; nothing, when missing. */
  readonly logDirectory?: string
  /** Who measures, for /stats/summary and /metrics/resource. */
  readonly stats?: StatsSource['runtime']
  /** GET /configz. */
  readonly configuration?: object
  /** More /healthz checks besides ping and log: each throws when it fails. */
  readonly healthChecks?: Readonly<Record<string, () => void | Promise<void>>>
}

interface Request {
  readonly message: IncomingMessage
  readonly url: URL
  readonly response: ServerResponse
}

export class KubeletServer {
  readonly #options: KubeletServerOptions
  readonly #env: Env
  /** Parses the requests of connections that do not come by a port. */
  readonly #inProcess: Server
  #https: HttpsServer | undefined
  readonly #connections = new Set<Duplex>()
  readonly #knownUsers = new WeakMap<Duplex, KubeletUser>()
  readonly #startedAt: number

  constructor(options: KubeletServerOptions) {
    this.#options = options
    this.#env = options.env
    this.#startedAt = options.env.clock.now()
    this.#inProcess = createServer()
    this.#handle(this.#inProcess)
  }

  /** Listens; resolves with the port, which is chosen by the system when 0 is asked for. */
  async listen(address: string, port: number): Promise<AddressInfo> {
    const { tls } = this.#options
    if (!tls) throw new Error('the kubelet server needs a certificate to listen')
    const server = createHttpsServer({
      cert: tls.cert,
      key: tls.key,
      ca: tls.clientCa,
      requestCert: true,
      // Who comes without a certificate is told so in HTTP.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
    })
    this.#handle(server)
    server.on('connection', (socket: Socket) => this.#track(socket))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, address, () => {
        server.off('error', reject)
        resolve()
      })
    })
    this.#https = server
    return server.address() as AddressInfo
  }

  /** Serves a connection from the same process, all of whose requests are the user's. */
  serveConnection(connection: Duplex, user: KubeletUser): void {
    this.#knownUsers.set(connection, user)
    this.#track(connection)
    this.#inProcess.emit('connection', connection)
  }

  /** Stops listening and cuts every connection. */
  async close(): Promise<void> {
    const server = this.#https
    this.#https = undefined
    const closed = server && new Promise(resolve => server.close(resolve))
    for (const connection of this.#connections) connection.destroy()
    await closed
  }

  #track(connection: Duplex): void {
    this.#connections.add(connection)
    connection.on('close', () => this.#connections.delete(connection))
  }

  #handle(server: Server | HttpsServer): void {
    // A session may be silent for as long as it likes.
    server.timeout = 0
    server.requestTimeout = 0
    server.on('request', (message: IncomingMessage, response: ServerResponse) => {
      void this.#answer(message, response)
    })
    server.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
      void this.#upgrade(message, socket, head)
    })
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(message.url ?? '/', 'https://kubelet')
      await this.#authorize(message, url)
      await this.#route({ message, url, response })
    } catch (error) {
      this.#fail(error, response)
    }
  }

  #fail(error: unknown, response: ServerResponse): void {
    if (!(error instanceof HttpError)) {
      this.#env.log.error('Kubelet request failed', { error: (error as Error).message })
    }
    if (response.headersSent) {
      response.destroy()
      return
    }
    response.statusCode = error instanceof HttpError ? error.code : 500
    response.setHeader('content-type', 'text/plain; charset=utf-8')
    response.end((error as Error).message)
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const upgrade = { request, socket, head }
    socket.on('error', () => {})
    try {
      const url = new URL(request.url ?? '/', 'https://kubelet')
      await this.#authorize(request, url)
      if (!isStreamingPath(url.pathname)) throw new HttpError(400, `cannot upgrade ${url.pathname}`)
      const { pods, runtime } = this.#options
      await serveStreaming(upgrade, url, { pods, runtime, env: this.#env })
    } catch (error) {
      if (error instanceof HttpError) {
        refuseUpgrade(upgrade, error.code, error.message)
        return
      }
      this.#env.log.error('Kubelet stream failed', { error: (error as Error).message })
      socket.destroy()
    }
  }

  async #authorize(message: IncomingMessage, url: URL): Promise<void> {
    const { auth, nodeName } = this.#options
    const token = bearerToken(message)
    const user =
      this.#knownUsers.get(message.socket) ??
      certificateUser(message) ??
      (token === undefined ? undefined : await auth.authenticateToken?.(token))
    if (!user) throw new HttpError(401, 'Unauthorized')
    const attributes = requestAttributes(message.method ?? 'GET', url.pathname, nodeName)
    for (const attribute of attributes) if (await auth.authorize(user, attribute)) return
    const [{ verb, resource }] = attributes as [(typeof attributes)[number]]
    const names = attributes.map(({ subresource }) => subresource).join(' ')
    throw new HttpError(
      403,
      `Forbidden (user=${user.name}, verb=${verb}, resource=${resource}, subresource(s)=[${names}])\n`,
    )
  }

  async #route(request: Request): Promise<void> {
    const { url, response, message } = request
    const path = url.pathname
    const { pods, configuration, logDirectory } = this.#options
    if (isStreamingPath(path)) throw new HttpError(500, 'Upgrade request required\n')
    if (path.startsWith('/run/')) return this.#run(request)
    if (path === '/healthz' || path.startsWith('/healthz/')) return this.#health(path, response)
    if (message.method !== 'GET' && message.method !== 'HEAD') {
      response.setHeader('allow', 'GET')
      throw new HttpError(405, 'Method Not Allowed')
    }
    if (path === '/pods' || path === '/pods/') return json(response, podList(pods.pods()))
    if (path === '/runningpods' || path === '/runningpods/') return json(response, podList(await pods.runningPods()))
    if (path.startsWith('/containerLogs/')) return this.#containerLogs(request)
    if (path === '/stats/summary') return json(response, await this.#summary())
    if (path === '/metrics/resource') return prometheus(response, resourceMetrics(await this.#summary()))
    if (path === '/metrics') return prometheus(response, kubeletMetrics(this.#options.nodeName, pods, this.#startedAt))
    if (path === '/configz' && configuration) return json(response, { kubeletconfig: configuration })
    if ((path === '/logs' || path.startsWith('/logs/')) && logDirectory !== undefined) {
      return serveSystemLogs(logDirectory, decodeURIComponent(path.slice('/logs'.length)), response)
    }
    throw new HttpError(404, '404 page not found\n')
  }

  #summary(): Promise<Summary> {
    const { stats, nodeName, pods, env } = this.#options
    if (!stats) throw new HttpError(404, '404 page not found\n')
    return statsSummary({ runtime: stats, nodeName, pods, clock: env.clock, startedAt: this.#startedAt })
  }

  async #containerLogs({ url, response }: Request): Promise<void> {
    const parts = url.pathname.split('/').slice(2).map(decodeURIComponent)
    const [namespace, pod, container] = parts
    if (parts.length !== 3) throw new HttpError(404, '404 page not found\n')
    if (!pod) throw new HttpError(400, '{"message": "Missing podID."}')
    if (!container) throw new HttpError(400, '{"message": "Missing container name."}')
    if (!namespace) throw new HttpError(400, '{"message": "Missing podNamespace."}')
    const request = { namespace, pod, container, query: url.searchParams }
    await serveContainerLogs(request, response, this.#options.pods, this.#env)
  }

  async #run({ message, url, response }: Request): Promise<void> {
    const parts = url.pathname.split('/').slice(2).map(decodeURIComponent)
    if (parts.length !== 3 && parts.length !== 4) throw new HttpError(404, '404 page not found\n')
    if (message.method !== 'POST') throw new HttpError(405, '405: Method Not Allowed')
    const { pods, runtime } = this.#options
    const [namespace = '', name = ''] = parts
    findPod(pods, namespace, name)
    const id = findContainer(pods, namespace, name, parts.at(-1)!)
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    // Not `command`, as exec has it, and split at spaces: so old is this.
    const output = await runCommand(runtime, id, (url.searchParams.get('cmd') ?? '').split(' '), gone.signal)
    response.setHeader('content-type', 'application/json')
    response.end(output)
  }

  async #health(path: string, response: ServerResponse): Promise<void> {
    const checks: Record<string, () => void | Promise<void>> = {
      ping() {},
      log() {},
      ...this.#options.healthChecks,
    }
    const only = path.split('/')[2]
    const names = only ? [only] : Object.keys(checks)
    if (only && !Object.hasOwn(checks, only)) throw new HttpError(404, '404 page not found\n')
    const failed: string[] = []
    for (const name of names) {
      try {
        await checks[name]!()
      } catch (error) {
        failed.push(`[-]${name} failed: ${(error as Error).message}`)
      }
    }
    if (failed.length > 0) throw new HttpError(500, `${failed.join('\n')}\nhealthz check failed\n`)
    response.setHeader('content-type', 'text/plain; charset=utf-8')
    response.end('ok')
  }
}

function podList(items: readonly object[]): object {
  return {
    kind: 'PodList',
    apiVersion: 'v1',
    metadata: {},
    items: items.map(pod => {
      const { kind: _kind, apiVersion: _version, ...rest } = pod as Record<string, unknown>
      return rest
    }),
  }
}

function json(response: ServerResponse, value: object): void {
  response.setHeader('content-type', 'application/json')
  response.end(goJson(value))
}

function prometheus(response: ServerResponse, text: string): void {
  response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  response.end(text)
}
