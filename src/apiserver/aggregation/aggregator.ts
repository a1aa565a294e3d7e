// kube-aggregator: other API servers behind this one's door.
//
// Comes in: APIServices (which server answers for a group and version), Services and their endpoints. Goes out: requests
// below `/apis/<group>/<version>` passed on to the server there (api-service-proxy.ts); what such servers have, in
// discovery (discovered-servers.ts) and in OpenAPI (described-servers.ts); the Available condition (availability.ts).
// auto-register.ts keeps APIServices for what this server answers for itself, and extension-authentication.ts tells the
// others how to know whom we speak for.

import type { APIService } from '../../api/apiregistration/v1/apiservice.ts'
import type { GroupVersion } from '../../api/discovery.ts'
import type { Client } from '../../client/client.ts'
import { compareVersions } from '../../machinery/kube-version.ts'
import type { RequestHeaderOptions } from '../authentication/request-header.ts'
import type { OpenAPISource } from '../endpoints/openapi.ts'
import type { Answer, RequestContext } from '../request.ts'
import type { ServerContext } from '../server-context.ts'
import type { CacheEvent } from '../watchcache/watch-cache.ts'
import { APIServiceProxy } from './api-service-proxy.ts'
import { AutoRegister, apiServiceName } from './auto-register.ts'
import { AvailabilityChecks } from './availability.ts'
import type { ProxyClientCertificate } from './backend-connection.ts'
import { DescribedServers } from './described-servers.ts'
import { DiscoveredServers } from './discovered-servers.ts'
import { ExtensionAuthentication } from './extension-authentication.ts'
import { apiRegistration } from './group-order.ts'
import { type ServiceResolver, serviceNameLabel, serviceResolver } from './service-resolver.ts'

export interface AggregatorOptions {
  /** What we show the servers we proxy to. */
  readonly proxyClient?: ProxyClientCertificate
  /** PEM: who vouches for clients; published for other API servers. */
  readonly clientCA?: string
  readonly requestHeader?: RequestHeaderOptions
}

export class Aggregator {
  readonly #server: ServerContext
  readonly #options: AggregatorOptions
  readonly #resolver: ServiceResolver
  readonly #proxies = new Map<string, APIServiceProxy>()
  readonly #listeners: (() => void)[] = []
  readonly discovery: DiscoveredServers
  readonly #described: DescribedServers
  #availability: AvailabilityChecks | undefined
  #autoRegister: AutoRegister | undefined
  #extensionAuthentication: ExtensionAuthentication | undefined
  #running = false

  constructor(server: ServerContext, options: AggregatorOptions) {
    this.#server = server
    this.#options = options
    const { env, registry } = server
    this.#resolver = serviceResolver(registry, env.random)
    const proxy = (name: string) => this.#proxies.get(name)
    this.discovery = new DiscoveredServers({ env, proxy })
    this.#described = new DescribedServers({ env, proxy })
  }

  get openapi(): OpenAPISource {
    return this.#described.source
  }

