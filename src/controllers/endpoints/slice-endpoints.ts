// What an EndpointSlice says of one pod.

import type { Node } from '../../api/core/v1/node.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import type { Service } from '../../api/core/v1/service.ts'
import type { Endpoint, EndpointPort } from '../../api/discovery/v1/endpointslice.ts'
import { isPodReady } from '../pod-status.ts'
import { addressesOf, hostnameOf, podReference, portOf } from './service-pods.ts'
import { wantsTopologyHints } from './topology-hints.ts'

export type AddressType = 'IPv4' | 'IPv6'

const zoneLabel = 'topology.kubernetes.io/zone'

export function familyOf(address: string): AddressType {
  return address.includes(':') ? 'IPv6' : 'IPv4'
}

export function addressTypesOf({ spec }: Service): readonly AddressType[] {
  const families = (spec.ipFamilies ?? []).filter(family => family !== '') as AddressType[]
  if (families.length > 0) return families
  return spec.clusterIP && spec.clusterIP !== 'None' ? [familyOf(spec.clusterIP)] : ['IPv4', 'IPv6']
}

/** Undefined when the pod has no address of the type. */
export function endpointOf(
  pod: Pod,
  node: Node | undefined,
  service: Service,
  addressType: AddressType,
): Endpoint | undefined {
  const addresses = addressesOf(pod).filter(address => familyOf(address) === addressType)
  if (addresses.length === 0) return undefined
  const serving = isPodReady(pod)
  const terminating = !!pod.metadata.deletionTimestamp
  const ready = service.spec.publishNotReadyAddresses || (serving && !terminating)
  const { nodeName } = pod.spec
  const hostname = hostnameOf(pod, service)
  const zone = node?.metadata.labels?.[zoneLabel]
  const hints = ready ? hintsOf(service, zone, nodeName) : undefined
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname && { hostname }),
    targetRef: podReference(pod),
    ...(nodeName && { nodeName }),
    ...(zone && { zone }),
    ...(hints && { hints }),
  }
}

/** trafficDistribution: who should be served by this endpoint rather than by another. */
function hintsOf(service: Service, zone: string | undefined, node: string | undefined): Endpoint['hints'] {
  // The annotation comes first: `topology-hints.ts`.
  if (wantsTopologyHints(service)) return undefined
  const preference = service.spec.trafficDistribution
  const byZone = ['PreferClose', 'PreferSameZone', 'PreferSameNode'].includes(preference ?? '') && zone
  const byNode = preference === 'PreferSameNode' && node
  if (!byZone && !byNode) return undefined
  return { ...(byZone && { forZones: [{ name: zone }] }), ...(byNode && { forNodes: [{ name: node }] }) }
}

/** A named port may be another number in each pod; one that the pod does not have is left out. */
export function endpointPortsOf(pod: Pod, service: Service): EndpointPort[] {
  const ports: EndpointPort[] = []
  for (const servicePort of service.spec.ports ?? []) {
    const port = portOf(pod, servicePort)
    if (port === undefined) continue
    const { name = '', protocol = 'TCP', appProtocol } = servicePort
    ports.push({ name, protocol, port, ...(appProtocol !== undefined && { appProtocol }) })
  }
  return ports
}

/** Names what an endpoint is, whatever state it is in. */
export function endpointKey({ addresses, hostname, targetRef }: Endpoint): string {
  return `${addresses.join(',')}|${hostname ?? ''}|${targetRef?.namespace}/${targetRef?.name}`
}

/** Slices hold endpoints with the same ports. */
export function portsKey(ports: readonly EndpointPort[] | undefined): string {
  const texts = (ports ?? []).map(({ name, protocol, port, appProtocol }) =>
    JSON.stringify([name, protocol, port, appProtocol]),
  )
  return texts.sort().join()
}
