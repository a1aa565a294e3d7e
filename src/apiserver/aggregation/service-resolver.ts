// Where the server behind an APIService is: from the Service it names to an address that can be dialled.
//
// Upstream goes to the Service's address, or with --enable-aggregator-routing straight to one of its endpoints. Here it
// is always an endpoint, so that it works where nothing leads Services' addresses to pods; an ExternalName is its name.

import type { Service } from '../../api/core/v1/service.ts'
import type { EndpointSlice } from '../../api/discovery/v1/endpointslice.ts'
import type { Random } from '../../machinery/env/env.ts'
import { quote } from '../../machinery/go-text.ts'
import { notFound, serviceUnavailable } from '../../machinery/status-error.ts'
import type { BackendTarget } from '../proxy/kubelet-connection.ts'
import type { Registry } from '../registry/registry.ts'

export interface ServiceReference {
  readonly namespace: string
  readonly name: string
  readonly port: number
}

export interface ServiceResolver {
  service(reference: ServiceReference): Service | undefined
  endpointSlices(reference: ServiceReference): EndpointSlice[]
  /** Throws when there is nowhere to go. */
  resolve(reference: ServiceReference): BackendTarget
}

export const serviceNameLabel = 'kubernetes.io/service-name'

/** Endpoints that don't say whether they are ready are. */
export const isReady = ({ conditions }: EndpointSlice['endpoints'][number]): boolean => conditions?.ready !== false

export function serviceResolver(registry: Registry, random: Random): ServiceResolver {
  const services = registry.storage('services')
  const slices = registry.storage('endpointslices.discovery.k8s.io')
  const service = ({ namespace, name }: ServiceReference) =>
    services.get(namespace, name)?.object as unknown as Service | undefined
  const endpointSlices = ({ namespace, name }: ServiceReference) =>
    slices.cache
      .range(slices.keyPrefix(namespace))
      .map(({ object }) => object as unknown as EndpointSlice)
      .filter(({ metadata }) => metadata.labels?.[serviceNameLabel] === name)
  return {
    service,
    endpointSlices,
    resolve(reference) {
      const found = service(reference)
      if (!found) throw notFound({ group: '', resource: 'service' }, reference.name)
      const { type = 'ClusterIP', externalName = '' } = found.spec ?? {}
      if (type === 'ExternalName') return { scheme: 'https', host: externalName, port: reference.port }
      return endpointOf(found, endpointSlices(reference), reference, random)
    },
  }
}

function endpointOf(
  service: Service,
  slices: readonly EndpointSlice[],
  { name, port }: ServiceReference,
  random: Random,
): BackendTarget {
  const servicePort = service.spec?.ports?.find(each => each.port === port)
  if (!servicePort) throw serviceUnavailable(`no service port ${port} found for service ${quote(name)}`)
  const family = service.spec?.ipFamilies?.[0]
  // Slices of the Service's first address family come first.
  const preferred = slices.toSorted(
    (a, b) => Number(b.addressType === family) - Number(a.addressType === family) || random.next() - 0.5,
  )
  for (const { endpoints, ports } of preferred) {
    const found = ports?.find(each => (each.name ?? '') === (servicePort.name ?? '') && each.port !== undefined)
    const ready = endpoints?.filter(isReady) ?? []
    const chosen = ready[Math.floor(random.next() * ready.length)]
    if (found && chosen) return { scheme: 'https', host: chosen.addresses[0]!, port: found.port! }
  }
  throw serviceUnavailable(`no endpoints available for service ${quote(name)}`)
}
