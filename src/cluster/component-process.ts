// A control plane component in a process of its own: `k8ts controller-manager`, `k8ts scheduler`.
//
// Comes in: the flags that upstream's components have in common, and the component. Goes out: the component, from when
// this process leads until it is told to stop, and its health and metrics on the secure port. A process that loses its
// lease ends, as upstream's do: whoever started it starts it again as a follower.

import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { type HealthCheck, type HealthEndpoint, registerHealth } from '../apiserver/endpoints/health.ts'
import { registerZPages } from '../apiserver/endpoints/zpages.ts'
import type { HttpServer } from '../apiserver/serving/http-server.ts'
import type { Client } from '../client/client.ts'
import { ComponentEventRecorder } from '../client/event-recorder.ts'
import { httpsTransport } from '../client/https-transport.ts'
import {
  type ClientConfig,
  clientConfig,
  inClusterConfig,
  KubeconfigError,
  loadKubeconfig,
} from '../client/kubeconfig.ts'
import { LeaderElection, LeaderElectionMetrics } from '../client/leader-election.ts'
import { createClient } from '../client/rest-client.ts'
import { RestClientMetrics } from '../client/rest-client-metrics.ts'
import type { Env } from '../machinery/env/env.ts'
import { MetricsRegistry } from '../machinery/metrics/metrics.ts'
import { Pages, registerMetricsPage, startComponentServer } from './component-server.ts'
import { delegatedAccess } from './delegated-access.ts'
import { oneLine } from './startup-failure.ts'
import { logLevel, systemEnv } from './system-env.ts'
import { UserFacingError } from './user-facing-error.ts'

export interface ComponentOptions {
  /** All of them as Go would print them: /flagz. */
  readonly flags?: Readonly<Record<string, string>>
  /** The service account of the pod that this runs in when absent. */
  readonly kubeconfig?: string
  /** The API server's address, in place of the kubeconfig's. */
  readonly master?: string
  readonly kubeApiQps: number
  readonly kubeApiBurst: number
  readonly leaderElect: boolean
  /** Durations in milliseconds. */
  readonly leaderElectLeaseDuration: number
  readonly leaderElectRenewDeadline: number
  readonly leaderElectRetryPeriod: number
  readonly leaderElectResourceNamespace: string
  readonly leaderElectResourceName: string
  /** Where it serves its health and its metrics; 0: not at all. */
  readonly securePort: number
  readonly bindAddress: string
  readonly tlsCertFile?: string
  readonly tlsPrivateKeyFile?: string
  readonly authenticationKubeconfig?: string
  readonly authenticationSkipLookup: boolean
  readonly authenticationTolerateLookupFailure: boolean
  readonly authenticationTokenWebhookCacheTtl: number
  readonly authorizationKubeconfig?: string
  readonly authorizationAlwaysAllowPaths: readonly string[]
  readonly authorizationWebhookCacheAuthorizedTtl: number
  readonly authorizationWebhookCacheUnauthorizedTtl: number
  readonly clientCaFile?: string
  readonly requestheaderClientCaFile?: string
  readonly requestheaderAllowedNames: readonly string[]
  readonly requestheaderUsernameHeaders: readonly string[]
  readonly requestheaderUidHeaders: readonly string[]
  readonly requestheaderGroupHeaders: readonly string[]
  readonly requestheaderExtraHeadersPrefix: readonly string[]
  readonly verbose: number
}

/** What runs while this process leads. */
export interface Component {
  start(): Promise<void>
  stop(): Promise<void>
}

/** What a component brings along. */
export interface ComponentDeclaration {
  readonly name: string
  readonly healthEndpoints: readonly HealthEndpoint[]
  make(connection: Connection): Component
  /** Beside whether its lease is held in time; asked anew each time when they come and go. */
  readonly health?: readonly HealthCheck[] | (() => readonly HealthCheck[])
}

export interface Connection {
  readonly env: Env
  readonly metrics: MetricsRegistry
  readonly client: Client
  /** PEM. */
  readonly ca: string
  /** The same server, as whoever holds the token. */
  clientAs(token: () => Promise<string>, name: string): Client
}

