// The variables that tell a container of the Services that were there when it started: Docker's old link variables.

import type { Service } from '../api/core/v1/service.ts'

/** REDIS_MASTER_SERVICE_HOST, …_PORT and the Docker-style ones, of every Service with a cluster IP, by name. */
export function serviceVariables(services: readonly Service[]): Map<string, string> {
  const variables = new Map<string, string>()
  for (const service of services) {
    const clusterIp = service.spec?.clusterIP
    if (!clusterIp || clusterIp === 'None') continue
    const prefix = variableName(service.metadata?.name ?? '')
    const ports = service.spec?.ports ?? []
    const first = ports[0]
    if (!first) continue
    variables.set(`${prefix}_SERVICE_HOST`, clusterIp)
    variables.set(`${prefix}_SERVICE_PORT`, String(first.port))
    for (const port of ports)
      if (port.name) variables.set(`${prefix}_SERVICE_PORT_${variableName(port.name)}`, String(port.port))
    for (const [index, port] of ports.entries()) {
      const protocol = port.protocol ?? 'TCP'
      const address = clusterIp.includes(':') ? `[${clusterIp}]` : clusterIp
      const url = `${protocol.toLowerCase()}://${address}:${port.port}`
      const portPrefix = `${prefix}_PORT_${port.port}_${protocol.toUpperCase()}`
      if (index === 0) variables.set(`${prefix}_PORT`, url)
      variables.set(portPrefix, url)
      variables.set(`${portPrefix}_PROTO`, protocol.toLowerCase())
      variables.set(`${portPrefix}_PORT`, String(port.port))
      variables.set(`${portPrefix}_ADDR`, clusterIp)
    }
  }
  return variables
}

/**
 * Which Services a pod is told of: those of its own namespace when it wants service links, and always the API server's
 * (`kubernetes` in `default`).
 */
export function servicesForPod(
  services: readonly Service[],
  namespace: string,
  enableServiceLinks: boolean,
): readonly Service[] {
  const chosen = new Map<string, Service>()
  for (const service of services) {
    const name = service.metadata?.name ?? ''
    if (service.metadata?.namespace === 'default' && name === 'kubernetes' && !chosen.has(name))
      chosen.set(name, service)
    else if (enableServiceLinks && service.metadata?.namespace === namespace) chosen.set(name, service)
  }
  return [...chosen.values()]
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_')
}
