// kube-apiserver: the only component that touches the store, and the one through which all others meet.
//
// Comes in: requests, by HTTPS or directly from callers in the same process, and a store. Goes out: answers and watch
// events. Read pipeline.ts for the stages of a request, dispatcher.ts for who answers it, registry/verbs/ for what each
// verb does, watchcache/ for where reads come from.

import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { hostname } from 'node:os'
import { tablePrinter } from '../api/columns.ts'
import { namespaces } from '../api/core/v1/namespace.ts'
import { groupResource, type ResourceDeclaration } from '../api/resource.ts'
import { resources as builtInResources } from '../api/scheme.ts'
import { createClient } from '../client/rest-client.ts'
import type { Transport } from '../client/transport.ts'
import type { Store } from '../etcd/store.ts'
import type { Env, Timer } from '../machinery/env/env.ts'
import { MetricsRegistry } from '../machinery/metrics/metrics.ts'
import { notFoundPath } from '../machinery/status-error.ts'
import { AdmissionMetrics } from './admission/admission-metrics.ts'
import { AdmissionChain } from './admission/chain.ts'
import { type AdmissionOptions, admissionPlugins } from './admission/default-plugins.ts'
import { Aggregator } from './aggregation/aggregator.ts'
import type { ProxyClientCertificate } from './aggregation/backend-connection.ts'
import { serviceResolver } from './aggregation/service-resolver.ts'
import { type AuditOptions, Auditor } from './audit/audit.ts'
import { type AuthenticationOptions, AuthenticationOptionsError } from './authentication/authentication-options.ts'
import type { RequestHeaderOptions } from './authentication/request-header.ts'
import { ServiceAccountTokenIssuer } from './authentication/service-account-token-issuer.ts'
import { WatchedFile } from './authentication/watched-file.ts'
import type { Authorization } from './authorization/modes.ts'
import { bootstrapObjects } from './bootstrap/bootstrap-objects.ts'
import { createBootstrapObjects } from './bootstrap/create-bootstrap-objects.ts'
import { IdentityLease } from './bootstrap/identity-lease.ts'
import { publishKubernetesEndpoints } from './bootstrap/kubernetes-endpoints.ts'
import { legacyTokenTracking } from './bootstrap/legacy-token-tracking.ts'
import { CustomResources } from './customresources/custom-resources.ts'
import { CustomOpenAPISource } from './customresources/openapi-source.ts'
import { Deadlines } from './deadlines.ts'
import { directTransport } from './direct-transport.ts'
import { Dispatcher } from './dispatcher.ts'
import type { Encryption } from './encryption/encryption.ts'
import { registerDiscovery } from './endpoints/discovery.ts'
import { registerHealth } from './endpoints/health.ts'
import { healthChecks, Progress } from './endpoints/health-checks.ts'
import { registerMetrics } from './endpoints/metrics.ts'
import { builtInOpenAPI, registerOpenAPI } from './endpoints/openapi.ts'
import { registerOpenID } from './endpoints/openid.ts'
import { versionInfo } from './endpoints/version.ts'
import { registerZPages } from './endpoints/zpages.ts'
import { ConfigurationObjects } from './flowcontrol/configuration-objects.ts'
import { registerFlowControlDump } from './flowcontrol/debug-dump.ts'
import { FlowControl } from './flowcontrol/flow-control.ts'
import { pipeline } from './pipeline.ts'
import type { KubeletConnection } from './proxy/kubelet-connection.ts'
import { admissionLister, quotaWriter, servedResources } from './registry/admission-lister.ts'
import { answerJson } from './registry/answers.ts'
import { apiServerManager } from './registry/field-management/field-manager.ts'
import { Registry } from './registry/registry.ts'
import { IPAddressObjects } from './registry/service-allocation/ip-address-objects.ts'
import { ServiceRepair } from './registry/service-allocation/service-repair.ts'
import { strategyOf } from './registry/strategies/strategies.ts'
import type { ComponentChecks } from './registry/subresources/component-status.ts'
import { subresourcesOf } from './registry/subresources/subresources.ts'
import type { Answer, RequestContext } from './request.ts'
import { createSecurity, type Security } from './security.ts'
import type { ServerContext, ServerOptions } from './server-context.ts'
import { type HttpServer, startHttpServer } from './serving/http-server.ts'
import { json as jsonType } from './serving/media-type.ts'
import { certificatesIn } from './serving/peer-certificate.ts'
import { checkPage } from './serving/routed.ts'
import { systemApiServer, systemPrivilegedGroup, type UserInfo } from './user.ts'
import { WebhookClient } from './webhook-client.ts'

