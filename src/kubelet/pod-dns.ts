// A pod's resolv.conf, by its dnsPolicy.

import type { Pod } from '../api/core/v1/pod.ts'
import type { DNSConfig } from './runtime/cri/pod-sandbox.ts'

export interface ResolverConfig {
  readonly servers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

export interface ClusterDns {
  /** Addresses of the cluster's DNS; none: pods use the host's resolver. */
  readonly servers: readonly string[]
  readonly domain: string
}

const maxServers = 3

export function parseResolvConf(text: string): ResolverConfig {
  const servers: string[] = []
  let searches: string[] = []
  let options: string[] = []
  for (const line of text.split('\n')) {
    const [keyword, ...fields] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/)
    if (keyword === 'nameserver' && fields[0]) servers.push(fields[0])
    else if (keyword === 'search') searches = fields.map(field => (field === '.' ? '.' : field.replace(/\.$/, '')))
    else if (keyword === 'options') options = fields
  }
  return { servers, searches, options }
}

export function podDnsConfig(pod: Pod, cluster: ClusterDns, host: ResolverConfig): DNSConfig {
  const spec = pod.spec!
  let policy = spec.dnsPolicy ?? 'ClusterFirst'
  if (policy === 'ClusterFirst' && spec.hostNetwork) policy = 'Default'
  if (policy === 'ClusterFirstWithHostNet') policy = 'ClusterFirst'
  if (policy === 'ClusterFirst' && cluster.servers.length === 0) policy = 'Default'
  let base: ResolverConfig
  if (policy === 'None') base = { servers: [], searches: [], options: [] }
  else if (policy === 'Default') base = host
  else {
    const namespace = pod.metadata?.namespace ?? 'default'
    const suffixes = cluster.domain
      ? [`${namespace}.svc.${cluster.domain}`, `svc.${cluster.domain}`, cluster.domain]
      : []
    base = { servers: cluster.servers, searches: [...suffixes, ...host.searches], options: ['ndots:5'] }
  }
  const extra = spec.dnsConfig ?? {}
  return {
    servers: unique([...base.servers, ...(extra.nameservers ?? [])]).slice(0, maxServers),
    searches: unique([...base.searches, ...(extra.searches ?? [])]),
    options: mergeOptions(base.options, extra.options ?? []),
  }
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)]
}

/** The pod's own options win over those of the same name. */
function mergeOptions(
  base: readonly string[],
  extra: readonly { readonly name?: string; readonly value?: string }[],
): string[] {
  const options = new Map<string, string | undefined>()
  for (const option of base) {
    const [name, value] = option.split(/:(.*)/s)
    options.set(name!, value)
  }
  for (const { name, value } of extra) if (name) options.set(name, value)
  return [...options].map(([name, value]) => (value === undefined || value === '' ? name : `${name}:${value}`))
}
