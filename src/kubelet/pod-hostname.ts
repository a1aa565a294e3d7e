// What a pod is called inside itself, and the /etc/hosts that goes with it.

import type { Pod } from '../api/core/v1/pod.ts'

const maxHostname = 63

/** The hostname, and the domain ('' without a subdomain) that makes it fully qualified. */
export function podHostname(pod: Pod, clusterDomain: string): { hostname: string; domain: string } {
  const spec = pod.spec!
  const override = spec.hostnameOverride
  if (override) return { hostname: override, domain: '' }
  const hostname = (spec.hostname || (pod.metadata?.name ?? '')).slice(0, maxHostname).replace(/[-.]+$/, '')
  const domain = spec.subdomain ? `${spec.subdomain}.${pod.metadata?.namespace}.svc.${clusterDomain}` : ''
  return { hostname, domain }
}

/** The name the kernel is given. Throws when setHostnameAsFQDN makes it too long for it. */
export function kernelHostname(pod: Pod, clusterDomain: string): string {
  const { hostname, domain } = podHostname(pod, clusterDomain)
  if (!pod.spec?.setHostnameAsFQDN || domain === '') return hostname
  const full = `${hostname}.${domain}`
  if (full.length > 64)
    throw new Error(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${full} is too long (64 characters is the max, ${full.length} characters requested)`,
    )
  return full
}

export function hostsFile(pod: Pod, podIps: readonly string[], clusterDomain: string, hostFile: string): string {
  const lines: string[] = []
  if (pod.spec?.hostNetwork) lines.push('# Kubernetes-managed hosts file (host network).', hostFile.replace(/\n$/, ''))
  else {
    const { hostname, domain } = podHostname(pod, clusterDomain)
    lines.push(
      '# Kubernetes-managed hosts file.',
      '127.0.0.1\tlocalhost',
      '::1\tlocalhost ip6-localhost ip6-loopback',
      'fe00::0\tip6-localnet',
      'fe00::0\tip6-mcastprefix',
      'fe00::1\tip6-allnodes',
      'fe00::2\tip6-allrouters',
    )
    for (const ip of podIps) lines.push(domain ? `${ip}\t${hostname}.${domain}\t${hostname}` : `${ip}\t${hostname}`)
  }
  const aliases = pod.spec?.hostAliases ?? []
  if (aliases.length > 0) {
    lines.push('', '# Entries added by HostAliases.')
    for (const alias of aliases) lines.push([alias.ip, ...(alias.hostnames ?? [])].join('\t'))
  }
  return `${lines.join('\n')}\n`
}
