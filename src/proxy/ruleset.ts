// Services and their endpoints as one nftables table. Pure: the same objects give the same table.
//
// A connection to a Service is found in one map lookup, whatever the number of Services:
//   service-ips        address . protocol . port  → the Service's chain (cluster IP, external IPs, load balancer IPs)
//   service-nodeports  protocol . port            → its chain for traffic from outside
// The chain picks an endpoint's chain by chance, and that rewrites the destination. What a Service can't take, because
// it has no endpoint, is found in `no-endpoint-services` and `no-endpoint-nodeports` after that, and refused.

import { createHash } from 'node:crypto'
import type { Service, ServicePort } from '../api/core/v1/service.ts'
import type { EndpointSlice } from '../api/discovery/v1/endpointslice.ts'
import { EndpointTable, type Family, type ServiceEndpoint } from './service-endpoints.ts'

export interface RulesetOptions {
  readonly family?: Family
  /** The addresses of pods. What comes from elsewhere to a cluster IP is masqueraded, so that answers find back. */
  readonly clusterCIDR?: string
  readonly nodeName: string
  /** Where node ports answer; at every address of this machine but loopback when absent. */
  readonly nodePortAddresses?: readonly string[]
  /** Masquerade everything to a cluster IP, for networks where pods of one node answer each other past the node. */
  readonly masqueradeAll?: boolean
}

export interface Chain {
  readonly name: string
  /** For base chains, such as `type nat hook output priority -100;`. */
  readonly hook?: string
  readonly rules: readonly string[]
}

/** A set (its elements' values are empty) or a map. */
export interface NamedSet {
  readonly kind: 'set' | 'map'
  readonly name: string
  readonly declaration: string
  readonly elements: ReadonlyMap<string, string>
}

export interface Ruleset {
  readonly family: Family
  readonly chains: readonly Chain[]
  readonly sets: readonly NamedSet[]
}

/** The bit of the packet mark that says "masquerade me", as upstream's default. */
const mark = '0x4000'
const defaultAffinitySeconds = 10_800

export function buildRuleset(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  options: RulesetOptions,
): Ruleset {
  const builder = new Builder(options)
  const endpoints = new EndpointTable(slices, builder.family, options.nodeName)
  const inOrder = [...services].sort((a, b) => (fullName(a) < fullName(b) ? -1 : 1))
  for (const service of inOrder) {
    if (!isProxied(service)) continue
    for (const port of service.spec.ports ?? []) builder.addPort(service, port, endpoints)
  }
  return builder.ruleset()
}

const fullName = ({ metadata }: Service): string => `${metadata.namespace}/${metadata.name}`

function isProxied({ metadata, spec }: Service): boolean {
  return (
    spec.type !== 'ExternalName' &&
    spec.clusterIP !== undefined &&
    spec.clusterIP !== '' &&
    spec.clusterIP !== 'None' &&
    metadata.labels?.['service.kubernetes.io/service-proxy-name'] === undefined
  )
}

class Builder {
  readonly family: Family
  readonly #options: RulesetOptions
  readonly #chains: Chain[] = []
  readonly #affinitySets: NamedSet[] = []
  readonly #endpointChains = new Set<string>()
  readonly #clusterIps = new Map<string, string>()
  readonly #serviceIps = new Map<string, string>()
  readonly #serviceNodePorts = new Map<string, string>()
  readonly #noEndpointServices = new Map<string, string>()
  readonly #noEndpointNodePorts = new Map<string, string>()
  readonly #firewallIps = new Map<string, string>()

  constructor(options: RulesetOptions) {
    this.#options = options
    this.family = options.family ?? 'ip'
  }

  addPort(service: Service, port: ServicePort, table: EndpointTable): void {
    const { family } = this
    const { spec } = service
    const clusterIp = (spec.clusterIPs ?? [spec.clusterIP!]).find(address => familyOf(address) === family)
    if (clusterIp === undefined) return
    const protocol = (port.protocol ?? 'TCP').toLowerCase()
    const { cluster, local } = table.of(service, port)
    const name = chainSuffix(service, port, protocol)
    const affinity =
      spec.sessionAffinity === 'ClientIP'
        ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds)
        : undefined
    const internalLocal = spec.internalTrafficPolicy === 'Local'
    const externalLocal = spec.externalTrafficPolicy === 'Local'
    const external = this.#externalAddresses(service)
    const reachedFromOutside = external.length > 0 || (port.nodePort ?? 0) > 0

