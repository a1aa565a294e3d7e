// Cluster DNS: the names of Services and pods, for pods.
//
// Comes in: Services, EndpointSlices and Namespaces (and Pods, if their names are to be checked), through a client. Goes
// out: answers over UDP and TCP. Names that are not the cluster's are asked of the machine's own resolvers.
//   records.ts      what a name means (pure)
//   dns-server.ts   the wire
//   forwarder.ts    the resolvers

import { decode, encode } from 'dns-packet'
import { namespaces } from '../api/core/v1/namespace.ts'
import { pods } from '../api/core/v1/pod.ts'
import { type Service, services } from '../api/core/v1/service.ts'
import { type EndpointSlice, endpointSlices } from '../api/discovery/v1/endpointslice.ts'
import type { Client } from '../client/client.ts'
import { type Informer, InformerFactory } from '../client/informer.ts'
import type { Env } from '../machinery/env/env.ts'
import { canonicalAddress } from './address.ts'
import { DnsServer, type Query, type Reply } from './dns-server.ts'
import { Forwarder, resolversOf, type Upstream } from './forwarder.ts'
import { answerFrom, type DnsObjects, type ZoneOptions } from './records.ts'

export interface ClusterDnsOptions {
  readonly client: Client
  readonly env: Env
  readonly listen: { readonly address: string; readonly port: number }
  /** The cluster's domain; cluster.local when absent. */
  readonly zone?: string
  /** Seconds an answer may be kept; 30 when absent, as kubeadm sets it up. */
  readonly ttl?: number
  /** Where other names are asked; the machine's /etc/resolv.conf says when absent. */
  readonly upstreams?: readonly Upstream[]
  /** `verified`: only pods that there are have a name. `insecure` (kubeadm's choice): every address has. */
  readonly podNames?: 'insecure' | 'verified'
}

/** How many names an ExternalName may lead through. */
const mostFollowed = 8

export class ClusterDns {
  readonly #options: ClusterDnsOptions
  readonly #env: Env
  readonly #zone: string
  readonly #informers: InformerFactory
  readonly #synced: () => boolean
  readonly #objects: DnsObjects
  readonly #server: DnsServer
  #forwarder: Forwarder | undefined
  #serial = 1

  constructor(options: ClusterDnsOptions) {
    this.#options = options
    this.#env = { ...options.env, log: options.env.log.child({ component: 'dns' }) }
    this.#zone = (options.zone ?? 'cluster.local').toLowerCase().replace(/\.$/, '')
    this.#informers = new InformerFactory(options.client, this.#env)
    const { objects, informers } = this.#watched()
    this.#objects = objects
    this.#synced = () => informers.every(informer => informer.hasSynced)
    this.#server = new DnsServer({ env: this.#env, ...options.listen, reply: query => this.#reply(query) })
  }

  /** Resolves once it listens; until it knows the cluster, the cluster's names are answered with SERVFAIL. */
  async start(): Promise<void> {
    await this.#server.start()
    this.#forwarder = new Forwarder(this.#env, this.#upstreams())
    this.#informers.start()
  }

  get port(): number {
    return this.#server.port
  }

  /** Resolves once every name of the cluster is known. */
  synced(): Promise<void> {
    return this.#informers.synced()
  }

  async stop(): Promise<void> {
    this.#forwarder?.stop()
    await this.#server.stop()
    await this.#informers.stop()
  }