/** How requests are treated; what is left out is as upstream's defaults have it. */
export interface RequestOptions {
  /** What is encrypted in the store; nothing when absent. */
  readonly encryption?: Encryption
  /** Who decides, and in which order; Node and RBAC when absent. */
  readonly authorization?: Authorization
  /** Which admission plugins there are, and how they are configured. */
  readonly admission?: AdmissionOptions
  /** Where what is counted goes; a registry of its own when absent. */
  readonly metrics?: MetricsRegistry
  /** What is recorded of requests, and where; nothing when absent. */
  readonly audit?: AuditOptions
  /** How many requests that only read, and how many that change, run at once; they share the sum of both. */
  readonly maxRequestsInflight?: number
  readonly maxMutatingRequestsInflight?: number
  /** How long a request may take, in milliseconds. */
  readonly requestTimeout?: number
  /** What it was started with, by name, as Go would print the values: /flagz. */
  readonly flags?: Readonly<Record<string, string>>
  /** Pages of these origins (regular expressions) may call from a browser. */
  readonly corsAllowedOrigins?: readonly RegExp[]
}

export interface ApiServerOptions extends ServerOptions, RequestOptions {
  readonly env: Env
  readonly store: Store
  readonly serviceAccountKey: { readonly privateKey: string; readonly publicKey: string }
  /** How requests are authenticated, beside client certificates and the tokens of service accounts. */
  readonly authentication?: AuthenticationOptions
  readonly kubelets: KubeletConnection
  readonly components?: ComponentChecks
  /** Answers HTTPS there; only direct callers when absent. */
  readonly https?: {
    readonly bindAddress: string
    readonly port: number
    readonly cert: string
    readonly key: string
    /** What this server is told apart from others by; the machine's own unless said otherwise. */
    readonly hostname?: string
  }
  /** PEM: who vouches for clients' certificates. */
  readonly clientCA: string
  /** A front proxy that is believed: --requestheader-*. */
  readonly requestHeader?: RequestHeaderOptions
  /** What is shown to aggregated API servers: --proxy-client-*-file; PEM. */
  readonly proxyClient?: ProxyClientCertificate
}

/** What the kubernetes Service says when the system is to choose a port. */
const defaultPort = 6443

/** How far back history is kept, and how often it is cut (etcd's --auto-compaction as kube-apiserver does it). */
const compactionInterval = 5 * 60_000

/** Upstream's defaults. */
const defaultInflight = { reading: 400, mutating: 200 }
const defaultRequestTimeout = 60_000

export class ApiServer {
  readonly #options: ApiServerOptions
  readonly #registry: Registry
  readonly #security: Security
  readonly #webhooks: WebhookClient
  readonly #server: ServerContext
  readonly #dispatcher: Dispatcher
  readonly #aggregator: Aggregator
  readonly #flowControl: FlowControl
  readonly #auditor: Auditor | undefined
  readonly #handle: (request: RequestContext) => Answer
  readonly #customResources: CustomResources
  readonly #serviceAccountKeys: readonly string[]
  #http: HttpServer | undefined
  #clientCAFile: WatchedFile | undefined
  #compaction: Timer | undefined
  #flowObjects: ConfigurationObjects | undefined
  #addresses: IPAddressObjects | undefined
  #repair: ServiceRepair | undefined
  #identity: IdentityLease | undefined
  readonly #progress = new Progress()

