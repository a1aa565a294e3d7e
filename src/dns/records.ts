// What the cluster's names mean: the Kubernetes DNS-based service discovery specification, version 1.1.0. Pure: a
// question and the cluster's objects in, an answer out.

import type { Answer, Question, RecordType, SoaAnswer } from 'dns-packet'
import type { Service, ServicePort } from '../api/core/v1/service.ts'
import type { Endpoint, EndpointSlice } from '../api/discovery/v1/endpointslice.ts'
import { addressOfReverseName, canonicalAddress } from './address.ts'

/** The objects that names are made of. */
export interface DnsObjects {
  service(namespace: string, name: string): Service | undefined
  slicesOf(namespace: string, service: string): readonly EndpointSlice[]
  hasNamespace(name: string): boolean
  /** Whether a pod of the namespace has this address (in canonical form). */
  hasPod(namespace: string, address: string): boolean
  /** The Services with this cluster IP. */
  servicesAt(address: string): readonly Service[]
  /** The EndpointSlices with an endpoint at this address. */
  slicesAt(address: string): readonly EndpointSlice[]
}

export interface ZoneOptions {
  /** Such as cluster.local. */
  readonly zone: string
  /** Seconds an answer may be kept. */
  readonly ttl: number
  /** The zone's version, in the SOA record. */
  readonly serial: number
}

export interface ZoneAnswer {
  readonly rcode: 'NOERROR' | 'NXDOMAIN'
  readonly answers: readonly Answer[]
  readonly additionals: readonly Answer[]
  readonly authorities: readonly Answer[]
  /** The answer is a CNAME: what this name has of the type asked for belongs into it too. */
  readonly follow?: string
}

/** Undefined for names that are not the cluster's. */
export function answerFrom(objects: DnsObjects, question: Question, options: ZoneOptions): ZoneAnswer | undefined {
  const name = question.name.toLowerCase().replace(/\.$/, '')
  const resolver = new Resolver(objects, question, options)
  const address = addressOfReverseName(name)
  if (address !== undefined) return resolver.reverse(address)
  const { zone } = options
  if (name === zone) return resolver.apex()
  if (!name.endsWith(`.${zone}`)) return undefined
  const labels = name.slice(0, -zone.length - 1).split('.')
  const kind = labels.pop()
  if (kind === 'svc') return resolver.services(labels)
  if (kind === 'pod') return resolver.pods(labels)
  if (kind === 'dns-version' && labels.length === 0) return resolver.schemaVersion()
  return resolver.noName()
}

interface Host {
  readonly hostname: string
  readonly address: string
}

class Resolver {
  readonly #objects: DnsObjects
  readonly #type: RecordType
  /** As it was asked: answers repeat its case. */
  readonly #name: string
  readonly #options: ZoneOptions

  constructor(objects: DnsObjects, question: Question, options: ZoneOptions) {
    this.#objects = objects
    this.#type = question.type
    this.#name = question.name
    this.#options = options
  }