/** How long a lease may be overdue before the process says that it is ill. */
const overdueMs = 20_000

export async function runComponent(declared: ComponentDeclaration, options: ComponentOptions): Promise<void> {
  const env = systemEnv({ logLevel: logLevel(options.verbose) })
  const metrics = new MetricsRegistry()
  const connections = new Connections(env, metrics)
  const { transport } = configuration(options, env)
  const agent = `${declared.name}/v1.36 (k8ts)`
  const rateLimit =
    options.kubeApiQps > 0 ? { perSecond: options.kubeApiQps, burst: Math.max(1, options.kubeApiBurst) } : undefined
  const connection: Connection = {
    env,
    metrics,
    client: connections.open({ ...transport, rateLimit }, agent),
    clientAs: (token, name) =>
      connections.open(
        { ...transport, rateLimit, token, cert: undefined, key: undefined, basic: undefined, credentials: undefined },
        `${agent} ${name}`,
      ),
    ca: transport.ca === undefined ? '' : Buffer.from(transport.ca).toString(),
  }
  // Renewing must not wait for what the component asks for.
  const electing = options.leaderElect ? connections.open(transport, `${agent} leader-election`) : undefined
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort(new Error(signal)))
  let component: Component | undefined
  const start = async () => {
    component = declared.make(connection)
    await component.start()
  }
  const election = electing && electionOf(options, connection, electing, start, stopping)
  const common: readonly HealthCheck[] = [
    ...(election
      ? [{ name: 'leaderElection', of: ['healthz', 'readyz'] as const, check: () => election.problem(overdueMs) }]
      : [{ name: 'ping', of: ['healthz'] as const, check: () => undefined }]),
    { name: 'ping', of: ['livez'], check: () => undefined },
    {
      name: 'shutdown',
      of: ['readyz'],
      check: () => (stopping.signal.aborted ? 'process is shutting down' : undefined),
    },
  ]
  const { health = [] } = declared
  const checks = typeof health === 'function' ? () => [...common, ...health()] : [...common, ...health]
  const server = await serve(declared, options, connection, connections, checks)
  if (election) await election.run(stopping.signal)
  else {
    await start()
    await new Promise(resolve => stopping.signal.addEventListener('abort', resolve, { once: true }))
  }
  await component?.stop()
  await server?.close()
  connections.close()
  if (!stopping.signal.aborted) throw new UserFacingError(`${declared.name} has lost its lease, and ends`)
  // Whatever still waits for an answer would keep the process.
  process.exit(0)
}

function electionOf(
  options: ComponentOptions,
  { env, metrics }: Connection,
  client: Client,
  start: () => Promise<void>,
  stopping: AbortController,
): LeaderElection {
  const identity = `${hostname()}_${env.random.uuid()}`
  const events = new ComponentEventRecorder(client, env, { component: identity })
  try {
    return new LeaderElection({
      client,
      env,
      namespace: options.leaderElectResourceNamespace,
      name: options.leaderElectResourceName,
      identity,
      events,
      metrics: new LeaderElectionMetrics(metrics),
      leaseDurationMs: options.leaderElectLeaseDuration,
      renewDeadlineMs: options.leaderElectRenewDeadline,
      retryPeriodMs: options.leaderElectRetryPeriod,
      releaseOnStop: true,
      lead: () => void start().catch(error => stopping.abort(error)),
      stopped: () => events.stop(),
      newLeader: leader => env.log.info('New leader elected', { identity: leader }),
    })
  } catch (error) {
    if (error instanceof RangeError) throw new UserFacingError(error.message)
    throw error
  }
}