  constructor(options: ApiServerOptions) {
    this.#options = options
    const { env, store } = options
    const metrics = options.metrics ?? new MetricsRegistry()
    this.#registry = new Registry(store, options.encryption && ((inner, of) => options.encryption!.storeFor(inner, of)))
    const { authentication = {} } = options
    const serviceAccounts = authentication.serviceAccounts ?? {}
    this.#serviceAccountKeys = [options.serviceAccountKey.publicKey, ...(serviceAccounts.verificationKeys ?? [])]
    this.#security = createSecurity(this.#registry, {
      env,
      authentication,
      serviceAccountKeys: this.#serviceAccountKeys,
      requestHeader: options.requestHeader,
      client: () => createClient(this.transport()),
      authorization: options.authorization,
      metrics,
    })
    options.encryption?.measure(metrics)
    this.#webhooks = new WebhookClient({
      env,
      metrics,
      resolve: (namespace, name, port) =>
        serviceResolver(this.#registry, env.random).resolve({ namespace, name, port }),
    })
    const admissionMetrics = new AdmissionMetrics(metrics, env.clock)
    this.#server = {
      env,
      store,
      options,
      registry: this.#registry,
      admission: new AdmissionChain(
        admissionPlugins(
          {
            env,
            authorizer: this.#security.authorizer,
            served: servedResources(this.#registry),
            webhooks: this.#webhooks,
            metrics: admissionMetrics,
            writeQuota: quotaWriter(this.#registry),
            createNamespace: name => this.#createNamespace(name),
          },
          options.admission,
        ),
        admissionLister(this.#registry),
        admissionMetrics,
      ),
      webhooks: this.#webhooks,
      authorizer: this.#security.authorizer,
      rbac: this.#security.rbac,
      authenticator: this.#security.authenticator,
      apiAudiences: this.#security.audiences,
      objects: this.#security.objects,
      tokens: new ServiceAccountTokenIssuer({
        env,
        signingKey: options.serviceAccountKey.privateKey,
        issuer: serviceAccounts.issuers?.[0],
        audiences: this.#security.audiences,
        maxExpirationSeconds: serviceAccounts.maxExpirationSeconds,
        extendExpiration: serviceAccounts.extendExpiration,
      }),
      printer: declaration => declaration.custom?.printer ?? tablePrinter(declaration),
      kubelets: options.kubelets,
      components: options.components,
      metrics,
    }
    for (const declaration of builtInResources) this.#add(declaration)
    const { proxyClient, requestHeader } = options
    this.#aggregator = new Aggregator(this.#server, { proxyClient, requestHeader, clientCA: options.clientCA })
    this.#dispatcher = new Dispatcher(this.#server, this.#aggregator)
    this.#flowControl = new FlowControl({
      env,
      metrics,
      concurrencyLimit:
        (options.maxRequestsInflight ?? defaultInflight.reading) +
        (options.maxMutatingRequestsInflight ?? defaultInflight.mutating),
      objects: (group, resource) => {
        const cache = this.#registry.findStorage(groupResource({ group, resource }))?.cache
        return cache && { count: cache.size, bytes: cache.bytes }
      },
    })
    this.#auditor = options.audit && new Auditor(env, metrics, options.audit)
    this.#handle = pipeline({
      server: this.#server,
      authenticator: this.#security.authenticator,
      dispatcher: this.#dispatcher,
      flowControl: this.#flowControl,
      deadlines: new Deadlines(env, options.requestTimeout ?? defaultRequestTimeout),
      auditor: this.#auditor,
      metrics,
      corsAllowedOrigins: options.corsAllowedOrigins ?? [],
    })
    this.#registerEndpoints()
    this.#customResources = new CustomResources({
      server: this.#server,
      transport: this.transport(undefined, apiServerManager),
    })
  }

  /** The port HTTPS is served on; 0 when it isn't. */
  get port(): number {
    return this.#http?.port ?? 0
  }

  /** What is served; may change while the server runs. */
  get registry(): Registry {
    return this.#registry
  }

  /** Answers a request, whichever door it came in by. */
  handle(request: RequestContext): Answer {
    return this.#handle(request)
  }

  /** Loads the caches, makes what every cluster starts with, then opens the door. */
  async start(): Promise<void> {
    const { env, store, https } = this.#options
    // What is wrong with the options is found out before anything is done.
    const extraClientCA = this.#readClientCAFile()
    await this.#security.start()
    await this.#registry.start()
    this.#security.follow()
    this.#progress.finish(
      ...(['generic-apiserver-start-informers', 'start-apiserver-admission-initializer'] as const),
      ...(['storage-object-count-tracker-hook', 'storage-readiness'] as const),
    )
    await createBootstrapObjects(this.#server, [
      ...bootstrapObjects({
        serviceCIDR: this.#options.serviceCIDR,
        securePort: this.#options.port || defaultPort,
        now: env.clock.now(),
      }),
      legacyTokenTracking(env.clock.now()),
    ])
    this.#progress.finish(
      ...(['rbac/bootstrap-roles', 'scheduling/bootstrap-system-priority-classes'] as const),
      ...(['start-system-namespaces-controller', 'start-legacy-token-tracking-controller'] as const),
      'start-kubernetes-service-cidr-controller',
    )
    await this.#customResources.start()
    this.#progress.finish(
      ...(['start-apiextensions-informers', 'start-apiextensions-controllers', 'crd-informer-synced'] as const),
    )
    this.#aggregator.start(createClient(this.transport(undefined, apiServerManager)))
    this.#progress.finish(
      ...(['start-cluster-authentication-info-controller', 'start-kube-aggregator-informers'] as const),
      'apiservice-status-local-available-controller',
      'apiservice-status-remote-available-controller',
      ...(['apiservice-registration-controller', 'apiservice-discovery-controller'] as const),
      ...(['kube-apiserver-autoregistration', 'autoregister-completion'] as const),
      ...(['apiservice-openapi-controller', 'apiservice-openapiv3-controller'] as const),
    )
    this.#addresses = new IPAddressObjects(this.#server)
    await this.#addresses.start()
    const client = createClient(this.transport(undefined, apiServerManager))
    this.#repair = new ServiceRepair(this.#server, client, this.#addresses)
    this.#repair.start()
    this.#progress.finish('start-service-ip-repair-controllers')
    this.#flowObjects = new ConfigurationObjects(this.#server, this.#flowControl)
    await this.#flowObjects.maintain()
    this.#flowObjects.follow()
    this.#flowControl.start()
    this.#progress.finish(
      ...(['priority-and-fairness-config-consumer', 'priority-and-fairness-config-producer'] as const),
      'priority-and-fairness-filter',
    )
    if (https) {
      this.#http = await startHttpServer({
        env,
        bindAddress: https.bindAddress,
        port: https.port,
        tls: {
          cert: https.cert,
          key: https.key,
          clientCA: bundled(this.#options.clientCA, extraClientCA),
          requestHeaderCA: this.#options.requestHeader?.clientCA,
        },
        handle: this.#handle,
      })
      this.#followClientCAFile(this.#http, extraClientCA)
      const { advertiseAddress } = this.#options
      await publishKubernetesEndpoints(this.#server, advertiseAddress, this.#http.port)
      const host = isIPv6(advertiseAddress) ? `[${advertiseAddress}]` : advertiseAddress
      const address = `${host}:${this.#http.port}`
      this.#identity = new IdentityLease(env, client, https.hostname ?? hostname(), address)
      await this.#identity.start()
    }
    let compactTo = store.revision
    this.#compaction = env.clock.setInterval(() => {
      const revision = compactTo
      compactTo = store.revision
      if (revision <= store.compactedRevision) return
      store.compact(revision).catch(error => env.log.warn('history could not be cut', { error: String(error) }))
    }, compactionInterval)
    // A server that nobody finds over the network has no Lease to keep.
    this.#progress.finish(
      'bootstrap-controller',
      'start-kube-apiserver-identity-lease-controller',
      'start-kube-apiserver-identity-lease-garbage-collector',
    )
  }

  async stop(): Promise<void> {
    this.#progress.shuttingDown = true
    this.#compaction?.cancel()
    this.#flowControl.stop()
    this.#flowObjects?.stop()
    this.#clientCAFile?.stop()
    this.#security.stop()
    this.#repair?.stop()
    await this.#addresses?.stop()
    await this.#identity?.stop()
    await this.#http?.close()
    await this.#customResources.stop()
    await this.#aggregator.stop()
    await this.#auditor?.close()
    this.#webhooks.close()
    this.#registry.stop()
    this.#options.encryption?.close()
    this.#options.authorization?.close()
  }

  async #createNamespace(name: string): Promise<void> {
    await createClient(this.transport()).resource(namespaces).create({ metadata: { name } })
  }

  /** A way in for a component in the same process, as that user. */
  transport(
    user: UserInfo = { name: systemApiServer, groups: [systemPrivilegedGroup] },
    userAgent = 'k8ts',
  ): Transport {
    return directTransport({ env: this.#options.env, user, userAgent, handle: this.#handle })
  }

  #add(declaration: ResourceDeclaration): void {
    this.#registry.add(declaration, strategyOf(declaration), subresourcesOf(declaration))
  }

  #registerEndpoints(): void {
    registerHealth(this.#dispatcher, this.#server.env, [
      ...healthChecks(this.#options.store, this.#progress),
      ...(this.#options.encryption?.healthChecks ?? []),
    ])
    registerZPages(this.#dispatcher, {
      env: this.#server.env,
      component: 'apiserver',
      paths: () => this.#dispatcher.paths(),
      flags: this.#options.flags ?? {},
    })
    this.#dispatcher.register('/version', request => {
      checkPage(request, [jsonType])
      return answerJson(versionInfo)
    })
    this.#dispatcher.register('/version/', () => {
      throw notFoundPath()
    })
    registerDiscovery(this.#dispatcher, this.#registry, this.#options, this.#aggregator)
    const custom = new CustomOpenAPISource(this.#registry)
    registerOpenAPI(this.#dispatcher, [builtInOpenAPI, custom, this.#aggregator.openapi], this.#server.env.clock.now())
    registerMetrics(this.#dispatcher, this.#server)
    registerFlowControlDump(this.#dispatcher, this.#flowControl, this.#server.env)
    registerOpenID(this.#dispatcher, {
      issuer: this.#server.tokens.issuer,
      keys: this.#serviceAccountKeys,
      externalAddress: `${this.#options.advertiseAddress}:${this.#options.port}`,
      jwksURI: this.#options.authentication?.serviceAccounts?.jwksURI,
    })
  }

  #readClientCAFile(): string | undefined {
    const path = this.#options.authentication?.clientCAFile
    return path === undefined ? undefined : readBundle(path)
  }

  #followClientCAFile(http: HttpServer, content = ''): void {
    const { env, authentication, clientCA } = this.#options
    if (authentication?.clientCAFile === undefined) return
    const path = authentication.clientCAFile
    this.#clientCAFile = new WatchedFile(content, {
      env,
      path,
      everyMilliseconds: clientCAFileIntervalMs,
      changed: bundle => http.setClientCA(bundled(clientCA, checkedBundle(bundle))),
    })
  }
}

/** Upstream's DynamicFileCAContent looks at the file this often. */
const clientCAFileIntervalMs = 60_000

const bundled = (own: string, extra: string | undefined): string => (extra === undefined ? own : `${own}\n${extra}`)

function readBundle(path: string): string {
  try {
    return checkedBundle(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new AuthenticationOptionsError(`unable to load client CA file "${path}": ${(error as Error).message}`)
  }
}

function checkedBundle(bundle: string): string {
  if (certificatesIn(bundle).length === 0) throw new Error('data does not contain any valid RSA or ECDSA certificates')
  return bundle
}