    const endpoints = new Map(
      [...cluster, ...local].map(endpoint => [`${endpoint.address} ${endpoint.port}`, endpoint]),
    )
    for (const endpoint of endpoints.values()) this.#addEndpoint(name, protocol, endpoint, affinity)

    const toCluster = this.#matching(clusterIp, protocol, port.port)
    const masquerade = this.#masqueradeClusterIp(toCluster)
    const clusterChain = `service-${name}`
    const localChain = `local-${name}`
    const needsCluster = cluster.length > 0 && (!internalLocal || reachedFromOutside)
    if (needsCluster)
      this.#chains.push({
        name: clusterChain,
        rules: [...(internalLocal ? [] : masquerade), ...this.#choice(name, cluster, affinity)],
      })
    if (local.length > 0 && (internalLocal || (externalLocal && reachedFromOutside)))
      this.#chains.push({
        name: localChain,
        rules: [...(internalLocal ? masquerade : []), ...this.#choice(name, local, affinity)],
      })

    this.#clusterIps.set(clusterIp, '')
    const toClusterIp = `${clusterIp} . ${protocol} . ${port.port}`
    const inside = internalLocal ? local : cluster
    if (inside.length > 0) this.#serviceIps.set(toClusterIp, `goto ${internalLocal ? localChain : clusterChain}`)
    else this.#noEndpointServices.set(toClusterIp, refusal(cluster))

    if (!reachedFromOutside) return
    const externalChain = `external-${name}`
    const outside = externalLocal ? local : cluster
    if (cluster.length > 0)
      this.#chains.push({
        name: externalChain,
        rules: externalLocal
          ? [...this.#shortCircuit(clusterChain), ...(local.length > 0 ? [`goto ${localChain}`] : [])]
          : ['jump mark-for-masquerade', `goto ${clusterChain}`],
      })
    for (const address of external) {
      const to = `${address} . ${protocol} . ${port.port}`
      if (cluster.length > 0) this.#serviceIps.set(to, `goto ${externalChain}`)
      if (outside.length === 0) this.#noEndpointServices.set(to, refusal(cluster))
    }
    if (port.nodePort) {
      const to = `${protocol} . ${port.nodePort}`
      if (cluster.length > 0) this.#serviceNodePorts.set(to, `goto ${externalChain}`)
      if (outside.length === 0) this.#noEndpointNodePorts.set(to, refusal(cluster))
    }
    this.#addFirewall(service, port, protocol, name)
  }

  ruleset(): Ruleset {
    return {
      family: this.family,
      chains: [...baseChains(this.family, this.#options), ...this.#chains],
      sets: [...this.#namedSets(), ...this.#affinitySets],
    }
  }

  #namedSets(): NamedSet[] {
    const address = `${this.family === 'ip' ? 'ipv4' : 'ipv6'}_addr`
    const byAddress = `type ${address} . inet_proto . inet_service : verdict;`
    const byPort = 'type inet_proto . inet_service : verdict;'
    const nodePortIps = new Map(
      (this.#options.nodePortAddresses ?? [])
        .filter(one => familyOf(one) === this.family)
        .map(one => [one, ''] as [string, string]),
    )
    return [
      { kind: 'set', name: 'cluster-ips', declaration: `type ${address};`, elements: this.#clusterIps },
      { kind: 'set', name: 'nodeport-ips', declaration: `type ${address};`, elements: nodePortIps },
      { kind: 'map', name: 'service-ips', declaration: byAddress, elements: this.#serviceIps },
      { kind: 'map', name: 'service-nodeports', declaration: byPort, elements: this.#serviceNodePorts },
      { kind: 'map', name: 'no-endpoint-services', declaration: byAddress, elements: this.#noEndpointServices },
      { kind: 'map', name: 'no-endpoint-nodeports', declaration: byPort, elements: this.#noEndpointNodePorts },
      { kind: 'map', name: 'firewall-ips', declaration: byAddress, elements: this.#firewallIps },
    ]
  }

  /** External IPs, and the load balancer's where it leaves the destination to the node (ipMode VIP). */
  #externalAddresses({ spec, status }: Service): string[] {
    const addresses = [...(spec.externalIPs ?? [])]
    if (spec.type === 'LoadBalancer')
      for (const { ip, ipMode } of status?.loadBalancer?.ingress ?? []) if (ip && ipMode !== 'Proxy') addresses.push(ip)
    return [...new Set(addresses)].filter(address => familyOf(address) === this.family)
  }

  #matching(address: string, protocol: string, port: number): string {
    return `${this.family} daddr ${address} ${protocol} dport ${port}`
  }

  #masqueradeClusterIp(toClusterIp: string): string[] {
    const { masqueradeAll, clusterCIDR } = this.#options
    if (masqueradeAll) return [`${toClusterIp} jump mark-for-masquerade`]
    return clusterCIDR ? [`${toClusterIp} ${this.family} saddr != ${clusterCIDR} jump mark-for-masquerade`] : []
  }

  /** With externalTrafficPolicy Local, what comes from pods and from this machine may still go to any node. */
  #shortCircuit(clusterChain: string): string[] {
    const { clusterCIDR } = this.#options
    return [
      ...(clusterCIDR ? [`${this.family} saddr ${clusterCIDR} goto ${clusterChain}`] : []),
      'fib saddr type local jump mark-for-masquerade',
      `fib saddr type local goto ${clusterChain}`,
    ]
  }

  #choice(name: string, endpoints: readonly ServiceEndpoint[], affinity: number | undefined): string[] {
    const chains = endpoints.map(endpoint => endpointChain(name, endpoint))
    const remembered =
      affinity === undefined
        ? []
        : endpoints.map(
            (endpoint, index) => `${this.family} saddr @${affinitySet(name, endpoint)} goto ${chains[index]}`,
          )
    const verdicts = chains.map((chain, index) => `${index} : goto ${chain}`).join(', ')
    return [...remembered, `numgen random mod ${chains.length} vmap { ${verdicts} }`]
  }

  #addEndpoint(name: string, protocol: string, endpoint: ServiceEndpoint, affinity: number | undefined): void {
    const chain = endpointChain(name, endpoint)
    if (this.#endpointChains.has(chain)) return
    this.#endpointChains.add(chain)
    const { family } = this
    const target = `${family === 'ip6' ? `[${endpoint.address}]` : endpoint.address}:${endpoint.port}`
    // A pod that reaches itself through its Service would answer itself past the node.
    const rules = [`${family} saddr ${endpoint.address} jump mark-for-masquerade`]
    if (affinity !== undefined) {
      const set = affinitySet(name, endpoint)
      rules.push(`update @${set} { ${family} saddr }`)
      const address = `${family === 'ip' ? 'ipv4' : 'ipv6'}_addr`
      this.#affinitySets.push({
        kind: 'set',
        name: set,
        declaration: `type ${address}; flags dynamic, timeout; timeout ${affinity}s;`,
        elements: new Map(),
      })
    }
    rules.push(`meta l4proto ${protocol} dnat to ${target}`)
    this.#chains.push({ name: chain, rules })
  }

  #addFirewall({ spec, status }: Service, port: ServicePort, protocol: string, name: string): void {
    const ranges = (spec.loadBalancerSourceRanges ?? [])
      .map(range => range.trim())
      .filter(range => familyOf(range) === this.family)
    if (spec.type !== 'LoadBalancer' || ranges.length === 0) return
    const chain = `firewall-${name}`
    this.#chains.push({ name: chain, rules: [`${this.family} saddr != { ${ranges.join(', ')} } drop`] })
    for (const { ip, ipMode } of status?.loadBalancer?.ingress ?? [])
      if (ip && ipMode !== 'Proxy' && familyOf(ip) === this.family)
        this.#firewallIps.set(`${ip} . ${protocol} . ${port.port}`, `goto ${chain}`)
  }
}