  /** Follows the caches, which must have been read. `client` is this server's own, with every right. */
  start(client: Client): void {
    const { env, registry } = this.#server
    this.#running = true
    const apiService = (name: string) => this.#apiService(name)
    const definitions = registry.storage('customresourcedefinitions.apiextensions.k8s.io').cache
    this.#availability = new AvailabilityChecks({
      env,
      client,
      resolver: this.#resolver,
      apiService,
      proxy: name => this.#proxies.get(name),
      remote: () => this.#proxies.keys(),
    })
    this.#autoRegister = new AutoRegister({
      env,
      client,
      apiService,
      names: () => this.#all().map(({ metadata }) => metadata.name!),
      *customResourceDefinitions() {
        for (const { object } of definitions.all()) yield object
      },
    })
    this.#on('apiservices.apiregistration.k8s.io', ({ object }) => this.#changed(object.name))
    this.#on('services', ({ object }) => this.#serviceChanged(object.namespace, object.name))
    this.#on('endpointslices.discovery.k8s.io', ({ object }) =>
      this.#serviceChanged(object.namespace, object.object.metadata['labels']?.[serviceNameLabel] ?? ''),
    )
    this.#on('customresourcedefinitions.apiextensions.k8s.io', ({ object, previous }) => {
      if (previous) this.#autoRegister!.addDefinition(previous.object)
      this.#autoRegister!.addDefinition(object.object)
    })
    this.discovery.start()
    this.#described.start()
    this.#availability.start()
    this.#autoRegister.start()
    for (const { metadata } of this.#all()) this.#changed(metadata.name!)
    const { clientCA, requestHeader } = this.#options
    if (!clientCA) return
    this.#extensionAuthentication = new ExtensionAuthentication({ env, client, registry, clientCA, requestHeader })
    this.#extensionAuthentication.start()
  }

  async stop(): Promise<void> {
    this.#running = false
    await Promise.all([
      this.discovery.stop(),
      this.#described.stop(),
      this.#availability?.stop(),
      this.#autoRegister?.stop(),
      this.#extensionAuthentication?.stop(),
    ])
    for (const proxy of this.#proxies.values()) proxy.close()
  }

  /** The answer of the server that the request is for, if that is another one. */
  serve(request: RequestContext): Answer | undefined {
    if (this.#proxies.size === 0 || request.info.version === '') return undefined
    return this.#proxies.get(apiServiceName(request.info))?.serve(request)
  }

  /** What /apis lists: a version for each APIService, and APIServices themselves before all. */
  groupVersions(): GroupVersion[] {
    const found = this.#all().map(({ metadata, spec }) => ({
      name: metadata.name!,
      group: spec.group ?? '',
      version: spec.version ?? '',
      groupPriority: spec.groupPriorityMinimum,
      versionPriority: spec.versionPriority,
    }))
    found.sort((a, b) => b.groupPriority - a.groupPriority || (a.name < b.name ? -1 : 1))
    const groups = new Map([[apiRegistration.group, [] as typeof found]])
    for (const each of found) groups.set(each.group, [...(groups.get(each.group) ?? []), each])
    const sorted = [...groups.values()].flatMap(versions =>
      versions.sort((a, b) => b.versionPriority - a.versionPriority || compareVersions(b.version, a.version)),
    )
    return [apiRegistration, ...sorted.map(({ group, version }) => ({ group, version }))]
  }

  /** Calls the listener when APIServices have changed. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  #on(resource: string, listener: (event: CacheEvent) => void): void {
    this.#server.registry.storage(resource).cache.onEvents(events => {
      if (this.#running) for (const event of events) listener(event)
    })
  }

  #storage() {
    return this.#server.registry.storage('apiservices.apiregistration.k8s.io')
  }

  #apiService(name: string): APIService | undefined {
    return this.#storage().get('', name)?.object as unknown as APIService | undefined
  }

  #all(): APIService[] {
    return [...this.#storage().cache.all()].map(({ object }) => object as unknown as APIService)
  }

  #changed(name: string): void {
    const apiService = this.#apiService(name)
    const before = this.#proxies.get(name)
    if (apiService?.spec.service) {
      const { env } = this.#server
      const options = { clock: env.clock, resolver: this.#resolver, clientCertificate: this.#options.proxyClient }
      this.#proxies.set(name, new APIServiceProxy(apiService, options, before))
    } else if (before) {
      before.close()
      this.#proxies.delete(name)
    }
    if (before || this.#proxies.has(name)) {
      this.discovery.add(name)
      this.#described.add(name)
    }
    this.#availability!.add(name)
    this.#autoRegister!.add(name)
    for (const listener of this.#listeners) listener()
  }

  #serviceChanged(namespace: string, service: string): void {
    for (const [name, { reference }] of this.#proxies)
      if (reference.name === service && reference.namespace === namespace) this.#availability!.add(name)
  }
}