  apex(): ZoneAnswer {
    const { zone, ttl } = this.#options
    if (this.#type === 'SOA') return this.#found([this.#soa()])
    if (this.#type === 'NS') return this.#found([{ type: 'NS', name: zone, ttl, data: `ns.dns.${zone}` }])
    return this.#noData()
  }

  schemaVersion(): ZoneAnswer {
    if (this.#type !== 'TXT') return this.#noData()
    return this.#found([{ type: 'TXT', name: this.#name, ttl: 28_800, data: ['1.1.0'] }])
  }

  /** Names under svc: `namespace`, `service.namespace`, `hostname.service.namespace`, `_port._protocol.service.…`. */
  services(labels: readonly string[]): ZoneAnswer {
    const [namespace, name, first, second, ...more] = [...labels].reverse()
    if (namespace === undefined) return this.#noData()
    if (name === undefined) return this.#objects.hasNamespace(namespace) ? this.#noData() : this.noName()
    const service = this.#objects.service(namespace, name)
    if (!service || more.length > 0) return this.noName()
    const fullName = `${name}.${namespace}.svc.${this.#options.zone}`
    if (service.spec.type === 'ExternalName') return first === undefined ? this.#externalName(service) : this.noName()
    const headless = service.spec.clusterIP === 'None'
    if (!headless && !service.spec.clusterIP) return this.noName()
    if (first === undefined)
      return headless ? this.#hosts(this.#readyHosts(service)) : this.#addresses(clusterIPs(service))
    if (second !== undefined) return this.#servicePort(service, headless, second, first, fullName)
    if (first.startsWith('_')) {
      const hasNamedPort = (service.spec.ports ?? []).some(port => port.name && `_${protocolOf(port)}` === first)
      return hasNamedPort ? this.#noData() : this.noName()
    }
    return headless ? this.#hosts(this.#readyHosts(service).filter(host => host.hostname === first)) : this.noName()
  }

  /** Names under pod: `namespace`, `1-2-3-4.namespace`. */
  pods(labels: readonly string[]): ZoneAnswer {
    const [namespace, dashed, ...more] = [...labels].reverse()
    if (namespace === undefined) return this.#noData()
    if (!this.#objects.hasNamespace(namespace) || more.length > 0) return this.noName()
    if (dashed === undefined) return this.#noData()
    const written = /^\d+(-\d+){3}$/.test(dashed) ? dashed.replaceAll('-', '.') : dashed.replaceAll('-', ':')
    const address = canonicalAddress(written)
    if (address === undefined) return this.noName()
    return this.#objects.hasPod(namespace, address) ? this.#addresses([address]) : this.noName()
  }

  /** Undefined when the address is no Service's and no endpoint's: someone else may know it. */
  reverse(address: string): ZoneAnswer | undefined {
    const { zone, ttl } = this.#options
    const names = this.#objects
      .servicesAt(address)
      .map(({ metadata }) => `${metadata.name}.${metadata.namespace}.svc.${zone}`)
    for (const { endpoints, metadata } of this.#objects.slicesAt(address)) {
      const service = metadata.labels?.['kubernetes.io/service-name']
      if (service === undefined || !this.#objects.service(metadata.namespace!, service)) continue
      for (const endpoint of endpoints ?? [])
        if (endpoint.hostname && isReady(endpoint) && endpoint.addresses.some(one => canonicalAddress(one) === address))
          names.push(`${endpoint.hostname}.${service}.${metadata.namespace}.svc.${zone}`)
    }
    if (names.length === 0) return undefined
    if (this.#type !== 'PTR') return this.#noData()
    return this.#found([...new Set(names)].map(data => ({ type: 'PTR', name: this.#name, ttl, data })))
  }

  noName(): ZoneAnswer {
    return { rcode: 'NXDOMAIN', answers: [], additionals: [], authorities: [this.#soa()] }
  }

  #noData(): ZoneAnswer {
    return { ...this.noName(), rcode: 'NOERROR' }
  }

  #found(answers: readonly Answer[], additionals: readonly Answer[] = []): ZoneAnswer {
    return answers.length > 0 ? { rcode: 'NOERROR', answers, additionals, authorities: [] } : this.#noData()
  }

  #soa(): SoaAnswer {
    const { zone, ttl, serial } = this.#options
    const times = { refresh: 7200, retry: 1800, expire: 86_400, minimum: ttl }
    return {
      type: 'SOA',
      name: zone,
      ttl,
      data: { mname: `ns.dns.${zone}`, rname: `hostmaster.${zone}`, serial, ...times },
    }
  }

  #externalName({ spec }: Service): ZoneAnswer {
    const data = (spec.externalName ?? '').replace(/\.$/, '')
    if (data === '') return this.noName()
    if (!['A', 'AAAA', 'CNAME'].includes(this.#type)) return this.#noData()
    const cname: Answer = { type: 'CNAME', name: this.#name, ttl: this.#options.ttl, data }
    return { ...this.#found([cname]), follow: this.#type === 'CNAME' ? undefined : data }
  }

  /** Those of the addresses that are of the family asked for. */
  #addresses(addresses: readonly string[], name = this.#name): ZoneAnswer {
    return this.#found(this.#addressRecords(addresses, name).filter(({ type }) => type === this.#type))
  }

  #addressRecords(addresses: readonly string[], name: string): Answer[] {
    const { ttl } = this.#options
    return [...new Set(addresses)].map(data => ({ type: data.includes(':') ? 'AAAA' : 'A', name, ttl, data }))
  }

  #hosts(hosts: readonly Host[]): ZoneAnswer {
    return hosts.length > 0 ? this.#addresses(hosts.map(host => host.address)) : this.noName()
  }

  #readyHosts({ metadata }: Service): Host[] {
    return this.#objects.slicesOf(metadata.namespace!, metadata.name!).flatMap(slice => readyHosts(slice))
  }

  /** `_port._protocol` of a Service: its cluster IP's port, or each ready endpoint's. */
  #servicePort(
    service: Service,
    headless: boolean,
    portLabel: string,
    protocolLabel: string,
    fullName: string,
  ): ZoneAnswer {
    const { ttl } = this.#options
    const isAsked = (port: { name?: string; protocol?: string }) =>
      !!port.name && `_${port.name}` === portLabel && `_${protocolOf(port)}` === protocolLabel
    const targets: { readonly port: number; readonly target: string; readonly addresses: readonly string[] }[] = []
    if (!headless) {
      for (const { port } of (service.spec.ports ?? []).filter(isAsked))
        targets.push({ port, target: fullName, addresses: clusterIPs(service) })
    } else
      for (const slice of this.#objects.slicesOf(service.metadata.namespace!, service.metadata.name!))
        for (const { port } of (slice.ports ?? []).filter(isAsked))
          for (const { hostname, address } of readyHosts(slice))
            if (port) targets.push({ port, target: `${hostname}.${fullName}`, addresses: [address] })
    if (targets.length === 0) return this.noName()
    if (this.#type !== 'SRV') return this.#noData()
    const weight = Math.max(1, Math.floor(100 / targets.length))
    return this.#found(
      targets.map(({ port, target }) => ({
        type: 'SRV',
        name: this.#name,
        ttl,
        data: { priority: 0, weight, port, target },
      })),
      targets.flatMap(({ target, addresses }) => this.#addressRecords(addresses, target)),
    )
  }
}

const protocolOf = (port: Pick<ServicePort, 'protocol'>): string => (port.protocol ?? 'TCP').toLowerCase()

const clusterIPs = ({ spec }: Service): readonly string[] =>
  spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP!]

/** The controller says "ready" of every endpoint of a Service that publishes those that are not. */
const isReady = ({ conditions }: Endpoint): boolean => conditions?.ready ?? true

function readyHosts({ addressType, endpoints }: EndpointSlice): Host[] {
  if (addressType === 'FQDN') return []
  return (endpoints ?? []).filter(isReady).flatMap(({ hostname, addresses }) =>
    addresses.map(address => ({
      address,
      // Without a hostname of its own, an endpoint's is its address.
      hostname: hostname?.toLowerCase() || address.toLowerCase().replaceAll(/[.:]/g, '-'),
    })),
  )
}