/** No endpoint anywhere: refused at once. None that the traffic policy allows: dropped, another node may have one. */
const refusal = (cluster: readonly ServiceEndpoint[]): string => (cluster.length > 0 ? 'drop' : 'goto reject-chain')

const familyOf = (address: string): Family => (address.includes(':') ? 'ip6' : 'ip')

/** nftables names are at most 128 characters; the hash in front keeps a shortened one unique. */
const longestName = 100

function withHash(full: string, shown = full): string {
  const hash = createHash('sha256').update(full).digest('hex').slice(0, 8).toUpperCase()
  const name = `${hash}-${shown}`
  return name.length > longestName ? `${name.slice(0, longestName - 3)}...` : name
}

const chainSuffix = (service: Service, port: ServicePort, protocol: string): string =>
  withHash(`${fullName(service)}/${protocol}/${port.name ?? ''}`)

const endpointSuffix = (name: string, { address, port }: ServiceEndpoint): string => {
  const full = `${name.slice(name.indexOf('-') + 1)}__${address}/${port}`
  return withHash(`${name} ${full}`, full.replaceAll(':', '.'))
}

const endpointChain = (name: string, endpoint: ServiceEndpoint): string => `endpoint-${endpointSuffix(name, endpoint)}`
const affinitySet = (name: string, endpoint: ServiceEndpoint): string => `affinity-${endpointSuffix(name, endpoint)}`