async function serve(
  declared: ComponentDeclaration,
  options: ComponentOptions,
  { env, metrics }: Connection,
  connections: Connections,
  checks: readonly HealthCheck[] | (() => readonly HealthCheck[]),
): Promise<HttpServer | undefined> {
  const { securePort: port, bindAddress } = options
  if (port === 0) return undefined
  const reviewer = (flag: string, file: string | undefined) =>
    file === undefined
      ? undefined
      : connections.open(kubeconfigOf(flag, file, env).transport, `${declared.name}/v1.36 (k8ts) reviews`)
  const requestHeaderCA = readPem('--requestheader-client-ca-file', options.requestheaderClientCaFile)
  const access = await delegatedAccess({
    env,
    authentication: reviewer('--authentication-kubeconfig', options.authenticationKubeconfig),
    authorization: reviewer('--authorization-kubeconfig', options.authorizationKubeconfig),
    tokenTTL: options.authenticationTokenWebhookCacheTtl,
    authorizedTTL: options.authorizationWebhookCacheAuthorizedTtl,
    unauthorizedTTL: options.authorizationWebhookCacheUnauthorizedTtl,
    alwaysAllowPaths: options.authorizationAlwaysAllowPaths,
    clientCA: readPem('--client-ca-file', options.clientCaFile),
    requestHeader:
      requestHeaderCA === undefined
        ? undefined
        : {
            clientCA: requestHeaderCA,
            allowedNames: options.requestheaderAllowedNames,
            usernameHeaders: options.requestheaderUsernameHeaders,
            uidHeaders: options.requestheaderUidHeaders,
            groupHeaders: options.requestheaderGroupHeaders,
            extraHeaderPrefixes: options.requestheaderExtraHeadersPrefix,
          },
    skipLookup: options.authenticationSkipLookup,
    tolerateLookupFailure: options.authenticationTolerateLookupFailure,
  })
  const pages = new Pages()
  registerHealth(pages, env, checks, declared.healthEndpoints)
  registerMetricsPage(pages, metrics)
  registerZPages(pages, { env, component: declared.name, paths: () => pages.paths(), flags: options.flags ?? {} })
  const certificate = readPem('--tls-cert-file', options.tlsCertFile)
  const privateKey = readPem('--tls-private-key-file', options.tlsPrivateKeyFile)
  const tls = certificate !== undefined && privateKey !== undefined ? { certificate, privateKey } : undefined
  return startComponentServer({ env, bindAddress, port, access, pages, tls }).catch(error => {
    throw new UserFacingError(`failed to create listener: ${oneLine((error as Error).message)}`)
  })
}

/** The clients of a process: they are closed together, and counted together. */
class Connections {
  readonly #env: Env
  readonly #metrics: RestClientMetrics
  readonly #opened: { close(): void }[] = []

  constructor(env: Env, registry: MetricsRegistry) {
    this.#env = env
    this.#metrics = new RestClientMetrics(registry)
  }

  open(
    transport: ClientConfig['transport'] & { rateLimit?: { perSecond: number; burst: number } },
    userAgent: string,
  ): Client {
    const made = httpsTransport({ ...transport, env: this.#env, userAgent, metrics: this.#metrics })
    this.#opened.push(made)
    return createClient(made)
  }

  close(): void {
    for (const each of this.#opened.splice(0)) each.close()
  }
}

function configuration({ kubeconfig, master }: ComponentOptions, env: Env): ClientConfig {
  const config =
    kubeconfig === undefined ? inClusterConfig(process.env, env) : kubeconfigOf('--kubeconfig', kubeconfig, env)
  if (!config) throw new UserFacingError('no API server to work with: name its kubeconfig with --kubeconfig')
  return master === undefined ? config : { ...config, transport: { ...config.transport, server: master } }
}

function kubeconfigOf(flag: string, file: string, env: Env): ClientConfig {
  try {
    return clientConfig(loadKubeconfig([file], { required: true }), env)
  } catch (error) {
    if (error instanceof KubeconfigError) throw new UserFacingError(`${flag}: ${oneLine(error.message)}`)
    throw error
  }
}

export function readPem(flag: string, file: string): string
export function readPem(flag: string, file: string | undefined): string | undefined
export function readPem(flag: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UserFacingError(`${flag} ${file}: cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}
