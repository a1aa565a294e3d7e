// kube-proxy: makes Services reachable on one node.
//
// Comes in: Services and EndpointSlices, through a client. Goes out: one nftables table, `kube-proxy`, that leads what
// is sent to a Service to one of its endpoints.
//   service-endpoints.ts  which endpoints a Service's port may use
//   ruleset.ts            Services and endpoints → the table (pure)
//   nft-transaction.ts    the table → what `nft` is told: the difference to what is there (pure)
//   proxier.ts            when that happens
//   nft.ts                the `nft` program
//   conntrack.ts          flows of UDP that must be forgotten

import { type Service, services } from '../api/core/v1/service.ts'
import { type EndpointSlice, endpointSlices } from '../api/discovery/v1/endpointslice.ts'
import type { Client } from '../client/client.ts'
import { type Informer, InformerFactory, type InformerHandler } from '../client/informer.ts'
import type { Env } from '../machinery/env/env.ts'
import { type Conntrack, staleFlows, udpEndpoints } from './conntrack.ts'
import type { Nft } from './nft.ts'
import { removal } from './nft-transaction.ts'
import { Proxier, type ProxierOptions } from './proxier.ts'
import { buildRuleset, type RulesetOptions } from './ruleset.ts'

export interface ServiceProxyOptions extends RulesetOptions, Pick<ProxierOptions, 'minSyncPeriodMs' | 'syncPeriodMs'> {
  readonly client: Client
  readonly env: Env
  readonly nft: Nft
  /** Without it UDP goes on to endpoints that are gone, as long as packets come. */
  readonly conntrack?: Conntrack
}

/** Others' Services (another proxy's, headless ones) are not even asked for. */
const ours = '!service.kubernetes.io/headless,!service.kubernetes.io/service-proxy-name'

export class ServiceProxy {
  readonly #options: ServiceProxyOptions
  readonly #informers: InformerFactory
  readonly #services: Informer<Service>
  readonly #slices: Informer<EndpointSlice>
  readonly #proxier: Proxier
  readonly #stopping = new AbortController()

  constructor(options: ServiceProxyOptions) {
    this.#options = options
    const env = { ...options.env, log: options.env.log.child({ component: 'kube-proxy' }) }
    this.#informers = new InformerFactory(options.client, env)
    this.#services = this.#informers.informer(services, { labelSelector: ours })
    this.#slices = this.#informers.informer(endpointSlices, { labelSelector: ours })
    this.#proxier = new Proxier({
      env,
      nft: options.nft,
      minSyncPeriodMs: options.minSyncPeriodMs,
      syncPeriodMs: options.syncPeriodMs,
      ruleset: () => buildRuleset(this.#services.lister.list(), this.#slices.lister.list(), options),
      applied: () => this.#forgetStaleFlows(env),
    })
  }

  /** Returns at once; the first rules are written as soon as Services and endpoints are known. */
  start(): void {
    this.#informers.start()
    this.#informers.synced(this.#stopping.signal).then(
      () => {
        if (this.#stopping.signal.aborted) return
        const changed = () => this.#proxier.request()
        const handler: InformerHandler<unknown> = { added: changed, updated: changed, deleted: changed }
        this.#services.addHandler(handler)
        this.#slices.addHandler(handler)
        changed()
      },
      () => {},
    )
  }

  async #forgetStaleFlows({ log }: Env): Promise<void> {
    const { conntrack, family = 'ip', nodeName } = this.#options
    if (!conntrack) return
    const endpoints = udpEndpoints(this.#services.lister.list(), this.#slices.lister.list(), family, nodeName)
    if (endpoints.size === 0) return
    try {
      for (const flow of staleFlows(await conntrack.flows(family), endpoints)) await conntrack.forget(family, flow)
    } catch (error) {
      log.warn('Flows to endpoints that are gone could not be forgotten', { error: (error as Error).message })
    }
  }

  /** The rules stay: what runs goes on reaching what it reached. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#informers.stop()
    await this.#proxier.stop()
  }

  /** Takes the rules away. */
  async cleanup(): Promise<void> {
    await this.#options.nft.apply(removal(this.#options.family ?? 'ip'))
  }
}