  /** Never itself: its own address is what a resolv.conf made for pods says. */
  #upstreams(): readonly Upstream[] {
    const { address } = this.#options.listen
    const own = canonicalAddress(address)
    return (this.#options.upstreams ?? resolversOf()).filter(
      upstream => upstream.port !== this.port || canonicalAddress(upstream.address) !== own,
    )
  }

  async #reply(query: Query): Promise<Reply> {
    const { question } = query
    const options: ZoneOptions = { zone: this.#zone, ttl: this.#options.ttl ?? 30, serial: this.#serial }
    const found = answerFrom(this.#objects, question, options)
    if (!found) return this.#forwarder!.forward(query)
    if (!this.#synced()) return { rcode: 'SERVFAIL' }
    const answers = shuffled([...found.answers], this.#env)
    let { follow, rcode } = found
    for (let followed = 0; follow !== undefined; followed++) {
      if (followed === mostFollowed) throw new Error(`${question.name} leads through too many names`)
      const next = answerFrom(this.#objects, { ...question, name: follow }, options)
      if (next) {
        answers.push(...next.answers)
        rcode = next.rcode
        follow = next.follow
      } else {
        const elsewhere = await this.#askElsewhere(query, follow)
        answers.push(...elsewhere)
        follow = undefined
      }
    }
    return { rcode, authoritative: true, answers, authorities: found.authorities, additionals: found.additionals }
  }

  /** What other resolvers have for the name; nothing when they can't be asked: the name itself is an answer, too. */
  async #askElsewhere({ question, packet, protocol }: Query, name: string) {
    const asked = { ...question, name }
    const bytes = encode({ type: 'query', id: packet.id, flags: packet.flags, questions: [asked] })
    try {
      const answer = await this.#forwarder!.forward({ question: asked, packet: decode(bytes), bytes, protocol })
      return decode(Buffer.from(answer)).answers ?? []
    } catch (error) {
      this.#env.log.debug('An external name could not be followed', { name, error: (error as Error).message })
      return []
    }
  }

  #watched(): { objects: DnsObjects; informers: readonly Informer<any>[] } {
    const serviceInformer = this.#informers.informer(services, {
      indexers: { address: ({ spec }: Service) => canonicalAddresses(spec.clusterIPs ?? [spec.clusterIP ?? '']) },
    })
    const sliceInformer = this.#informers.informer(endpointSlices, {
      indexers: {
        service: ({ metadata }: EndpointSlice) => {
          const service = metadata.labels?.['kubernetes.io/service-name']
          return service ? [`${metadata.namespace}/${service}`] : []
        },
        address: ({ endpoints }: EndpointSlice) =>
          canonicalAddresses((endpoints ?? []).flatMap(({ hostname, addresses }) => (hostname ? addresses : []))),
      },
    })
    const namespaceInformer = this.#informers.informer(namespaces)
    const podInformer =
      this.#options.podNames === 'verified'
        ? this.#informers.informer(pods, {
            indexers: {
              address: ({ metadata, status }) =>
                canonicalAddresses((status?.podIPs ?? []).map(({ ip }) => ip ?? '')).map(
                  address => `${metadata.namespace}/${address}`,
                ),
            },
          })
        : undefined
    const informers = [serviceInformer, sliceInformer, namespaceInformer, ...(podInformer ? [podInformer] : [])]
    const changed = () => {
      this.#serial = Math.floor(this.#env.clock.now() / 1000)
    }
    for (const informer of [serviceInformer, sliceInformer] as readonly Informer<any>[])
      informer.addHandler({ added: changed, updated: changed, deleted: changed })
    return {
      informers,
      objects: {
        service: (namespace, name) => serviceInformer.lister.get(`${namespace}/${name}`),
        slicesOf: (namespace, service) => sliceInformer.lister.byIndex('service', `${namespace}/${service}`),
        hasNamespace: name => namespaceInformer.lister.get(name) !== undefined,
        hasPod: (namespace, address) =>
          !podInformer || podInformer.lister.byIndex('address', `${namespace}/${address}`).length > 0,
        servicesAt: address => serviceInformer.lister.byIndex('address', address),
        slicesAt: address => sliceInformer.lister.byIndex('address', address),
      },
    }
  }
}

const canonicalAddresses = (addresses: readonly string[]): string[] => [
  ...new Set(addresses.flatMap(address => canonicalAddress(address) ?? [])),
]

/** In another order each time: many clients take the first. */
function shuffled<T>(items: T[], { random }: Env): T[] {
  for (let left = items.length - 1; left > 0; left--) {
    const other = Math.floor(random.next() * (left + 1))
    ;[items[left], items[other]] = [items[other]!, items[left]!]
  }
  return items
}