function baseChains(family: Family, { nodePortAddresses }: RulesetOptions): Chain[] {
  const loopback = family === 'ip' ? '127.0.0.0/8' : '::1'
  const toNodePort = nodePortAddresses
    ? `${family} daddr @nodeport-ips`
    : `fib daddr type local ${family} daddr != ${loopback}`
  const filter = (hook: string, priority: number) => `type filter hook ${hook} priority ${priority};`
  const nat = (hook: string, priority: number) => `type nat hook ${hook} priority ${priority};`
  return [
    // Before the destination is rewritten: who may reach a load balancer's address.
    { name: 'filter-prerouting', hook: filter('prerouting', -110), rules: ['ct state new jump firewall-check'] },
    { name: 'filter-output', hook: filter('output', -110), rules: ['ct state new jump firewall-check'] },
    { name: 'nat-prerouting', hook: nat('prerouting', -100), rules: ['jump services'] },
    { name: 'nat-output', hook: nat('output', -100), rules: ['jump services'] },
    // After it: what still has a Service for its destination found no endpoint.
    {
      name: 'filter-forward',
      hook: filter('forward', -90),
      rules: ['ct state new jump service-endpoints-check', 'ct state new jump cluster-ips-check'],
    },
    {
      name: 'filter-input',
      hook: filter('input', -90),
      rules: ['ct state new jump nodeport-endpoints-check', 'ct state new jump service-endpoints-check'],
    },
    {
      name: 'filter-output-post-dnat',
      hook: filter('output', -90),
      rules: [
        'ct state new jump nodeport-endpoints-check',
        'ct state new jump service-endpoints-check',
        'ct state new jump cluster-ips-check',
      ],
    },
    { name: 'nat-postrouting', hook: nat('postrouting', 100), rules: ['jump masquerading'] },
    {
      name: 'services',
      rules: [
        `${family} daddr . meta l4proto . th dport vmap @service-ips`,
        `${toNodePort} meta l4proto . th dport vmap @service-nodeports`,
      ],
    },
    { name: 'firewall-check', rules: [`${family} daddr . meta l4proto . th dport vmap @firewall-ips`] },
    {
      name: 'service-endpoints-check',
      rules: [`${family} daddr . meta l4proto . th dport vmap @no-endpoint-services`],
    },
    {
      name: 'nodeport-endpoints-check',
      rules: [`${toNodePort} meta l4proto . th dport vmap @no-endpoint-nodeports`],
    },
    { name: 'cluster-ips-check', rules: [`${family} daddr @cluster-ips reject`] },
    { name: 'mark-for-masquerade', rules: [`mark set mark or ${mark}`] },
    {
      name: 'masquerading',
      rules: [`mark and ${mark} == 0 return`, `mark set mark xor ${mark}`, 'masquerade fully-random'],
    },
    { name: 'reject-chain', rules: ['reject'] },
  ]
}
