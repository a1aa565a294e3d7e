// Which endpoints each port of each Service has, and which of them traffic may go to: upstream's rules of readiness,
// draining and traffic policies (KEP-1669, KEP-2086). Pure.

import type { Service, ServicePort } from '../api/core/v1/service.ts'
import type { EndpointSlice } from '../api/discovery/v1/endpointslice.ts'

export type Family = 'ip' | 'ip6'

export interface ServiceEndpoint {
  readonly address: string
  readonly port: number
  /** On this node. */
  readonly local: boolean
  readonly ready: boolean
  readonly serving: boolean
  readonly terminating: boolean
}

export interface UsableEndpoints {
  /** For traffic that may go to any node. */
  readonly cluster: readonly ServiceEndpoint[]
  /** For traffic that must stay on this one. */
  readonly local: readonly ServiceEndpoint[]
}

const serviceNameLabel = 'kubernetes.io/service-name'

/** `namespace/name`, port name and protocol: what an EndpointSlice's port answers. */
const endpointKey = (service: string, portName: string, protocol: string): string =>
  `${service}:${portName}:${protocol}`

/** All endpoints of this family, by the Service port they serve, in a fixed order, each address and port once. */
export class EndpointTable {
  readonly #endpoints = new Map<string, Map<string, ServiceEndpoint>>()

  constructor(slices: readonly EndpointSlice[], family: Family, nodeName: string) {
    const addressType = family === 'ip' ? 'IPv4' : 'IPv6'
    for (const slice of slices) {
      const service = slice.metadata.labels?.[serviceNameLabel]
      if (!service || slice.addressType !== addressType) continue
      for (const { name, port, protocol } of slice.ports ?? []) {
        if (!port) continue
        const key = endpointKey(`${slice.metadata.namespace}/${service}`, name ?? '', protocol ?? 'TCP')
        const found = this.#endpoints.get(key) ?? new Map<string, ServiceEndpoint>()
        this.#endpoints.set(key, found)
        for (const { addresses, conditions, nodeName: onNode } of slice.endpoints ?? []) {
          const address = addresses[0]
          if (address === undefined) continue
          const ready = conditions?.ready ?? true
          const serving = conditions?.serving ?? ready
          const terminating = conditions?.terminating ?? false
          found.set(`${address} ${port}`, { address, port, local: onNode === nodeName, ready, serving, terminating })
        }
      }
    }
  }

  /** All that answer, on whatever node, terminating or not. */
  serving(service: Service, port: ServicePort): readonly ServiceEndpoint[] {
    return [...(this.#found(service, port)?.values() ?? [])].filter(({ serving }) => serving)
  }

  of(service: Service, port: ServicePort): UsableEndpoints {
    const found = this.#found(service, port)
    if (!found) return { cluster: [], local: [] }
    const all = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint)
    return { cluster: usable(all), local: usable(all.filter(endpoint => endpoint.local)) }
  }

  #found({ metadata: { namespace, name } }: Service, port: ServicePort): Map<string, ServiceEndpoint> | undefined {
    return this.#endpoints.get(endpointKey(`${namespace}/${name}`, port.name ?? '', port.protocol ?? 'TCP'))
  }
}

/** The ready ones; where there are none, those that still serve while they terminate. */
function usable(endpoints: readonly ServiceEndpoint[]): readonly ServiceEndpoint[] {
  const ready = endpoints.filter(endpoint => endpoint.ready)
  return ready.length > 0 ? ready : endpoints.filter(endpoint => endpoint.serving && endpoint.terminating)
}
